using PgpoolLab.Model;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers.Verbs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>What is seen of a lab that is to be started.</summary>
/// <param name="Lab">The lab.</param>
public sealed record StartLook(Lab Lab)
{
    /// <summary>The servers to start; null for all.</summary>
    public ServerSet? Only { get; init; }

    /// <summary>True when the link is gone by which servers know the lab's folder.</summary>
    public bool LacksOtherName { get; init; }

    /// <summary>Nodes that were primary until another one took over.</summary>
    public IReadOnlyList<int> Outdated { get; init; } = [];

    /// <summary>Nodes whose online recovery was killed, and which cannot be started as they are.</summary>
    public IReadOnlyList<int> Unfinished { get; init; } = [];

    /// <summary>Nodes that the first Pgpool-II, which does not run, holds as down when it is started.</summary>
    public IReadOnlyList<int> HeldDown { get; init; } = [];

    /// <summary>Nodes that were to be started and did not come up.</summary>
    public IReadOnlyList<int> NotUp { get; init; } = [];

    /// <summary>Nodes that run, where none is to be started.</summary>
    public IReadOnlyList<int> Running { get; init; } = [];

    /// <summary>Nodes whose data folders say that they start as standbys.</summary>
    public IReadOnlyList<int> Standbys { get; init; } = [];

    /// <summary>Nodes that a Pgpool-II which runs has given up. It does not look again by itself, and one that joins
    /// its watchdog now believes it.</summary>
    public IReadOnlyList<int> GivenUp { get; init; } = [];

    /// <summary>Pgpool-IIs that run already.</summary>
    public IReadOnlyList<int> RunningPgpools { get; init; } = [];

    /// <summary>Pgpool-IIs that run and do not answer.</summary>
    public IReadOnlyList<int> Silent { get; init; } = [];

    /// <summary>The links to its sockets that are there.</summary>
    public IReadOnlyList<string> Linked { get; init; } = [];

    /// <summary>The nodes to start.</summary>
    internal IEnumerable<PostgresNode> Startable => (Only?.Nodes ?? Lab.OwnNodes).Where(n => !Outdated.Contains(n.Id));

    /// <summary>False when Pgpool-II alone is to be started.</summary>
    internal bool StartsNodes => Only is not { Nodes.Count: 0 };

    /// <summary>The Pgpool-IIs to start.</summary>
    internal IReadOnlyList<PgpoolNode> Pgpools => Only?.Pgpools ?? Lab.OwnPgpools;

    /// <summary>The nodes that are up, as far as is known.</summary>
    internal IEnumerable<PostgresNode> Up =>
        StartsNodes ? Startable.Where(n => !NotUp.Contains(n.Id)) : Lab.OwnNodes.Where(n => Running.Contains(n.Id));
}

/// <summary>Plans how a lab is started: pure, from a look. The nodes first; what comes of them decides what Pgpool-II
/// is to show, so its plan is made from another look.</summary>
public static class StartPlans
{
    /// <summary>The nodes. One that does not come up keeps none of the others down.</summary>
    public static VerbPlan Nodes(StartLook look)
    {
        ArgumentNullException.ThrowIfNull(look);
        return VerbPlan.Of(
            look.LacksOtherName ? Stage.Of(new LinkLab()) : new Stage([]),
            look.Lab.Faults ? Stage.Of(new StartLinks()) : new Stage([]),
            Stage.ForEach(
                look.Lab.OwnsNodes ? look.Startable : [],
                n => look.Unfinished.Contains(n.Id) ? [new RequireRecovered(n), new StartNode(n)] : [new StartNode(n)]
            ) with
            {
                GoesOn = true,
            }
        ) with
        {
            Before =
            [
                .. look
                    .Outdated.Where(o => look.StartsNodes)
                    .Select(n =>
                        $"Node {n} is not started: another node took over from it, and there would be two primaries. "
                        + $"Bring it back with:  pgpoollab recover {n}"
                    ),
                .. look.HeldDown.Select(n =>
                    $"Pgpool-II holds node {n} as down, as before: what was written since is not on it."
                ),
            ],
            IsTakenBackOnCancel = true,
        };
    }

