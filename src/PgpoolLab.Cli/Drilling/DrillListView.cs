using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Drills.Files;
using Spectre.Console;

namespace PgpoolLab.Cli.Drilling;

/// <summary>A drill in a list, for programs.</summary>
internal sealed record DrillEntry(
    string Name,
    string Title,
    string? About,
    IReadOnlyList<string> Expects,
    bool NeedsRoot
);

/// <summary>The list, for programs.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<DrillEntry>))]
internal sealed partial class DrillListJson : JsonSerializerContext
{
    internal static DrillListJson Readable =>
        new(
            new JsonSerializerOptions(Default.Options)
            {
                Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }
        );
}

/// <summary>Prints which drills there are.</summary>
internal static class DrillListView
{
    internal static void Print(Terminal terminal, IReadOnlyList<DrillSpec> drills, bool json)
    {
        if (json)
        {
            terminal.Verbatim.WriteLine(
                JsonSerializer.Serialize(
                    [.. drills.Select(d => new DrillEntry(d.Name, d.Title, d.About, d.Expects, d.NeedsRoot))],
                    DrillListJson.Readable.IReadOnlyListDrillEntry
                )
            );
            return;
        }

        var wide = drills.Max(d => d.Name.Length);
        foreach (var drill in drills)
        {
            terminal.Out.WriteLine(
                $"{drill.Name.PadRight(wide)}  {drill.Title}{(drill.NeedsRoot ? " (needs root)" : "")}"
            );
        }
    }
}
