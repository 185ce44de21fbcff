using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Settings;

/// <summary>What one server says of its settings.</summary>
/// <param name="Values">Each setting by name, PostgreSQL's in lower case; null when the server did not say.</param>
/// <param name="Problem">Why it did not.</param>
internal sealed record ServerAnswer(IReadOnlyDictionary<string, ServerFact>? Values, string? Problem);

/// <summary>One setting of a server.</summary>
/// <param name="Value">The value in effect, as people write it.</param>
/// <param name="From">Where it comes from.</param>
/// <param name="Default">The program's default; null when it is not known.</param>
/// <param name="InFile">Another value that waits in the file; null when there is none.</param>
/// <param name="Change"><c>reload</c>, <c>restart</c>, or null.</param>
internal sealed record ServerFact(string Value, string From, string? Default, string? InFile, string? Change);

/// <summary>Asks the servers of a lab for their settings.</summary>
/// <param name="host">Where they run.</param>
/// <param name="lab">The lab.</param>
/// <param name="probes">Waits.</param>
internal sealed class ServerSettings(IHost host, Lab lab, ProbeRunner probes)
{
    internal const string Reload = "reload";
    internal const string Restart = "restart";
    private const string DefaultSource = "default";

    private readonly LiveLab _servers = new(host, lab, probes);

    /// <summary>What to call a node.</summary>
    internal static string TitleOf(PostgresNode node) => $"node {node.Id}";

    /// <summary>Asks one PostgreSQL.</summary>
    internal async Task<ServerAnswer> AskAsync(PostgresNode node, CancellationToken cancellationToken)
    {
        if (await _servers.Of(node).FindAsync(cancellationToken) is null)
        {
            return new ServerAnswer(null, "it does not run");
        }

        try
        {
            await using var client = await PostgresClient.ConnectAsync(
                lab,
                node.Port,
                Lab.MaintenanceDatabase,
                cancellationToken
            );
            var settings = await PostgresSettings.AskAsync(client, cancellationToken);
            var files = settings.Values.Any(s => s.PendingRestart)
                ? await PostgresSettings.AskFilesAsync(client, cancellationToken)
                : null;
            return new ServerAnswer(
                settings.ToDictionary(
                    s => s.Key,
                    s => new ServerFact(
                        SettingValues.Pretty(s.Value.Value, s.Value.Unit),
                        s.Value.File is { } file ? $"{Relative(file)} line {s.Value.Line}" : s.Value.Source,
                        s.Value.Default is { } value ? SettingValues.Pretty(value, s.Value.Unit) : null,
                        s.Value.PendingRestart
                            ? files!.TryGetValue(s.Key, out var waits)
                                ? waits.Value
                                : s.Value.Default
                            : null,
                        s.Value.Context switch
                        {
                            "postmaster" => Restart,
                            "internal" => null,
                            _ => Reload,
                        }
                    ),
                    StringComparer.Ordinal
                ),
                null
            );
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } problem)
        {
            return new ServerAnswer(null, problem);
        }
    }

    /// <summary>Asks one Pgpool-II, and compares with its file and with the installed sample.</summary>
    internal async Task<ServerAnswer> AskAsync(PgpoolNode pgpool, CancellationToken cancellationToken)
    {
        if (await _servers.Of(pgpool).FindAsync(cancellationToken) is null)
        {
            return new ServerAnswer(null, "it does not run");
        }

        var (shown, problem) = await PgpoolSettings.AskAsync(host, lab, pgpool, cancellationToken);
        if (shown is null)
        {
            return new ServerAnswer(null, problem);
        }

        var file = await ReadAsync(pgpool, cancellationToken);
        var lines = file.Settings.GroupBy(s => s.Name).ToDictionary(g => g.Key, g => g.Last(), StringComparer.Ordinal);
        var waiting = PgpoolRules
            .Differences(lines.ToDictionary(l => l.Key, l => l.Value.Value, StringComparer.Ordinal), shown)
            .ToDictionary(d => d.Name, d => d.Wanted, StringComparer.Ordinal);
        var defaults = await DefaultsAsync(cancellationToken);
        return new ServerAnswer(
            shown.ToDictionary(
                s => s.Key,
                s => new ServerFact(
                    s.Value,
                    lines.TryGetValue(s.Key, out var line) ? $"{Relative(pgpool.Paths.PgpoolConf)} line {line.Line}"
                        : file.Includes.Count > 0 ? "default, or an included file"
                        : DefaultSource,
                    PgpoolDefaults.DefaultOf(defaults, s.Key),
                    waiting.GetValueOrDefault(s.Key),
                    PgpoolRules.NeedsRestart(s.Key) ? Restart : Reload
                ),
                StringComparer.Ordinal
            ),
            null
        );
    }

    /// <summary>What a PostgreSQL that does not run would have.</summary>
    internal async Task<string?> FromFilesAsync(PostgresNode node, string name, CancellationToken cancellationToken)
    {
        var result = await host.Programs.RunAsync(
            PostgresCommand.Try(lab.Tools, node.DataDirectory, name, []),
            cancellationToken
        );
        return result.ExitCode == 0 ? result.Output.TrimEnd('\n') : null;
    }

    /// <summary>What the file of a Pgpool-II says.</summary>
    /// <exception cref="LabException">It has an error, or is not there.</exception>
    internal async Task<SettingsFile> ReadAsync(PgpoolNode pgpool, CancellationToken cancellationToken)
    {
        var path = pgpool.Paths.PgpoolConf;
        var text =
            await host.Files.ReadTextAsync(path, cancellationToken)
            ?? throw new LabException(ExitCode.NotFound, $"There is no file {path}.");
        try
        {
            return SettingsFileReader.Parse(SettingAssignment.Pgpool, lab.TitleOf(pgpool), path, text);
        }
        catch (InvalidSpecException error)
        {
            throw new LabException(ExitCode.Failed, $"{path} has an error, and Pgpool-II would not take it.", error)
            {
                Details = [.. error.Problems.Select(p => $"{p}")],
            };
        }
    }

    /// <summary>A path as one says it who is in the lab's folder.</summary>
    internal string Relative(string path) =>
        ((string?[])[lab.Root, lab.SafeAlias])
            .OfType<string>()
            .Where(r => path.StartsWith(r + "/", StringComparison.Ordinal))
            .Select(r => path[(r.Length + 1)..])
            .FirstOrDefault()
        ?? path;

    private async Task<IReadOnlyDictionary<string, string>> DefaultsAsync(CancellationToken cancellationToken)
    {
        var prefix = Path.GetDirectoryName(Path.GetDirectoryName(lab.Tools.PgpoolProgram)) ?? "/usr";
        try
        {
            var sample = await SampleConfiguration.FindAsync(
                host.Files,
                lab.PgpoolSetup?.InstallDirectory,
                prefix,
                modeSuffix: "",
                cancellationToken
            );
            return sample is null
                ? new Dictionary<string, string>()
                : PgpoolDefaults.DefaultsOf(await SampleConfiguration.ReadAsync(host.Files, sample, cancellationToken));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Dictionary<string, string>();
        }
    }
}
