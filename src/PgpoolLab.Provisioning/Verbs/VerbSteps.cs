using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Facts;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>What to do next about a node that was started.</summary>
public enum NextStep
{
    /// <summary>It is up and attached.</summary>
    Nothing,

    /// <summary>Look again: it may still find its primary, or Pgpool-II may be failing over.</summary>
    LookAgain,

    /// <summary>Have Pgpool-II use it.</summary>
    Attach,

    /// <summary>Say why it is not attached.</summary>
    GiveUp,

    /// <summary>It runs, and Pgpool-II answers nobody: say so.</summary>
    Leave,
}

/// <summary>Waits until a node that was started is up, and attaches it when Pgpool-II has given it up. What is to be
/// done is planned after each look: Pgpool-II may find out only now that the node was away.</summary>
/// <param name="Node">The node.</param>
/// <param name="Patience">How long.</param>
/// <param name="NeedsPgpool">False when the node is to run in any case, also where Pgpool-II answers nobody.</param>
public sealed record ComeBack(PostgresNode Node, TimeSpan Patience, bool NeedsPgpool = true) : IStep
{
    /// <summary>The time in which a Pgpool-II that works, and does not fail over, has answered. One of a watchdog that
    /// is alone in an election needs 8 to 10 s.</summary>
    internal static readonly TimeSpan MayBeSilent = TimeSpan.FromSeconds(20);

