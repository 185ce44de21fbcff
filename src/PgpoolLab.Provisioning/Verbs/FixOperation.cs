using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Links;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>Does what <c>status</c> advises (<c>status --fix</c>): by the operations that the verbs use.</summary>
/// <param name="context">What it works with.</param>
/// <param name="lab">The lab.</param>
public sealed class FixOperation(OperationContext context, Lab lab)
{
    /// <summary>Looks at the lab; null for one on this machine.</summary>
    public Func<CancellationToken, Task<StatusReport>>? Look { get; init; }

    /// <summary>Does a remedy; null for a lab on this machine.</summary>
    public Func<Remedy, CancellationToken, Task>? Act { get; init; }

    /// <summary>How long a base backup or a failover that others have begun may take.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>A failover that waits for a server that is suspended ends when that goes on.</summary>
    private static readonly TimeSpan MayHang = TimeSpan.FromSeconds(10);

    /// <summary>How long the members of a watchdog may look for each other: some twenty seconds on an idle
    /// machine.</summary>
    private static readonly TimeSpan MayElect = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(300);

    /// <summary>Looks, and waits until nothing is at work on the lab.</summary>
    /// <exception cref="LabException">Something was at work for too long.</exception>
    public async Task<StatusReport> LookAsync(CancellationToken cancellationToken)
    {
        var inTime = context.Probes.Limit(Patience);
        var mayEnd = context.Probes.Limit(MayHang);
        var mayElect = context.Probes.Limit(MayElect);
        var noted = false;
        while (true)
        {
            var report = await ReportAsync(cancellationToken);
            var elects = !WatchdogView.HaveSettled(report.Watchdog) && mayElect();
            if (!elects && (report.AtWork.Count == 0 || (!mayEnd() && FixPlan.Of(lab, report).Count > 0)))
            {
                return report;
            }

            var work = report.AtWork.Count > 0 ? report.AtWork[0].Title : "The Pgpool-IIs look for each other";
            if (!inTime())
            {
                throw new LabException(
                    ExitCode.NotHealthy,
                    $"{work}, and has not ended within {Patience.TotalMinutes:0} minutes: nothing is fixed."
                );
            }

            if (!noted)
            {
                context.Note($"{work}. Waiting until it has ended.");
                noted = true;
            }

            await context.Probes.PauseAsync(Interval, cancellationToken);
        }
    }

    private Task<StatusReport> ReportAsync(CancellationToken cancellationToken) =>
        Look is null
            ? new StatusReporter(context.Host, context.Probes, context.Time).ReportAsync(lab, cancellationToken)
            : Look(cancellationToken);

    /// <summary>Does planned remedies in order, with a look before each.</summary>
    /// <param name="plan">What was agreed on.</param>
    /// <param name="tried">Remedies that were done; these are added.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Those that failed.</returns>
    public async Task<IReadOnlyList<FailedFix>> DoAsync(
        IReadOnlyList<PlannedFix> plan,
        ISet<Remedy> tried,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(tried);
        var failures = new List<FailedFix>();
        foreach (var fix in plan)
        {
            var report = await LookAsync(cancellationToken);
            tried.Add(fix.Remedy);
            if (!FixPlan.Of(lab, report).Any(f => f.Remedy == fix.Remedy))
            {
                context.Note($"No longer needed: {fix.Command}");
                continue;
            }

            context.Note($"Now: {fix.Command}");
            try
            {
                await (Act ?? DoAsync)(fix.Remedy, cancellationToken);
            }
            catch (LabException error)
            {
                context.Note($"It failed: {error.Message}");
                failures.Add(new FailedFix(fix, error));
            }
        }

        return failures;
    }

    private Task DoAsync(Remedy remedy, CancellationToken cancellationToken)
    {
        var run = new VerbRun(context, lab);
        var (servers, cluster) = (new ServerVerbs(run), new ClusterVerbs(run));
        return remedy switch
        {
            Remedy.StartAll => new StartOperation(run).ExecuteAsync(cancellationToken),
            Remedy.RestartAll => servers.RestartAsync(Target.Of("all"), StopMode.Fast, cancellationToken),
            Remedy.RestartPgpool { Pgpool: var id } => servers.RestartAsync(
                Pgpool(id),
                StopMode.Fast,
                cancellationToken
            ),
            Remedy.ResumePgpool { Pgpool: var id } => servers.ResumeAsync(Pgpool(id), cancellationToken),
            Remedy.StartNode { Node: var node } => servers.StartAsync(Node(node), cancellationToken),
            Remedy.Attach { Node: var node } => cluster.AttachAsync(Node(node), cancellationToken),
            Remedy.Recover { Node: var node, EvenIfWell: var even } => cluster.RecoverAsync(
                Node(node),
                even,
                RecoveryMethod.AsConfigured,
                cancellationToken
            ),
            Remedy.ResumeNode { Node: var node } => servers.ResumeAsync(Node(node), cancellationToken),
            Remedy.KillNode { Node: var node } => servers.KillAsync(Node(node), cancellationToken),
            Remedy.StopWaitingForStandbys { Node: var node } => RunOnAsync(
                node,
                ["ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()"],
                cancellationToken
            ),
            Remedy.Execute { Node: var node, Statement: var sql } => RunOnAsync(node, [sql], cancellationToken),
            Remedy.Configure change => new ConfigureOperation(context).SetAsync(
                lab,
                [new SettingAssignment(change.Program, change.Name, change.Value)],
                restart: true,
                cancellationToken
            ),
            Remedy.Heal => HealAsync(cancellationToken),
            Remedy.ApplySettings => new ReloadOperation(context).ExecuteAsync(lab, restart: true, cancellationToken),
            Remedy.WritePcpPassword { Pgpool: var id } => new PcpPasswords(context.Host, lab).WriteAsync(
                lab.Pgpools.First(p => p.Id == id),
                cancellationToken
            ),
            _ => throw new InvalidOperationException($"{remedy} cannot be done."),
        };
    }

    private async Task HealAsync(CancellationToken cancellationToken)
    {
        await using var links = await LinkControl.ConnectAsync(context.Host, lab, context.Time, cancellationToken);
        await links.HealAsync(null, cancellationToken);
    }

    private static Target Node(int node) => new($"{node}");

    private Target Pgpool(int id) => new(RemedyWords.NameOf(lab, id));

    private async Task RunOnAsync(int node, IReadOnlyList<string> statements, CancellationToken cancellationToken)
    {
        using var labLock = LabLock.Take(lab.Root);
        try
        {
            await using var client = await PostgresClient.ConnectAsync(
                lab,
                Target.NodeOf(lab, node).Port,
                Lab.MaintenanceDatabase,
                cancellationToken
            );
            foreach (var statement in statements)
            {
                await client.ExecuteAsync(statement, cancellationToken);
            }
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } problem)
        {
            throw new LabException(ExitCode.Failed, $"Node {node} did not do it: {problem}");
        }
    }
}
