using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Probes;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>Launches a Pgpool-II.</summary>
public interface ILaunch
{
    /// <summary>The Pgpool-II.</summary>
    PgpoolNode Pgpool { get; }

    /// <summary>Ends when its first process has been started.</summary>
    Task Launched { get; }
}

/// <summary>Starts one Pgpool-II, and does not wait until it answers: with a watchdog it does so only when it has found the others.</summary>
/// <param name="pgpool">The Pgpool-II.</param>
public sealed class LaunchPgpool(PgpoolNode pgpool) : IStep, ILaunch
{
    private readonly TaskCompletionSource _launched = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <inheritdoc/>
    public string Title => pgpool.Watchdog is null ? "Launch Pgpool-II" : $"Launch Pgpool-II {pgpool.Id}";

    /// <inheritdoc/>
    public PgpoolNode Pgpool => pgpool;

    /// <inheritdoc/>
    public Task Launched => _launched.Task;

    /// <summary>Its first process; null when it ran already, or was not started yet.</summary>
    internal int? ProcessId { get; private set; }

    /// <summary>Nodes it remembers as down.</summary>
    internal IReadOnlyList<int> HeldDown { get; private set; } = [];

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        yield return $"{Tools.Pgpool.Start(lab, pgpool)}   (port {pgpool.Port}, pcp {pgpool.PcpPort}{(pgpool.Watchdog is { } w ? $", watchdog {w.Port}, heartbeat {w.Heartbeat}" : "")})";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var servers = new LabServers(context.Host, context.Lab, context.Probes);
        if (await servers.FindLivingPgpoolAsync(pgpool, cancellationToken) is not null)
        {
            _launched.TrySetResult();
            return;
        }

        HeldDown = context.Lab.RemembersStatus ? await servers.FindNodesHeldDownAsync(pgpool, cancellationToken) : [];
        context.Undo.Push($"stop {context.Lab.TitleOf(pgpool)}", ct => servers.StopPgpoolAsync(pgpool, ct));
        await StartAsync(context, servers, cancellationToken);
    }

    /// <summary>Starts it, which does not run.</summary>
    internal async Task StartAsync(StepContext context, LabServers servers, CancellationToken cancellationToken)
    {
        var process = await servers.StartPgpoolAsync(pgpool, cancellationToken);
        ProcessId = process;
        _launched.TrySetResult();
        if (pgpool.Watchdog is not null)
        {
            // Those that come to life at the very same moment may all but lock each other out.
            await servers.OrEndPgpoolAsync(process, pgpool, () => context.Probes.WaitAsync(new WatchdogListens(context.Host, context.Lab, pgpool, process), ProbeRunner.Patience, cancellationToken));
        }
    }
}

/// <summary>Waits until a Pgpool-II that was just launched shows these nodes up in their roles.</summary>
/// <param name="launch">Who launched it.</param>
/// <param name="expected">What it must show.</param>
public sealed class AwaitPgpool(LaunchPgpool launch, IReadOnlyList<ExpectedNode> expected) : IStep
{
    private const int MostRestarts = 2;

    /// <inheritdoc/>
    public string Title => launch.Pgpool.Watchdog is null ? "Wait for Pgpool-II" : $"Wait for Pgpool-II {launch.Pgpool.Id}";

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
        var servers = new LabServers(context.Host, context.Lab, context.Probes);
        // Nodes it holds as down stay down until somebody attaches or recovers them: nothing to wait for.
        var awaited = expected.Where(e => !launch.HeldDown.Contains(e.Id)).ToArray();
        for (var restarts = 0; launch.ProcessId is { } process; restarts++)
        {
            await using var shows = new PgpoolShowsNodes(context.Host, context.Lab, launch.Pgpool, awaited, process);
            var follows = new PgpoolFollowsLeader(shows);
            try
            {
                await servers.OrEndPgpoolAsync(process, launch.Pgpool, () => context.Probes.WaitAsync(launch.Pgpool.Watchdog is null ? shows : follows, ProbeRunner.Patience, cancellationToken));
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
public sealed class StartPgpool(PgpoolNode pgpool, IReadOnlyList<ExpectedNode> expected) : IStep, ILaunch
{
    private readonly LaunchPgpool _launch = new(pgpool);

    /// <inheritdoc/>
    public PgpoolNode Pgpool => pgpool;

    /// <inheritdoc/>
    public Task Launched => _launch.Launched;

    /// <inheritdoc/>
    public string Title => "Start Pgpool-II";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) => _launch.Preview(lab).Concat(new AwaitPgpool(_launch, expected).Preview(lab));

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        await _launch.ExecuteAsync(context, cancellationToken);
        await new AwaitPgpool(_launch, expected).ExecuteAsync(context, cancellationToken);
    }
}

/// <summary>Waits until the Pgpool-IIs have found each other and elected a leader.</summary>
public sealed class AwaitWatchdog : IStep
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
        return context.Probes.WaitAsync(new WatchdogHasLeader(context.Host, context.Lab), ProbeRunner.Patience, cancellationToken);
    }
}

