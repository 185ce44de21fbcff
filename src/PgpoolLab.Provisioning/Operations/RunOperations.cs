using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>Starts a lab. A node that does not come up keeps none of the others down.</summary>
/// <param name="context">What it works with.</param>
public sealed class StartOperation(OperationContext context)
{
    private static readonly TimeSpan StreamingPatience = TimeSpan.FromSeconds(2);

    /// <summary>Starts what does not run.</summary>
    /// <exception cref="LabException">Something did not come up; the rest runs.</exception>
    public async Task ExecuteAsync(Lab lab, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        using var labLock = LabLock.Take(lab.Root);
        using var log = context.OpenLog(lab.ToolLog);
        context.Leases.Renew(lab);
        if (lab.SafeAlias is { } alias && !await context.Host.Files.ExistsAsync(alias, cancellationToken))
        {
            // It lies outside of the lab's folder, where somebody may tidy up.
            await context.Host.Files.CreateDirectoryAsync(
                Path.GetDirectoryName(alias)!,
                Modes.PrivateFolder,
                cancellationToken
            );
            await context.Host.Files.CreateLinkAsync(alias, lab.Root, cancellationToken);
        }

        var servers = new LiveLab(context.Host, lab, context.Probes);
        var history = new LabHistory(context.Host, lab);
        var outdated = await history.FindOutdatedPrimariesAsync(cancellationToken);
        foreach (var node in outdated)
        {
            context.Observer.Note(
                $"Node {node.Id} is not started: another node took over from it, and there would be two "
                    + $"primaries. Bring it back with:  pgpoollab recover {node.Id}"
            );
        }

        foreach (
            var held in lab.RemembersStatus && await servers.Of(lab.Pgpool).FindAsync(cancellationToken) is null
                ? await history.FindNodesHeldDownAsync(lab.Pgpool, cancellationToken)
                : []
        )
        {
            context.Observer.Note(
                $"Pgpool-II holds node {held} as down, as before: what was written since is not on it."
            );
        }

        var undo = new UndoStack();
        var steps = new StepContext(
            context.Host,
            lab,
            new ConfigRenderer(new TemplateStore(), context.ProgramVersion),
            context.Probes,
            LabSecrets.None,
            undo,
            log,
            context.Time
        );
        await using var sessions = steps.Sessions;
        var runner = new PlanRunner(context.Observer, context.Time);
        var failures = new Failures();
        var links = new SocketLinks(context.Host, lab);
        undo.Push("remove the links to its sockets", links.RemoveAsync);
        try
        {
            var nodes = lab.Nodes.Except(outdated).ToArray();
            if (lab.OwnsNodes)
            {
                await runner.RunAsync(
                    [Stage.ForEach(nodes, n => [failures.Collect(new Steps.StartNode(n), n)])],
                    steps,
                    null,
                    cancellationToken
                );
            }

            var up = nodes.Where(n => !failures.Of(n)).ToArray();
            if (up.Length > 0)
            {
                var (held, silent) = await FindGivenUpAsync(servers, lab, cancellationToken);
                foreach (var node in held)
                {
                    context.Observer.Note(
                        $"Pgpool-II runs and holds node {node} as down until it is attached or recovered. How, "
                            + "tells:  pgpoollab nodes"
                    );
                }

                var expected = (await ExpectAsync(history, lab, up, cancellationToken))
                    .Where(e => !held.Contains(e.Id))
                    .ToArray();
                var streaming = GiveStandbysTimeAsync(lab, steps.Sessions, expected, cancellationToken);
                try
                {
                    await runner.RunAsync(LabPlanner.StartPgpools(lab, expected), steps, null, cancellationToken);
                }
                finally
                {
                    await streaming;
                }

                await Task.WhenAll(
                    silent.Select(p => failures.Collect(new RequireAnswer(p), p).ExecuteAsync(steps, cancellationToken))
                );
            }

            await links.MakeAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await undo.UnwindAsync(context.Observer.Undoing);
            throw;
        }

        failures.ThrowIfAny();
    }

