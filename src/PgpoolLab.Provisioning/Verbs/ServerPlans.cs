using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Facts;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>Plans what is done to servers: pure, from a look and a target.</summary>
public static class ServerPlans
{
    /// <summary>Servers end, in good order or as by a crash; then Pgpool-II has to notice.</summary>
    /// <exception cref="LabException">There is nothing to end.</exception>
    public static VerbPlan End(VerbLook look, Target target, ServerAct act, StopMode mode)
    {
        ArgumentNullException.ThrowIfNull(look);
        var servers = OwnServers(look, target);
        RequireRunning(look, servers, act.ToString().ToLowerInvariant());
        return target.IsAll && act is ServerAct.Stop
            ? StopAll(look, mode)
            : VerbPlan.Of([.. End(look, servers, act, mode), .. NoticedBy(look, servers)]) with
            {
                Before = VerbPlans.WarningOfFailover(look, servers),
            };
    }

    /// <summary>One process of each server is killed, suspended or let go on.</summary>
    /// <exception cref="LabException">None of them runs.</exception>
    public static VerbPlan OneProcess(VerbLook look, Target target, ServerAct act, string kind)
    {
        ArgumentNullException.ThrowIfNull(look);
        var servers = OwnServers(look, target);
        RequireRunning(look, servers, act.ToString().ToLowerInvariant());
        return VerbPlan.Of([
            new Stage([
                .. servers.Nodes.Select(n => (IReadOnlyList<IStep>)[new ActOnProcess(act, n, null, kind)]),
                .. servers.Pgpools.Select(p => (IReadOnlyList<IStep>)[new ActOnProcess(act, null, p, kind)]),
            ]),
        ]);
    }

    /// <summary>Servers are suspended.</summary>
    /// <exception cref="LabException">There is nothing to suspend.</exception>
    public static VerbPlan Pause(VerbLook look, Target target)
    {
        ArgumentNullException.ThrowIfNull(look);
        var servers = OwnServers(look, target);
        RequireRunning(look, servers, "pause");
        var notices = look.Report is not { PgpoolAnswers: false } && servers.Pgpools.Count == 0;
        return VerbPlan.Of(VerbPlans.Acts(servers, ServerAct.Pause, StopMode.Fast)) with
        {
            After =
            [
                .. servers.Nodes.Select(n =>
                    $"Node {n.Id} accepts connections and answers nobody. "
                    + (notices ? "Pgpool-II finds out when a health check or a client has waited long enough. " : "")
                    + $"End it with:  pgpoollab resume {n.Id}"
                ),
            ],
        };
    }

    /// <summary>Suspended servers go on; a primary that was suspended may not be the only one any more.</summary>
    /// <exception cref="LabException">They do not run.</exception>
    public static VerbPlan Resume(VerbLook look, Target target)
    {
        ArgumentNullException.ThrowIfNull(look);
        ArgumentNullException.ThrowIfNull(target);
        var servers = SuspendedAs(look, target) is { Count: > 0 } nodes
            ? new ServerSet(nodes, [])
            : OwnServers(look, target);
        RequireRunning(look, servers, "resume");
        var mayBeTwo = look.Lab.Mode is ClusteringMode.StreamingReplication && servers.Nodes.Count > 0;
        return VerbPlan.Of([
            VerbPlans.Acts(servers, ServerAct.Resume, StopMode.Fast),
            .. mayBeTwo ? (Stage[])[Stage.Of(new CountPrimaries())] : [],
        ]);
    }

    /// <summary>The suspended nodes that <c>primary</c> or <c>standby</c> was the word for when they were suspended:
    /// none of them can say now what it is, but its data folder does.</summary>
    private static IReadOnlyList<PostgresNode> SuspendedAs(VerbLook look, Target target) =>
        target.Text is "primary" or "standby"
        && look is { Report: { } report, Lab.Mode: ClusteringMode.StreamingReplication }
            ?
            [
                .. report
                    .Nodes.Where(n => n.Postgres.IsSuspended && n.Postgres.MadeAsStandby == (target.Text is "standby"))
                    .Select(look.NodeOf),
            ]
            : [];

    /// <summary>Servers are started; a node that comes back is attached as soon as it streams. The whole lab is started
    /// by
    /// <see cref="StartPlans"/>.</summary>
    /// <exception cref="LabException">One of them must not be started.</exception>
    public static VerbPlan Start(VerbLook look, Target target)
    {
        ArgumentNullException.ThrowIfNull(look);
        return VerbPlan.Of(Start(look, OwnServers(look, target)));
    }

    /// <summary>Servers are stopped and started again; not the whole lab.</summary>
    /// <exception cref="LabException">One of them must not be started.</exception>
    public static VerbPlan Restart(VerbLook look, Target target, StopMode mode)
    {
        ArgumentNullException.ThrowIfNull(look);
        var servers = OwnServers(look, target);
        return VerbPlan.Of([
            // They are started in a moment: the links to their sockets stay.
            VerbPlans.Acts(servers with { Nodes = [] }, ServerAct.Stop, mode),
            VerbPlans.Acts(servers with { Pgpools = [] }, ServerAct.Stop, mode),
            .. Start(look, servers),
        ]) with
        {
            Before = servers.Pgpools.Count == 0 ? VerbPlans.WarningOfFailover(look, servers) : [],
        };
    }

