using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>Remedies as command lines to paste in the lab's folder. The only place that words them.</summary>
public static class RemedyWords
{
    /// <summary>All of them in one line.</summary>
    /// <returns>Null when none is a command.</returns>
    public static string? Line(Lab lab, IReadOnlyList<Remedy> remedies)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(remedies);
        var commands = remedies.Select(r => Command(lab, r)).OfType<string>().ToArray();
        // What has ended already does no harm there.
        var separator = remedies.Any(r => r is Remedy.Fence) ? "; " : " && ";
        return commands.Length == 0 ? null : string.Join(separator, commands);
    }

    /// <summary>One of them.</summary>
    /// <returns>Null when it is no command.</returns>
    public static string? Command(Lab lab, Remedy remedy)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return remedy switch
        {
            Remedy.StartAll => "./startall",
            Remedy.RestartAll => lab.PgpoolSetup is null ? "./stopall && ./startall" : "./shutdownall && ./startall",
            Remedy.RestartPgpool { Pgpool: var id } => RestartPgpool(lab, id),
            Remedy.StartNode { Node: var node } =>
                $"pg_ctl -D {lab.RelativeData(node)} -l {lab.RelativeNodeLog(node)} start",
            Remedy.StopNode { Node: var node } stop =>
                $"pg_ctl -D {lab.RelativeData(node)} -m {(stop.Immediate ? "immediate" : "fast")} stop",
            Remedy.Attach { Node: var node } => $"pcp_attach_node -p {lab.Pgpool.PcpPort} -n {node}",
            Remedy.Detach { Node: var node } => $"pcp_detach_node -p {lab.Pgpool.PcpPort} -n {node}",
            Remedy.Recover { Node: var node } => $"pcp_recovery_node -p {lab.Pgpool.PcpPort} -n {node}",
            Remedy.ResumeProcesses { Processes: var processes } => $"kill -CONT {string.Join(' ', processes)}",
            Remedy.Fence { Process: var process } => $"kill -QUIT {process}; kill -CONT {process}",
            Remedy.StopWaitingForStandbys { Node: var node } =>
                $"pgpoollab psql {node} -- -c \"ALTER SYSTEM SET synchronous_standby_names = ''\" -c \"SELECT "
                    + "pg_reload_conf()\"",
            _ => null,
        };
    }

    /// <summary>Its processes may be there all the same: stopping first does no harm. The old scripts of the first one
    /// stop PostgreSQL, too.</summary>
    private static string? RestartPgpool(Lab lab, int id) =>
        !lab.HasWatchdog
            ? lab.PgpoolSetup is null
                ? "./stopall pgpool && ./startall pgpool"
                : Command(lab, new Remedy.RestartAll())
            : lab.PgpoolSetup is null
                ? $"pgpool{id}/stopall pgpool; pgpool{id}/startall pgpool"
                : id > 0
                    ? $"pgpool{id}/shutdownall; pgpool{id}/startall"
                    : null;
}