    /// <summary>The nodes that a Pgpool-II which runs already has given up. It does not look again by itself, and one
    /// that joins its watchdog now believes it.</summary>
    /// <returns>These nodes, and the Pgpool-IIs that run and do not answer.</returns>
    private async Task<(IReadOnlyList<int> Held, IReadOnlyList<PgpoolNode> Silent)> FindGivenUpAsync(
        LiveLab servers,
        Lab lab,
        CancellationToken cancellationToken
    )
    {
        var held = new SortedSet<int>();
        var silent = new List<PgpoolNode>();
        foreach (var pgpool in lab.Pgpools)
        {
            if (await servers.Of(pgpool).FindLivingAsync(cancellationToken) is null)
            {
                continue;
            }

            var (nodes, _) = await PoolNodes.AskAsync(context.Host, lab, pgpool, cancellationToken);
            held.UnionWith((nodes ?? []).Where(n => n.Status == "down").Select(n => n.Id));
            if (nodes is null)
            {
                silent.Add(pgpool);
            }
        }

        return ([.. held], silent);
    }

    /// <summary>Pgpool-II looks once as it starts which standbys stream, and again only a second later: so they get the
    /// moment they need. One that does not stream is in nobody's way; Pgpool-II's own report tells of it.</summary>
    private async Task GiveStandbysTimeAsync(
        Lab lab,
        PostgresSessions sessions,
        IReadOnlyList<ExpectedNode> expected,
        CancellationToken cancellationToken
    )
    {
        var standbys = lab.Nodes.Where(n => expected.Any(e => e.Id == n.Id && e.Streams)).ToArray();
        if (standbys.Length == 0 || expected.Where(e => !e.Streams).ToArray() is not [{ } primary])
        {
            return;
        }

        try
        {
            await context.Probes.WaitAsync(
                new StandbysAreStreaming(lab, sessions, lab.Nodes.First(n => n.Id == primary.Id), standbys),
                StreamingPatience,
                cancellationToken
            );
        }
        catch (ProbeFailedException)
        {
            // Told by Pgpool-II, with all else it sees.
        }
    }

    internal static async Task<IReadOnlyList<ExpectedNode>> ExpectAsync(
        LabHistory history,
        Lab lab,
        IReadOnlyList<PostgresNode> up,
        CancellationToken cancellationToken
    )
    {
        if (!lab.OwnsNodes)
        {
            return []; // they are another lab's
        }

        var expected = new List<ExpectedNode>();
        var primaries = 0;
        foreach (var node in up)
        {
            var isPrimary =
                lab.Mode is ClusteringMode.StreamingReplication
                    ? !await history.IsStandbyAsync(node, cancellationToken)
                    : node.Id == 0;
            primaries += isPrimary ? 1 : 0;
            expected.Add(ExpectedNode.Of(lab, node, isPrimary));
        }

        // Two primaries can be in a lab of pgpool_setup's conventions: then Pgpool-II takes its choice.
        return primaries > 1 ? expected.Select(e => e with { Role = null }).ToArray() : expected;
    }
}

/// <summary>Asks a Pgpool-II that ran already and did not answer again: it may have been failing over, or is only just
/// starting. One that has given up every node lets nobody in.</summary>
/// <param name="pgpool">The Pgpool-II.</param>
internal sealed class RequireAnswer(PgpoolNode pgpool) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Ask the Pgpool-II on port {pgpool.Port} again";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) => ["SHOW pool_nodes"];

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        var server = new LiveLab(context.Host, context.Lab, context.Probes).Of(pgpool);
        if (await server.FindAsync(cancellationToken) is not { } process)
        {
            throw new LabException(ExitCode.NotHealthy, $"{context.Lab.TitleOf(pgpool)} has ended meanwhile.")
            {
                LogFile = pgpool.Paths.PgpoolLog,
                LogTail = await LogTail.ReadAsync(context.Host, pgpool.Paths.PgpoolLog, cancellationToken),
            };
        }

        var answers = new PgpoolLetsIn(context.Host, context.Lab, pgpool, process, context.Time);
        try
        {
            await context.Probes.WaitAsync(answers, ProbeRunner.Patience, cancellationToken);
        }
        catch (ProbeFailedException)
        {
            throw new LabException(
                ExitCode.NotHealthy,
                $"{context.Lab.TitleOf(pgpool)} runs, but lets nobody in: {answers.Problem}"
            )
            {
                Hints = ["It may have given up every node. Start it anew:  stopall, then startall"],
                LogFile = pgpool.Paths.PgpoolLog,
                LogTail = await LogTail.ReadAsync(context.Host, pgpool.Paths.PgpoolLog, cancellationToken),
            };
        }
    }
}

