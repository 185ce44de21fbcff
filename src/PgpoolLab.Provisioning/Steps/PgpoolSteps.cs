using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>Starts one Pgpool-II, and does not wait until it answers: with a watchdog it does so only when it has found
/// the others.</summary>
/// <param name="Pgpool">The Pgpool-II.</param>
public sealed record LaunchPgpool(PgpoolNode Pgpool) : IStep
{
    /// <inheritdoc/>
    public string Title => Pgpool.Watchdog is null ? "Launch Pgpool-II" : $"Launch Pgpool-II {Pgpool.Id}";

    /// <inheritdoc/>
    public StepSubject Subject => new(StepAct.Launch, Pgpool: Pgpool.Id);

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        yield return $"{PgpoolCommand.Start(lab, Pgpool)}   (port {Pgpool.Port}, pcp "
            + $"{Pgpool.PcpPort}{(Pgpool.Watchdog is { } w ? $", watchdog {w.Port}, heartbeat {w.Heartbeat}" : "")})";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var servers = new LiveLab(context.Host, context.Lab, context.Probes);
        context.Started.TryRemove(Pgpool.Id, out _);
        if (await servers.Of(Pgpool).FindLivingAsync(cancellationToken) is not null)
        {
            return;
        }

        var heldDown = context.Lab.RemembersStatus
            ? await new LabHistory(context.Host, context.Lab).FindNodesHeldDownAsync(Pgpool, cancellationToken)
            : [];
        context.Undo.Push($"stop {context.Lab.TitleOf(Pgpool)}", ct => servers.Of(Pgpool).StopAsync(ct));
        await StartAsync(context, servers, heldDown, cancellationToken);
    }

    /// <summary>Starts it, which does not run.</summary>
    internal async Task StartAsync(
        StepContext context,
        LiveLab servers,
        IReadOnlyList<int> heldDown,
        CancellationToken cancellationToken
    )
    {
        var process = await servers.Of(Pgpool).StartAsync(cancellationToken);
        context.Started[Pgpool.Id] = new StartedPgpool(process, heldDown);
        if (Pgpool.Watchdog is not null)
        {
            // Those that come to life at the very same moment may all but lock each other out.
            await servers
                .Of(Pgpool)
                .OrEndAsync(
                    process,
                    () =>
                        context.Probes.WaitAsync(
                            new WatchdogListens(context.Host, context.Lab, Pgpool, process),
                            ProbeRunner.WatchdogPatience,
                            cancellationToken
                        )
                );
        }
    }
}

/// <summary>Waits until a Pgpool-II that this run has launched shows these nodes up in their roles; one that ran
/// already is not waited for.</summary>
/// <param name="Pgpool">The Pgpool-II.</param>
/// <param name="Expected">What it must show.</param>
public sealed record AwaitPgpool(PgpoolNode Pgpool, ValueList<ExpectedNode> Expected) : IStep
{
    private const int MostRestarts = 2;

    /// <summary>How long one that other hosts' servers may keep from answering is waited for. Alone in an election it
    /// needs 8 to 10 s.</summary>
    private static readonly TimeSpan MayDependOnOthers = TimeSpan.FromSeconds(20);

    /// <inheritdoc/>
    public string Title => Pgpool.Watchdog is null ? "Wait for Pgpool-II" : $"Wait for Pgpool-II {Pgpool.Id}";

    /// <inheritdoc/>
    public StepSubject Subject => new(StepAct.Await, Pgpool: Pgpool.Id);

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
        for (var restarts = 0; context.Started.TryGetValue(Pgpool.Id, out var started); restarts++)
        {
            // Nodes it holds as down stay down until somebody attaches or recovers them: nothing to wait for.
            var awaited = Expected.Where(e => !started.HeldDown.Contains(e.Id)).ToArray();
            var process = started.ProcessId;
            await using var shows = new PgpoolShowsNodes(context.Host, context.Lab, Pgpool, awaited, process);
            var follows = new PgpoolFollowsLeader(shows);
            try
            {
                await servers
                    .Of(Pgpool)
                    .OrEndAsync(
                        process,
                        () =>
                            context.Lab.Here is not null
                                ? AwaitIfItCanAsync(context, shows, cancellationToken)
                                : context.Probes.WaitAsync(
                                    Pgpool.Watchdog is null ? shows : follows,
                                    Pgpool.Watchdog is null ? ProbeRunner.Patience : ProbeRunner.WatchdogPatience,
                                    cancellationToken
                                )
                    );
                return;
            }
            catch (ProbeFailedException) when (follows.MissesPrimary && restarts < MostRestarts)
            {
                await new LaunchPgpool(Pgpool).StartAsync(context, servers, started.HeldDown, cancellationToken);
            }
        }
    }

    /// <summary>On one host of several: the other hosts may be started later, and it looks for the primary there until
    /// then. That it runs is enough.</summary>
    private async Task AwaitIfItCanAsync(
        StepContext context,
        PgpoolShowsNodes shows,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await context.Probes.WaitAsync(shows, MayDependOnOthers, cancellationToken);
        }
        catch (ProbeFailedException)
        {
            if (!await context.Host.Processes.RunsAsync(shows.ProcessId, startedAt: null, cancellationToken))
            {
                throw;
            }

            context.Note(
                $"{context.Lab.TitleOf(Pgpool)} runs, and does not show the nodes of this host up yet: servers of "
                    + "other hosts may have to run first."
            );
        }
    }
}

