using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>env</c>: what a shell needs so that psql, pgbench, pg_ctl and pcp_* find this lab.</summary>
internal static class EnvCommand
{
    private static readonly string[] PcpPrograms =
    [
        "pcp_attach_node", "pcp_detach_node", "pcp_health_check_stats", "pcp_invalidate_query_cache", "pcp_log_rotate", "pcp_node_count", "pcp_node_info", "pcp_pool_status",
        "pcp_proc_count", "pcp_proc_info", "pcp_promote_node", "pcp_recovery_node", "pcp_reload_config", "pcp_stop_pgpool", "pcp_watchdog_info",
    ];

    internal static Command Create(Terminal terminal)
    {
        var command = new Command("env", "Print what a shell needs to find this lab:  eval \"$(pgpoollab env)\"") { CommandLine.Lab, CommandLine.Json };
        command.SetAction(parsed =>
        {
            var callersPath = Environment.GetEnvironmentVariable("PATH") ?? "";
            Print(terminal.Out, LabCommand.Open(parsed), callersPath, parsed.GetValue(CommandLine.Json));
            return (int)ExitCode.Done;
        });
        return command;
    }

    /// <summary>Prints the variables for a POSIX shell, or as JSON (without the password).</summary>
    internal static void Print(TextWriter output, Lab lab, string callersPath, bool json)
    {
        var variables = Variables(lab, callersPath);
        if (json)
        {
            output.WriteLine(JsonSerializer.Serialize(variables, EnvJson.Readable.DictionaryStringString));
            return;
        }

        foreach (var (name, value) in variables)
        {
            output.WriteLine($"export {name}={Shell.Quote(value)}");
        }

        // PostgreSQL's own refuse root. Functions, not programs in the lab's folder: root must run nothing the lab's user can write.
        foreach (var program in lab.Invoker is null ? [] : (string[])["pg_ctl", "postgres", "pg_rewind", "pg_resetwal"])
        {
            output.WriteLine($"{program}() {{ runuser -u {Shell.Quote(lab.Owner)} -- {Shell.Quote(lab.Tools.PostgresProgram(program))} \"$@\"; }}");
        }

        // Without -w a pcp program asks for a password even where PCPPASSFILE has it.
        var where = lab.HasPrivateSockets ? $" -h {Shell.Quote(lab.Pgpool.PcpSocketDirectory)} -p {lab.Pgpool.PcpPort}" : "";
        foreach (var program in PcpPrograms.Where(p => File.Exists(lab.Tools.PcpProgram(p))))
        {
            output.WriteLine($"{program}() {{ {Shell.Quote(lab.Tools.PcpProgram(program))} -w{where} \"$@\"; }}");
        }
    }

    /// <summary>The variables, in the order they are printed.</summary>
    internal static Dictionary<string, string> Variables(Lab lab, string path)
    {
        string[] folders = [lab.Tools.PostgresBin, lab.Tools.PgpoolBin, lab.Tools.PcpBin, .. Invocation.FolderToAdd is { } folder ? (string[])[folder] : []];
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
    internal static EnvJson Readable => new(new JsonSerializerOptions(Default.Options) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