/// <summary>Stops a lab. What is stopped already does not matter; what does not stop keeps none of the others
/// up.</summary>
/// <param name="context">What it works with.</param>
public sealed class StopOperation(OperationContext context)
{
    /// <summary>Stops everything.</summary>
    /// <exception cref="LabException">Something did not stop; the rest did.</exception>
    public async Task ExecuteAsync(Lab lab, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        using var labLock = LabLock.Take(lab.Root);
        using var log = context.OpenLog(lab.ToolLog);
        var failures = new Failures();
        var steps = new StepContext(
            context.Host,
            lab,
            new ConfigRenderer(new TemplateStore(), context.ProgramVersion),
            context.Probes,
            LabSecrets.None,
            new UndoStack(),
            log,
            context.Time
        );
        var stages = LabPlanner
            .Stop(lab)
            .Select(s => new Stage(
                s.Lanes.Select(l => (IReadOnlyList<IStep>)l.Select(step => failures.Collect(step, step)).ToArray())
                    .ToArray()
            ))
            .ToArray();
        await new PlanRunner(context.Observer, context.Time).RunAsync(stages, steps, null, cancellationToken);
        await new SocketLinks(context.Host, lab).RemoveAsync(cancellationToken);
        failures.ThrowIfAny();
    }

    /// <summary>Stops every process of the lab, without a word and without its lock, whatever state the lab is
    /// in.</summary>
    /// <returns>What could not be stopped, in words.</returns>
    internal async Task<IReadOnlyList<string>> StopServersAsync(Lab lab)
    {
        var servers = new LiveLab(context.Host, lab, context.Probes);
        var failures = new List<string>();
        await Task.WhenAll(lab.Pgpools.Select(p => TryAsync(() => servers.Of(p).StopAsync(CancellationToken.None))));
        await Task.WhenAll(
            lab.Nodes.Where(_ => lab.OwnsNodes)
                .Select(n => TryAsync(() => servers.Of(n).StopAsync(CancellationToken.None)))
        );
        await new SocketLinks(context.Host, lab).RemoveAsync(CancellationToken.None);
        return failures;

        async Task TryAsync(Func<Task> stop)
        {
            try
            {
                await stop();
            }
            catch (LabException error)
            {
                lock (failures)
                {
                    failures.Add(error.Message);
                }
            }
        }
    }
}

/// <summary>Lets steps fail without ending the others, and remembers it.</summary>
internal sealed class Failures
{
    private readonly List<(object Key, Exception Error)> _errors = [];

    internal IStep Collect(IStep step, object key) => new Tolerant(step, this, key);

    internal bool Of(object key) => _errors.Exists(e => Equals(e.Key, key));

    internal void ThrowIfAny()
    {
        if (_errors.Count == 1)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_errors[0].Error);
        }

        if (_errors.Count > 1)
        {
            var code = _errors.TrueForAll(e => e.Error is PortTakenException) ? ExitCode.InTheWay : ExitCode.NotHealthy;
            throw new LabException(code, $"{_errors.Count} servers did not do as they should.")
            {
                Details = _errors.Select(e => e.Error.Message).ToArray(),
                LogFile = (_errors[0].Error as LabException)?.LogFile,
                LogTail = (_errors[0].Error as LabException)?.LogTail ?? [],
            };
        }
    }

    private sealed class Tolerant(IStep inner, Failures failures, object key) : IStep
    {
        public string Title => inner.Title;

        public Exception? ToleratedFailure { get; private set; }

        public IEnumerable<string> Preview(Lab lab) => inner.Preview(lab);

        public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
        {
            try
            {
                await inner.ExecuteAsync(context, cancellationToken);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                ToleratedFailure = error;
                lock (failures._errors)
                {
                    failures._errors.Add((key, error));
                }
            }
        }
    }
}
