using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>Brings nodes of a lab on several hosts back, and has a Pgpool-II use them or not: whichever answers, for
/// that of a node's own host may be down.</summary>
/// <param name="context">What it works with, on the user's own machine.</param>
/// <param name="parts">The hosts.</param>
/// <param name="lab">The whole lab.</param>
public sealed class SpreadRecovery(OperationContext context, HostParts parts, Lab lab)
{
    /// <summary>For how long a standby may look for its primary.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(300);

    /// <summary>Makes a node a copy of the primary again, and has it attached when it streams.</summary>
    /// <param name="look">How the nodes are.</param>
    /// <param name="node">The node: one that is down, behind, or a second primary, which is stopped first.</param>
    /// <param name="method">How.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">There is nothing to copy, the hosts do not reach each other, or it
    /// failed.</exception>
    public async Task RecoverAsync(
        NodesReport look,
        PostgresNode node,
        RecoveryMethod method,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(look);
        ArgumentNullException.ThrowIfNull(node);
        var primary = SpreadNodes.RightfulPrimary(look);
        if (primary is null || primary == node.Id)
        {
            throw new LabException(
                ExitCode.NotHealthy,
                primary is null
                    ? "No node can be written to: there is nothing to copy."
                    : $"Node {node.Id} is the primary; the others are copies of it."
            )
            {
                Hints = ["See how the nodes are:  pgpoollab nodes --lab " + Hosts.Shell.Quote(lab.Name)],
            };
        }

        var source = lab.Nodes.First(n => n.Id == primary);
        if (
            lab.Partition is { } cut
            && cut.Separates(node.Host!.Value, source.Host!.Value)
            && look.Findings.Any(f => f.Kind == FindingKinds.HostsCutOff)
        )
        {
            throw new LabException(
                ExitCode.NotHealthy,
                $"Node {node.Id} does not reach node {primary}, the primary: their hosts are cut off from each other."
            )
            {
                Hints = ["End that first:  pgpoollab heal --lab " + Hosts.Shell.Quote(lab.Name)],
            };
        }

        if (look.Nodes.First(v => v.Id == node.Id).Postgres.InRecovery is false)
        {
            context.Note(
                $"Node {node.Id} on host {lab.Hosts[node.Host!.Value].Name} is a primary beside node {primary}: it is "
                    + "stopped, and what was written on it alone is lost."
            );
        }

        string[] command =
        [
            "part",
            "rejoin",
            $"{node.Id}",
            $"{primary}",
            .. method switch
            {
                RecoveryMethod.Rewind => (string[])["--rewind"],
                RecoveryMethod.BaseBackup => ["--basebackup"],
                _ => [],
            },
        ];
        await parts.RunAsync(lab.Hosts[node.Host!.Value], $"recover node {node.Id}", command, cancellationToken);
        await TellAsync(await UntilStreamsAsync(node, cancellationToken), "attach", node, cancellationToken);
    }

    /// <summary>Has Pgpool-II use a node, or not, unless that would do harm.</summary>
    /// <param name="look">How the lab is.</param>
    /// <param name="verb">What: to attach or to detach it.</param>
    /// <param name="node">The node.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">It must not be done now, or failed.</exception>
    public Task TellIfItMayAsync(NodesReport look, Verb verb, PostgresNode node, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(node);
        return VerbRules.Check(verb, node.Id, lab, look) is { } refusal
            ? throw new LabException(ExitCode.Failed, refusal.Reason)
            {
                Hints = refusal.Instead is { } instead ? [instead] : [],
            }
            : TellAsync(look, verb is Verb.Attach ? "attach" : "detach", node, cancellationToken);
    }

    /// <summary>Has Pgpool-II use a node, or not: the one that leads, or else any that answers.</summary>
    /// <param name="look">How the lab is.</param>
    /// <param name="verb"><c>attach</c> or <c>detach</c>.</param>
    /// <param name="node">The node.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task TellAsync(NodesReport look, string verb, PostgresNode node, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(look);
        ArgumentNullException.ThrowIfNull(node);
        var asked = look
            .Watchdog.Where(w => w.Answers)
            .OrderByDescending(w => (w.Status is "LEADER" or "MASTER", w.Quorum is true))
            .FirstOrDefault();
        if (asked is null)
        {
            throw new LabException(
                ExitCode.NotHealthy,
                $"No Pgpool-II answers: there is none that could {verb} node {node.Id}."
            )
            {
                Hints = ["Start what does not run:  pgpoollab startall --lab " + Hosts.Shell.Quote(lab.Name)],
            };
        }

        var host = lab.Hosts[lab.Pgpools.First(p => p.Id == asked.Id).Host!.Value];
        await parts.RunAsync(host, $"{verb} node {node.Id}", ["part", verb, $"{node.Id}"], cancellationToken);
    }

    private async Task<NodesReport> UntilStreamsAsync(PostgresNode node, CancellationToken cancellationToken)
    {
        var began = context.Time.GetTimestamp();
        while (true)
        {
            var look = await parts.LookAsync(lab, cancellationToken);
            var says = look.Nodes.First(v => v.Id == node.Id).Postgres;
            if (says is { InRecovery: true, Receiver: "streaming" })
            {
                return look;
            }

            if (context.Time.GetElapsedTime(began) > Patience)
            {
                throw new LabException(
                    ExitCode.NotHealthy,
                    $"Node {node.Id} was made again, and does not stream from its primary after "
                        + $"{Patience.TotalMinutes:0} minutes: {says.Problem ?? says.Receiver ?? "no WAL receiver"}."
                )
                {
                    Hints =
                    [
                        $"Its log says why, on host {lab.Hosts[node.Host!.Value].Name}:  "
                            + lab.RelativeNodeLog(node.Id),
                    ],
                };
            }

            await context.Probes.PauseAsync(BetweenLooks, cancellationToken);
        }
    }
}
