using System.Text.Json;

namespace PgpoolLab.Client;

/// <summary>How a lab is.</summary>
/// <param name="Json">As <c>pgpoollab status --json</c> prints it.</param>
public sealed record LabStatus(JsonElement Json)
{
    /// <summary>healthy, degraded or down.</summary>
    public string Health => Json.GetProperty("health").ToString();

    /// <summary>What Pgpool-II will do next, one sentence.</summary>
    public string Next => Json.GetProperty("next").GetString() ?? "";

    /// <summary>The nodes.</summary>
    public IReadOnlyList<NodeStatus> Nodes =>
        [.. Json.GetProperty("nodes").EnumerateArray().Select(n => new NodeStatus(n))];
}

/// <summary>How a node is, by its own word.</summary>
/// <param name="Json">As <c>pgpoollab nodes --json</c> prints it, with what Pgpool-II thinks of it.</param>
public sealed record NodeStatus(JsonElement Json)
{
    /// <summary>Its number.</summary>
    public int Id => Json.GetProperty("id").GetInt32();

    /// <summary>True when it answers.</summary>
    public bool IsUp => Postgres.GetProperty("up").GetBoolean();

    /// <summary>True when it answers, and is a primary.</summary>
    public bool IsPrimary => IsUp && InRecovery is false;

    /// <summary>True when it answers, and is a standby.</summary>
    public bool IsStandby => IsUp && InRecovery is true;

    private JsonElement Postgres => Json.GetProperty("postgres");

    private bool? InRecovery =>
        Postgres.TryGetProperty("inRecovery", out var value)
        && value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : null;
}
