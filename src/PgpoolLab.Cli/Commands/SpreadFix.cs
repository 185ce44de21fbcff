using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Spread;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Provisioning.Verbs;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>status --fix</c> of a lab on several hosts: remedies by the commands that work for all of it.</summary>
/// <param name="terminal">Where it talks.</param>
/// <param name="hosts">Its hosts.</param>
internal sealed class SpreadFix(Terminal terminal, SpreadHosts hosts)
{
    private Lab Lab => hosts.Looks.Lab;

    /// <summary>What looks and does it.</summary>
    internal FixOperation Of(OperationContext context) =>
        new(context, Lab) { Look = hosts.StatusAsync, Act = (remedy, ct) => DoAsync(context, remedy, ct) };

    private async Task DoAsync(OperationContext context, Remedy remedy, CancellationToken cancellationToken)
    {
        await using var session = await SpreadCommands.ConnectAsync(terminal, Lab, cancellationToken);
        await (
            remedy switch
            {
                Remedy.StartAll => StartAsync(context, session, stopsFirst: false, cancellationToken),
                Remedy.RestartAll => StartAsync(context, session, stopsFirst: true, cancellationToken),
                Remedy.StopWaitingForStandbys { Node: var node } => RunOnAsync(
                    session,
                    node,
                    ["ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()"],
                    cancellationToken
                ),
                Remedy.Execute { Node: var node, Statement: var sql } => RunOnAsync(
                    session,
                    node,
                    [sql],
                    cancellationToken
                ),
                _ when Verb(remedy) is var (verb, target) => SpreadVerbs.ActAsync(
                    terminal,
                    session,
                    Lab,
                    new SpreadCall(verb, target) { EvenIfWell = true },
                    cancellationToken
                ),
                _ => throw new InvalidOperationException($"{remedy} cannot be done on several hosts."),
            }
        );
    }

    /// <summary>The command on one server that it is; null when it is none.</summary>
    internal static (string Verb, string Target)? Verb(Remedy remedy) =>
        remedy switch
        {
            Remedy.RestartPgpool { Pgpool: var id } => ("restart", $"pgpool{id}"),
            Remedy.ResumePgpool { Pgpool: var id } => ("resume", $"pgpool{id}"),
            Remedy.StartNode { Node: var node } => ("start", $"{node}"),
            Remedy.Attach { Node: var node } => ("attach", $"{node}"),
            Remedy.Recover { Node: var node } => ("recover", $"{node}"),
            Remedy.ResumeNode { Node: var node } => ("resume", $"{node}"),
            Remedy.KillNode { Node: var node } => ("kill", $"{node}"),
            _ => null,
        };

    private async Task StartAsync(
        OperationContext context,
        SpreadSession session,
        bool stopsFirst,
        CancellationToken cancellationToken
    )
    {
        using var labLock = LabLock.Take(Lab.Root);
        if (stopsFirst)
        {
            await SpreadSetup.StopAsync(session.Parts, cancellationToken);
        }

        await SpreadSetup.StartAsync(session.Parts, Lab, context.Note, cancellationToken);
    }

    private async Task RunOnAsync(
        SpreadSession session,
        int node,
        IReadOnlyList<string> statements,
        CancellationToken cancellationToken
    )
    {
        using var labLock = LabLock.Take(Lab.Root);
        await session.Parts.RunAsync(
            Lab.Hosts[Lab.Nodes.First(n => n.Id == node).Host ?? 0],
            $"change node {node}",
            ["psql", $"{node}"],
            ["-X", "-q", "-v", "ON_ERROR_STOP=1", .. statements.SelectMany(s => (string[])["-c", s])],
            cancellationToken
        );
    }
}
