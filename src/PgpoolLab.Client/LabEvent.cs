using System.Globalization;
using System.Text.Json;

namespace PgpoolLab.Client;

/// <summary>Something that happened in a lab.</summary>
/// <param name="Json">As <c>pgpoollab events --json</c> prints it.</param>
public sealed record LabEvent(JsonElement Json)
{
    /// <summary>When; null when that is not told.</summary>
    public DateTimeOffset? At =>
        TextOf("time") is { } text && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out var time)
            ? time
            : null;

    /// <summary>What it is called, for programs, such as <c>failover-begins</c>.</summary>
    public string Name => TextOf("event") ?? "";

    /// <summary>What happened, for people.</summary>
    public string Text => TextOf("text") ?? "";

    /// <inheritdoc/>
    public override string ToString() => $"{At:HH:mm:ss.fff} {Text}";

    private string? TextOf(string name) =>
        Json.ValueKind is JsonValueKind.Object
        && Json.TryGetProperty(name, out var value)
        && value.ValueKind is JsonValueKind.String
            ? value.GetString()
            : null;
}
