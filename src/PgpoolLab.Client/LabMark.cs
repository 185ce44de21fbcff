using System.Globalization;
using System.Text.Json;

namespace PgpoolLab.Client;

/// <summary>By what a lab that nobody has touched is known: no command has acted on it, every node is what it was, and
/// the primary has written nothing since.</summary>
/// <param name="Acts">How many commands that may change a lab this process has had run.</param>
/// <param name="Nodes">What every node is, and where the primary is in its WAL.</param>
internal sealed record LabMark(int Acts, string Nodes)
{
    /// <param name="acts">How many commands that may change a lab this process has had run.</param>
    /// <param name="look">What <c>pgpoollab nodes --json</c> prints.</param>
    internal static LabMark Of(int acts, JsonElement look) =>
        new(acts, string.Join(';', look.GetProperty("nodes").EnumerateArray().Select(Of)));

    private static string Of(JsonElement json)
    {
        var (node, postgres) = (new NodeStatus(json), json.GetProperty("postgres"));
        var pgpool = Value(json, "pgpool") is { ValueKind: JsonValueKind.Object } view ? view : default;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{node.Id} {node.IsUp} {node.IsStandby} {Value(postgres, "timeline")} {Value(pgpool, "status")} "
                + $"{Value(pgpool, "role")} {(node.IsPrimary ? Value(postgres, "walPosition").ToString() : "")}"
        );
    }

    private static JsonElement Value(JsonElement json, string name) =>
        json.ValueKind is JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value : default;
}
