using System.Text.Json;

namespace PgpoolLab.Client;

/// <summary>What a failure has cost, as clients that wrote all the while saw it: <c>docs/drills.md</c>.</summary>
/// <param name="Json">As <c>pgpoollab drill --json</c> prints it.</param>
public sealed record DrillOutcome(JsonElement Json)
{
    /// <summary>True when everything that the drill expects has come about.</summary>
    public bool Holds => Json.GetProperty("holds").GetBoolean();

    /// <summary>What happened, in a sentence or two.</summary>
    public string Sentence => Run.GetProperty("sentence").GetString() ?? "";

    /// <summary>The longest time in which nothing could be written; null when writes never came back.</summary>
    public TimeSpan? WithoutWrites =>
        Run.GetProperty("rto").TryGetProperty("service", out var service) && service.ValueKind is JsonValueKind.Number
            ? TimeSpan.FromSeconds(service.GetDouble())
            : null;

    /// <summary>Rows that are gone although a client was told that they are committed.</summary>
    public int Lost => Run.GetProperty("rpo").GetProperty("lostAcknowledged").GetInt32();

    /// <summary>Rows that are there more than once, as a client that had no answer wrote them again.</summary>
    public int Doubled => Run.GetProperty("ledger").GetProperty("doubled").GetInt32();

    /// <summary>How long more than one node took writes.</summary>
    public TimeSpan TwoPrimaries => TimeSpan.FromSeconds(Run.GetProperty("twoPrimariesFor").GetDouble());

    /// <summary>The last run of the drill.</summary>
    private JsonElement Run =>
        Json.GetProperty("variants").EnumerateArray().Last().GetProperty("runs").EnumerateArray().Last();

    /// <inheritdoc/>
    public override string ToString() => Sentence;
}
