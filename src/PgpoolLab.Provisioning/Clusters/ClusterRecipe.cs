using System.Globalization;
using System.IO.Hashing;
using System.Text;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.Clusters;

/// <summary>Everything that decides what a fresh database cluster looks like.</summary>
/// <param name="Tools">The programs.</param>
/// <param name="Superuser">The role initdb creates.</param>
/// <param name="InitDbArguments">What to say to initdb instead of encoding, locale and checksums; null for
/// those.</param>
/// <param name="Statements">SQL that is run in template1 afterwards, one statement each.</param>
public sealed record ClusterRecipe(
    Toolset Tools,
    string Superuser,
    IReadOnlyList<string>? InitDbArguments,
    IReadOnlyList<string> Statements
)
{
    /// <summary>Changes with what this program makes of the same recipe.</summary>
    private const string Format = "pgpoollab cluster 2";

    /// <summary>What initdb takes from its environment: locale, time zone.</summary>
    /// <remarks>PostgreSQL manual, "initdb", "Locale Support".</remarks>
    private static readonly string[] Variables =
    [
        "LANG",
        "LC_ALL",
        "LC_COLLATE",
        "LC_CTYPE",
        "LC_MESSAGES",
        "LC_MONETARY",
        "LC_NUMERIC",
        "LC_TIME",
        "LANGUAGE",
        "TZ",
        "LD_LIBRARY_PATH",
        "LD_PRELOAD",
    ];

    /// <summary>What initdb tries out, or looks up, on the machine.</summary>
    private static readonly string[] MachineFiles =
    [
        "/etc/timezone",
        "/proc/sys/kernel/sem",
        "/proc/sys/kernel/shmmax",
        "/proc/sys/kernel/shmall",
    ];

    /// <summary>The clusters of a lab.</summary>
    public static ClusterRecipe Of(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        // New databases are copies of template1: what is created there first is in all of them. Pgpool-II calls its
        // functions there too.
        string[] statements =
        [
            "CREATE EXTENSION pgpool_regclass",
            "CREATE EXTENSION pgpool_recovery",
            $"CREATE DATABASE {Lab.Database}",
            .. lab.Invoker is { } invoker
                ? (string[])[$"CREATE ROLE {ConfigQuoting.Identifier(invoker)} SUPERUSER LOGIN"]
                : [],
            .. Roles(lab),
        ];
        // Of an option that is given twice, initdb takes the last.
        IReadOnlyList<string>? arguments =
            lab.InitDbArguments.Count > 0 ? [.. InitDb.Defaults, .. lab.InitDbArguments] : null;
        return new ClusterRecipe(
            lab.Tools,
            lab.Owner,
            lab.PgpoolSetup is { } old ? old.InitDbArguments : arguments,
            statements
        );
    }

    /// <summary>The roles of replication and of Pgpool-II's checks, which can do that and nothing else. They have no
    /// passwords yet.</summary>
    private static IEnumerable<string> Roles(Lab lab)
    {
        var superusers = (string?[])[lab.Owner, lab.Invoker];
        if (!superusers.Contains(lab.ReplicationRole))
        {
            yield return $"CREATE ROLE {ConfigQuoting.Identifier(lab.ReplicationRole)} REPLICATION LOGIN";
        }

        if (!superusers.Contains(lab.CheckRole))
        {
            yield return $"CREATE ROLE {ConfigQuoting.Identifier(lab.CheckRole)} LOGIN IN ROLE pg_monitor";
        }
    }

    /// <summary>initdb, then PostgreSQL without a server process: nothing listens while the cluster is made.</summary>
    /// <remarks>PostgreSQL manual, "postgres", "Options for Single-User Mode".</remarks>
    public IReadOnlyList<CommandSpec> Commands(string dataDirectory) =>
        [
            InitDb.Create(Tools, dataDirectory, Superuser, InitDbArguments),
            PostgresProgram.Command(
                Tools,
                "postgres",
                "--single",
                "-D",
                dataDirectory,
                "-c",
                "exit_on_error=on",
                "-c",
                "fsync=off",
                "template1"
            ) with
            {
                Input = string.Concat(Statements.Select(s => s + "\n")),
            },
        ];

    /// <summary>Makes the cluster.</summary>
    /// <exception cref="CommandFailedException">A program failed.</exception>
    public async Task MakeAsync(IHost host, string dataDirectory, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        foreach (var command in Commands(dataDirectory))
        {
            (await host.Programs.RunAsync(command, cancellationToken)).OrThrow("make a database cluster");
        }
    }

    /// <summary>A name for all of it, 32 hexadecimal digits: of the recipe, and of every file on this machine that has
    /// a say in it.</summary>
    public string Key()
    {
        var text = new StringBuilder(Format).Append('\n');
        foreach (var command in Commands("."))
        {
            text.Append(command).Append('\n').Append(command.Input).Append('\n');
        }

        foreach (var variable in Variables)
        {
            text.Append(variable).Append('=').Append(Environment.GetEnvironmentVariable(variable)).Append('\n');
        }

        foreach (var file in MachineFiles.Where(File.Exists))
        {
            text.Append(file).Append('=').Append(File.ReadAllText(file)).Append('\n');
        }

        foreach (
            var file in (string[])
                [Tools.PostgresProgram("postgres"), Tools.PostgresProgram("initdb"), "/etc/localtime", .. ShareFiles()]
        )
        {
            var facts = new FileInfo(Identity.RealPath(file));
            text.Append(facts.FullName)
                .Append(' ')
                .Append(facts.Exists ? facts.Length : -1)
                .Append(' ')
                .Append((facts.Exists ? facts.LastWriteTimeUtc.Ticks : 0).ToString(CultureInfo.InvariantCulture))
                .Append('\n');
        }

        return Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <summary>What initdb and CREATE EXTENSION read, where it lies in one of the usual places beside the
    /// programs.</summary>
    private IEnumerable<string> ShareFiles()
    {
        string[] shares =
        [
            $"/usr/share/postgresql/{Tools.Postgres.Major}",
            Path.GetFullPath($"{Tools.PostgresBin}/../share"),
            Path.GetFullPath($"{Tools.PostgresBin}/../share/postgresql"),
        ];
        return shares
            .Where(Directory.Exists)
            .SelectMany(s =>
                Files(s, "*").Concat(Directory.Exists(s + "/extension") ? Files(s + "/extension", "pgpool*") : [])
            )
            .Order(StringComparer.Ordinal);

        static IEnumerable<string> Files(string folder, string pattern) => Directory.EnumerateFiles(folder, pattern);
    }
}
