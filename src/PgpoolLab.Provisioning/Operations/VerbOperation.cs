using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Facts;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>What a person does with the servers of a lab after setup. Every one of these looks, refuses what cannot
/// work before anything is touched, acts, and waits for the fact.</summary>
/// <param name="context">What it works with.</param>
/// <param name="lab">The lab.</param>
public sealed class VerbOperation(OperationContext context, Lab lab)
{
    /// <summary>How long Pgpool-II may take to notice and to fail over, on a slow machine, too.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly LiveLab _live = new(context.Host, lab, context.Probes);

    /// <summary>Stops servers.</summary>
    /// <param name="target">Which.</param>
    /// <param name="mode">What becomes of their clients; Pgpool-II is always stopped fast.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task StopAsync(Target target, StopMode mode, CancellationToken cancellationToken) =>
        EndAsync(target, ServerAct.Stop, mode, cancellationToken);

    /// <summary>Kills servers, as a crash of their machine would.</summary>
    public Task KillAsync(Target target, CancellationToken cancellationToken) =>
        EndAsync(target, ServerAct.Kill, StopMode.Immediate, cancellationToken);

    /// <summary>Suspends servers.</summary>
    public Task PauseAsync(Target target, CancellationToken cancellationToken) =>
        LockedAsync(
            async run =>
            {
                var (servers, report) = await ResolveAsync(target, cancellationToken);
                await RequireRunningAsync(servers, "pause", cancellationToken);
                await run(Acts(servers, ServerAct.Pause, StopMode.Fast));
                foreach (var node in servers.Nodes)
                {
                    context.Observer.Note(
                        $"Node {node.Id} accepts connections and answers nobody. "
                            + (
                                report is { PgpoolAnswers: false } || servers.Pgpools.Count > 0
                                    ? ""
                                    : "Pgpool-II finds out when a health check or a client has waited long enough. "
                            )
                            + $"End it with:  pgpoollab resume {node.Id}"
                    );
                }
            },
            cancellationToken
        );

    /// <summary>Lets suspended servers go on.</summary>
    public Task ResumeAsync(Target target, CancellationToken cancellationToken) =>
        LockedAsync(
            async run =>
            {
                var (servers, _) = await ResolveAsync(target, cancellationToken);
                await RequireRunningAsync(servers, "resume", cancellationToken);
                await run(Acts(servers, ServerAct.Resume, StopMode.Fast));
                var report = await _live.LookAsync(cancellationToken);
                if (
                    lab.Mode is ClusteringMode.StreamingReplication
                    && report.Nodes.Where(n => n.Postgres.InRecovery is false).ToArray() is { Length: > 1 } primaries
                )
                {
                    context.Observer.Note(
                        $"There are {primaries.Length} primaries now: nodes "
                            + $"{string.Join(" and ", primaries.Select(n => n.Id))}. Pgpool-II writes to the one it "
                            + "shows as primary; what clients write to another one directly is on that node alone. "
                            + $"End it with:  pgpoollab recover {StaleOf(primaries).Id}"
                    );
                }
            },
            cancellationToken
        );

    /// <summary>Starts servers. A node that comes back is attached as soon as it streams.</summary>
    public async Task StartAsync(Target target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (target.Text == "all")
        {
            await new StartOperation(context).ExecuteAsync(lab, cancellationToken);
            return;
        }

        await LockedAsync(
            async run =>
            {
                var (servers, report) = await ResolveAsync(target, cancellationToken);
                RequireOwnNodes(servers);
                await StartAsync(servers, report, run, cancellationToken);
            },
            cancellationToken
        );
    }

    /// <summary>Stops servers and starts them again.</summary>
    public Task RestartAsync(Target target, StopMode mode, CancellationToken cancellationToken) =>
        LockedAsync(
            async run =>
            {
                var (servers, report) = await ResolveAsync(target, cancellationToken, look: true);
                RequireOwnNodes(servers);
                if (servers.Pgpools.Count == 0)
                {
                    WarnOfFailover(servers, report!);
                }

                // Pgpool-II takes no shutdown for a failure when it does not see it.
                await run(Acts(servers with { Nodes = [] }, ServerAct.Stop, mode));
                await run(Acts(servers with { Pgpools = [] }, ServerAct.Stop, mode));
                await StartAsync(servers, report, run, cancellationToken);
            },
            cancellationToken
        );

