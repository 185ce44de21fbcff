using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Leftovers;

/// <summary>Programs that go on working in a folder after whoever has started them was killed: initdb, a base backup,
/// the scripts of online recovery. Who deletes the folder under them finds it not empty, again and again.</summary>
/// <param name="host">Where they run.</param>
/// <param name="probes">Waits.</param>
internal sealed class Orphans(IHost host, ProbeRunner probes)
{
    private const int Rounds = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>As the system names them: at most 15 characters. An editor or a shell of the user's in that folder is
    /// none of these.</summary>
    private static readonly HashSet<string> Names =
    [
        "initdb",
        "postgres",
        "postmaster",
        "pg_basebackup",
        "pg_rewind",
        "pg_ctl",
        "basebackup.sh",
        "failover.sh",
        "follow_primary.",
        "pgpool_remote_s",
        "pgpool_recovery",
    ];

    /// <summary>Ends what works in a lab's own folders; what users have made beside them is theirs.</summary>
    internal Task EndAsync(Lab lab) =>
        EndAsync([
            .. LabInventory
                .Of(lab)
                .Items.Where(i => i is { Kind: LabItemKind.Folder, IsShared: false, Place: LabItemPlace.Lab })
                .Where(i => i.Use is LabItemUse.Data or LabItemUse.Configuration)
                .Select(i => i.Path)
                .Append(lab.Paths.TemplateData)
                // Servers and scripts know them by the lab's other name.
                .SelectMany(p => lab.SafeAlias is { } alias ? (string[])[p, alias + p[lab.Root.Length..]] : [p]),
        ]);

    /// <summary>Ends them, and removes what shared memory they leave.</summary>
    /// <param name="folders">The folders, absolute.</param>
    /// <exception cref="ProbeFailedException">One of them does not end.</exception>
    internal async Task EndAsync(IReadOnlyList<string> folders)
    {
        // What one of them was about to start when it was killed is there a moment later.
        for (var round = 0; round < Rounds; round++)
        {
            var found = new List<ProcessFacts>();
            var all = await host.Processes.FindAllAsync(
                new ProcessFilter { Names = Names, UserId = Identity.Current.UserId },
                CancellationToken.None
            );
            ProcessFacts[] there = [.. all.Where(p => folders.Any(f => WorksIn(p, f)))];
            foreach (var process in there.Concat(await ToldToWorkInAsync(all.Except(there), folders)))
            {
                if (await host.Processes.SeesOurFilesAsync(process, CancellationToken.None))
                {
                    found.Add(process);
                }
            }

            if (found.Count == 0)
            {
                break;
            }

            foreach (var process in found)
            {
                await host.Processes.SignalAsync(process, ProcessSignal.Kill, CancellationToken.None);
            }

            await probes.WaitAsync(
                new ProcessesEnd(host, found, string.Join(", ", found.Select(p => p.Name).Distinct()), null),
                Patience,
                CancellationToken.None
            );
        }

        foreach (var folder in folders)
        {
            await host.Memory.RemoveAsync(folder, CancellationToken.None);
        }
    }

    /// <summary>The servers that initdb starts know their folder by the environment, and are not there yet for a
    /// moment.</summary>
    /// <remarks>PostgreSQL's sources, <c>initdb.c</c>: it sets PGDATA, and gives no <c>-D</c>.</remarks>
    private async Task<IEnumerable<ProcessFacts>> ToldToWorkInAsync(
        IEnumerable<ProcessFacts> processes,
        IReadOnlyList<string> folders
    )
    {
        ProcessFacts[] servers = [.. processes.Where(p => p.Name is "postgres")];
        return servers.Length == 0
            ? []
            : servers
                .Zip(await host.Processes.FindOriginsAsync(servers, "PGDATA", CancellationToken.None))
                .Where(s => s.Second.Variable is { } folder && folders.Contains(folder))
                .Select(s => s.First);
    }

    private static bool WorksIn(ProcessFacts process, string folder) =>
        (
            process.WorkingDirectory is { } cwd
            && (cwd == folder || cwd.StartsWith(folder + "/", StringComparison.Ordinal))
        )
        || (process.CommandLine + " ").Contains($" {folder} ", StringComparison.Ordinal)
        || process.CommandLine.Contains($" {folder}/", StringComparison.Ordinal);
}
