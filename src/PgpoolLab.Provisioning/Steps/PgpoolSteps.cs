using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>Launches a Pgpool-II.</summary>
public interface ILaunch
{
    /// <summary>The Pgpool-II.</summary>
    PgpoolNode Pgpool { get; }

    /// <summary>Ends when its first process has been started.</summary>
    Task Launched { get; }
}

/// <summary>Starts one Pgpool-II, and does not wait until it answers: with a watchdog it does so only when it has found
/// the others.</summary>
/// <param name="pgpool">The Pgpool-II.</param>
public sealed class LaunchPgpool(PgpoolNode pgpool) : IStep, ILaunch, IEquatable<LaunchPgpool>
{
    private readonly TaskCompletionSource _launched = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <inheritdoc/>
    public string Title => pgpool.Watchdog is null ? "Launch Pgpool-II" : $"Launch Pgpool-II {pgpool.Id}";

    /// <inheritdoc/>
    public PgpoolNode Pgpool => pgpool;

    /// <inheritdoc/>
    public Task Launched => _launched.Task;

    /// <summary>Equal when they launch the same, whatever has become of it.</summary>
    public bool Equals(LaunchPgpool? other) => other?.Pgpool == pgpool;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LaunchPgpool);

    /// <inheritdoc/>
    public override int GetHashCode() => pgpool.GetHashCode();

    /// <summary>Its first process; null when it ran already, or was not started yet.</summary>
    internal int? ProcessId { get; private set; }

    /// <summary>Nodes it remembers as down.</summary>
    internal IReadOnlyList<int> HeldDown { get; private set; } = [];

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        yield return $"{PgpoolCommand.Start(lab, pgpool)}   (port {pgpool.Port}, pcp {pgpool.PcpPort}{(pgpool.Watchdog is { } w ? $", watchdog {w.Port}, heartbeat {w.Heartbeat}" : "")})";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var servers = new LiveLab(context.Host, context.Lab, context.Probes);
        if (await servers.Of(pgpool).FindLivingAsync(cancellationToken) is not null)
        {
            _launched.TrySetResult();
            return;
        }

        HeldDown = context.Lab.RemembersStatus
            ? await new LabHistory(context.Host, context.Lab).FindNodesHeldDownAsync(pgpool, cancellationToken)
            : [];
        context.Undo.Push($"stop {context.Lab.TitleOf(pgpool)}", ct => servers.Of(pgpool).StopAsync(ct));
        await StartAsync(context, servers, cancellationToken);
    }

    /// <summary>Starts it, which does not run.</summary>
    internal async Task StartAsync(StepContext context, LiveLab servers, CancellationToken cancellationToken)
    {
        var process = await servers.Of(pgpool).StartAsync(cancellationToken);
        ProcessId = process;
        _launched.TrySetResult();
        if (pgpool.Watchdog is not null)
        {
            // Those that come to life at the very same moment may all but lock each other out.
            await servers
                .Of(pgpool)
                .OrEndAsync(
                    process,
                    () =>
                        context.Probes.WaitAsync(
                            new WatchdogListens(context.Host, context.Lab, pgpool, process),
                            ProbeRunner.Patience,
                            cancellationToken
                        )
                );
        }
    }
}

/// <summary>Waits until a Pgpool-II that was just launched shows these nodes up in their roles.</summary>
/// <param name="launch">Who launched it.</param>
/// <param name="expected">What it must show.</param>
public sealed class AwaitPgpool(LaunchPgpool launch, IReadOnlyList<ExpectedNode> expected)
    : IStep,
        IEquatable<AwaitPgpool>
{
    private const int MostRestarts = 2;

    private LaunchPgpool Launch => launch;

    private IReadOnlyList<ExpectedNode> Expected => expected;

    /// <summary>Equal when they wait for the same.</summary>
    public bool Equals(AwaitPgpool? other) =>
        other is not null && launch.Equals(other.Launch) && expected.SequenceEqual(other.Expected);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as AwaitPgpool);

    /// <inheritdoc/>
    public override int GetHashCode() => launch.GetHashCode();

    /// <inheritdoc/>
    public string Title =>
        launch.Pgpool.Watchdog is null ? "Wait for Pgpool-II" : $"Wait for Pgpool-II {launch.Pgpool.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        yield return $"{PoolNodes.RolesQueryOf(lab)}   (until every node is up in its role)";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var servers = new LiveLab(context.Host, context.Lab, context.Probes);
        // Nodes it holds as down stay down until somebody attaches or recovers them: nothing to wait for.
        var awaited = expected.Where(e => !launch.HeldDown.Contains(e.Id)).ToArray();
        for (var restarts = 0; launch.ProcessId is { } process; restarts++)
        {
            await using var shows = new PgpoolShowsNodes(context.Host, context.Lab, launch.Pgpool, awaited, process);
            var follows = new PgpoolFollowsLeader(shows);
            try
            {
                await servers
                    .Of(launch.Pgpool)
                    .OrEndAsync(
                        process,
                        () =>
                            context.Probes.WaitAsync(
                                launch.Pgpool.Watchdog is null ? shows : follows,
                                ProbeRunner.Patience,
                                cancellationToken
                            )
                    );
                return;
            }
            catch (ProbeFailedException) when (follows.MissesPrimary && restarts < MostRestarts)
            {
                await launch.StartAsync(context, servers, cancellationToken);
            }
        }
    }
}