/// <summary>Stops one Pgpool-II.</summary>
/// <param name="pgpool">The Pgpool-II.</param>
public sealed class StopPgpool(PgpoolNode pgpool) : IStep
{
    private readonly TaskCompletionSource _leaving = new(TaskCreationOptions.RunContinuationsAsynchronously);

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
            await new LabServers(context.Host, context.Lab, context.Probes).StopPgpoolAsync(pgpool, cancellationToken, () => _leaving.TrySetResult());
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
            await context.Host.AppendTextAsync(pgpool.Paths.PgpoolConf, context.Renderer.Render("pgpool_setup/watchdog.conf", context.Lab, pgpool), cancellationToken);
        }
    }
}

/// <summary>Makes ready for the proof while Pgpool-II starts: the table on the primary, and sessions, to read it on every node and to write through Pgpool-II.</summary>
/// <param name="primary">The primary.</param>
/// <param name="readers">The nodes that must have the row.</param>
/// <param name="launches">Those who launch the Pgpool-IIs to write through, at the same time.</param>
public sealed class PrepareProof(PostgresNode primary, IReadOnlyList<PostgresNode> readers, IReadOnlyList<ILaunch> launches) : IStep
{
    /// <inheritdoc/>
    public string Title => "Make ready to prove it";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        yield return $"{string.Join("; ", Statements(lab))}   (on port {primary.Port})";
        yield return $"connect   (to port{(readers.Count + launches.Count > 1 ? "s" : "")} {string.Join(", ", readers.Select(n => n.Port).Concat(launches.Select(l => l.Pgpool.Port)))})";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            var others = context.Sessions.PrepareAsync(readers.Where(r => r != primary), ProveReplication.DatabaseOfPrimary, cancellationToken);
            await using (var client = await context.Sessions.OpenAsync(primary, ProveReplication.DatabaseOfPrimary, cancellationToken))
            {
                await client.ExecuteAsync(string.Join(";\n", Statements(context.Lab)), cancellationToken);
            }

            await others;
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } seen)
        {
            var log = NodeLog.Of(context.Lab, primary);
            throw new LabException(ExitCode.NotHealthy, $"Could not make ready to prove that the lab works: {seen}", error)
            {
                LogFile = log,
                LogTail = await LogTail.ReadAsync(context.Host, log, cancellationToken),
            };
        }

        await Task.WhenAll(launches.Select(async launch =>
        {
            await launch.Launched.WaitAsync(cancellationToken);
            await context.Probes.WaitAsync(new ClientsConnect(context.Lab, context.Sessions, launch.Pgpool, ProveReplication.DatabaseOfPrimary), ProbeRunner.Patience, cancellationToken);
        }));
    }

    // The role of the health check writes: Pgpool-II takes some 10 ms for each node it logs in to as one with an ordinary verifier.
    private static IEnumerable<string> Statements(Lab lab) =>
        [$"CREATE TABLE {ProveReplication.Table} (lab text PRIMARY KEY)", .. lab.CheckRole != lab.Owner ? (string[])[$"GRANT INSERT ON {ProveReplication.Table} TO {ConfigQuoting.Identifier(lab.CheckRole)}"] : []];
}

/// <summary>The proof: writes a row through each of these Pgpool-IIs and reads it on every node that must have it.</summary>
/// <param name="createEverywhere">True when the table must be made on each node by itself, because the mode replicates rows alone.</param>
/// <param name="writers">The Pgpool-IIs to write through.</param>
/// <param name="readers">The nodes that must have the rows.</param>
public sealed class ProveReplication(bool createEverywhere, IReadOnlyList<PgpoolNode> writers, IReadOnlyList<PostgresNode> readers) : IStep
{
    internal const string Table = "pgpoollab_proof";

    /// <summary>Pgpool-II's own checks read the catalog of this database in any case.</summary>
    internal const string DatabaseOfPrimary = "postgres";

    /// <summary>Who reads these catalogs first cleans up behind the table: some kilobytes of WAL, which wait a fifth of a second for the WAL writer, and all standbys
    /// are behind by them. It is to be us, not Pgpool-II's first check.</summary>
    private static readonly string[] Catalogs = ["pg_class", "pg_attribute", "pg_type", "pg_index", "pg_constraint", "pg_depend", "pg_shdepend"];

    private static bool HasPrimary(Lab lab) => lab.Mode is ClusteringMode.StreamingReplication;

    /// <inheritdoc/>
    public string Title => readers.Count == 1 ? "Prove it: write and read through Pgpool-II" : "Prove it: write through Pgpool-II, read on every node";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        if (!HasPrimary(lab))
        {
            yield return $"CREATE TABLE {Table}   ({(createEverywhere ? "on every node" : $"through port {lab.Pgpool.Port}")})";
        }

