using PgpoolLab.Provisioning.Leftovers;
using PgpoolLab.Provisioning.Reports;

namespace PgpoolLab.Cli.Rendering;

/// <summary>What <c>destroy --orphans</c> says: each thing it has ended or deleted.</summary>
internal static class OrphansView
{
    internal static void Print(Terminal terminal, OrphansReport report)
    {
        if (report is { Removed.Count: 0, CacheFolders.Count: 0, IsIncomplete: false })
        {
            terminal.Say("There are no orphans.");
            return;
        }

        foreach (var orphan in report.Removed)
        {
            terminal.Say($"The lab '{orphan.Name}' is gone ({Why(orphan.Kind)}); it lay in {orphan.Directory}.");
            foreach (var process in orphan.Processes.Where(p => IsServer(p.Command)))
            {
                terminal.Say($"  ended: {process.Command} (pid {process.Id})");
            }

            var children = orphan.Processes.Count(p => !IsServer(p.Command));
            if (children > 0)
            {
                terminal.Say($"  and with them {children} of their processes");
            }

            foreach (var file in orphan.Files)
            {
                terminal.Say($"  deleted: {file}");
            }

            foreach (var left in orphan.Left)
            {
                terminal.Say(
                    orphan.Kind is OrphanKind.ManifestGone
                        ? $"  left as it is, as without its manifest nothing tells what in it is the lab's: {left}"
                        : $"  left, as it is not the lab's: {left}"
                );
            }
        }

        foreach (var folder in report.CacheFolders)
        {
            terminal.Say($"Deleted from the cache, as it was never finished: {folder}");
        }

        foreach (var kept in report.Kept)
        {
            // Quiet or not: this is why the exit code is not 0.
            terminal.Error.WriteLine(
                $"error: Not everything of the lab '{kept.Name}' in {kept.Directory} could be removed: {kept.Problem}"
            );
        }

        foreach (var remains in report.Remains)
        {
            terminal.Error.WriteLine(
                $"error: Not all that killed commands of {remains.User} have left in {remains.Directory} could be "
                    + $"removed: {remains.Problem}"
            );
        }
    }

    /// <summary>Children show what they do in place of a command line.</summary>
    private static bool IsServer(string command) =>
        !command.StartsWith("postgres: ", StringComparison.Ordinal)
        && !command.StartsWith("pgpool: ", StringComparison.Ordinal);

    private static string Why(OrphanKind kind) =>
        kind switch
        {
            OrphanKind.SetupKilled => "its setup had been killed",
            OrphanKind.DestroyUnfinished => "a destroy of it had been ended before it was done",
            OrphanKind.FolderGone => "its folder had been deleted by hand",
            OrphanKind.ManifestGone => "its manifest had been deleted by hand",
            _ => "its folder had been deleted by hand, and another lab lies there",
        };
}