    /// <summary>Has Pgpool-II send queries to a node again.</summary>
    public Task AttachAsync(Target target, CancellationToken cancellationToken) =>
        OnNodeAsync(
            Verb.Attach,
            target,
            async (node, view, _, run) =>
            {
                if (IsAttached(view))
                {
                    context.Observer.Note($"Node {node.Id} is attached already.");
                    return;
                }

                await run([Stage.Of(new TellPgpool(PcpAct.Attach, node, Teller))]);
                await run([Await(FactKind.NodeUp, node)]);
            },
            cancellationToken
        );

    /// <summary>Has Pgpool-II give up a node.</summary>
    public Task DetachAsync(Target target, CancellationToken cancellationToken) =>
        OnNodeAsync(
            Verb.Detach,
            target,
            async (node, view, report, run) =>
            {
                if (view.Pgpool is { } pool && !IsAttached(view))
                {
                    context.Observer.Note($"Pgpool-II has given up node {node.Id} already ({pool.Status}).");
                    return;
                }

                WarnOfFailover(new ServerSet([node], []), report);
                await run([Stage.Of(new TellPgpool(PcpAct.Detach, node, Teller))]);
                await run([Await(FactKind.NodeDown, node)]);
            },
            cancellationToken
        );

    /// <summary>Makes a node anew from the primary, and attaches it.</summary>
    /// <param name="target">The node.</param>
    /// <param name="evenIfWell">Also when it streams and is attached.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task RecoverAsync(Target target, bool evenIfWell, CancellationToken cancellationToken) =>
        OnNodeAsync(
            Verb.Recover,
            target,
            async (node, view, report, run) =>
            {
                if (!evenIfWell && new LabFact(FactKind.NodeUp, node.Id).Check(report).Holds)
                {
                    throw new LabException(ExitCode.Failed, $"Node {node.Id} is well: it is up and attached.")
                    {
                        Hints = [$"Make it anew all the same:  pgpoollab recover {node.Id} --yes"],
                    };
                }

                await RecoverAsync(node, view, run);
            },
            cancellationToken
        );

    /// <summary>Recovers every node that is not well, one after the other.</summary>
    public Task RecoverAllAsync(CancellationToken cancellationToken) =>
        LockedAsync(
            async run =>
            {
                var report = await _live.LookAsync(cancellationToken);
                var ill = lab
                    .Nodes.Where(n => !new LabFact(FactKind.NodeUp, n.Id).Check(report).Holds)
                    .Where(n => LabFact.PrimaryOf(report)?.Id != n.Id)
                    .ToArray();
                if (ill.Length == 0)
                {
                    context.Observer.Note("Every node is up and attached; there is nothing to recover.");
                    return;
                }

                foreach (var node in ill)
                {
                    // The one before may have changed what Pgpool-II thinks of this one.
                    report = await _live.LookAsync(cancellationToken);
                    Require(Verb.Recover, node, report);
                    await RecoverAsync(node, report.Nodes.First(v => v.Id == node.Id), run);
                }
            },
            cancellationToken
        );

    /// <summary>Has a standby take over from the primary, which then follows it.</summary>
    /// <param name="target">The standby; null for the one that is least behind.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task SwitchoverAsync(Target? target, CancellationToken cancellationToken) =>
        LockedAsync(
            async run =>
            {
                var report = await _live.LookAsync(cancellationToken);
                var node = target is null ? BestOf(report) : target.ResolveNode(lab, report);
                Require(Verb.Switchover, node, report);
                var well = lab
                    .Nodes.Where(n => n != node && new LabFact(FactKind.NodeUp, n.Id).Check(report).Holds)
                    .ToArray();
                await run([Stage.Of(new TellPgpool(PcpAct.Switchover, node, Teller))]);
                await run([Await(FactKind.NodeIsPrimary, node)]);
                await run([.. well.Select(n => Await(FactKind.NodeUp, n))]);
            },
            cancellationToken
        );

