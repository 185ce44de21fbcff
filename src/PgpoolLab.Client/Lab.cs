using System.Data.Common;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace PgpoolLab.Client;

/// <summary>A cluster of PostgreSQL nodes and Pgpool-II, made for a test. It is removed when it is disposed of, and
/// when this process ends, whatever ends it.</summary>
public sealed class Lab : IAsyncDisposable
{
    /// <summary>Commands that change nothing; what psql has written is in the WAL.</summary>
    private static readonly HashSet<string> Looks = ["nodes", "status", "wait", "events", "logs", "env", "psql"];

    private readonly HostProcess _host;
    private readonly JsonElement _made;
    private int _disposed;
    private int _acts;

    private Lab(HostProcess host, JsonElement made)
    {
        (_host, _made) = (host, made);
        Directory = made.GetProperty("lab").GetProperty("directory").GetString()!;
        ConnectionString = Endpoint("pgpool").GetProperty("npgsql").GetString()!;
        Uri = Endpoint("pgpool").GetProperty("uri").GetString()!;
        Nodes =
        [
            .. made.GetProperty("lab")
                .GetProperty("nodes")
                .EnumerateArray()
                .Select(n => n.GetProperty("id").GetInt32())
                .Select(id =>
                {
                    var endpoint = Endpoint($"node{id}");
                    return new Node(
                        this,
                        id,
                        endpoint.GetProperty("npgsql").GetString()!,
                        endpoint.GetProperty("uri").GetString()!
                    );
                }),
        ];
        Environment = made.GetProperty("environment")
            .EnumerateObject()
            .ToDictionary(v => v.Name, v => v.Value.GetString());
    }

    /// <summary>Its folder.</summary>
    public string Directory { get; }

    /// <summary>Connects through Pgpool-II: for Npgsql.</summary>
    public string ConnectionString { get; }

    /// <summary>The same for libpq and drivers that read its URIs.</summary>
    public string Uri { get; }

    /// <summary>The nodes, in the order of their numbers.</summary>
    public IReadOnlyList<Node> Nodes { get; }

    /// <summary>Connects to whichever node is the primary, past Pgpool-II: for Npgsql's
    /// <c>NpgsqlMultiHostDataSource</c>, or with <c>Target Session Attributes</c>.</summary>
    public string MultiHostConnectionString
    {
        get
        {
            var nodes = Nodes.Select(n => new DbConnectionStringBuilder { ConnectionString = n.ConnectionString });
            var all = new DbConnectionStringBuilder { ConnectionString = Nodes[0].ConnectionString };
            all["Host"] = string.Join(',', nodes.Select(n => $"{n["Host"]}:{n["Port"]}"));
            all.Remove("Port");
            return all.ConnectionString;
        }
    }

    /// <summary>The variables by which programs find the lab, for processes that a test starts; null for one that must
    /// not be set.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; }

