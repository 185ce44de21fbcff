using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>Makes users' own roles, or gives those that are there other attributes. The servers see verifiers of
/// passwords only.</summary>
/// <param name="Roles">The roles.</param>
/// <param name="Ports">The servers.</param>
public sealed record CreateRoles(ValueList<LabRole> Roles, ValueList<int> Ports) : IStep
{
    /// <inheritdoc/>
    public string Title => Roles.Count == 1 ? $"Create the role {Roles[0].Name}" : $"Create {Roles.Count} roles";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return Roles
            .Select(r => Statement(r, isThere: false, Shown(lab, r)))
            .Concat(Roles.SelectMany(Grants))
            .Select(s => $"{s}   (on port{(Ports.Count > 1 ? "s" : "")} {string.Join(", ", Ports)})");
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        // The same verifier everywhere: clients may be sent from one node to another.
        var verifiers = context.Secrets.RoleUsers.ToDictionary(u => u.Name, u => u.Verifier(context.Lab.Auth));
        await ContentClients.OnEachAsync(
            context,
            Ports,
            "create roles",
            async client =>
            {
                var there = (await client.RowsAsync("SELECT rolname::text FROM pg_roles", cancellationToken))
                    .Select(r => r[0]!)
                    .ToHashSet(StringComparer.Ordinal);
                foreach (var role in Roles)
                {
                    await client.ExecuteAsync(
                        Statement(role, there.Contains(role.Name), verifiers.GetValueOrDefault(role.Name)),
                        cancellationToken
                    );
                }

                foreach (var grant in Roles.SelectMany(Grants))
                {
                    await client.ExecuteAsync(grant, cancellationToken);
                }
            },
            cancellationToken
        );
    }

    private static string? Shown(Lab lab, LabRole role) =>
        !lab.Asks || !role.CanLogin ? null
        : lab.Auth is AuthMethod.Md5 ? "md5..."
        : "SCRAM-SHA-256$...";

    private static string Statement(LabRole role, bool isThere, string? verifier)
    {
        var name = ConfigQuoting.Identifier(role.Name);
        string[] options =
        [
            Option(role.CanLogin, "LOGIN"),
            Option(role.IsSuperuser, "SUPERUSER"),
            Option(role.CreatesDatabases, "CREATEDB"),
            Option(role.CreatesRoles, "CREATEROLE"),
            Option(role.Replicates, "REPLICATION"),
            .. verifier is null ? [] : (string[])[$"PASSWORD '{verifier}'"],
        ];
        // What a new role has not by itself need not be said.
        var said = isThere ? options : options.Where(o => !o.StartsWith("NO", StringComparison.Ordinal));
        return $"{(isThere ? "ALTER" : "CREATE")} ROLE {name} {string.Join(' ', said)}".TrimEnd();

        static string Option(bool has, string word) => has ? word : $"NO{word}";
    }

    /// <summary>When all roles are there.</summary>
    private static IEnumerable<string> Grants(LabRole role) =>
        role.MemberOf.Select(g => $"GRANT {ConfigQuoting.Identifier(g)} TO {ConfigQuoting.Identifier(role.Name)}");
}

/// <summary>Makes users' own databases, or gives those that are there their owners.</summary>
/// <param name="Databases">The databases.</param>
/// <param name="Ports">The servers.</param>
public sealed record CreateDatabases(ValueList<LabDatabase> Databases, ValueList<int> Ports) : IStep
{
    /// <inheritdoc/>
    public string Title =>
        Databases.Count == 1 ? $"Create the database {Databases[0].Name}" : $"Create {Databases.Count} databases";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) =>
        Databases.Select(d =>
            $"{Statement(d, d.Name == Lab.Database)}   (on port{(Ports.Count > 1 ? "s" : "")} "
            + $"{string.Join(", ", Ports)})"
        );

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return ContentClients.OnEachAsync(
            context,
            Ports,
            "create databases",
            async client =>
            {
                var there = (await client.RowsAsync("SELECT datname::text FROM pg_database", cancellationToken))
                    .Select(r => r[0]!)
                    .ToHashSet(StringComparer.Ordinal);
                foreach (var database in Databases)
                {
                    var isThere = there.Contains(database.Name);
                    if (!isThere || database.Owner is not null)
                    {
                        await client.ExecuteAsync(Statement(database, isThere), cancellationToken);
                    }
                }
            },
            cancellationToken
        );
    }

    private static string Statement(LabDatabase database, bool isThere)
    {
        var name = ConfigQuoting.Identifier(database.Name);
        var owner = database.Owner is { } role ? ConfigQuoting.Identifier(role) : null;
        return isThere
            ? $"ALTER DATABASE {name} OWNER TO {owner ?? "CURRENT_USER"}"
            : $"CREATE DATABASE {name}{(owner is null ? "" : $" OWNER {owner}")}";
    }
}