    /// <summary>Pgpool-II, when there is a node that is up; and the links to what runs.</summary>
    public static VerbPlan Pgpools(StartLook look)
    {
        ArgumentNullException.ThrowIfNull(look);
        var lab = look.Lab;
        var up = look.Up.ToArray();
        var starts = look.Pgpools.Count > 0 && (up.Length > 0 || !look.StartsNodes);
        var expected = Expect(lab, up, look.Standbys).Where(e => !look.GivenUp.Contains(e.Id)).ToArray();
        Stage[] start = !starts
            ? []
            :
            [
                .. WithTimeToStream(lab, StagesOf(lab, look.Pgpools, expected), expected),
                Stage.ForEach(
                    look.Silent.Where(s => look.Pgpools.Any(p => p.Id == s)),
                    p => [new RequireAnswer(lab.OwnPgpools.First(o => o.Id == p))]
                ) with
                {
                    GoesOn = true,
                },
            ];
        var down = new ServerSet(
            [.. lab.OwnNodes.Except(up)],
            [.. lab.OwnPgpools.Except(look.Pgpools).Where(p => !look.RunningPgpools.Contains(p.Id))]
        );
        string[] missing =
        [
            .. LabSockets.LinksOf(lab).Select(l => l.Link).Except(SocketLinks.Of(lab, down)).Except(look.Linked),
        ];
        return VerbPlan.Of([.. start, .. missing.Length > 0 ? [Stage.Of(new LinkSockets(missing))] : (Stage[])[]]) with
        {
            Before =
            [
                .. (starts ? look.GivenUp : []).Select(n =>
                    $"Pgpool-II runs and holds node {n} as down until it is attached or recovered. How, tells:  "
                    + "pgpoollab nodes"
                ),
            ],
            IsTakenBackOnCancel = true,
        };
    }

    /// <summary>What starts Pgpool-IIs. On one host of several nobody waits for the watchdog as a whole: the others may
    /// be started later.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="pgpools">Which.</param>
    /// <param name="expected">What each should show of the nodes that are up.</param>
    internal static IReadOnlyList<Stage> StagesOf(
        Lab lab,
        IReadOnlyList<PgpoolNode> pgpools,
        IReadOnlyList<ExpectedNode> expected
    ) =>
        pgpools.Count == 0 ? []
        : lab.Here is not null ? [Stage.ForEach(pgpools, p => [new LaunchPgpool(p), new AwaitPgpool(p, [.. expected])])]
        : pgpools.Count == lab.Pgpools.Count ? LabPlanner.StartPgpools(lab, expected)
        : LabPlanner.StartOneByOne(pgpools, expected);

    /// <summary>What Pgpool-II should show of nodes that are up.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="up">The nodes.</param>
    /// <param name="standbys">Those whose data folders say that they are standbys, by number.</param>
    public static IReadOnlyList<ExpectedNode> Expect(
        Lab lab,
        IReadOnlyList<PostgresNode> up,
        IReadOnlyList<int> standbys
    )
    {
        ArgumentNullException.ThrowIfNull(lab);
        if (!lab.OwnsNodes)
        {
            return []; // they are another lab's
        }

        var primaries = up.Where(n =>
                lab.Mode is ClusteringMode.StreamingReplication ? !standbys.Contains(n.Id) : n.Id == 0
            )
            .ToArray();
        var expected = up.Select(n => ExpectedNode.Of(lab, n, primaries.Contains(n)));
        // Two primaries can be in a lab of pgpool_setup's conventions: then Pgpool-II takes its choice.
        return [.. primaries.Length > 1 ? expected.Select(e => e with { Role = null }) : expected];
    }

    private static IEnumerable<Stage> WithTimeToStream(
        Lab lab,
        IReadOnlyList<Stage> start,
        IReadOnlyList<ExpectedNode> expected
    )
    {
        var standbys = lab.Nodes.Where(n => expected.Any(e => e.Id == n.Id && e.Streams)).ToArray();
        return standbys.Length > 0 && expected.Where(e => !e.Streams).ToArray() is [var primary]
            ?
            [
                start[0] with
                {
                    Lanes =
                    [
                        .. start[0].Lanes,
                        [new LetStandbysStream(lab.Nodes.First(n => n.Id == primary.Id), [.. standbys])],
                    ],
                },
                .. start.Skip(1),
            ]
            : start;
    }
}
