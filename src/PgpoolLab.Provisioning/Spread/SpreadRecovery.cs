using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers.Facts;
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

    /// <summary>Recovers every node that is not well, one after the other; one that cannot be keeps nobody from the
    /// others.</summary>
    /// <param name="lookAsync">How the lab is.</param>
    /// <param name="method">How.</param>
    /// <param name="wellAsync">Waits until a node is up and attached.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">One of them could not be recovered.</exception>
    public async Task RecoverAllAsync(
        Func<CancellationToken, Task<NodesReport>> lookAsync,
        RecoveryMethod method,
        Func<PostgresNode, CancellationToken, Task> wellAsync,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(lookAsync);
        ArgumentNullException.ThrowIfNull(wellAsync);
        var look = await lookAsync(cancellationToken);
        var ill = NotWell(look);
        if (ill.Count == 0)
        {
            context.Note("Every node is up and attached; there is nothing to recover.");
        }

        LabException? failed = null;
        foreach (var node in ill)
        {
            // The one before may have changed what Pgpool-II thinks of this one.
            look = node == ill[0] ? look : await lookAsync(cancellationToken);
            if (IsWell(look, node))
            {
                context.Note($"Node {node.Id} has come back by itself: it is up and attached.");
                continue;
            }

            try
            {
                await RecoverAsync(look, node, method, cancellationToken);
                await wellAsync(node, cancellationToken);
            }
            catch (LabException error)
            {
                if (failed is not null)
                {
                    context.Note(failed.Message);
                }

                failed = error;
            }
        }

        if (failed is not null)
        {
            throw failed;
        }
    }

    /// <summary>The nodes to recover when all are to be well: the primary is what they are made from.</summary>
    /// <param name="look">How the lab is.</param>
    public IReadOnlyList<PostgresNode> NotWell(NodesReport look)
    {
        ArgumentNullException.ThrowIfNull(look);
        var primary = SpreadNodes.RightfulPrimary(look);
        return [.. lab.Nodes.Where(n => n.Id != primary && !IsWell(look, n))];
    }

    /// <summary>Refuses to recover a node that needs it not.</summary>
    /// <param name="look">How the lab is.</param>
    /// <param name="node">The node.</param>
    /// <exception cref="LabException">It streams and is attached.</exception>
    public static void RequireIll(NodesReport look, PostgresNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        if (IsWell(look, node) && SpreadNodes.RightfulPrimary(look) != node.Id)
        {
            throw new LabException(ExitCode.Failed, $"Node {node.Id} is well: it is up and attached.")
            {
                Hints = [$"Recover it all the same:  pgpoollab recover {node.Id} --yes"],
            };
        }
    }

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
        var source = SourceOf(look, node);
        if (look.Nodes.First(v => v.Id == node.Id).Postgres.InRecovery is false)
        {
            context.Note(
                $"Node {node.Id} on host {lab.Hosts[node.Host!.Value].Name} is a primary beside node {source.Id}: it "
                    + "is stopped, and what was written on it alone is lost."
            );
        }

        string[] command =
        [
            "part",
            "rejoin",
            $"{node.Id}",
            $"{source.Id}",
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

    /// <summary>The node that another is made a copy of.</summary>
    /// <exception cref="LabException">There is none, or the hosts do not reach each other.</exception>
    private PostgresNode SourceOf(NodesReport look, PostgresNode node)
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

        return source;
    }

    /// <summary>Has Pgpool-II use a node, or not, unless that would do harm.</summary>
    /// <param name="look">How the lab is.</param>
    /// <param name="verb">What: to attach or to detach it.</param>
    /// <param name="node">The node.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">It must not be done now, or failed.</exception>
    public Task TellIfItMayAsync(NodesReport look, Verb verb, PostgresNode node, CancellationToken cancellationToken)
    {
        RequireAllowed(look, verb, node);
        return TellAsync(look, verb is Verb.Attach ? "attach" : "detach", node, cancellationToken);
    }

    /// <summary>Makes a standby a primary without Pgpool-II's knowledge.</summary>
    /// <param name="look">How the lab is.</param>
    /// <param name="node">The node.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">It must not be done now, or failed.</exception>
    public async Task PromoteAsync(NodesReport look, PostgresNode node, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(look);
        RequireAllowed(look, Verb.Promote, node);
        var host = lab.Hosts[node.Host!.Value];
        await parts.RunAsync(host, $"promote node {node.Id}", ["part", "promote", $"{node.Id}"], cancellationToken);
        if (look.Nodes.Any(n => n.Id != node.Id && n.Postgres.InRecovery is false))
        {
            context.Note(
                "There are two primaries now, and Pgpool-II does not know of the new one. "
                    + $"End it with:  pgpoollab recover {node.Id}"
            );
        }
    }

    /// <summary>What one of these commands would do, in this order.</summary>
    /// <param name="look">How the lab is.</param>
    /// <param name="verb">Which.</param>
    /// <param name="node">The node.</param>
    /// <param name="method">Of <see cref="Verb.Recover"/>: how.</param>
    /// <exception cref="LabException">It would be refused.</exception>
    public IReadOnlyList<string> Lines(NodesReport look, Verb verb, PostgresNode node, RecoveryMethod method)
    {
        ArgumentNullException.ThrowIfNull(look);
        ArgumentNullException.ThrowIfNull(node);
        var host = lab.Hosts[node.Host!.Value].Name;
        if (verb is not Verb.Recover)
        {
            RequireAllowed(look, verb, node);
            return verb is Verb.Promote
                ? [$"Promote node {node.Id} on host {host}, without Pgpool-II's knowledge"]
                : [Told(verb is Verb.Attach ? "attach" : "detach")];
        }

        var source = SourceOf(look, node);
        var by = method switch
        {
            RecoveryMethod.Rewind => " by pg_rewind",
            RecoveryMethod.BaseBackup => " by a base backup",
            _ => "",
        };
        return
        [
            .. look.Nodes.First(v => v.Id == node.Id).Postgres.Runs is false
                ? (string[])[]
                : [$"Stop node {node.Id} on host {host}"],
            $"Make node {node.Id} on host {host} a copy of node {source.Id}{by}, and start it",
            Told("attach"),
        ];

        string Told(string what)
        {
            var teller = TellerOf(look, what, node);
            return $"Have Pgpool-II {teller.Id} on host {lab.Hosts[teller.Host!.Value].Name} {what} node {node.Id}";
        }
    }

    private static bool IsWell(NodesReport look, PostgresNode node) =>
        new LabFact(FactKind.NodeUp, node.Id).Check(look).Holds;

    private void RequireAllowed(NodesReport look, Verb verb, PostgresNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        if (VerbRules.Check(verb, node.Id, lab, look) is { } refusal)
        {
            throw new LabException(ExitCode.Failed, refusal.Reason)
            {
                Hints = refusal.Instead is { } instead ? [instead] : [],
            };
        }
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
        var host = lab.Hosts[TellerOf(look, verb, node).Host!.Value];
        await parts.RunAsync(host, $"{verb} node {node.Id}", ["part", verb, $"{node.Id}"], cancellationToken);
    }

    /// <summary>Who is told: the one that leads, or else any that answers.</summary>
    private PgpoolNode TellerOf(NodesReport look, string verb, PostgresNode node)
    {
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

        return lab.Pgpools.First(p => p.Id == asked.Id);
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