    /// <summary>Makes a standby a primary behind Pgpool-II's back, which then has two before it.</summary>
    public Task PromoteAsync(Target target, CancellationToken cancellationToken) =>
        OnNodeAsync(
            Verb.Promote,
            target,
            async (node, _, report, run) =>
            {
                await run([Stage.Of(new PromoteBehind(node))]);
                if (report.Nodes.Any(n => n.Id != node.Id && n.Postgres.InRecovery is false))
                {
                    context.Observer.Note(
                        "There are two primaries now, and Pgpool-II does not know of the new one. "
                            + $"End it with:  pgpoollab recover {node.Id}"
                    );
                }
            },
            cancellationToken
        );

    /// <summary>Waits for a fact, without the lab's lock: others may work on it.</summary>
    /// <exception cref="ProbeFailedException">It did not happen in time.</exception>
    public Task WaitAsync(LabFact fact, TimeSpan patience, CancellationToken cancellationToken) =>
        context.Probes.WaitAsync(new LabShows(_live, fact) { OutlivesServers = true }, patience, cancellationToken);

    private PgpoolNode Teller { get; set; } = lab.Pgpool;

    private static bool IsAttached(NodeView view) => view.Pgpool?.Status is "up" or "waiting";

    private static Stage Await(FactKind kind, PostgresNode node) =>
        Stage.Of(new AwaitFact(new LabFact(kind, node.Id), Patience));

    private static NodeView StaleOf(NodeView[] primaries) =>
        primaries.FirstOrDefault(n => !IsAttached(n)) ?? primaries.MinBy(n => n.Postgres.Timeline ?? 0)!;

    private PostgresNode BestOf(NodesReport report) =>
        report
            .Nodes.Where(n =>
                IsAttached(n) && n.Postgres is { InRecovery: true, Receiver: "streaming", FedByPrimary: not false }
            )
            .OrderBy(n => n.Postgres.LagBytes ?? long.MaxValue)
            .FirstOrDefault()
            is { } best
            ? Target.NodeOf(lab, best.Id)
            : throw new LabException(ExitCode.NotHealthy, "There is no standby that is attached and streams.")
            {
                Hints = ["See what there is:  pgpoollab nodes"],
            };

    private Task EndAsync(Target target, ServerAct act, StopMode mode, CancellationToken cancellationToken) =>
        LockedAsync(
            async run =>
            {
                var (servers, report) = await ResolveAsync(target, cancellationToken, look: true);
                RequireOwnNodes(servers);
                await RequireRunningAsync(servers, act.ToString().ToLowerInvariant(), cancellationToken);
                WarnOfFailover(servers, report!);
                await run(Acts(servers with { Nodes = [] }, act, mode));
                await run(Acts(servers with { Pgpools = [] }, act, mode));
                await run(NoticedBy(servers, report!));
            },
            cancellationToken
        );

    /// <summary>What Pgpool-II will make of it: it gives up a node that is gone as long as it has another.</summary>
    private IReadOnlyList<Stage> NoticedBy(ServerSet ended, NodesReport before)
    {
        if (!before.PgpoolAnswers || ended.Pgpools.Count == lab.Pgpools.Count)
        {
            return [];
        }

        var gone = ended.Nodes.Select(n => n.Id).ToHashSet();
        if (!before.Nodes.Any(n => IsAttached(n) && !gone.Contains(n.Id)))
        {
            return [];
        }

        // After a failover the other standbys are given up, too, until they follow the new primary.
        return
        [
            .. Those(n => gone.Contains(n.Id) && IsAttached(n)).Select(n => Await(FactKind.NodeDown, n)),
            .. Those(n => !gone.Contains(n.Id) && new LabFact(FactKind.NodeUp, n.Id).Check(before).Holds)
                .Select(n => Await(FactKind.NodeUp, n)),
        ];

        IEnumerable<PostgresNode> Those(Func<NodeView, bool> test) =>
            before.Nodes.Where(test).Select(n => Target.NodeOf(lab, n.Id));
    }

    private void WarnOfFailover(ServerSet servers, NodesReport report)
    {
        if (
            !report.PgpoolAnswers
            || servers.Pgpools.Count == lab.Pgpools.Count
            || lab.Mode is not ClusteringMode.StreamingReplication
            || LabFact.PrimaryOf(report) is not { } primary
            || servers.Nodes.All(n => n.Id != primary.Id)
        )
        {
            return;
        }

        var next = report.Nodes.FirstOrDefault(n =>
            IsAttached(n) && n.Postgres.InRecovery is true && servers.Nodes.All(s => s.Id != n.Id)
        );
        context.Observer.Note(
            next is null
                ? $"Node {primary.Id} is the primary, and no standby is there to take over: nobody can write without it."
                : $"Node {primary.Id} is the primary: Pgpool-II will make node {next.Id} the primary."
        );
    }