    /// <summary>The time a standby needs to find its primary.</summary>
    internal static readonly TimeSpan MayStream = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MustLast = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public string Title => $"Wait until node {Node.Id} is up and attached";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        yield return $"unless Pgpool-II does not run{(NeedsPgpool ? "" : " or does not answer")}: wait "
            + $"until node {Node.Id} "
            + $"{(lab.Mode is ClusteringMode.StreamingReplication ? "streams" : "answers")}, at most "
            + $"{Patience.TotalSeconds:0} s";
        yield return $"if Pgpool-II has given it up:  {Pcp.Attach(lab, lab.Pgpool, Node.Id)}";
    }

    /// <summary>Plans the next step from a look.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="report">The look.</param>
    /// <param name="mayStillStream">False when it has had the time a standby needs to find its primary.</param>
    /// <param name="mayStillAnswer">False when Pgpool-II has had the time it needs to answer.</param>
    /// <returns>What to do, and why it cannot be attached.</returns>
    public (NextStep Step, Refusal? Why) Next(
        Lab lab,
        NodesReport report,
        bool mayStillStream,
        bool mayStillAnswer = true
    )
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(report);
        if (new LabFact(FactKind.NodeUp, Node.Id).Check(report).Holds)
        {
            return (NextStep.Nothing, null);
        }

        if (IsAtWork(report))
        {
            return (NextStep.LookAgain, null); // Pgpool-II fails over, or the node is being made anew
        }

        if (!report.PgpoolAnswers && (!mayStillAnswer || mayStillStream))
        {
            return (mayStillAnswer ? NextStep.LookAgain : NextStep.Leave, null);
        }

        if (VerbLook.IsAttached(report.Nodes.First(v => v.Id == Node.Id)))
        {
            return (NextStep.LookAgain, null);
        }

        return VerbRules.Check(Verb.Attach, Node.Id, lab, report) is not { } refusal ? (NextStep.Attach, null)
            : mayStillStream && lab.Mode is ClusteringMode.StreamingReplication ? (NextStep.LookAgain, refusal)
            : (NextStep.GiveUp, refusal);
    }

    private bool IsAtWork(NodesReport report) =>
        report.AtWork.Any(w => w.Kind is not WorkKind.Command && w.Concerns(Node.Id));

    /// <summary>True when there is a Pgpool-II to attach the node to. One that fails over answers nobody, and
    /// runs.</summary>
    public static bool IsForPgpool(NodesReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return report.PgpoolAnswers
            || report.PgpoolProcessId is not null
            || report.Watchdog.Any(w => w.ProcessId is not null);
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var (lab, live) = (context.Lab, new LiveLab(context.Host, context.Lab, context.Probes));
        var (inTime, mayStream) = (context.Probes.Limit(Patience), context.Probes.Limit(MayStream));
        long? upSince = null;
        long? silentSince = null;
        var report = await live.LookAsync(cancellationToken);
        if (!IsForPgpool(report))
        {
            return; // who starts a node without Pgpool-II has it without Pgpool-II
        }

        for (; ; report = await live.LookAsync(cancellationToken))
        {
            silentSince =
                NeedsPgpool || report.PgpoolAnswers || IsAtWork(report)
                    ? null
                    : silentSince ?? context.Time.GetTimestamp();
            var mayAnswer = silentSince is not { } began || context.Time.GetElapsedTime(began) < MayBeSilent;
            var (next, why) = Next(lab, report, mayStream(), mayAnswer);
            if (next is NextStep.Leave)
            {
                context.Note(
                    $"Node {Node.Id} runs. {lab.TitleOf(lab.Pgpool)} runs, too, but answers nobody, so "
                        + "the node was not "
                        + "attached. See why:  pgpoollab status"
                );
                return;
            }

            upSince = next is NextStep.Nothing ? upSince ?? context.Time.GetTimestamp() : null;
            if (upSince is { } since && context.Time.GetElapsedTime(since) >= MustLast)
            {
                return;
            }

            if (next is NextStep.Attach)
            {
                var teller = lab.OwnPgpools.FirstOrDefault(p => p.Port == report.PgpoolPort) ?? lab.Pgpool;
                await new TellPgpool(PcpAct.Attach, Node, teller).ExecuteAsync(context, cancellationToken);
                await context.Probes.PauseAsync(TimeSpan.FromSeconds(1), cancellationToken); // it takes a moment
            }

            if (next is NextStep.GiveUp)
            {
                throw new LabException(ExitCode.Failed, $"Node {Node.Id} runs, but was not attached. {why!.Reason}")
                {
                    Hints = why.Instead is { } instead ? [instead] : [],
                };
            }

            if (!inTime())
            {
                throw new ProbeFailedException(
                    $"Node {Node.Id} was started, but is not up and attached within {Patience.TotalSeconds:0} s."
                )
                {
                    Details = [$"Last seen: {new LabFact(FactKind.NodeUp, Node.Id).Check(report).Seen}"],
                    LogFile = lab.Pgpool.Paths.PgpoolLog,
                    LogTail = await LogTail.ReadAsync(context.Host, lab.Pgpool.Paths.PgpoolLog, cancellationToken),
                };
            }

            await context.Probes.PauseAsync(TimeSpan.FromMilliseconds(200), cancellationToken);
        }
    }
}

/// <summary>Says so when there are two primaries: one that was suspended may have been given up meanwhile.</summary>
public sealed record CountPrimaries : IStep
{
    /// <inheritdoc/>
    public string Title => "Look for a second primary";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) => ["SELECT pg_is_in_recovery()   (on every node)"];

    /// <summary>What the user is to know; null when there is one primary at most.</summary>
    public static string? Warning(NodesReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return report.Nodes.Where(n => n.Postgres.InRecovery is false).ToArray() is { Length: > 1 } primaries
            ? $"There are {primaries.Length} primaries now: nodes "
                + $"{string.Join(" and ", primaries.Select(n => n.Id))}. Pgpool-II writes to the one it "
                + "shows as primary; what clients write to another one directly is on that node alone. "
                + $"End it with:  pgpoollab recover {StaleOf(primaries).Id}"
            : null;
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var live = new LiveLab(context.Host, context.Lab, context.Probes);
        if (Warning(await live.LookAsync(cancellationToken)) is { } warning)
        {
            context.Note(warning);
        }
    }

    private static NodeView StaleOf(NodeView[] primaries) =>
        primaries.FirstOrDefault(n => !VerbLook.IsAttached(n)) ?? primaries.MinBy(n => n.Postgres.Timeline ?? 0)!;
}
