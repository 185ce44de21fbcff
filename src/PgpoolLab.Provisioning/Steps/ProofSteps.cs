using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>Makes ready for the proof while Pgpool-II starts: the table on the primary, and sessions, to read it on
/// every node and to write through Pgpool-II.</summary>
/// <param name="Primary">The primary.</param>
/// <param name="Readers">The nodes that must have the row.</param>
/// <param name="Writers">The Pgpool-IIs to write through, which are being started at the same time.</param>
public sealed record PrepareProof(PostgresNode Primary, ValueList<PostgresNode> Readers, ValueList<PgpoolNode> Writers)
    : IStep
{
    /// <inheritdoc/>
    public string Title => "Make ready to prove it";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        yield return $"{string.Join("; ", Statements(lab))}   (on port {Primary.Port})";
        yield return $"connect   (to port{(Readers.Count + Writers.Count > 1 ? "s" : "")} "
            + $"{string.Join(", ", Readers.Select(n => n.Port).Concat(Writers.Select(p => p.Port)))})";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            var others = context.Sessions.PrepareAsync(
                Readers.Where(r => r != Primary),
                Lab.MaintenanceDatabase,
                cancellationToken
            );
            await using (
                var client = await context.Sessions.OpenAsync(Primary, Lab.MaintenanceDatabase, cancellationToken)
            )
            {
                await client.ExecuteAsync(string.Join(";\n", Statements(context.Lab)), cancellationToken);
            }

            await others;
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } seen)
        {
            throw await ServerFailure.OfAsync(
                context,
                ServerLog.Of(context.Lab, Primary),
                ExitCode.NotHealthy,
                $"Could not make ready to prove that the lab works: {seen}",
                error,
                cancellationToken
            );
        }

        await Task.WhenAll(
            // Who starts it fails when it does not come up, and that ends this.
            Writers.Select(p =>
                context.Probes.WaitAsync(
                    new ClientsConnect(
                        context.Host,
                        context.Lab,
                        context.Sessions,
                        p,
                        Lab.MaintenanceDatabase,
                        () => context.Started.ContainsKey(p.Id)
                    ),
                    ProbeRunner.Patience,
                    cancellationToken
                )
            )
        );
    }

    // The role of the health check writes: Pgpool-II takes some 10 ms for each node it logs in to as one with an
    // ordinary verifier.
    private static IEnumerable<string> Statements(Lab lab) =>
        [
            $"CREATE TABLE {ProveReplication.Table} (lab text PRIMARY KEY)",
            .. lab.CheckRole != lab.Owner
                ? (string[])[$"GRANT INSERT ON {ProveReplication.Table} TO {ConfigQuoting.Identifier(lab.CheckRole)}"]
                : [],
        ];
}

