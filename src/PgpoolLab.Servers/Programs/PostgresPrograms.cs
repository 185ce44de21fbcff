using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Programs;

/// <summary>What every run of a PostgreSQL program has in common: it must not depend on what the caller's shell happens
/// to hold.</summary>
internal static class PostgresProgram
{
    internal static CommandSpec Command(Toolset tools, string name, params IReadOnlyList<string> arguments) =>
        new CommandSpec(tools.PostgresProgram(name), arguments)
        {
            Environment = CleanEnvironment.Libpq.ToDictionary(v => v, _ => (string?)null),
        };
}

/// <summary>initdb: makes an empty database cluster.</summary>
/// <remarks>PostgreSQL manual, "initdb".</remarks>
public static class InitDb
{
    /// <summary>Encoding, locale and checksums of a lab that does not ask for others.</summary>
    public static IReadOnlyList<string> Defaults { get; } = ["--no-locale", "-E", "UTF8", "--data-checksums"];

    /// <summary>UTF-8, C locale (present on every machine), checksums (pg_rewind needs them or wal_log_hints), no fsync
    /// of the empty cluster.</summary>
    /// <param name="tools">The programs.</param>
    /// <param name="dataDirectory">Folder to create.</param>
    /// <param name="superuser">The role to create.</param>
    /// <param name="arguments">What to say instead of encoding, locale and checksums; null for those.</param>
    public static CommandSpec Create(
        Toolset tools,
        string dataDirectory,
        string superuser,
        IReadOnlyList<string>? arguments = null
    ) =>
        PostgresProgram.Command(
            tools,
            "initdb",
            [.. arguments ?? Defaults, "--no-sync", "-A", "trust", "-U", superuser, "-D", dataDirectory]
        );
}

/// <summary>postgres itself, started without pg_ctl: so its process id is known at once, and a probe sees it accept
/// connections within milliseconds, where pg_ctl looks only ten times a second.</summary>
/// <remarks>PostgreSQL manual, "postgres".</remarks>
public static class PostgresCommand
{
    /// <summary>Runs the server in the foreground.</summary>
    public static CommandSpec Start(Toolset tools, string dataDirectory) =>
        PostgresProgram.Command(tools, "postgres", "-D", dataDirectory);

    /// <summary>Prints a setting as the server would have it if it were started now, or says which of these settings it
    /// would not take. It runs beside a running server.</summary>
    /// <param name="tools">The programs.</param>
    /// <param name="dataDirectory">The node's data folder.</param>
    /// <param name="name">The setting to print.</param>
    /// <param name="settings">Settings to try.</param>
    public static CommandSpec Try(
        Toolset tools,
        string dataDirectory,
        string name,
        IEnumerable<KeyValuePair<string, string>> settings
    ) =>
        PostgresProgram.Command(
            tools,
            "postgres",
            ["-D", dataDirectory, "-C", name, .. settings.SelectMany(s => (string[])["-c", $"{s.Key}={s.Value}"])]
        );
}

/// <summary>pg_basebackup: copies a running primary into a new data folder.</summary>
/// <remarks>PostgreSQL manual, "pg_basebackup".</remarks>
public static class PgBaseBackup
{
    /// <summary>A fast checkpoint, nothing synced: the copy is a test server's and can be made again. Where a slot
    /// keeps the WAL written meanwhile it is left out (-X none), and the standby streams it as soon as it is started;
    /// where an archive does, the primary would first wait for that.</summary>
    /// <param name="tools">The programs.</param>
    /// <param name="host">The primary's folder of sockets, or its address.</param>
    /// <param name="port">Its port.</param>
    /// <param name="user">A role that may replicate.</param>
    /// <param name="withWal">Whether to take along the WAL that is written meanwhile.</param>
    /// <param name="dataDirectory">Folder to create.</param>
    public static CommandSpec Create(
        Toolset tools,
        string host,
        int port,
        string user,
        bool withWal,
        string dataDirectory
    ) =>
        PostgresProgram.Command(
            tools,
            "pg_basebackup",
            [
                "-h",
                host,
                "-p",
                port.ToString(),
                "-U",
                user,
                "-w",
                "-D",
                dataDirectory,
                "-X",
                withWal ? "stream" : "none",
                "-c",
                "fast",
                .. FastOptions(tools.Postgres),
            ]
        );