/// <summary>Starts the only Pgpool-II of a lab and waits until it shows these nodes up in their roles.</summary>
/// <param name="Pgpool">The Pgpool-II.</param>
/// <param name="Expected">What it must show.</param>
public sealed record StartPgpool(PgpoolNode Pgpool, ValueList<ExpectedNode> Expected) : IStep
{
    /// <inheritdoc/>
    public string Title => "Start Pgpool-II";

    /// <inheritdoc/>
    public StepSubject Subject => new(StepAct.Start, Pgpool: Pgpool.Id);

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) =>
        new LaunchPgpool(Pgpool).Preview(lab).Concat(new AwaitPgpool(Pgpool, Expected).Preview(lab));

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        await new LaunchPgpool(Pgpool).ExecuteAsync(context, cancellationToken);
        await new AwaitPgpool(Pgpool, Expected).ExecuteAsync(context, cancellationToken);
    }
}

/// <summary>Waits until the Pgpool-IIs have found each other and elected a leader. One that answers clients may be
/// joining still: until it has, there may be no quorum.</summary>
/// <param name="Started">Those that were just started; the others may be down.</param>
public sealed record AwaitWatchdog(ValueList<PgpoolNode> Started) : IStep
{
    /// <inheritdoc/>
    public string Title =>
        Started.Count == 1
            ? $"Wait until Pgpool-II {Started[0].Id} is in the watchdog"
            : "Wait until the watchdog has a leader";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        yield return "pcp_watchdog_info   (on ports "
            + $"{string.Join(", ", lab.Pgpools.Select(p => p.PcpPort))}, until all know the same leader)";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            await context.Probes.WaitAsync(
                new WatchdogHasLeader(context.Host, context.Lab, Started),
                ProbeRunner.Patience,
                cancellationToken
            );
        }
        catch (ProbeFailedException error) when (Started.Count < context.Lab.Pgpools.Count)
        {
            // It takes clients; with whom it cannot agree was not started by us, and may be suspended.
            context.Note(error.Message);
        }
    }
}

/// <summary>Stops one Pgpool-II. Who waits for its word may begin as soon as it takes nothing for a failure of a node
/// any more.</summary>
/// <param name="Pgpool">The Pgpool-II.</param>
public sealed record StopPgpool(PgpoolNode Pgpool) : IStep
{
    /// <inheritdoc/>
    public string Title => Pgpool.Watchdog is null ? "Stop Pgpool-II" : $"Stop Pgpool-II {Pgpool.Id}";

    /// <inheritdoc/>
    public StepSubject Subject => new(StepAct.Stop, Pgpool: Pgpool.Id);

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        yield return $"SIGINT to the process in {Hosts.Shell.Quote(Pgpool.Paths.PgpoolPid)}, wait for its end";
    }

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new LiveLab(context.Host, context.Lab, context.Probes)
            .Of(Pgpool)
            .StopAsync(cancellationToken, context.Release);
    }
}

/// <summary>Adds the watchdog to the configuration of every Pgpool-II of a lab of pgpool_setup's conventions.</summary>
public sealed record AddWatchdog : IStep
{
    /// <inheritdoc/>
    public string Title => "Add the watchdog";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab.OwnPgpools.Select(p => $"add to {Hosts.Shell.Quote(p.Paths.PgpoolConf)}");
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        foreach (var pgpool in context.Lab.OwnPgpools)
        {
            await context.Host.Files.AppendTextAsync(
                pgpool.Paths.PgpoolConf,
                context.Renderer.Render("pgpool_setup/watchdog.conf", context.Lab, pgpool),
                cancellationToken
            );
        }
    }
}