/// <summary>The proof: writes a row through each of these Pgpool-IIs and reads it on every node that must have
/// it.</summary>
/// <param name="CreateEverywhere">True when the table must be made on each node by itself, because the mode replicates
/// rows alone.</param>
/// <param name="Writers">The Pgpool-IIs to write through.</param>
/// <param name="Readers">The nodes that must have the rows.</param>
public sealed record ProveReplication(
    bool CreateEverywhere,
    ValueList<PgpoolNode> Writers,
    ValueList<PostgresNode> Readers
) : IStep
{
    internal const string Table = "pgpoollab_proof";

    /// <summary>What making and dropping the table leaves behind. Whoever reads these catalogs first would clean up
    /// some of it: kilobytes of WAL, which wait a fifth of a second for the WAL writer, and all standbys are behind by
    /// them. It would be Pgpool-II's first check. Reading them ourselves is not enough: what a reader cleans up depends
    /// on the plan, and an index that it does not use keeps its dead entries.</summary>
    private static readonly string[] Catalogs =
    [
        "pg_class",
        "pg_attribute",
        "pg_type",
        "pg_index",
        "pg_constraint",
        "pg_depend",
        "pg_shdepend",
    ];

    private const string Flush = "SELECT pg_logical_emit_message(true, 'pgpoollab', '')";

    /// <summary>What sets up a session or asks for a role takes some milliseconds, on a busy machine a part of a
    /// second.</summary>
    private static readonly TimeSpan PatienceWithTransactions = TimeSpan.FromSeconds(10);

    private static bool HasPrimary(Lab lab) => lab.Mode is ClusteringMode.StreamingReplication;

    /// <inheritdoc/>
    public string Title =>
        Readers.Count == 1
            ? "Prove it: write and read through Pgpool-II"
            : "Prove it: write through Pgpool-II, read on every node";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        if (!HasPrimary(lab))
        {
            var where = CreateEverywhere ? "on every node" : $"through port {lab.Pgpool.Port}";
            yield return $"CREATE TABLE {Table}   ({where})";
        }

        yield return $"INSERT   (through port{(Writers.Count > 1 ? "s" : "")} "
            + $"{string.Join(", ", Writers.Select(p => p.Port))})";
        yield return $"SELECT … FROM {Table}   (on port{(Readers.Count > 1 ? "s" : "")} "
            + $"{string.Join(", ", Readers.Select(n => n.Port))})";
        yield return $"DROP TABLE {Table}";
        if (HasPrimary(lab))
        {
            yield return $"VACUUM {string.Join(", ", Catalogs)}; {Flush}   (on port {lab.Nodes[0].Port})";
        }
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var lab = context.Lab;
        int[] tableOn = CreateEverywhere ? lab.Nodes.Select(n => n.Port).ToArray() : [lab.Pgpool.Port];
        try
        {
            if (HasPrimary(lab))
            {
                await Task.WhenAll(
                    Writers.Select(async pgpool =>
                    {
                        await using var client = await context.Sessions.OpenAsync(
                            pgpool,
                            Lab.MaintenanceDatabase,
                            cancellationToken
                        );
                        await InsertAsync(client, pgpool);
                    })
                );
                await ReadEverywhereAsync();
                await using (
                    var primary = await context.Sessions.OpenAsync(
                        lab.Nodes[0],
                        Lab.MaintenanceDatabase,
                        cancellationToken
                    )
                )
                {
                    await primary.ExecuteAsync($"DROP TABLE {Table}", cancellationToken);
                    await CleanUpAsync(primary);
                }

                return;
            }

            // Only what must be is in a session of its own: through Pgpool-II each costs a connection to every node.
            if (!CreateEverywhere && Writers.Count == 1)
            {
                await using var client = await PostgresClient.ConnectByTcpAsync(
                    lab,
                    Writers[0].Port,
                    Lab.Database,
                    cancellationToken
                );
                await client.ExecuteAsync($"CREATE TABLE {Table} (lab text PRIMARY KEY)", cancellationToken);
                await InsertAsync(client, Writers[0]);
                await ReadEverywhereAsync();
                await client.ExecuteAsync($"DROP TABLE {Table}", cancellationToken);
                return;
            }

            await OnEachAsync(tableOn, $"CREATE TABLE {Table} (lab text PRIMARY KEY)");
            if (CreateEverywhere)
            {
                foreach (var subscriber in lab.Nodes.Skip(1))
                {
                    await OnEachAsync(
                        [subscriber.Port],
                        $"ALTER SUBSCRIPTION {Subscribe.NameOf(subscriber)} REFRESH PUBLICATION"
                    );
                }
            }

            foreach (var pgpool in Writers)
            {
                await using var client = await PostgresClient.ConnectByTcpAsync(
                    lab,
                    pgpool.Port,
                    Lab.Database,
                    cancellationToken
                );
                await InsertAsync(client, pgpool);
            }

            await ReadEverywhereAsync();
            // Rows can be there before the first copy of a table is wound up, and until then a subscriber does not let
            // go of it.
            await Task.WhenAll(
                (CreateEverywhere ? lab.Nodes.Skip(1) : []).Select(subscriber =>
                    context.Probes.WaitAsync(
                        new NodeAnswers(
                            lab,
                            context.Sessions,
                            subscriber,
                            Lab.Database,
                            "SELECT count(*)::text FROM pg_subscription_rel WHERE srsubstate <> 'r'",
                            "0",
                            $"node {subscriber.Id} has wound up the first copy of its tables"
                        ),
                        ProbeRunner.Patience,
                        cancellationToken
                    )
                )
            );
            await OnEachAsync(tableOn, $"DROP TABLE {Table}");
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } seen)
        {
            throw await ServerFailure.OfAsync(
                context,
                ServerLog.Of(lab.Pgpool),
                ExitCode.NotHealthy,
                $"Could not write through Pgpool-II: {seen}",
                error,
                cancellationToken
            );
        }
        finally
        {
            // Nobody needs them any more, and a server that stops would log that it had to end them.
            await context.Sessions.DisposeAsync();
        }

        async Task CleanUpAsync(PostgresClient primary)
        {
            try
            {
                // A check of Pgpool-II's, or a session that is just being set up, may still see the table.
                await context.Probes.WaitAsync(
                    new OlderTransactionsEnd(lab, primary, lab.Nodes[0]),
                    PatienceWithTransactions,
                    cancellationToken
                );
            }
            catch (ProbeFailedException)
            {
                // Whoever keeps one open as long has the rest cleaned up later; the lab works all the same.
            }

            await primary.ExecuteAsync($"VACUUM {string.Join(", ", Catalogs)}", cancellationToken);
            // Its own commit is one that nobody waits for; this one's is on the disk when it answers.
            await primary.ExecuteAsync(Flush, cancellationToken);
        }

        async Task InsertAsync(PostgresClient client, PgpoolNode through)
        {
            // In raw mode Pgpool-II opens a transaction around an INSERT of the extended protocol, and rolls it back
            // when the session ends.
            await client.ExecuteInTransactionAsync(
                $"INSERT INTO {Table} VALUES ('{lab.Id}-{through.Id}')",
                cancellationToken
            );
        }

        Task ReadEverywhereAsync() =>
            Task.WhenAll(
                Readers.Select(node =>
                    context.Probes.WaitAsync(
                        new NodeAnswers(
                            lab,
                            context.Sessions,
                            node,
                            HasPrimary(lab) ? Lab.MaintenanceDatabase : Lab.Database,
                            $"SELECT count(*)::text FROM {Table} WHERE lab LIKE '{lab.Id}-%'",
                            Writers.Count.ToString(),
                            $"what was written through Pgpool-II can be read on node {node.Id}"
                        ),
                        ProbeRunner.Patience,
                        cancellationToken
                    )
                )
            );

        async Task OnEachAsync(IEnumerable<int> ports, params IEnumerable<string> statements)
        {
            foreach (var port in ports)
            {
                await using var client = await PostgresClient.ConnectByTcpAsync(
                    lab,
                    port,
                    Lab.Database,
                    cancellationToken
                );
                foreach (var statement in statements)
                {
                    await client.ExecuteAsync(statement, cancellationToken);
                }
            }
        }
    }
}
