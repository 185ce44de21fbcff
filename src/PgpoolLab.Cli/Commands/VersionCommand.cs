using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Tools;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>version</c>: this program's version, and which PostgreSQL and Pgpool-II it would use.</summary>
internal static class VersionCommand
{
    internal static Command Create(Terminal terminal)
    {
        var command = new Command(
            "version",
            "Print the versions of this program, and of the PostgreSQL and Pgpool-II that a new lab would use"
        )
        {
            CommandLine.Json,
        }.Guide(
            CommandGroup.More,
            ("pgpoollab version", "Show the version of the program, of PostgreSQL and of Pgpool-II")
        );
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var host = Composition.Host();
                Toolset? tools = null;
                try
                {
                    var finder = new ToolFinder(host, await Platform.DetectAsync(host, cancellationToken));
                    tools = await finder.FindAsync(
                        ToolRequest.From(new LabSpec { Directory = "/" }, Environment.GetEnvironmentVariable),
                        cancellationToken
                    );
                }
                catch (LabException error) when (error.Code is ExitCode.Missing)
                {
                    // What is missing is no failure of this command; it is what it reports.
                }

                var info = new VersionInfo(
                    ProgramVersion.Text,
                    tools?.Postgres.ToString(),
                    tools?.PostgresBin,
                    tools?.Pgpool.ToString(),
                    tools?.PgpoolProgram
                );
                if (parsed.GetValue(CommandLine.Json))
                {
                    terminal.Out.WriteLine(JsonSerializer.Serialize(info, VersionJson.Default.VersionInfo));
                    return (int)ExitCode.Done;
                }

                terminal.Out.WriteLine($"pgpoollab {info.Pgpoollab}");
                terminal.Out.WriteLine(
                    tools is null
                        ? "No complete set of PostgreSQL and Pgpool-II was found; pgpoollab setup says what is missing."
                        : $"PostgreSQL {info.Postgresql} in {info.PostgresqlBin}\nPgpool-II {info.Pgpool}, "
                            + $"{info.PgpoolProgram}"
                );
                return (int)ExitCode.Done;
            }
        );
        return command;
    }
}

/// <summary>The shape of <c>version --json</c>.</summary>
internal sealed record VersionInfo(
    string Pgpoollab,
    string? Postgresql,
    string? PostgresqlBin,
    string? Pgpool,
    string? PgpoolProgram
);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(VersionInfo))]
internal sealed partial class VersionJson : JsonSerializerContext;