    /// <summary>What a copy for a test does not need, as far as this release knows it.</summary>
    public static IReadOnlyList<string> FastOptions(PostgresVersion version) =>
        [
            "--no-sync",
            .. version.Major >= 11 ? ["--no-verify-checksums"] : Array.Empty<string>(),
            .. version.Major >= 13 ? ["--no-manifest"] : Array.Empty<string>(),
        ];
}

/// <summary>pg_controldata: reads what a data folder says of itself, running or not.</summary>
/// <remarks>PostgreSQL manual, "pg_controldata".</remarks>
public static class PgControlData
{
    /// <summary>Prints the control file.</summary>
    public static CommandSpec Show(Toolset tools, string dataDirectory) =>
        PostgresProgram.Command(tools, "pg_controldata", "-D", dataDirectory);

    /// <summary>True when pg_rewind can work on the cluster: it has data checksums, or wal_log_hints.</summary>
    /// <remarks>PostgreSQL manual, "pg_rewind".</remarks>
    public static bool CanRewind(string output) =>
        (ValueOf(output, "Data page checksum version:") ?? "0") != "0"
        || ValueOf(output, "wal_log_hints setting:") == "on";

    private static string? ValueOf(string output, string label)
    {
        ArgumentNullException.ThrowIfNull(output);
        return output
            .Split('\n')
            .FirstOrDefault(l => l.StartsWith(label, StringComparison.Ordinal))
            ?[label.Length..].Trim();
    }

    /// <summary>The timeline of the latest checkpoint; null when the text does not hold it.</summary>
    public static int? Timeline(string output)
    {
        const string label = "Latest checkpoint's TimeLineID:";
        var line = output.Split('\n').FirstOrDefault(l => l.StartsWith(label, StringComparison.Ordinal));
        return line is not null && int.TryParse(line[label.Length..].Trim(), out var timeline) ? timeline : null;
    }
}

/// <summary>psql: the only client here that speaks the simple query protocol, which Pgpool-II's SHOW commands
/// need.</summary>
/// <remarks>PostgreSQL manual, "psql"; Pgpool-II manual, "SHOW POOL_NODES".</remarks>
public static class Psql
{
    /// <summary>Separates the fields of a query's output; it cannot be part of a host name, number or state.</summary>
    public const char FieldSeparator = '\u001f';

    /// <summary>Runs one query; prints a line of column names, then a line for each row.</summary>
    public static CommandSpec Query(Toolset tools, string host, int port, string user, string database, string sql) =>
        Ask(
            tools,
            ["-q", "-A", "-P", "footer=off", "-F", FieldSeparator.ToString(), "-v", "ON_ERROR_STOP=1"],
            host,
            port,
            user,
            database,
            sql
        );

    /// <summary>Runs one query and prints it as psql does, for people.</summary>
    public static CommandSpec Table(Toolset tools, string host, int port, string user, string database, string sql) =>
        Ask(tools, [], host, port, user, database, sql);

    private static CommandSpec Ask(
        Toolset tools,
        string[] shape,
        string host,
        int port,
        string user,
        string database,
        string sql
    ) =>
        (
            PostgresProgram.Command(
                tools,
                "psql",
                ["-X", .. shape, "-h", host, "-p", port.ToString(), "-U", user, "-w", "-d", database, "-c", sql]
            ) with
            {
                Timeout = TimeSpan.FromSeconds(20),
            }
        ).With("PGCONNECT_TIMEOUT", "5");

    /// <summary>Runs what comes on standard input, up to the first error.</summary>
    public static CommandSpec Script(Toolset tools, string host, int port, string user, string database) =>
        PostgresProgram
            .Command(
                tools,
                "psql",
                [
                    "-X",
                    "-q",
                    "-v",
                    "ON_ERROR_STOP=1",
                    "-h",
                    host,
                    "-p",
                    port.ToString(),
                    "-U",
                    user,
                    "-w",
                    "-d",
                    database,
                    "-f",
                    "-",
                ]
            )
            .With("PGCONNECT_TIMEOUT", "5");

    /// <summary>An interactive session, or whatever else the arguments ask for.</summary>
    public static CommandSpec Interactive(
        Toolset tools,
        string host,
        int port,
        string user,
        IReadOnlyList<string> arguments
    ) =>
        PostgresProgram
            .Command(tools, "psql", arguments)
            .With("PGHOST", host)
            .With("PGPORT", port.ToString())
            .With("PGUSER", user)
            .With("PGDATABASE", Lab.Database);
}

