using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>A tablespace whose files several nodes write.</summary>
/// <param name="Number">Its OID; by this name it is in the folder <c>pg_tblspc</c> of each.</param>
/// <param name="Folder">Where it lies, absolute.</param>
/// <param name="Nodes">The nodes, in order; more than one.</param>
public sealed record SharedTablespace(string Number, string Folder, IReadOnlyList<int> Nodes);

/// <summary>Looks for tablespaces that nodes of one machine share: a standby makes the tablespace it replays in the
/// folder of the primary's.</summary>
/// <remarks>PostgreSQL manual, "Tablespaces"; CREATE TABLESPACE.</remarks>
internal static class SharedTablespaces
{
    /// <summary>Looks.</summary>
    internal static async Task<IReadOnlyList<SharedTablespace>> FindAsync(
        IHost host,
        Lab lab,
        CancellationToken cancellationToken
    )
    {
        var found = new List<(int Node, string Number, string Folder)>();
        foreach (var node in lab.OwnNodes)
        {
            var folder = $"{node.DataDirectory}/pg_tblspc";
            foreach (var number in await host.Files.ListAsync(folder, cancellationToken))
            {
                found.Add((node.Id, number, await host.Files.RealPathAsync($"{folder}/{number}", cancellationToken)));
            }
        }

        return
        [
            .. found
                .GroupBy(f => f.Folder, StringComparer.Ordinal)
                .Where(g => g.Select(f => f.Node).Distinct().Skip(1).Any())
                .Select(g => new SharedTablespace(g.First().Number, g.Key, [.. g.Select(f => f.Node).Distinct()])),
        ];
    }
}
