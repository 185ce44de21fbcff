using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Settings;

/// <summary>A setting whose value in the file waits for a restart of a server.</summary>
/// <param name="Program"><c>pgpool</c> or <c>postgresql</c>.</param>
/// <param name="Server">The server: <c>node 0</c>, <c>Pgpool-II</c>.</param>
/// <param name="Name">The setting.</param>
/// <param name="Now">The value in effect.</param>
/// <param name="InFile">The value in the file.</param>
public sealed record WaitingSetting(string Program, string Server, string Name, string Now, string InFile);

/// <summary>What became of a reload.</summary>
/// <param name="Reloaded">The servers that have read their files again.</param>
/// <param name="NotRunning">Those that do not run: they read their files when they are started.</param>
/// <param name="Waiting">What waits for a restart.</param>
/// <param name="NotTaken">What a server did not take for another reason, a sentence each.</param>
public sealed record ReloadResult(
    IReadOnlyList<string> Reloaded,
    IReadOnlyList<string> NotRunning,
    IReadOnlyList<WaitingSetting> Waiting,
    IReadOnlyList<string> NotTaken
);

/// <summary>Has servers read their configuration files again, and waits until they have.</summary>
/// <param name="host">Where they run.</param>
/// <param name="lab">The lab.</param>
/// <param name="probes">Waits.</param>
internal sealed class Reloader(IHost host, Lab lab, ProbeRunner probes)
{
    /// <summary>How long Pgpool-II may take to say in its log that it reads its file; it may have been told to be
    /// silent.</summary>
    private static readonly TimeSpan Word = TimeSpan.FromSeconds(10);

    /// <summary>How long its processes may take after that.</summary>
    private static readonly TimeSpan Follow = TimeSpan.FromSeconds(5);

    private readonly LiveLab _servers = new(host, lab, probes);
    private readonly ServerSettings _settings = new(host, lab, probes);

    /// <summary>Reloads.</summary>
    /// <exception cref="LabException">A file has an error that keeps its server from taking any of it; no server was
    /// reloaded then.</exception>
    internal async Task<ReloadResult> ReloadAsync(
        IReadOnlyList<PostgresNode> nodes,
        IReadOnlyList<PgpoolNode> pgpools,
        CancellationToken cancellationToken
    )
    {
        var (running, members, down) = (new List<PostgresNode>(), new List<PgpoolNode>(), new List<string>());
        foreach (var node in lab.OwnsNodes ? nodes : [])
        {
            if (await _servers.Of(node).FindAsync(cancellationToken) is null)
            {
                down.Add(ServerSettings.TitleOf(node));
                continue;
            }

            await RequireReadableAsync(node, cancellationToken);
            running.Add(node);
        }

        foreach (var pgpool in pgpools)
        {
            if (await _servers.Of(pgpool).FindAsync(cancellationToken) is null)
            {
                down.Add(lab.TitleOf(pgpool));
                continue;
            }

            _ = await _settings.ReadAsync(pgpool, cancellationToken);
            members.Add(pgpool);
        }

        var of = await Task.WhenAll(
            running
                .Select(n => ReloadAsync(n, cancellationToken))
                .Concat(members.Select(p => ReloadAsync(p, cancellationToken)))
        );
        return new ReloadResult(
            [.. running.Select(ServerSettings.TitleOf), .. members.Select(lab.TitleOf)],
            down,
            [.. of.SelectMany(o => o.Waiting)],
            [.. of.SelectMany(o => o.NotTaken)]
        );
    }

    /// <summary>Tries values before they are written. A Pgpool-II's file is read beside the one it uses.</summary>
    /// <returns>Pgpool-II's words when it does not take the file; null when it does, and when it did not get that
    /// far.</returns>
    internal async Task<string?> TryAsync(PgpoolNode pgpool, string text, CancellationToken cancellationToken)
    {
        // It needs nobody to signal: this PID file is not there.
        var candidate = UnfinishedFile.Beside(pgpool.Paths.PgpoolConf);
        try
        {
            await host.Files.WriteTextAsync(
                candidate,
                $"{text}\npid_file_name = '{candidate}.pid'\n",
                Modes.PrivateFile,
                cancellationToken
            );
            var result = await host.Programs.RunAsync(PgpoolCommand.Reload(lab, pgpool, candidate), cancellationToken);
            var words = ServerWords.Of(result.Error);
            return result.ExitCode != 0 && ServerWords.IsAboutSettings(words) ? words : null;
        }
        finally
        {
            await host.Files.DeleteAsync(candidate, CancellationToken.None);
        }
    }

    private async Task RequireReadableAsync(PostgresNode node, CancellationToken cancellationToken)
    {
        PostgresFileError[] errors;
        try
        {
            await using var client = await ConnectAsync(node, cancellationToken);
            errors = [.. (await PostgresSettings.AskErrorsAsync(client, cancellationToken)).Where(e => e.StopsReload)];
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } problem)
        {
            throw await NotReloadedAsync(node, problem, error, cancellationToken);
        }