/// <summary>pgpool itself.</summary>
/// <remarks>Pgpool-II manual, "pgpool".</remarks>
public static class PgpoolCommand
{
    /// <summary>In the foreground (-n), forgetting what it knew of its nodes (-D) unless it must not.</summary>
    public static CommandSpec Start(Lab lab, PgpoolNode pgpool)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(pgpool);
        var paths = pgpool.Paths;
        string[] arguments =
        [
            .. lab.RemembersStatus ? [] : (string[])["-D"],
            "-n",
            "-f",
            paths.PgpoolConf,
            "-F",
            paths.PcpConf,
            "-a",
            paths.PoolHba,
            .. lab.Asks ? (string[])["-k", paths.PoolKey] : [],
            .. lab.PgpoolSetup?.Debug is true ? (string[])["-d"] : [],
        ];
        var command = new CommandSpec(lab.Tools.PgpoolProgram, arguments) { WorkingDirectory = pgpool.Folder };
        return lab.PgpoolSetup?.LibraryPath is { } libraries
            ? command.With(
                "LD_LIBRARY_PATH",
                CleanEnvironment.ValueOf("LD_LIBRARY_PATH") is { Length: > 0 } path ? $"{path}:{libraries}" : libraries
            )
            : command;
    }

    /// <summary>Reads a configuration file, refuses one with an error, and has the Pgpool-II of its PID file read it
    /// again.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="pgpool">Whose file it is.</param>
    /// <param name="file">The file.</param>
    public static CommandSpec Reload(Lab lab, PgpoolNode pgpool, string file)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(pgpool);
        var start = Start(lab, pgpool);
        return new CommandSpec(start.Program, "-f", file, "reload")
        {
            WorkingDirectory = start.WorkingDirectory,
            Environment = start.Environment,
        };
    }
}

/// <summary>The pcp programs, which control a running Pgpool-II.</summary>
/// <remarks>Pgpool-II manual, "PCP commands".</remarks>
public static class Pcp
{
    /// <summary>Has Pgpool-II send queries to a node again.</summary>
    public static CommandSpec Attach(Lab lab, PgpoolNode pgpool, int node) =>
        Of(lab, pgpool, "pcp_attach_node", TimeSpan.FromSeconds(30), "-n", node.ToString());

    /// <summary>Has Pgpool-II give up a node. Of the primary that is a failover.</summary>
    public static CommandSpec Detach(Lab lab, PgpoolNode pgpool, int node) =>
        Of(lab, pgpool, "pcp_detach_node", TimeSpan.FromSeconds(30), "-n", node.ToString());

    /// <summary>Runs an online recovery of a node, and attaches it.</summary>
    public static CommandSpec Recover(Lab lab, PgpoolNode pgpool, int node) =>
        Of(lab, pgpool, "pcp_recovery_node", TimeSpan.FromHours(1), "-n", node.ToString());

    /// <summary>Has Pgpool-II make a standby the primary, and the old primary follow it. Since Pgpool-II 4.3.</summary>
    public static CommandSpec Switchover(Lab lab, PgpoolNode pgpool, int node) =>
        Of(lab, pgpool, "pcp_promote_node", TimeSpan.FromMinutes(5), "-s", "-n", node.ToString());

    /// <summary>Whether a pcp program's words say that its user or password is refused.</summary>
    public static bool Refuses(string? words) =>
        words?.Contains("authentication failed", StringComparison.Ordinal) is true;

    /// <summary>Prints how many nodes there are: the cheapest question there is.</summary>
    public static CommandSpec NodeCount(Lab lab, PgpoolNode pgpool) =>
        Of(lab, pgpool, "pcp_node_count", TimeSpan.FromSeconds(10));

    private static CommandSpec Of(
        Lab lab,
        PgpoolNode pgpool,
        string program,
        TimeSpan timeout,
        params string[] arguments
    )
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(pgpool);
        string[] where =
        [
            "-w",
            "-h",
            lab.HasPrivateSockets ? pgpool.PcpSocketDirectory : "localhost",
            "-p",
            pgpool.PcpPort.ToString(),
            "-U",
            lab.Owner,
        ];
        return (
            new CommandSpec(lab.Tools.PcpProgram(program), [.. arguments, .. where]) with
            {
                Timeout = timeout,
            }
        ).With("PCPPASSFILE", pgpool.Paths.PcpPass);
    }

    /// <summary>Prints what one Pgpool-II knows of the watchdog, a "name : value" line for each fact.</summary>
    public static CommandSpec WatchdogInfo(Lab lab, PgpoolNode pgpool) =>
        Of(lab, pgpool, "pcp_watchdog_info", TimeSpan.FromSeconds(10), "-v");
}