    private async Task RecoverAsync(PostgresNode node, NodeView view, Func<IReadOnlyList<Stage>, Task> run)
    {
        if (IsAttached(view))
        {
            await run([Stage.Of(new TellPgpool(PcpAct.Detach, node, Teller))]);
            await run([Await(FactKind.NodeDown, node)]);
        }

        if (view.Postgres.Runs is not false)
        {
            // One that is suspended would not hear that it is to stop.
            await run([Stage.Of(new ActOnNode(ServerAct.Resume, node)), Stage.Of(new ActOnNode(ServerAct.Stop, node))]);
        }

        await run([Stage.Of(new TellPgpool(PcpAct.Recover, node, Teller))]);
        await run([Await(FactKind.NodeUp, node)]);
    }

    private async Task StartAsync(
        ServerSet servers,
        NodesReport? report,
        Func<IReadOnlyList<Stage>, Task> run,
        CancellationToken cancellationToken
    )
    {
        var outdated = await new LabHistory(context.Host, lab).FindOutdatedPrimariesAsync(cancellationToken);
        if (servers.Nodes.FirstOrDefault(outdated.Contains) is { } old)
        {
            throw new LabException(
                ExitCode.Failed,
                $"Node {old.Id} is not started: another node took over from it, and there would be two primaries."
            )
            {
                Hints = [$"Bring it back:  pgpoollab recover {old.Id}"],
            };
        }

        await run([Stage.ForEach(servers.Nodes, n => [new StartNode(n)])]);
        if (servers.Pgpools.Count == lab.Pgpools.Count)
        {
            await run(LabPlanner.StartPgpools(lab, []));
        }
        else if (servers.Pgpools.Count > 0)
        {
            var launches = servers.Pgpools.Select(p => new LaunchPgpool(p)).ToArray();
            await run([new Stage([launches]), Stage.ForEach(launches, l => [new AwaitPgpool(l, [])])]);
        }

        if (servers.Nodes.Count == 0)
        {
            return;
        }

        report = await _live.LookAsync(cancellationToken);
        if (!report.PgpoolAnswers)
        {
            return; // who starts a node without Pgpool-II has it without Pgpool-II
        }

        foreach (var node in servers.Nodes)
        {
            await AttachAgainAsync(node, run, cancellationToken);
        }
    }

    /// <summary>A standby has to find its primary first; what it may never do, is said.</summary>
    private async Task AttachAgainAsync(
        PostgresNode node,
        Func<IReadOnlyList<Stage>, Task> run,
        CancellationToken cancellationToken
    )
    {
        var inTime = context.Probes.Limit(Patience);
        var mayStream = context.Probes.Limit(TimeSpan.FromSeconds(30));
        long? upSince = null;
        while (true)
        {
            var report = await _live.LookAsync(cancellationToken);
            var up = new LabFact(FactKind.NodeUp, node.Id).Check(report);
            upSince = up.Holds ? upSince ?? context.Time.GetTimestamp() : null;
            // Pgpool-II may find out only now that the node was away, and give it up after it has come back.
            if (upSince is { } since && context.Time.GetElapsedTime(since) >= TimeSpan.FromSeconds(1))
            {
                await run([Await(FactKind.NodeUp, node)]);
                return;
            }

            if (!IsAttached(report.Nodes.First(v => v.Id == node.Id)))
            {
                if (VerbRules.Check(Verb.Attach, node.Id, lab, report) is not { } refusal)
                {
                    await run([Stage.Of(new TellPgpool(PcpAct.Attach, node, Teller))]);
                    await context.Probes.PauseAsync(TimeSpan.FromSeconds(1), cancellationToken); // it takes a moment
                }
                else if (!mayStream() || lab.Mode is not ClusteringMode.StreamingReplication)
                {
                    throw new LabException(
                        ExitCode.Failed,
                        $"Node {node.Id} runs, but was not attached. {refusal.Reason}"
                    )
                    {
                        Hints = refusal.Instead is { } instead ? [instead] : [],
                    };
                }
            }

            if (!inTime())
            {
                throw new ProbeFailedException(
                    $"Node {node.Id} was started, but is not up and attached within {Patience.TotalSeconds:0} s."
                )
                {
                    Details = [$"Last seen: {up.Seen}"],
                    LogFile = lab.Pgpool.Paths.PgpoolLog,
                    LogTail = await LogTail.ReadAsync(context.Host, lab.Pgpool.Paths.PgpoolLog, cancellationToken),
                };
            }

            await context.Probes.PauseAsync(TimeSpan.FromMilliseconds(200), cancellationToken);
        }
    }