        yield return $"INSERT   (through port{(writers.Count > 1 ? "s" : "")} {string.Join(", ", writers.Select(p => p.Port))})";
        yield return $"SELECT … FROM {Table}   (on port{(readers.Count > 1 ? "s" : "")} {string.Join(", ", readers.Select(n => n.Port))})";
        yield return $"DROP TABLE {Table}";
        if (HasPrimary(lab))
        {
            yield return $"SELECT count(*) FROM {string.Join(", ", Catalogs)}   (each, on port {lab.Nodes[0].Port}: that nothing is left to clean up behind it)";
        }
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var lab = context.Lab;
        int[] tableOn = createEverywhere ? lab.Nodes.Select(n => n.Port).ToArray() : [lab.Pgpool.Port];
        try
        {
            if (HasPrimary(lab))
            {
                await Task.WhenAll(writers.Select(async pgpool =>
                {
                    await using var client = await context.Sessions.OpenAsync(pgpool, DatabaseOfPrimary, cancellationToken);
                    await InsertAsync(client, pgpool);
                }));
                await ReadEverywhereAsync();
                await using (var primary = await context.Sessions.OpenAsync(lab.Nodes[0], DatabaseOfPrimary, cancellationToken))
                {
                    await primary.ExecuteAsync($"DROP TABLE {Table}", cancellationToken);
                    await primary.ExecuteAsync($"SELECT {string.Join(" + ", Catalogs.Select(c => $"(SELECT count(*) FROM {c})"))}", cancellationToken);
                }

                return;
            }

            // Only what must be is in a session of its own: through Pgpool-II each costs a connection to every node.
            if (!createEverywhere && writers.Count == 1)
            {
                await using var client = await PostgresClient.ConnectByTcpAsync(lab, writers[0].Port, Lab.Database, cancellationToken);
                await client.ExecuteAsync($"CREATE TABLE {Table} (lab text PRIMARY KEY)", cancellationToken);
                await InsertAsync(client, writers[0]);
                await ReadEverywhereAsync();
                await client.ExecuteAsync($"DROP TABLE {Table}", cancellationToken);
                return;
            }

            await OnEachAsync(tableOn, $"CREATE TABLE {Table} (lab text PRIMARY KEY)");
            if (createEverywhere)
            {
                foreach (var subscriber in lab.Nodes.Skip(1))
                {
                    await OnEachAsync([subscriber.Port], $"ALTER SUBSCRIPTION {Subscribe.NameOf(subscriber)} REFRESH PUBLICATION");
                }
            }

            foreach (var pgpool in writers)
            {
                await using var client = await PostgresClient.ConnectByTcpAsync(lab, pgpool.Port, Lab.Database, cancellationToken);
                await InsertAsync(client, pgpool);
            }

            await ReadEverywhereAsync();
            // Rows can be there before the first copy of a table is wound up, and until then a subscriber does not let go of it.
            await Task.WhenAll((createEverywhere ? lab.Nodes.Skip(1) : []).Select(subscriber => context.Probes.WaitAsync(
                new NodeAnswers(lab, context.Sessions, subscriber, Lab.Database, "SELECT count(*)::text FROM pg_subscription_rel WHERE srsubstate <> 'r'", "0", $"node {subscriber.Id} has wound up the first copy of its tables"),
                ProbeRunner.Patience, cancellationToken)));
            await OnEachAsync(tableOn, $"DROP TABLE {Table}");
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } seen)
        {
            throw new LabException(ExitCode.NotHealthy, $"Could not write through Pgpool-II: {seen}", error)
            {
                LogFile = lab.Pgpool.Paths.PgpoolLog,
                LogTail = await LogTail.ReadAsync(context.Host, lab.Pgpool.Paths.PgpoolLog, cancellationToken),
            };
        }
        finally
        {
            // Nobody needs them any more, and a server that stops would log that it had to end them.
            await context.Sessions.DisposeAsync();
        }

        async Task InsertAsync(PostgresClient client, PgpoolNode through)
        {
            // In raw mode Pgpool-II opens a transaction around an INSERT of the extended protocol, and rolls it back when the session ends.
            await client.ExecuteInTransactionAsync($"INSERT INTO {Table} VALUES ('{lab.Id}-{through.Id}')", cancellationToken);
        }

        Task ReadEverywhereAsync() => Task.WhenAll(readers.Select(node => context.Probes.WaitAsync(
            new NodeAnswers(lab, context.Sessions, node, HasPrimary(lab) ? DatabaseOfPrimary : Lab.Database, $"SELECT count(*)::text FROM {Table} WHERE lab LIKE '{lab.Id}-%'", writers.Count.ToString(), $"what was written through Pgpool-II can be read on node {node.Id}"),
            ProbeRunner.Patience, cancellationToken)));

        async Task OnEachAsync(IEnumerable<int> ports, params IEnumerable<string> statements)
        {
            foreach (var port in ports)
            {
                await using var client = await PostgresClient.ConnectByTcpAsync(lab, port, Lab.Database, cancellationToken);
                foreach (var statement in statements)
                {
                    await client.ExecuteAsync(statement, cancellationToken);
                }
            }
        }
    }
}
