using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Servers.Waiting;

/// <summary>Waits until one PostgreSQL accepts connections.</summary>
/// <param name="Host">Where it runs.</param>
/// <param name="Lab">The lab.</param>
/// <param name="Node">The node.</param>
/// <param name="ProcessId">Its first process.</param>
public sealed record NodeAccepts(IHost Host, Lab Lab, PostgresNode Node, int ProcessId) : IProbe
{
    /// <inheritdoc/>
    public string Expectation => $"PostgreSQL node {Node.Id} accepts connections on port {Node.Port}";

    /// <inheritdoc/>
    public ServerLog? Log => ServerLog.Of(Lab, Node);

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        // PostgreSQL writes there how far it is, as pg_ctl -w believes, too. An attempt to connect would cost both
        // sides some milliseconds.
        var ready =
            await PostmasterFile.ReadAsync(Host, Node.DataDirectory, cancellationToken) is { } file
            && file.ProcessId == ProcessId
            && file.Accepts;
        return new Observation(ready, ready ? "it does" : "it has not said in its postmaster.pid that it is ready");
    }

    /// <inheritdoc/>
    public async Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) =>
        !await Host.Processes.RunsAsync(ProcessId, startedAt: null, cancellationToken)
        && !await StillWritesItsLogAsync(cancellationToken)
            ? "it has ended"
            : null;

    /// <summary>The process that writes the log outlives the others by a moment, and the reason is the last thing it
    /// writes.</summary>
    private async Task<bool> StillWritesItsLogAsync(CancellationToken cancellationToken) =>
        (await Host.Processes.FindAllAsync(new ProcessFilter { Names = ["postgres"] }, cancellationToken)).Any(p =>
            p.WorkingDirectory == Node.DataDirectory
        );
}

/// <summary>Waits until all these standbys stream from the primary.</summary>
/// <param name="Lab">The lab.</param>
/// <param name="Sessions">Sessions on its nodes.</param>
/// <param name="Primary">The primary.</param>
/// <param name="Standbys">Who must stream.</param>
public sealed record StandbysAreStreaming(
    Lab Lab,
    PostgresSessions Sessions,
    PostgresNode Primary,
    IReadOnlyList<PostgresNode> Standbys
) : IProbe
{
    /// <inheritdoc/>
    public string Expectation =>
        $"{(Standbys.Count == 1 ? $"node {Standbys[0].Id} streams" : $"all {Standbys.Count} standbys stream")} "
        + $"from node {Primary.Id}";

    /// <inheritdoc/>
    public ServerLog? Log { get; private set; }

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var client = await Sessions.OpenAsync(Primary, "postgres", cancellationToken);
            var states = (
                await client.RowsAsync("SELECT application_name, state FROM pg_stat_replication", cancellationToken)
            ).ToLookup(r => r[0], r => r[1]);
            var missing = Standbys.Where(s => !states[s.ApplicationName].Contains("streaming")).ToArray();
            Log = missing.Length > 0 ? ServerLog.Of(Lab, missing[0]) : null;
            return new Observation(
                missing.Length == 0,
                string.Join(
                    ", ",
                    missing.Select(m =>
                        states[m.ApplicationName].FirstOrDefault() is { } state
                            ? $"{m.ApplicationName} in state {state}"
                            : $"{m.ApplicationName} not connected"
                    )
                )
            );
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } seen)
        {
            Log = ServerLog.Of(Lab, Primary);
            return new Observation(false, $"node {Primary.Id}: {seen}");
        }
    }

    /// <inheritdoc/>
    public Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);
}

/// <summary>Waits until a standby has replayed what the primary had written.</summary>
/// <param name="Lab">The lab.</param>
/// <param name="Client">A session on the primary.</param>
/// <param name="Primary">The primary.</param>
/// <param name="Standby">The standby.</param>
/// <param name="Position">Where the primary was, as PostgreSQL writes it.</param>
internal sealed record HasReplayed(
    Lab Lab,
    PostgresClient Client,
    PostgresNode Primary,
    PostgresNode Standby,
    string Position
) : IProbe
{
    /// <inheritdoc/>
    public string Expectation => $"node {Standby.Id} has replayed what node {Primary.Id} had written at {Position}";

    /// <inheritdoc/>
    public ServerLog? Log => ServerLog.Of(Lab, Standby);

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        var behind = (
            await Client.RowsAsync(
                $"SELECT application_name, replay_lsn::text, (replay_lsn >= '{Position}')::text FROM "
                    + "pg_stat_replication",
                cancellationToken
            )
        )
            .Where(r => r[0] == Standby.ApplicationName)
            .ToArray();
        return new Observation(
            behind.Any(r => r[2] == "true"),
            behind.Length == 0 ? "it is not connected" : $"it is at {behind[0][1] ?? "the beginning"}"
        );
    }

    /// <inheritdoc/>
    public Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);
}

/// <summary>Waits until the transactions that others have under way on one node have ended: what they may still see,
/// nobody can clean up. Those that begin meanwhile are not waited for.</summary>
/// <param name="Lab">The lab.</param>
/// <param name="Client">A session on the node.</param>
/// <param name="Node">The node.</param>
internal sealed record OlderTransactionsEnd(Lab Lab, PostgresClient Client, PostgresNode Node) : IProbe
{
    // pg_stat_activity does not show a session that is just being set up, which holds a snapshot as well.
    private const string Held =
        "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'virtualxid' AND granted AND pid <> pg_backend_pid()";

    private HashSet<string>? _left;