    private Task OnNodeAsync(
        Verb verb,
        Target target,
        Func<PostgresNode, NodeView, NodesReport, Func<IReadOnlyList<Stage>, Task>, Task> act,
        CancellationToken cancellationToken
    ) =>
        LockedAsync(
            async run =>
            {
                var report = await _live.LookAsync(cancellationToken);
                var node = target.ResolveNode(lab, report);
                Require(verb, node, report);
                await act(node, report.Nodes.First(v => v.Id == node.Id), report, run);
            },
            cancellationToken
        );

    private void Require(Verb verb, PostgresNode node, NodesReport report)
    {
        if (VerbRules.Check(verb, node.Id, lab, report) is { } refusal)
        {
            throw new LabException(ExitCode.Failed, refusal.Reason)
            {
                Hints = refusal.Instead is { } instead ? [instead] : [],
            };
        }

        Teller = lab.Pgpools.FirstOrDefault(p => p.Port == report.PgpoolPort) ?? lab.Pgpool;
    }

    private void RequireOwnNodes(ServerSet servers)
    {
        if (!lab.OwnsNodes && servers.Nodes.Count > 0)
        {
            throw new LabException(ExitCode.Failed, "The nodes of this lab belong to another one.")
            {
                Hints = ["Use the command there."],
            };
        }
    }

    private async Task RequireRunningAsync(ServerSet servers, string verb, CancellationToken cancellationToken)
    {
        var stopped = new List<string>();
        foreach (var node in servers.Nodes)
        {
            if ((await _live.Of(node).FindAllAsync(cancellationToken)).Count == 0)
            {
                stopped.Add($"node {node.Id}");
            }
        }

        foreach (var pgpool in servers.Pgpools)
        {
            if ((await _live.Of(pgpool).FindAllAsync(cancellationToken)).Count == 0)
            {
                stopped.Add(lab.TitleOf(pgpool));
            }
        }

        if (stopped.Count == servers.Nodes.Count + servers.Pgpools.Count)
        {
            throw new LabException(
                ExitCode.Failed,
                $"There is nothing to {verb}: {string.Join(" and ", stopped)} "
                    + $"{(stopped.Count == 1 ? "does" : "do")} not run."
            );
        }
    }

    private static IReadOnlyList<Stage> Acts(ServerSet servers, ServerAct act, StopMode mode) =>
        [
            new Stage([
                .. servers.Nodes.Select(n => (IReadOnlyList<IStep>)[new ActOnNode(act, n, mode)]),
                .. servers.Pgpools.Select(p => (IReadOnlyList<IStep>)[new ActOnPgpool(act, p)]),
            ]),
        ];

    private async Task<(ServerSet Servers, NodesReport? Report)> ResolveAsync(
        Target target,
        CancellationToken cancellationToken,
        bool look = false
    )
    {
        var report = look || target.NeedsLook ? await _live.LookAsync(cancellationToken) : null;
        return (target.Resolve(lab, report), report);
    }

    private async Task LockedAsync(
        Func<Func<IReadOnlyList<Stage>, Task>, Task> act,
        CancellationToken cancellationToken
    )
    {
        using var labLock = LabLock.Take(lab.Root);
        using var log = context.OpenLog(lab.ToolLog);
        var steps = new StepContext(
            context.Host,
            lab,
            new ConfigRenderer(new TemplateStore(), context.ProgramVersion),
            context.Probes,
            LabSecrets.None,
            new UndoStack(),
            log,
            context.Time
        )
        {
            Note = context.Observer.Note,
        };
        await using var sessions = steps.Sessions;
        var runner = new PlanRunner(context.Observer, context.Time);
        await act(stages => runner.RunAsync([.. stages.Where(s => s.Lanes.Count > 0)], steps, null, cancellationToken));
    }
}
