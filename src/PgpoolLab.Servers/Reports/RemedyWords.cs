using PgpoolLab.Hosts;
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
        return commands.Length == 0 ? null : string.Join(" && ", commands);
    }

    /// <summary>One of them.</summary>
    /// <returns>Null when it is no command.</returns>
    public static string? Command(Lab lab, Remedy remedy)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return remedy switch
        {
            // Files on several hosts: no command changes all of them.
            Remedy.Configure or Remedy.ApplySettings or Remedy.WritePcpPassword when lab.IsWhole => null,
            Remedy.StartAll => "pgpoollab startall",
            Remedy.RestartAll => "pgpoollab stopall && pgpoollab startall",
            Remedy.RestartPgpool { Pgpool: var id } => $"pgpoollab restart {NameOf(lab, id)}",
            Remedy.ResumePgpool { Pgpool: var id } => $"pgpoollab resume {NameOf(lab, id)}",
            Remedy.StartNode { Node: var node } => $"pgpoollab start {node}",
            Remedy.Attach { Node: var node } => $"pgpoollab attach {node}",
            Remedy.Recover { Node: var node } recover =>
                $"pgpoollab recover {node}{(recover.EvenIfWell ? " --yes" : "")}",
            Remedy.ResumeNode { Node: var node } => $"pgpoollab resume {node}",
            Remedy.KillNode { Node: var node } => $"pgpoollab kill {node}",
            Remedy.StopWaitingForStandbys { Node: var node } =>
                $"pgpoollab psql {node} -- -c \"ALTER SYSTEM SET synchronous_standby_names = ''\" -c \"SELECT "
                    + "pg_reload_conf()\"",
            Remedy.Execute { Node: var node, Statement: var sql } => $"pgpoollab psql {node} -- -c {Word(sql)}",
            Remedy.Configure change =>
                $"pgpoollab config set {Shell.Quote($"{change.Program}.{change.Name}={change.Value}")} --restart",
            Remedy.ApplySettings => "pgpoollab reload --restart",
            Remedy.Heal => "pgpoollab heal",
            // No verb is about this alone.
            Remedy.WritePcpPassword => "pgpoollab status --fix",
            _ => null,
        };
    }

    /// <summary>SQL is full of single quotes, which are easier to read in double ones.</summary>
    private static string Word(string sql) =>
        sql.Contains('\'', StringComparison.Ordinal) && sql.IndexOfAny(['"', '$', '`', '\\', '!']) < 0
            ? $"\"{sql}\""
            : Shell.Quote(sql);

    /// <summary>A Pgpool-II as the commands name it.</summary>
    public static string NameOf(Lab lab, int pgpool)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab.HasWatchdog ? $"pgpool{pgpool}" : "pgpool";
    }
}
