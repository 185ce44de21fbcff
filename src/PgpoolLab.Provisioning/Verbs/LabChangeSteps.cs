using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Settings;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>Writes the lab's files that name its nodes.</summary>
/// <param name="Change">The lab as it is, and as it is to be.</param>
public sealed record RewriteLabFiles(NodeCount Change) : IStep
{
    /// <inheritdoc/>
    public string Title => "Write configuration and scripts";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) =>
        NodeFiles.PathsOf(new ConfigRenderer(new TemplateStore(), ""), Change).Select(p => $"write {Shell.Quote(p)}");

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var files = context.Host.Files;
        foreach (
            var change in await new NodeFiles(context.Host, context.Renderer, Change).ChangesAsync(cancellationToken)
        )
        {
            context.Undo.Push(
                $"put back {change.Path}",
                async ct =>
                {
                    // A folder that goes, too, needs nothing put back into it.
                    if (change.Before is { } before)
                    {
                        await files.WriteTextAsync(change.Path, before, change.Mode, ct);
                    }
                }
            );
            await files.WriteTextAsync(change.Path, change.After, change.Mode, cancellationToken);
        }
    }
}

/// <summary>Remembers how many nodes the lab has: in its manifest, and in its user's list.</summary>
/// <param name="Change">The lab as it is, and as it is to be.</param>
public sealed record SaveLab(NodeCount Change) : IStep
{
    /// <inheritdoc/>
    public string Title =>
        $"Note that the lab has {Change.To.Nodes.Count} node{(Change.To.Nodes.Count == 1 ? "" : "s")}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) => [$"write {Shell.Quote(Change.To.Paths.Manifest)}"];

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Undo.Push(
            $"note that the lab has {Change.From.Nodes.Count} nodes",
            _ =>
            {
                Save(Change.From);
                return Task.CompletedTask;
            }
        );
        Save(Change.To);
        return Task.CompletedTask;
    }

    internal static void Save(Lab lab)
    {
        var manifest =
            LabStore.Load(lab.Root)
            ?? throw new LabException(ExitCode.NotFound, $"There is no lab in {lab.Root} any more.");
        LabStore.Save(manifest with { Lab = lab });
        LabIndex.Renew(lab);
    }
}

/// <summary>Has every Pgpool-II read its file.</summary>
public sealed record ReloadPgpools : IStep
{
    /// <inheritdoc/>
    public string Title => "Reload Pgpool-II";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab.Pgpools.Select(p =>
            PgpoolLab.Servers.Programs.PgpoolCommand.Reload(lab, p, p.Paths.PgpoolConf).ToString()
        );
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var lab = context.Lab;
        context.Undo.Push(
            "say what remains in Pgpool-II",
            _ =>
            {
                context.Note(
                    "Pgpool-II shows the node that was taken back as down until it is restarted:  pgpoollab restart "
                        + "pgpool"
                );
                return Task.CompletedTask;
            }
        );
        await new Reloader(context.Host, lab, context.Probes).ReloadAsync([], lab.Pgpools, cancellationToken);
    }
}

/// <summary>Attaches a node that Pgpool-II has just read of.</summary>
/// <param name="Node">The node.</param>
/// <param name="Pgpool">The Pgpool-II that is told.</param>
/// <param name="Patience">How long it may take until all of its processes know the node.</param>
public sealed record JoinPgpool(PostgresNode Node, PgpoolNode Pgpool, TimeSpan Patience) : IStep
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private TellPgpool Attach => new(PcpAct.Attach, Node, Pgpool);

    /// <inheritdoc/>
    public string Title => $"Attach node {Node.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) =>
        [$"ask Pgpool-II and node {Node.Id}: it must be known and stream from the primary", .. Attach.Preview(lab)];

    /// <summary>Why the node cannot be attached now; null when it can. With <see cref="ExitCode.NotHealthy"/> it is
    /// something that passes.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="report">A look at it.</param>
    public LabException? WhyNot(Lab lab, NodesReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (report.PgpoolAnswers && report.Nodes.FirstOrDefault(n => n.Id == Node.Id)?.Pgpool is null)
        {
            return new LabException(ExitCode.NotHealthy, $"Pgpool-II does not know node {Node.Id} yet.");
        }

        var passes = !report.PgpoolAnswers || report.AtWork.Any(w => w.Kind is not WorkKind.Command);
        return VerbRules.Check(Verb.Attach, Node.Id, lab, report) is { } refusal
            ? new LabException(
                passes ? ExitCode.NotHealthy : ExitCode.Failed,
                $"Node {Node.Id} is not attached. {refusal.Reason}"
            )
            {
                Hints = refusal.Instead is { } instead ? [instead] : [],
            }
            : null;
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var (inTime, mayStream) = (context.Probes.Limit(Patience), context.Probes.Limit(ComeBack.MayStream));
        var live = new LiveLab(context.Host, context.Lab, context.Probes);
        var told = false;
        for (; ; await context.Probes.PauseAsync(Interval, cancellationToken))
        {
            if (WhyNot(context.Lab, await live.LookAsync(cancellationToken)) is { } why)
            {
                if (why.Code is ExitCode.NotHealthy ? inTime() : mayStream())
                {
                    continue;
                }

                throw why;
            }

            if (!told)
            {
                context.Undo.Push($"detach node {Node.Id}", ct => DetachAsync(context, live, ct));
                told = true;
            }

            try
            {
                await Attach.ExecuteAsync(context, cancellationToken);
                return;
            }
            catch (LabException) when (inTime()) { }
        }
    }

    /// <summary>A node that clients are sent to must not lose its data. Pgpool-II may only be about to attach
    /// it.</summary>
    private async Task DetachAsync(StepContext context, LiveLab live, CancellationToken cancellationToken)
    {
        var inTime = context.Probes.Limit(ComeBack.MayStream);
        await context.Probes.PauseAsync(TimeSpan.FromSeconds(1), cancellationToken);
        for (; ; await context.Probes.PauseAsync(Interval, cancellationToken))
        {
            var report = await live.LookAsync(cancellationToken);
            var isAttached = report.Nodes.Any(n => n.Id == Node.Id && VerbLook.IsAttached(n));
            if (!isAttached && (!inTime() || !report.AtWork.Any(w => w.Kind is WorkKind.Failover)))
            {
                return;
            }

            try
            {
                if (isAttached)
                {
                    await new TellPgpool(PcpAct.Detach, Node, Pgpool).ExecuteAsync(context, cancellationToken);
                }
            }
            catch (LabException) when (inTime()) { }

            if (!inTime())
            {
                throw new LabException(ExitCode.NotHealthy, $"Pgpool-II still uses node {Node.Id}.");
            }
        }
    }
}