    /// <summary>Makes a lab.</summary>
    /// <param name="configure">Says what it is to be.</param>
    /// <param name="cancellationToken">Gives up; what was made is removed.</param>
    /// <exception cref="PgpoolLabException">It could not be made; the message says what setup says.</exception>
    public static async Task<Lab> StartAsync(
        Action<LabOptions>? configure = null,
        CancellationToken cancellationToken = default
    )
    {
        var options = new LabOptions();
        configure?.Invoke(options);
        var host = HostProcess.Start();
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(options.Patience);
            var made = await host.AskAsync(
                    call =>
                    {
                        call.WriteString("call", "create");
                        call.WriteStartArray("arguments");
                        foreach (var argument in options.Arguments)
                        {
                            call.WriteStringValue(argument);
                        }

                        call.WriteEndArray();
                        if (options.Directory is { } directory)
                        {
                            call.WriteString("directory", directory);
                        }

                        if (options.Origin is var (lab, snapshot))
                        {
                            call.WriteString("lab", lab);
                            call.WriteString("from", snapshot);
                        }
                    },
                    onEvent: null,
                    limit.Token
                )
                .ConfigureAwait(false);
            return new Lab(host, made);
        }
        catch
        {
            try
            {
                await host.DisposeAsync().ConfigureAwait(false);
            }
            catch (PgpoolLabException)
            {
                // What failed first says more.
            }

            throw;
        }
    }

    /// <summary>The node that is the primary at this moment.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public async Task<Node> PrimaryAsync(CancellationToken cancellationToken = default) =>
        await FindAsync(n => n.IsPrimary, "primary", cancellationToken).ConfigureAwait(false);

    /// <summary>The first node that is a standby at this moment.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public async Task<Node> StandbyAsync(CancellationToken cancellationToken = default) =>
        await FindAsync(n => n.IsStandby, "standby", cancellationToken).ConfigureAwait(false);

    /// <summary>How it is.</summary>
    public async Task<LabStatus> StatusAsync(CancellationToken cancellationToken = default) =>
        new(await RunAsync(["status"], cancellationToken).ConfigureAwait(false));

    /// <summary>Waits until it is healthy, or for another fact: <c>pgpoollab help wait</c> has them.</summary>
    /// <param name="fact">The fact; null for healthy.</param>
    /// <param name="atMost">How long; null for as long as the command line waits.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="PgpoolLabException">Not in time; the message says what was seen last.</exception>
    public Task WaitForAsync(
        string? fact = null,
        TimeSpan? atMost = null,
        CancellationToken cancellationToken = default
    ) =>
        RunAsync(
            [
                "wait",
                .. fact is null ? Array.Empty<string>() : ["--for", fact],
                .. atMost is { } limit ? ["--timeout", $"{(long)limit.TotalMilliseconds}ms"] : Array.Empty<string>(),
            ],
            cancellationToken
        );

    /// <summary>A standby takes over in good order, and the old primary follows it.</summary>
    public Task SwitchoverAsync(CancellationToken cancellationToken = default) =>
        RunAsync(["switchover"], cancellationToken);

    /// <summary>Brings every node back that is down or was given up, as a standby.</summary>
    public Task RecoverAllAsync(CancellationToken cancellationToken = default) =>
        RunAsync(["recover", "--all"], cancellationToken);

    /// <summary>Cuts the network between servers, for connections that are there and new ones, until what is returned
    /// is disposed of. The lab has links only when it was made with <see cref="LabOptions.Faults"/>.</summary>
    /// <param name="from">Who connects: <c>pgpool</c>, <c>primary</c>, <c>standbys</c>, <c>node1</c>,
    /// <c>client</c>.</param>
    /// <param name="to">Whom they connect to, in the same words.</param>
    /// <param name="how">How.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<IAsyncDisposable> CutAsync(
        string from,
        string to,
        LinkCut how = LinkCut.Hole,
        CancellationToken cancellationToken = default
    ) =>
        BreakLinksAsync(
            [
                "cut",
                from,
                to,
                "--how",
                how switch
                {
                    LinkCut.Stall => "stall",
                    LinkCut.Refuse => "refuse",
                    LinkCut.Half => "half",
                    LinkCut.HalfBack => "half-back",
                    LinkCut.Reset => "reset",
                    _ => "hole",
                },
            ],
            cancellationToken
        );

    /// <summary>Slows the network between servers down, until what is returned is disposed of.</summary>
    /// <param name="from">Who connects, as for <see cref="CutAsync"/>.</param>
    /// <param name="to">Whom they connect to.</param>
    /// <param name="latency">What a round trip takes longer.</param>
    /// <param name="jitter">By how much more or less, by chance.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<IAsyncDisposable> SlowAsync(
        string from,
        string to,
        TimeSpan latency,
        TimeSpan jitter = default,
        CancellationToken cancellationToken = default
    ) =>
        BreakLinksAsync(
            [
                "slow",
                from,
                to,
                "--latency",
                Milliseconds(latency),
                .. jitter == default ? Array.Empty<string>() : ["--jitter", Milliseconds(jitter)],
            ],
            cancellationToken
        );

    /// <summary>Ends all that is wrong with links.</summary>
    public Task HealAsync(CancellationToken cancellationToken = default) => RunAsync(["heal"], cancellationToken);

    /// <summary>Runs a drill on this lab: clients write while it breaks something, and then every node is asked what it
    /// has. The lab is left as the drill leaves it.</summary>
    /// <param name="drill">A drill that the program brings, such as <c>primary-dies</c>, or a file.</param>
    /// <param name="cancellationToken">Gives up; what it has broken it takes back.</param>
    /// <exception cref="PgpoolLabException">It could not be done. That something does not hold is no error: see
    /// <see cref="DrillOutcome.Holds"/>.</exception>
    public async Task<DrillOutcome> DrillAsync(string drill, CancellationToken cancellationToken = default) =>
        new(await RunAsync(["drill", drill, "--no-report"], cancellationToken).ConfigureAwait(false));

    private async Task<IAsyncDisposable> BreakLinksAsync(string[] command, CancellationToken cancellationToken)
    {
        var broken = await RunAsync(command, cancellationToken).ConfigureAwait(false);
        // Not by the same words: who was the primary may be another's standby by then.
        string[][] links =
        [
            .. broken.EnumerateArray().Select(l => (l.GetProperty("link").GetString() ?? "").Split("->", count: 2)),
        ];
        return new LabEnd(async () =>
        {
            foreach (var link in links)
            {
                await RunAsync(["heal", .. link], CancellationToken.None).ConfigureAwait(false);
            }
        });
    }

    private static string Milliseconds(TimeSpan time) =>
        time.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) + "ms";

    /// <summary>What happened since it was made, and what happens, until it is given up.</summary>
    public async IAsyncEnumerable<LabEvent> EventsAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        var events = System.Threading.Channels.Channel.CreateUnbounded<LabEvent>();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var following = FollowAsync();
        try
        {
            await foreach (var happened in events.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return happened;
            }
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            await following.ConfigureAwait(false);
        }

        async Task FollowAsync()
        {
            try
            {
                await _host
                    .AskAsync(
                        call => Verb(call, ["events", "-f"], follow: true),
                        line => events.Writer.TryWrite(new LabEvent(line)),
                        end.Token
                    )
                    .ConfigureAwait(false);
                events.Writer.TryComplete();
            }
            catch (Exception error) when (error is PgpoolLabException or OperationCanceledException)
            {
                events.Writer.TryComplete(end.IsCancellationRequested ? null : error);
            }
        }
    }

    /// <summary>Runs a command of pgpoollab that works on a lab, such as
    /// <c>["config", "set", "pgpool.num_init_children", "8"]</c>.</summary>
    /// <returns>What it prints with <c>--json</c>.</returns>
    /// <exception cref="PgpoolLabException">It failed; the message is what it said.</exception>
    public Task<JsonElement> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        if (arguments.Count == 0 || !Looks.Contains(arguments[0]))
        {
            Interlocked.Increment(ref _acts);
        }

        return _host.AskAsync(call => Verb(call, arguments, follow: false), onEvent: null, cancellationToken);
    }

    /// <summary>Runs a statement through Pgpool-II, as a superuser.</summary>
    public Task ExecuteAsync(string sql, CancellationToken cancellationToken = default) =>
        RunAsync(["psql", "pgpool", "--", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", sql], cancellationToken);

    /// <summary>Saves the lab as it is, with all its nodes at the same moment. Clients wait for that moment, and lose
    /// nothing.</summary>
    /// <param name="name">What it is called; null for a name of its own.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<LabSnapshot> SnapshotAsync(string? name = null, CancellationToken cancellationToken = default)
    {
        name ??= $"test-{Guid.NewGuid():N}"[..13];
        await RunAsync(["snapshot", "save", name], cancellationToken).ConfigureAwait(false);
        return new LabSnapshot(name, await MarkAsync(cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Puts the lab back to a snapshot, with all its nodes and their roles. What has been written since is
    /// thrown away, and who is connected is cut off. A lab that nobody has touched is left as it is: no node has
    /// changed, nothing was written, and no command that could change anything was run by this object.</summary>
    public async Task RestoreAsync(LabSnapshot snapshot, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        if (await MarkAsync(cancellationToken).ConfigureAwait(false) == snapshot.Mark)
        {
            return;
        }

        await RunAsync(["snapshot", "restore", snapshot.Name], cancellationToken).ConfigureAwait(false);
        await WaitForAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        snapshot.Mark = await MarkAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Deletes a snapshot.</summary>
    public Task DropAsync(LabSnapshot snapshot, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return RunAsync(["snapshot", "drop", snapshot.Name], cancellationToken);
    }

    private async Task<LabMark> MarkAsync(CancellationToken cancellationToken) =>
        LabMark.Of(_acts, await RunAsync(["nodes"], cancellationToken).ConfigureAwait(false));

    /// <summary>Makes a database for one test.</summary>
    /// <param name="template">The database it is a copy of; null for an empty one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<LabDatabase> CreateDatabaseAsync(
        string? template = null,
        CancellationToken cancellationToken = default
    )
    {
        var name = $"test_{Guid.NewGuid():N}"[..17];
        var copy = template is null ? "" : $" TEMPLATE \"{template.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        await ExecuteAsync($"CREATE DATABASE \"{name}\"{copy}", cancellationToken).ConfigureAwait(false);
        var connection = new DbConnectionStringBuilder { ConnectionString = ConnectionString, ["Database"] = name };
        return new LabDatabase(this, name, connection.ConnectionString);
    }

    /// <summary>How it is, and all its logs as one, for the output of a test that failed.</summary>
    /// <param name="since">Logs of that time.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<string> DescribeAsync(TimeSpan since, CancellationToken cancellationToken = default)
    {
        try
        {
            var status = await StatusAsync(cancellationToken).ConfigureAwait(false);
            var logs = new List<string>();
            await _host
                .AskAsync(
                    call => Verb(call, ["logs", "--since", $"{(long)since.TotalSeconds + 1}s"], follow: true),
                    line => logs.Add(LogLine(line)),
                    cancellationToken
                )
                .ConfigureAwait(false);
            return string.Join('\n', logs.Prepend($"The lab in {Directory}:\n{status.Json}"));
        }
        catch (PgpoolLabException error)
        {
            return $"How the lab in {Directory} is cannot be told: {error.Message}";
        }
    }

    private static string LogLine(JsonElement line) =>
        line.ValueKind is JsonValueKind.Object
            ? string.Join(' ', line.EnumerateObject().Select(p => p.Value.ToString()))
            : line.ToString();

    /// <summary>Removes it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _host.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task<Node> FindAsync(Func<NodeStatus, bool> isIt, string role, CancellationToken cancellationToken)
    {
        var look = await RunAsync(["nodes"], cancellationToken).ConfigureAwait(false);
        var found = look.GetProperty("nodes").EnumerateArray().Select(n => new NodeStatus(n)).FirstOrDefault(isIt);
        return found is null
            ? throw new InvalidOperationException($"The lab in {Directory} has no {role} at this moment.\n{look}")
            : Nodes.FirstOrDefault(n => n.Id == found.Id)
                ?? throw new InvalidOperationException($"Node {found.Id} was added after the lab was made.");
    }

    private JsonElement Endpoint(string name) =>
        _made.GetProperty("endpoints").EnumerateArray().First(e => e.GetProperty("name").GetString() == name);

    private void Verb(Utf8JsonWriter call, IReadOnlyList<string> arguments, bool follow)
    {
        call.WriteString("call", "verb");
        call.WriteString("lab", Directory);
        call.WriteBoolean("follow", follow);
        call.WriteStartArray("arguments");
        foreach (var argument in arguments)
        {
            call.WriteStringValue(argument);
        }

        call.WriteEndArray();
    }
}