        if (errors.Length > 0)
        {
            throw new LabException(
                ExitCode.Failed,
                $"PostgreSQL node {node.Id} would take nothing of its configuration files: they have an error."
            )
            {
                Details = [.. errors.Select(Told)],
                Hints = ["Correct it, then:  pgpoollab reload"],
            };
        }
    }

    private async Task<(IReadOnlyList<WaitingSetting> Waiting, IReadOnlyList<string> NotTaken)> ReloadAsync(
        PostgresNode node,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await using var client = await ConnectAsync(node, cancellationToken);
            var before = await PostgresSettings.ReadAtAsync(lab, node, cancellationToken);
            await client.ExecuteAsync("SELECT pg_reload_conf()", cancellationToken);
            await probes.WaitAsync(new NodeHasRead(host, lab, node, before), ProbeRunner.Patience, cancellationToken);
            await using var later = await ConnectAsync(node, cancellationToken);
            var settings = await PostgresSettings.AskAsync(later, cancellationToken);
            var files = await PostgresSettings.AskFilesAsync(later, cancellationToken);
            var pending = settings.Values.Where(s => s.PendingRestart).ToArray();
            var errors = (await PostgresSettings.AskErrorsAsync(later, cancellationToken)).Where(e =>
                e.Name is null || pending.All(p => !p.Name.Equals(e.Name, StringComparison.OrdinalIgnoreCase))
            );
            return (
                [
                    .. pending.Select(p => new WaitingSetting(
                        SettingAssignment.Postgres,
                        ServerSettings.TitleOf(node),
                        p.Name,
                        SettingValues.Pretty(p.Value, p.Unit),
                        files.TryGetValue(p.Name.ToLowerInvariant(), out var file)
                            ? file.Value
                            : SettingValues.Pretty(p.Default ?? "", p.Unit)
                    )),
                ],
                [.. errors.Select(e => $"{ServerSettings.TitleOf(node)}: {Told(e)}")]
            );
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } problem)
        {
            throw await NotReloadedAsync(node, problem, error, cancellationToken);
        }
    }

    private async Task<(IReadOnlyList<WaitingSetting> Waiting, IReadOnlyList<string> NotTaken)> ReloadAsync(
        PgpoolNode pgpool,
        CancellationToken cancellationToken
    )
    {
        var (_, length) = await host.Files.ReadGrowthAsync(pgpool.Paths.PgpoolLog, from: null, cancellationToken);
        var result = await host.Programs.RunAsync(
            PgpoolCommand.Reload(lab, pgpool, pgpool.Paths.PgpoolConf),
            cancellationToken
        );
        if (result.ExitCode != 0)
        {
            throw new LabException(
                ExitCode.Failed,
                $"{lab.TitleOf(pgpool)} was not reloaded: its configuration file has an error."
            )
            {
                Details = [ServerWords.Of(result.Error)],
                Hints = [$"Correct {pgpool.Paths.PgpoolConf}, then:  pgpoollab reload"],
            };
        }

        var file = (await _settings.ReadAsync(pgpool, cancellationToken))
            .Settings.GroupBy(s => s.Name, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.Last().Value, StringComparer.Ordinal);
        var says = new PgpoolReads(host, lab, pgpool, length);
        var shows = new PgpoolShowsSettings(host, lab, pgpool, file);
        await HappensAsync(says, Word, cancellationToken);
        await HappensAsync(shows, Follow, cancellationToken);
        return shows.LastSeen is { } seen
            ? (
                [
                    .. PgpoolRules
                        .Differences(file, seen)
                        .Select(d => new WaitingSetting(
                            SettingAssignment.Pgpool,
                            lab.TitleOf(pgpool),
                            d.Name,
                            d.Shown,
                            d.Wanted
                        )),
                ],
                []
            )
            : ([], [$"{lab.TitleOf(pgpool)} does not say what it has read: {shows.Problem}"]);
    }

    private async Task<LabException> NotReloadedAsync(
        PostgresNode node,
        string problem,
        Exception error,
        CancellationToken cancellationToken
    )
    {
        var file = await ServerLog.Of(lab, node).FindAsync(host, cancellationToken);
        return new LabException(ExitCode.Failed, $"Could not reload PostgreSQL node {node.Id}: {problem}", error)
        {
            LogFile = file,
            LogTail = await LogTail.ReadAsync(host, file, cancellationToken),
        };
    }

    private async Task HappensAsync(IProbe probe, TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            await probes.WaitAsync(probe, patience, cancellationToken);
        }
        catch (ProbeFailedException)
        {
            // What it shows at the end is the truth: it is reported as such.
        }
    }

    private string Told(PostgresFileError error) =>
        $"{_settings.Relative(error.File)} line {error.Line}: "
        + (
            error.StopsReload
                ? error.Error
                : $"the value of {error.Name} is not taken (see the node's log); what was in effect stays in effect"
        );

    private Task<PostgresClient> ConnectAsync(PostgresNode node, CancellationToken cancellationToken) =>
        PostgresClient.ConnectAsync(lab, node.Port, Lab.MaintenanceDatabase, cancellationToken);
}
