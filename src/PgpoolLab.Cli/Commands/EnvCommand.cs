using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>env</c>: what a shell needs so that psql, pgbench, pg_ctl and pcp_* find this lab.</summary>
internal static class EnvCommand
{
    private static readonly string[] PcpPrograms =
    [
        "pcp_attach_node",
        "pcp_detach_node",
        "pcp_health_check_stats",
        "pcp_invalidate_query_cache",
        "pcp_log_rotate",
        "pcp_node_count",
        "pcp_node_info",
        "pcp_pool_status",
        "pcp_proc_count",
        "pcp_proc_info",
        "pcp_promote_node",
        "pcp_recovery_node",
        "pcp_reload_config",
        "pcp_stop_pgpool",
        "pcp_watchdog_info",
    ];

    /// <summary>Those a person calls by name.</summary>
    private static readonly string[] PostgresPrograms =
    [
        "psql",
        "pgbench",
        "pg_ctl",
        "postgres",
        "createdb",
        "dropdb",
        "createuser",
        "dropuser",
        "pg_dump",
        "pg_dumpall",
        "pg_restore",
        "vacuumdb",
        "reindexdb",
        "pg_isready",
        "pg_basebackup",
        "pg_controldata",
        "pg_rewind",
        "pg_resetwal",
        "pg_receivewal",
        "pg_recvlogical",
        "pg_waldump",
        "pg_checksums",
    ];

    /// <summary>The rest of what libpq reads changes nothing of where a lab is found, and how one is let in.</summary>
    private static readonly string[] Harmless =
    [
        "PGAPPNAME",
        "PGCONNECT_TIMEOUT",
        "PGCLIENTENCODING",
        "PGDATESTYLE",
        "PGTZ",
        "PGGEQO",
        "PGLOCALEDIR",
        "PGDATA",
        "PGOAUTHDEBUG",
    ];

    internal static Command Create(Terminal terminal)
    {
        var command = new Command("env", "Print what a shell needs to find this lab")
        {
            CommandLine.Lab,
            CommandLine.Json,
        }.Guide(
            CommandGroup.Run,
            ("eval \"$(pgpoollab env)\"", "Have this shell's psql, pgbench, pg_ctl and pcp_* find the lab"),
            ("pgpoollab env --json", "Print the variables for a program")
        );
        command.SetAction(parsed =>
        {
            var callersPath = Environment.GetEnvironmentVariable("PATH") ?? "";
            var lab = LabCommand.Open(parsed);
            var json = parsed.GetValue(CommandLine.Json);
            Print(json ? terminal.Out : terminal.Verbatim, lab, callersPath, json, Identity.HasStoodDown);
            return (int)ExitCode.Done;
        });
        return command;
    }

    /// <summary>Prints the variables for a POSIX shell, or as JSON (without the password).</summary>
    /// <param name="output">Gets them.</param>
    /// <param name="lab">The lab.</param>
    /// <param name="callersPath">The caller's PATH.</param>
    /// <param name="json">As JSON.</param>
    /// <param name="forRoot">Whether root asks about another user's lab.</param>
    internal static void Print(TextWriter output, Lab lab, string callersPath, bool json, bool forRoot = false)
    {
        var variables = Variables(lab, callersPath);
        if (json)
        {
            output.WriteLine(JsonSerializer.Serialize(variables, EnvJson.Readable.DictionaryStringString));
        }
        else if (forRoot)
        {
            PrintForRoot(output, lab);
        }
        else
        {
            PrintForOwner(output, lab, variables);
        }
    }