/// <summary>Runs a file of SQL by psql, which stops at the first error.</summary>
/// <param name="File">The file.</param>
/// <param name="Port">The server.</param>
public sealed record RunSqlFile(SqlFile File, int Port) : IStep
{
    /// <summary>A test's data may take its time.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromHours(2);

    /// <inheritdoc/>
    public string Title => $"Run {Path.GetFileName(File.Path)} in {File.Database} (port {Port})";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        yield return $"{Command(lab)} < {Hosts.Shell.Quote(File.Path)}";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var result = await context.Host.Programs.RunAsync(
            Command(context.Lab) with
            {
                Input = File.Text,
                Timeout = Patience,
            },
            cancellationToken
        );
        if (result.ExitCode != 0)
        {
            const int most = 10;
            throw new LabException(ExitCode.Failed, $"{File.Path} could not be run in the database {File.Database}.")
            {
                Details =
                [
                    .. result
                        .Error.Replace("psql:<stdin>:", $"{File.Path}:", StringComparison.Ordinal)
                        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                        .Take(most),
                ],
                Hints = ["psql stops at the first error. Correct the file, and do this again."],
            };
        }
    }

    private Hosts.CommandSpec Command(Lab lab)
    {
        var psql = Psql.Script(lab.Tools, LabSockets.ProbeHost(lab), Port, lab.Owner, File.Database);
        // On a host of several there is no standby yet that a commit could wait for.
        return lab.IsSpread ? psql.With("PGOPTIONS", "-c synchronous_commit=local") : psql;
    }
}

/// <summary>Has subscribers take part in tables that are on every node already, with the same rows.</summary>
/// <param name="Subscribers">The nodes that subscribe.</param>
public sealed record RefreshSubscriptions(ValueList<PostgresNode> Subscribers) : IStep
{
    /// <inheritdoc/>
    public string Title => "Subscribe to the new tables";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) =>
        Subscribers.Select(s => $"{Statement(s)}   (in {Lab.Database}, on port {s.Port})");

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Task.WhenAll(
            Subscribers.Select(s =>
                ContentClients.OnEachAsync(
                    context,
                    [s.Port],
                    "subscribe to new tables",
                    client => client.ExecuteAsync(Statement(s), cancellationToken),
                    cancellationToken,
                    Lab.Database
                )
            )
        );
    }

    private static string Statement(PostgresNode subscriber) =>
        $"ALTER SUBSCRIPTION {Subscribe.NameOf(subscriber)} REFRESH PUBLICATION WITH (copy_data = false)";
}

/// <summary>Waits until the standbys have what was written: who reads next may be sent to any of them.</summary>
/// <param name="Primary">The primary.</param>
/// <param name="Standbys">The standbys.</param>
public sealed record AwaitReplay(PostgresNode Primary, ValueList<PostgresNode> Standbys) : IStep
{
    /// <inheritdoc/>
    public string Title => "Wait until it can be read on every node";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        yield return "SELECT application_name FROM pg_stat_replication WHERE replay_lsn >= ...   (until "
            + $"{string.Join(", ", Standbys.Select(s => s.ApplicationName))} are among them)";
    }

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return ContentClients.OnEachAsync(
            context,
            [Primary.Port],
            "wait for the standbys",
            async client =>
            {
                var at = (await client.RowsAsync("SELECT pg_current_wal_lsn()::text", cancellationToken))[0][0];
                foreach (var standby in Standbys)
                {
                    await context.Probes.WaitAsync(
                        new HasReplayed(context.Lab, client, Primary, standby, at!),
                        ProbeRunner.Patience,
                        cancellationToken
                    );
                }
            },
            cancellationToken
        );
    }
}

/// <summary>Sessions in which users' own roles and databases are made.</summary>
internal static class ContentClients
{
    /// <summary>Does something on each of these servers, one after the other.</summary>
    /// <param name="context">What the step works with.</param>
    /// <param name="ports">The servers.</param>
    /// <param name="attempt">What it does, for messages: <c>create roles</c>.</param>
    /// <param name="act">Does it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="database">Where.</param>
    internal static async Task OnEachAsync(
        StepContext context,
        IEnumerable<int> ports,
        string attempt,
        Func<PostgresClient, Task> act,
        CancellationToken cancellationToken,
        string database = Lab.MaintenanceDatabase
    )
    {
        foreach (var port in ports)
        {
            var node = context.Lab.Nodes.First(n => n.Port == port);
            try
            {
                // Their commits wait for no standby: on a host of several there is none yet.
                await using var client = await context.Sessions.OpenAsync(node, database, cancellationToken);
                await act(client);
            }
            catch (Exception error) when (PostgresClient.Explain(error) is { } seen)
            {
                throw await ServerFailure.OfAsync(
                    context,
                    ServerLog.Of(context.Lab, node),
                    ExitCode.Failed,
                    $"Could not {attempt} on node {node.Id}: {seen}",
                    error,
                    cancellationToken
                );
            }
        }
    }
}
