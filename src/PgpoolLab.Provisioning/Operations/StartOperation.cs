using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>Starts a lab. A node that does not come up keeps none of the others down.</summary>
/// <param name="run">The call.</param>
public sealed class StartOperation(PlanRun run)
{
    private readonly LiveLab _servers = new(run.Context.Host, run.Lab, run.Context.Probes);
    private readonly LabHistory _history = new(run.Context.Host, run.Lab);

    /// <summary>Starts what does not run.</summary>
    /// <param name="cancellationToken">Ends it; what was started is stopped again.</param>
    /// <param name="afterStop">True when the lab is stopped before: a plan that is only shown minds nothing that runs
    /// now.</param>
    /// <param name="only">The servers to start; null for all.</param>
    /// <exception cref="LabException">Something did not come up; the rest runs.</exception>
    public Task ExecuteAsync(CancellationToken cancellationToken, bool afterStop = false, ServerSet? only = null) =>
        run.LockedAsync(
            async () =>
            {
                if (!run.IsDry)
                {
                    run.Context.Leases.Renew(run.Lab);
                }

                var look = await LookAsync(only, afterStop, cancellationToken);
                var failures = await run.DoAsync(StartPlans.Nodes(look), cancellationToken);
                look = await LookAgainAsync(look, failures, afterStop, cancellationToken);
                StepFailure.ThrowIfAny([
                    .. failures,
                    .. await run.DoAsync(StartPlans.Pgpools(look), cancellationToken),
                ]);
            },
            cancellationToken
        );

    private async Task<StartLook> LookAsync(ServerSet? only, bool afterStop, CancellationToken cancellationToken)
    {
        var lab = run.Lab;
        var lacksName =
            lab.SafeAlias is { } alias && !await run.Context.Host.Files.ExistsAsync(alias, cancellationToken);
        var outdated = await FindOutdatedAsync(afterStop, cancellationToken);
        var begins =
            lab.RemembersStatus
            && only?.Pgpools.Contains(lab.Pgpool) != false
            && (afterStop || await _servers.Of(lab.Pgpool).FindAsync(cancellationToken) is null);
        return new StartLook(lab)
        {
            Only = only,
            LacksOtherName = lacksName,
            Outdated = [.. outdated.Select(n => n.Id)],
            Unfinished =
            [
                .. (await _history.FindUnfinishedAsync(outdated, cancellationToken))
                    .Where(n => !outdated.Contains(n))
                    .Select(n => n.Id),
            ],
            HeldDown = begins ? await _history.FindNodesHeldDownAsync(lab.Pgpool, cancellationToken) : [],
        };
    }

    /// <summary>Finds the nodes that were primary until another one took over. On one host of several, files do not
    /// tell of a primary on another; its Pgpool-II does, when it runs.</summary>
    private async Task<IReadOnlyList<PostgresNode>> FindOutdatedAsync(
        bool afterStop,
        CancellationToken cancellationToken
    )
    {
        var lab = run.Lab;
        var outdated = await _history.FindOutdatedPrimariesAsync(cancellationToken);
        if (
            afterStop
            || lab is not { Here: not null, Mode: ClusteringMode.StreamingReplication }
            || await _servers.Of(lab.Pgpool).FindLivingAsync(cancellationToken) is null
            || (await PoolNodes.AskAsync(run.Context.Host, lab, lab.Pgpool, cancellationToken)).Nodes is not { } seen
            || !seen.Any(s => NodesReport.IsPrimary(s) && lab.OwnNodes.All(n => n.Id != s.Id))
        )
        {
            return outdated;
        }

        var standbys = await FindStandbysAsync(_history, lab, cancellationToken);
        return [.. lab.OwnNodes.Where(n => outdated.Contains(n) || !standbys.Contains(n.Id))];
    }

    /// <summary>Looks at what decides how Pgpool-II is started: which nodes have come up, what they are, and what those
    /// that run already think of them.</summary>
    private async Task<StartLook> LookAgainAsync(
        StartLook look,
        IReadOnlyList<StepFailure> failures,
        bool afterStop,
        CancellationToken cancellationToken
    )
    {
        var failed = failures
            .Select(f => f.Step)
            .Select(s => s is RequireRecovered unfinished ? unfinished.Node : (s as StartNode)?.Node)
            .OfType<PostgresNode>()
            .Select(n => n.Id)
            .Concat(run.IsDry ? look.Unfinished : [])
            .ToArray();
        var (givenUp, silent, runningPgpools) = (new SortedSet<int>(), new List<int>(), new List<int>());
        foreach (var pgpool in afterStop ? [] : look.Lab.OwnPgpools)
        {
            if (await _servers.Of(pgpool).FindLivingAsync(cancellationToken) is null)
            {
                continue;
            }

            runningPgpools.Add(pgpool.Id);
            var (nodes, _) = await PoolNodes.AskAsync(run.Context.Host, look.Lab, pgpool, cancellationToken);
            givenUp.UnionWith((nodes ?? []).Where(n => n.Status == "down").Select(n => n.Id));
            if (nodes is null)
            {
                silent.Add(pgpool.Id);
            }
        }

        var running = new List<int>();
        foreach (var node in look.StartsNodes || !look.Lab.OwnsNodes ? [] : look.Lab.OwnNodes)
        {
            if (await _servers.Of(node).FindAsync(cancellationToken) is not null)
            {
                running.Add(node.Id);
            }
        }

        return look with
        {
            NotUp = failed,
            Running = running,
            Standbys = await FindStandbysAsync(_history, look.Lab, cancellationToken),
            GivenUp = [.. givenUp],
            RunningPgpools = runningPgpools,
            Silent = silent,
            Linked = afterStop ? [] : await new SocketLinks(run.Context.Host, run.Lab).FindAsync(cancellationToken),
        };
    }

    /// <summary>The nodes whose data folders say that they start as standbys, by number.</summary>
    internal static async Task<IReadOnlyList<int>> FindStandbysAsync(
        LabHistory history,
        Lab lab,
        CancellationToken cancellationToken
    )
    {
        var standbys = new List<int>();
        foreach (var node in lab is { OwnsNodes: true, Mode: ClusteringMode.StreamingReplication } ? lab.OwnNodes : [])
        {
            if (await history.IsStandbyAsync(node, cancellationToken))
            {
                standbys.Add(node.Id);
            }
        }

        return standbys;
    }
}
