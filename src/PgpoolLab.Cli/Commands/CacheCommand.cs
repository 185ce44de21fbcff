using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Clusters;
using PgpoolLab.Provisioning.Tools;
using Spectre.Console;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>cache list</c> and <c>cache clear</c>: the database clusters that labs are copied from.</summary>
internal static class CacheCommand
{
    internal static Command Create(Terminal terminal) => Create(terminal, Caches);

    /// <param name="terminal">Where it speaks.</param>
    /// <param name="caches">The caches there are.</param>
    internal static Command Create(Terminal terminal, Func<IReadOnlyList<ClusterCache>> caches)
    {
        var list = new Command("list", "List the cached clusters: for which PostgreSQL, how large, when last used")
        {
            CommandLine.Json,
        }.Guide(("pgpoollab cache list", "Show how much disk space the cache takes"));
        list.SetAction(parsed =>
        {
            var templates = caches().SelectMany(c => c.TakeOnUser(Composition.Process).List()).ToArray();
            if (parsed.GetValue(CommandLine.Json))
            {
                terminal.Out.WriteLine(ToJson(templates));
            }
            else
            {
                Show(terminal, templates);
            }

            return (int)ExitCode.Done;
        });
        var clear = new Command("clear", "Delete the cached clusters; the next setup fills the cache again")
        {
            CommandLine.Json,
        }.Guide(("pgpoollab cache clear", "Free its disk space"));
        clear.SetAction(
            async (parsed, _) =>
            {
                var (deleted, left) = (0, 0);
                foreach (var cache in caches())
                {
                    deleted += await cache.TakeOnUser(Composition.Process).ClearAsync();
                    File.Delete(ProgramAnswers.FileBeside(cache.Folder));
                    left += cache.List().Count;
                }

                terminal.Say(deleted == 1 ? "1 cluster deleted." : $"{deleted} clusters deleted.");
                if (left > 0)
                {
                    terminal.Say($"{left} in use at this moment: not deleted.");
                }

                if (parsed.GetValue(CommandLine.Json))
                {
                    terminal.Out.WriteLine(new CacheClearedInfo(deleted, left).ToJson());
                }

                return (int)(left > 0 ? ExitCode.Busy : ExitCode.Done);
            }
        );
        return new Command("cache", "List or clear the cache of fresh database clusters, which makes setup fast")
        {
            list,
            clear,
        }.Guide(
            CommandGroup.More,
            ("pgpoollab cache list", "Show how much disk space the cache takes"),
            ("pgpoollab cache clear", "Free its disk space")
        );
    }

    internal static string ToJson(IReadOnlyList<CachedTemplate> templates) =>
        JsonSerializer.Serialize(templates, CacheJson.Default.IReadOnlyListCachedTemplate);

    internal static void Show(Terminal terminal, IReadOnlyList<CachedTemplate> templates)
    {
        if (templates.Count == 0)
        {
            terminal.Say("The cache is empty: the next setup fills it.");
            return;
        }

        // A folder's path as a column would leave the others no room.
        foreach (var cache in templates.GroupBy(t => Path.GetDirectoryName(t.Folder)))
        {
            Terminal.Line(terminal.Data, Printable.Escape($"{cache.Key}:"));
            new FittedTable(
                [new("key"), new("postgresql"), new("superuser"), new("size"), new("made"), new("last used")],
                [
                    .. cache.Select(t =>
                        (string[])
                            [
                                t.Key[..8],
                                t.PostgreSql ?? "damaged",
                                Printable.Escape(t.Superuser ?? ""),
                                $"{t.Bytes / 1_000_000} MB",
                                Time(t.Created),
                                Time(t.LastUsed),
                            ]
                    ),
                ]
            ).Print(terminal.Data);
        }

        static string Time(DateTimeOffset? time) =>
            time is { } t ? t.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) : "";
    }

    private static IReadOnlyList<ClusterCache> Caches()
    {
        var host = Composition.Host();
        return ClusterCache.Existing(host, Composition.Probes(host), Composition.Clock);
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<CachedTemplate>))]
internal sealed partial class CacheJson : JsonSerializerContext;