    /// <summary>The whole lab is stopped, as stopall does it where the mode allows that.</summary>
    internal static VerbPlan StopAll(VerbLook look, StopMode mode)
    {
        var all = new ServerSet(look.Lab.OwnsNodes ? look.Lab.OwnNodes : [], look.Lab.OwnPgpools);
        return mode is StopMode.Fast
            ? StopOperation.Plan(look.Lab, look.Linked)
            : VerbPlan.Of(End(look, all, ServerAct.Stop, mode));
    }

    private static Stage[] End(VerbLook look, ServerSet servers, ServerAct act, StopMode mode) =>
        [
            // Pgpool-II takes no shutdown for a failure when it does not see it.
            VerbPlans.Acts(servers with { Nodes = [] }, act, mode),
            VerbPlans.Acts(servers with { Pgpools = [] }, act, mode),
            .. act is ServerAct.Stop ? VerbPlans.Unlink(look, servers) : [],
        ];

    private static Stage[] Start(VerbLook look, ServerSet servers)
    {
        if (servers.Nodes.FirstOrDefault(n => look.Outdated.Contains(n.Id)) is { } old)
        {
            throw RequireMayStart.Outdated(old);
        }

        if (servers.Nodes.FirstOrDefault(n => look.Unfinished.Contains(n.Id)) is { } half)
        {
            throw RequireRecovered.Unfinished(half);
        }

        return
        [
            .. look.Lab.Faults ? (Stage[])[Stage.Of(new StartLinks())] : [],
            // It is looked at again: what is at work, and who is primary, may be another by then.
            Stage.ForEach(servers.Nodes, n => [new RequireMayStart(n, VerbPlans.Patience), new StartNode(n)]),
            .. StartPlans.StagesOf(look.Lab, servers.Pgpools, []),
            .. VerbPlans.Link(look, servers),
            .. servers.Nodes.Select(n => Stage.Of(new ComeBack(n, VerbPlans.Patience, NeedsPgpool: false))),
        ];
    }

    /// <summary>What Pgpool-II will make of it: it gives up a node that is gone as long as it has another.</summary>
    private static Stage[] NoticedBy(VerbLook look, ServerSet ended)
    {
        if (ended.Pgpools.Count == look.Lab.OwnPgpools.Count || look.Seen is not { PgpoolAnswers: true } before)
        {
            return [];
        }

        var gone = ended.Nodes.Select(n => n.Id).ToHashSet();
        if (
            !before.Nodes.Any(n => VerbLook.IsAttached(n) && !gone.Contains(n.Id))
            && !before.Elsewhere.Any(n => n.Status is "up" or "waiting")
        )
        {
            return [];
        }

        // After a failover the other standbys are given up, too, until they follow the new primary.
        return
        [
            .. Those(n => gone.Contains(n.Id) && VerbLook.IsAttached(n))
                .Select(n => VerbPlans.Await(VerbPlans.GivenUp(look, n), n)),
            .. Those(n => !gone.Contains(n.Id) && VerbPlans.IsUp(before, n.Id))
                .Select(n => VerbPlans.Await(FactKind.NodeUp, n)),
        ];

        IEnumerable<PostgresNode> Those(Func<NodeView, bool> test) => before.Nodes.Where(test).Select(look.NodeOf);
    }

    /// <summary>The servers that are meant; of the whole lab those that are its own.</summary>
    private static ServerSet OwnServers(VerbLook look, Target target)
    {
        ArgumentNullException.ThrowIfNull(target);
        var servers = look.Resolve(target);
        if (!look.Lab.OwnsNodes && target.IsAll)
        {
            return servers with { Nodes = [] };
        }

        if (!look.Lab.OwnsNodes && servers.Nodes.Count > 0)
        {
            throw new LabException(ExitCode.Failed, "The nodes of this lab belong to another one.")
            {
                Hints = ["Use the command there."],
            };
        }

        return servers;
    }

    private static void RequireRunning(VerbLook look, ServerSet servers, string verb)
    {
        string[] stopped =
        [
            .. servers.Nodes.Where(n => !look.RunningNodes.Contains(n.Id)).Select(n => $"node {n.Id}"),
            .. servers.Pgpools.Where(p => !look.RunningPgpools.Contains(p.Id)).Select(look.Lab.TitleOf),
        ];
        if (stopped.Length == servers.Nodes.Count + servers.Pgpools.Count)
        {
            throw new LabException(
                ExitCode.Failed,
                $"There is nothing to {verb}: {string.Join(" and ", stopped)} "
                    + $"{(stopped.Length == 1 ? "does" : "do")} not run."
            );
        }
    }
}