/// <summary>Starts the only Pgpool-II of a lab and waits until it shows these nodes up in their roles.</summary>
/// <param name="pgpool">The Pgpool-II.</param>
/// <param name="expected">What it must show.</param>
public sealed class StartPgpool(PgpoolNode pgpool, IReadOnlyList<ExpectedNode> expected)
    : IStep,
        ILaunch,
        IEquatable<StartPgpool>
{
    private readonly LaunchPgpool _launch = new(pgpool);

    private IReadOnlyList<ExpectedNode> Expected => expected;

    /// <summary>Equal when they start the same and wait for the same.</summary>
    public bool Equals(StartPgpool? other) => other?.Pgpool == pgpool && expected.SequenceEqual(other.Expected);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as StartPgpool);

    /// <inheritdoc/>
    public override int GetHashCode() => pgpool.GetHashCode();

    /// <inheritdoc/>
    public PgpoolNode Pgpool => pgpool;

    /// <inheritdoc/>
    public Task Launched => _launch.Launched;

    /// <inheritdoc/>
    public string Title => "Start Pgpool-II";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) =>
        _launch.Preview(lab).Concat(new AwaitPgpool(_launch, expected).Preview(lab));

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        await _launch.ExecuteAsync(context, cancellationToken);
        await new AwaitPgpool(_launch, expected).ExecuteAsync(context, cancellationToken);
    }
}

/// <summary>Waits until the Pgpool-IIs have found each other and elected a leader.</summary>
public sealed record AwaitWatchdog : IStep
{
    /// <inheritdoc/>
    public string Title => "Wait until the watchdog has a leader";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        yield return $"pcp_watchdog_info   (on ports {string.Join(", ", lab.Pgpools.Select(p => p.PcpPort))}, until all know the same leader)";
    }

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Probes.WaitAsync(
            new WatchdogHasLeader(context.Host, context.Lab),
            ProbeRunner.Patience,
            cancellationToken
        );
    }
}

/// <summary>Stops one Pgpool-II.</summary>
/// <param name="pgpool">The Pgpool-II.</param>
public sealed class StopPgpool(PgpoolNode pgpool) : IStep, IEquatable<StopPgpool>
{
    private readonly TaskCompletionSource _leaving = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private PgpoolNode Pgpool => pgpool;

    /// <summary>Equal when they stop the same, whatever has become of it.</summary>
    public bool Equals(StopPgpool? other) => other?.Pgpool == pgpool;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as StopPgpool);

    /// <inheritdoc/>
    public override int GetHashCode() => pgpool.GetHashCode();

    /// <summary>Ends when Pgpool-II takes nothing for a failure of a node any more.</summary>
    internal Task Leaving => _leaving.Task;

    /// <inheritdoc/>
    public string Title => pgpool.Watchdog is null ? "Stop Pgpool-II" : $"Stop Pgpool-II {pgpool.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        yield return $"SIGINT to the process in {Hosts.Shell.Quote(pgpool.Paths.PgpoolPid)}, wait for its end";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            await new LiveLab(context.Host, context.Lab, context.Probes)
                .Of(pgpool)
                .StopAsync(cancellationToken, () => _leaving.TrySetResult());
        }
        finally
        {
            _leaving.TrySetResult();
        }
    }
}

/// <summary>Adds the watchdog to the configuration of every Pgpool-II of a lab of pgpool_setup's conventions.</summary>
public sealed class AddWatchdog : IStep
{
    /// <inheritdoc/>
    public string Title => "Add the watchdog";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab.Pgpools.Select(p => $"add to {Hosts.Shell.Quote(p.Paths.PgpoolConf)}");
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        foreach (var pgpool in context.Lab.Pgpools)
        {
            await context.Host.Files.AppendTextAsync(
                pgpool.Paths.PgpoolConf,
                context.Renderer.Render("pgpool_setup/watchdog.conf", context.Lab, pgpool),
                cancellationToken
            );
        }
    }
}
