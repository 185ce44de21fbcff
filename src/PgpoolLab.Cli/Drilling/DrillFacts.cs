using System.Text.Json;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Drills.Results;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Cli.Drilling;

/// <summary>What a lab is, for the results of a drill.</summary>
internal static class DrillFacts
{
    /// <param name="lab">The lab.</param>
    /// <param name="file">Its lab file, as JSON.</param>
    /// <param name="settings">More settings: <c>pgpool.NAME=VALUE</c>.</param>
    internal static LabFacts Of(LabInfo lab, string file, IReadOnlyList<string> settings)
    {
        var said = new SortedDictionary<string, string>(StringComparer.Ordinal);
        using (var document = JsonDocument.Parse(file))
        {
            Add("", document.RootElement);
        }

        foreach (var setting in settings)
        {
            var equals = setting.IndexOf('=', StringComparison.Ordinal);
            said[equals < 0 ? setting : setting[..equals]] = equals < 0 ? "" : setting[(equals + 1)..];
        }

        return new LabFacts(lab.Mode, lab.Nodes.Count, lab.Pgpools.Count, said);

        void Add(string name, JsonElement value)
        {
            switch (value.ValueKind)
            {
                case JsonValueKind.Object:
                    foreach (var property in value.EnumerateObject())
                    {
                        // pgpool.settings.NAME is pgpool.NAME on the command line, and shorter.
                        var inner =
                            property.Name == "settings"
                                ? name
                                : $"{(name.Length == 0 ? "" : $"{name}.")}{property.Name}";
                        Add(inner, property.Value);
                    }

                    break;
                case JsonValueKind.Array:
                    said[name] = string.Join(", ", value.EnumerateArray().Select(v => v.ToString()));
                    break;
                default:
                    said[name] = value.ToString();
                    break;
            }
        }
    }

    /// <summary>The versions of its servers.</summary>
    internal static ServerVersions VersionsOf(LabInfo lab) =>
        LabStore.Load(lab.Directory)?.Lab.Tools is { } tools
            ? new ServerVersions($"{tools.Postgres}", $"{tools.Pgpool}")
            : new ServerVersions("", "");
}