    /// <inheritdoc/>
    public string Expectation => $"the transactions on node {Node.Id} end";

    /// <inheritdoc/>
    public ServerLog? Log => ServerLog.Of(Lab, Node);

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        var held = (await Client.RowsAsync(Held, cancellationToken)).Select(r => r[0]!).ToHashSet();
        _left ??= held;
        _left.IntersectWith(held);
        return new Observation(_left.Count == 0, $"under way: {string.Join(", ", _left)}");
    }

    /// <inheritdoc/>
    public Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);
}

/// <summary>Waits until a query on one node answers with what is expected.</summary>
/// <param name="Lab">The lab.</param>
/// <param name="Sessions">Sessions on its nodes.</param>
/// <param name="Node">The node to ask.</param>
/// <param name="Database">Where.</param>
/// <param name="Sql">A query of one value.</param>
/// <param name="Expected">That value as text.</param>
/// <param name="Expectation">What that means.</param>
public sealed record NodeAnswers(
    Lab Lab,
    PostgresSessions Sessions,
    PostgresNode Node,
    string Database,
    string Sql,
    string Expected,
    string Expectation
) : IProbe
{
    /// <inheritdoc/>
    public ServerLog? Log => ServerLog.Of(Lab, Node);

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var client = await Sessions.OpenAsync(Node, Database, cancellationToken);
            var rows = await client.RowsAsync(Sql, cancellationToken);
            var seen = rows.Count == 0 ? null : rows[0][0];
            return new Observation(seen == Expected, seen is null ? "no row" : $"{seen} instead of {Expected}");
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } seen)
        {
            return new Observation(false, seen);
        }
    }

    /// <inheritdoc/>
    public Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);
}

/// <summary>Waits until clients can connect through one Pgpool-II that is being launched, and leaves a session for who
/// does.</summary>
/// <param name="Host">Where it runs.</param>
/// <param name="Lab">The lab.</param>
/// <param name="Sessions">Sessions on its servers.</param>
/// <param name="Pgpool">The Pgpool-II.</param>
/// <param name="Database">Where to.</param>
/// <param name="IsLaunched">Says whether its process runs. Until then a socket may be there that a killed server has
/// left.</param>
public sealed record ClientsConnect(
    IHost Host,
    Lab Lab,
    PostgresSessions Sessions,
    PgpoolNode Pgpool,
    string Database,
    Func<bool> IsLaunched
) : IProbe
{
    /// <inheritdoc/>
    public string Expectation => $"clients can connect through {Lab.TitleOf(Pgpool)} on port {Pgpool.Port}";

    /// <inheritdoc/>
    public ServerLog? Log => ServerLog.Of(Pgpool);

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        if (!IsLaunched())
        {
            return new Observation(false, "it has not been launched");
        }

        // Its sockets come first. Before that an attempt would fail, and take long to.
        if (
            LabSockets.OfPgpool(Lab, Pgpool).FirstOrDefault() is { } socket
            && !await Host.Files.ExistsAsync(socket, cancellationToken)
        )
        {
            return new Observation(false, $"there is no socket {socket}");
        }

        try
        {
            await using var client = await Sessions.OpenAsync(Pgpool, Database, cancellationToken);
            return new Observation(true, "they can");
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } seen)
        {
            return new Observation(false, seen);
        }
    }

    /// <inheritdoc/>
    public Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);
}

/// <summary>Waits until processes have ended.</summary>
/// <param name="Host">Where they run.</param>
/// <param name="Processes">Who must end.</param>
/// <param name="Name">What to call them.</param>
/// <param name="Log">Their log; null for none.</param>
public sealed record ProcessesEnd(IHost Host, IReadOnlyList<ProcessFacts> Processes, string Name, ServerLog? Log)
    : IProbe
{
    /// <inheritdoc/>
    public string Expectation => $"{Name} ends";

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        foreach (var process in Processes)
        {
            if (await Host.Processes.RunsAsync(process.Id, process.StartedAt, cancellationToken))
            {
                return new Observation(false, $"pid {process.Id} is still there: {process.CommandLine}");
            }
        }

        return new Observation(true, "");
    }

    /// <inheritdoc/>
    public Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);
}

/// <summary>Waits until Pgpool-II has said that it ends, or has ended.</summary>
/// <param name="Host">Where it runs.</param>
/// <param name="Process">Its first process.</param>
/// <param name="Name">What to call it.</param>
/// <param name="LogFile">Its log.</param>
/// <param name="Length">How long the log was before it was told to end, in bytes; null when it cannot be read.</param>
public sealed record PgpoolLeaves(IHost Host, ProcessFacts Process, string Name, string LogFile, long? Length) : IProbe
{
    /// <summary>What it logs when it sends its processes away and waits for nothing but their ends (4.1 to
    /// 4.7).</summary>
    private const string Words = "terminating all child processes";

    /// <inheritdoc/>
    public string Expectation => $"{Name} ends";

    /// <summary>None: who waits for this tries again and again, and its log can be long.</summary>
    public ServerLog? Log => null;

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        var growth = Length is null ? null : await Host.Files.TryReadGrowthAsync(LogFile, Length, cancellationToken);
        return new Observation(
            growth?.Text.Contains(Words, StringComparison.Ordinal) == true
                || !await Host.Processes.RunsAsync(Process.Id, Process.StartedAt, cancellationToken),
            $"pid {Process.Id} is still there: {Process.CommandLine}"
        );
    }

    /// <inheritdoc/>
    public Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);
}
