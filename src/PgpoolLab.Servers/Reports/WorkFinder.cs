using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>Finds out what is at work on a lab, by proof: a process that runs, a lock that is held, or a failover that
/// Pgpool-II's log shows to have begun while the Pgpool-II that began it runs.</summary>
/// <param name="host">Where the lab is.</param>
/// <param name="lab">The lab.</param>
/// <param name="time">The clock.</param>
internal sealed class WorkFinder(IHost host, Lab lab, TimeProvider time)
{
    internal async Task<IReadOnlyList<WorkUnderWay>> FindAsync(
        LabProcesses processes,
        CancellationToken cancellationToken
    )
    {
        var work = new List<WorkUnderWay>();
        foreach (var script in processes.Scripts)
        {
            work.Add(
                new WorkUnderWay(
                    script.Kind,
                    script.Node,
                    script.Process.Id,
                    await SinceAsync(script.Process, cancellationToken),
                    TitleOf(script)
                )
            );
        }

        if (!work.Any(w => w.Kind is WorkKind.Failover))
        {
            foreach (var pgpool in lab.OwnPgpools)
            {
                if (
                    processes.Pgpools[pgpool.Id].First is { } process
                    && await FailoverOfAsync(pgpool, process, cancellationToken) is { } failover
                )
                {
                    work.Add(failover);
                    break; // the members of a watchdog fail over together
                }
            }
        }

        if (
            await host.Files.LockHolderAsync(new LabPaths(lab.Root).Lock, cancellationToken) is { } holder
            && holder != Identity.ProcessId
        )
        {
            var process = await host.Processes.FindAsync(holder, cancellationToken);
            work.Add(
                new WorkUnderWay(
                    WorkKind.Command,
                    null,
                    holder,
                    process is null ? null : await SinceAsync(process, cancellationToken),
                    $"A command works on this lab{(process is null ? "" : $" ({Words(process.CommandLine)})")}"
                )
            );
        }

        return [.. work.OrderBy(w => w.Kind).ThenBy(w => w.Node)];
    }

    private static string TitleOf(LabScript script) =>
        (script.Kind, script.Node) switch
        {
            (WorkKind.Failover, { } node) => $"Pgpool-II fails over: node {node} was lost (failover.sh)",
            (WorkKind.Failover, null) => "Pgpool-II fails over (failover.sh)",
            (WorkKind.FollowPrimary, { } node) =>
                $"Pgpool-II makes node {node} follow the new primary (follow_primary.sh)",
            (WorkKind.FollowPrimary, null) => "Pgpool-II makes the standbys follow the new primary (follow_primary.sh)",
            (_, { } node) => $"An online recovery of node {node} is at work",
            _ => "An online recovery is at work",
        };

    private async Task<WorkUnderWay?> FailoverOfAsync(
        PgpoolNode pgpool,
        ProcessFacts process,
        CancellationToken cancellationToken
    )
    {
        var text = await FileEnd.ReadAsync(host, pgpool.Paths.PgpoolLog, FailoverInLog.Length, cancellationToken);
        if (FailoverInLog.Find(text, process.Id) is not { } failover)
        {
            return null;
        }

        return new WorkUnderWay(
            WorkKind.Failover,
            null,
            process.Id,
            failover.Since is { } since ? new DateTimeOffset(since) : null,
            failover.LooksForPrimary
                ? $"{lab.TitleOf(pgpool)} fails over: it looks for the new primary, and takes no clients meanwhile"
                : $"{lab.TitleOf(pgpool)} fails over"
        );
    }

    private async Task<DateTimeOffset?> SinceAsync(ProcessFacts process, CancellationToken cancellationToken) =>
        await host.Processes.AgeOfAsync(process, cancellationToken) is { } age ? time.GetLocalNow() - age : null;

    /// <summary>A command line can be long, and its end says little.</summary>
    private static string Words(string commandLine)
    {
        var line = commandLine.ReplaceLineEndings(" ");
        return line.Length <= 60 ? line : line[..59] + "…";
    }
}