    private static void PrintForOwner(TextWriter output, Lab lab, Dictionary<string, string> variables)
    {
        output.WriteLine(
            "unset "
                + $"{string.Join(' ', CleanEnvironment.Libpq.Where(v => !variables.ContainsKey(v) && !Harmless.Contains(v)))}"
        );
        foreach (var (name, value) in variables)
        {
            output.WriteLine($"export {name}={Shell.Quote(value)}");
        }

        // Without -w a pcp program asks for a password even where PCPPASSFILE has it.
        foreach (var program in PcpPrograms.Where(p => File.Exists(lab.Tools.PcpProgram(p))))
        {
            output.WriteLine(
                $"{program}() {{ {string.Join(' ', PcpWords(lab, program).Select(Shell.Quote))} \"$@\"; }}"
            );
        }
    }

    /// <summary>
    /// The manifest is the word of whoever can write it, which the lab's user can: root's shell must neither find
    /// programs where it says, nor be led by it to a server. So there are but functions, and each runs this program,
    /// which runs the lab's as the lab's user.
    /// </summary>
    private static void PrintForRoot(TextWriter output, Lab lab)
    {
        if (Invocation.FolderToAdd is not null)
        {
            output.WriteLine($"pgpoollab() {{ {Invocation.Command} \"$@\"; }}");
        }

        output.WriteLine($"export PGPOOL_PORT={lab.Pgpool.Port}");
        output.WriteLine($"export PCP_PORT={lab.Pgpool.PcpPort}");
        var run = $"{Invocation.Command} run --lab {Shell.Quote(lab.Root)} --";
        foreach (var program in PostgresPrograms.Concat(PcpPrograms.Where(p => File.Exists(lab.Tools.PcpProgram(p)))))
        {
            output.WriteLine($"{program}() {{ {run} {program} \"$@\"; }}");
        }
    }

    /// <summary>A pcp program and what it is always called with.</summary>
    internal static IReadOnlyList<string> PcpWords(Lab lab, string program) =>
        [
            lab.Tools.PcpProgram(program),
            "-w",
            .. lab.HasPrivateSockets
                ? (string[])["-h", lab.Pgpool.PcpSocketDirectory, "-p", $"{lab.Pgpool.PcpPort}"]
                : [],
        ];

    internal static bool IsPcp(string program) => PcpPrograms.Contains(program);

    /// <summary>The variables, in the order they are printed.</summary>
    internal static Dictionary<string, string> Variables(Lab lab, string path)
    {
        string[] folders =
        [
            lab.Tools.PostgresBin,
            lab.Tools.PgpoolBin,
            lab.Tools.PcpBin,
            .. Invocation.FolderToAdd is { } folder ? (string[])[folder] : [],
        ];
        var known = path.Split(':', StringSplitOptions.RemoveEmptyEntries);
        var variables = new Dictionary<string, string>
        {
            ["PGHOST"] = lab.Pgpool.SocketDirectories.Count > 0 ? lab.Pgpool.SocketDirectories[0] : "localhost",
            ["PGPORT"] = lab.Pgpool.Port.ToString(),
            ["PGDATABASE"] = Lab.Database,
            ["PGUSER"] = lab.Owner,
            ["PGPOOL_PORT"] = lab.Pgpool.Port.ToString(),
            ["PCP_PORT"] = lab.Pgpool.PcpPort.ToString(),
            ["PCPPASSFILE"] = lab.Pgpool.Paths.PcpPass,
            ["PATH"] = string.Join(':', folders.Concat(known).Distinct()),
        };
        if (lab.Asks)
        {
            variables["PGPASSFILE"] = lab.Pgpool.Paths.PgPass;
            variables["PGPOOLKEYFILE"] = lab.Pgpool.Paths.PoolKey;
        }

        if (lab.UseTls)
        {
            // By a unix socket libpq speaks no TLS, whatever this says.
            variables["PGSSLMODE"] = "verify-full";
            variables["PGSSLROOTCERT"] = lab.Pgpool.Paths.TlsAuthority;
        }

        return variables;
    }
}

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class EnvJson : JsonSerializerContext
{
    internal static EnvJson Readable =>
        new(
            new JsonSerializerOptions(Default.Options)
            {
                Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }
        );
}
