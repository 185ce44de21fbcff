using System.Globalization;
using System.Text.RegularExpressions;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Leftovers;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>A lab as its folder shows it.</summary>
/// <param name="Lab">The lab with every node and Pgpool-II that lies there.</param>
/// <param name="Unlisted">What its manifest does not name, in words: <c>node 1 (data1)</c>.</param>
internal sealed record Survey(Lab Lab, IReadOnlyList<string> Unlisted);

/// <summary>Looks for what belongs to a lab though its manifest does not name it. A manifest can lose a node: an
/// editor's hand, an older copy that was put back.</summary>
/// <param name="host">Where the lab lies.</param>
internal sealed partial class LabSurvey(IHost host)
{
    /// <summary>The lab with everything that lies in its folder.</summary>
    internal async Task<Survey> LookAsync(Lab lab, CancellationToken cancellationToken)
    {
        var unlisted = new List<string>();
        var whole = await WithPgpoolsAsync(lab, unlisted, cancellationToken);
        if (lab.OwnsNodes)
        {
            whole = await WithNodesAsync(whole, unlisted, cancellationToken);
        }

        return new Survey(unlisted.Count > 0 ? whole.WithOwnFolders() : lab, unlisted);
    }

    /// <summary>Servers that still work in the lab's folders, or did until their folder was deleted.</summary>
    internal async Task<IReadOnlyList<ProcessFacts>> FindServersAsync(Lab lab, CancellationToken cancellationToken)
    {
        var servers = new List<ProcessFacts>();
        foreach (
            var process in await host.Processes.FindAllAsync(
                new ProcessFilter { Names = LabNames.Servers },
                cancellationToken
            )
        )
        {
            if (
                OrphanFinder.Belongs(process, lab.Root, OrphanKind.ManifestGone)
                && OwnedByUs(process)
                && await host.Processes.SeesOurFilesAsync(process, cancellationToken)
            )
            {
                servers.Add(process);
            }
        }

        return servers;
    }

    private static bool OwnedByUs(ProcessFacts process) =>
        process.UserId is not { } user || user == Identity.Current.UserId;

    private async Task<Lab> WithPgpoolsAsync(Lab lab, List<string> unlisted, CancellationToken cancellationToken)
    {
        if (lab.IsSpread)
        {
            return lab; // each host has one at most, in the lab's own folder
        }

        var pgpools = lab.Pgpools.ToList();
        foreach (
            var number in Numbers(LabNames.PgpoolOf, await host.Files.ListAsync(lab.Root, cancellationToken))
                .Where(n => n < LabSpec.MaxPgpoolNodes)
        )
        {
            var folder = $"{lab.Root}/pgpool{number}";
            if (
                lab.Pgpools.Any(p => p.Folder == folder)
                || await host.Files.ReadTextAsync(new LabPaths(folder).PgpoolConf, cancellationToken)
                    is not { } configuration
            )
            {
                continue;
            }

            while (pgpools.Count <= number)
            {
                pgpools.Add(lab.Pgpool);
            }

            pgpools[number] = lab.Pgpool with
            {
                Port = SettingOf("port", configuration) ?? lab.Pgpool.Port,
                PcpPort = SettingOf("pcp_port", configuration) ?? lab.Pgpool.PcpPort,
            };
            unlisted.Add($"Pgpool-II {number} (pgpool{number})");
        }

        // Of several each has a folder of its own; one that is alone has the lab's.
        return pgpools.Count == lab.Pgpools.Count ? lab : (lab with { Pgpools = pgpools }).WithOwnFolders();
    }

    private async Task<Lab> WithNodesAsync(Lab lab, List<string> unlisted, CancellationToken cancellationToken)
    {
        var nodes = lab.Nodes.ToList();
        var folder = lab.Pgpool.Folder;
        foreach (
            var number in Numbers(LabNames.NodeOf, await host.Files.ListAsync(folder, cancellationToken))
                .Where(n => n >= lab.Nodes.Count && n < LabSpec.MaxNodes)
        )
        {
            var data = $"{folder}/data{number}";
            if (!await host.Files.ExistsAsync($"{data}/PG_VERSION", cancellationToken))
            {
                continue; // the user's own
            }

            while (nodes.Count <= number)
            {
                nodes.Add(lab.Nodes[0] with { Port = lab.Nodes[0].Port + nodes.Count, Host = lab.Here });
            }

            var port = await PortOfAsync(data, cancellationToken) ?? nodes[number].Port;
            nodes[number] = nodes[number] with { Port = port };
            unlisted.Add($"node {number} (data{number})");
        }

        return lab with
        {
            Nodes = nodes,
        };
    }

    /// <summary>The port of a server that runs, or of one that was configured.</summary>
    /// <remarks>PostgreSQL manual, "Database File Layout": the fourth line of postmaster.pid.</remarks>
    private async Task<int?> PortOfAsync(string data, CancellationToken cancellationToken)
    {
        if (
            await host.Files.ReadTextAsync($"{data}/postmaster.pid", cancellationToken) is { } text
            && text.Split('\n') is [_, _, _, var line, ..]
            && int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
        )
        {
            return port;
        }

        return SettingOf("port", await host.Files.ReadTextAsync($"{data}/postgresql.conf", cancellationToken) ?? "");
    }

    private static int? SettingOf(string name, string configuration) =>
        Setting()
            .Matches(configuration)
            .LastOrDefault(m => m.Groups[1].Value == name && m.Groups[2].Value is { Length: <= 5 })
            is { } match
            ? int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture)
            : null;

    private static IEnumerable<int> Numbers(Func<string, int?> numberOf, IReadOnlyList<string> names) =>
        names.Select(numberOf).OfType<int>().Order();

    [GeneratedRegex(@"(?m)^[ \t]*([a-z_]+)[ \t]*=?[ \t]*'?([0-9]+)")]
    private static partial Regex Setting();
}
