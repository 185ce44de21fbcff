using System.Globalization;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Servers.Reports;

/// <summary>Asks every server what <c>status</c> explains by, all at once. Who does not answer in time is left
/// out.</summary>
/// <param name="host">Where the lab is.</param>
/// <param name="look">What <c>nodes</c> shows of it.</param>
/// <param name="patience">How long to wait for an answer.</param>
internal sealed class StatusAsker(IHost host, NodesLook look, AnswerPatience patience)
{
    private const int LogLength = 1 << 16;

    private Lab Lab => look.Facts.Lab;

    /// <summary>Asks.</summary>
    internal async Task<StatusDetails> AskAsync(CancellationToken cancellationToken)
    {
        var files = Lab.OwnPgpools.ToDictionary(
            p => p.Id,
            async p =>
                PgpoolConfText.Read(await host.Files.ReadTextAsync(p.Paths.PgpoolConf, cancellationToken) ?? "").All
        );
        var checkUser = (await files[Lab.Pgpool.Id]).GetValueOrDefault("sr_check_user");
        var pgpools = Task.WhenAll(
            Lab.OwnPgpools.Select(async p => await AskAsync(p, await files[p.Id], cancellationToken))
        );
        var nodes = await Task.WhenAll(
            look.Facts.Nodes.Select(n => AskAsync(n, checkUser ?? Lab.CheckRole, cancellationToken))
        );
        var disks = new List<DiskSpace>();
        foreach (
            var folder in Lab
                .OwnNodes.Where(_ => Lab.OwnsNodes)
                .Select(n => n.DataDirectory)
                .Concat(Lab.OwnPgpools.Select(p => p.Paths.Log))
        )
        {
            // Folders of one disk have the same room.
            if (
                await host.Files.FreeSpaceAsync(folder, cancellationToken) is { } free
                && !disks.Exists(d => Math.Abs(d.FreeBytes - free) < 1 << 20)
            )
            {
                disks.Add(new DiskSpace(folder, free));
            }
        }

        return new StatusDetails
        {
            Nodes = nodes.ToDictionary(n => n.Node),
            Pgpools = (await pgpools).ToDictionary(p => p.Pgpool),
            Disks = disks,
        };
    }

    private async Task<NodeDetails> AskAsync(NodeView view, string checkUser, CancellationToken cancellationToken)
    {
        var node = Lab.Nodes.First(n => n.Id == view.Id);
        var details = new NodeDetails(node.Id);
        if (Lab.Mode is ClusteringMode.StreamingReplication && view.Postgres.Role != "primary")
        {
            details = details with
            {
                LogEnd = await FileEnd.ReadAsync(
                    host,
                    await ServerLog.Of(Lab, node).FindAsync(host, cancellationToken),
                    LogLength,
                    cancellationToken
                ),
            };
        }

        if (!view.Postgres.Up)
        {
            return details;
        }

        try
        {
            return await patience.WaitAsync(token => AskAsync(node, details, checkUser, token), cancellationToken);
        }
        catch (Exception error) when (PostgresClient.Explain(error) is not null)
        {
            return details;
        }
    }

    private async Task<NodeDetails> AskAsync(
        PostgresNode node,
        NodeDetails details,
        string checkUser,
        CancellationToken cancellationToken
    )
    {
        await using var client = await PostgresClient.ConnectAsync(Lab, node.Port, "postgres", cancellationToken);
        var row = (
            await client.RowsAsync(
                $"""
                SELECT current_setting('max_connections'), current_setting('superuser_reserved_connections'),
                       coalesce(current_setting('reserved_connections', true), '0'),
                       nullif(current_setting('primary_slot_name', true), ''),
                       nullif(current_setting('recovery_min_apply_delay', true), '0'),
                       CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE false END::text,
                       (SELECT string_agg(name, ', ' ORDER BY name) FROM pg_settings WHERE pending_restart),
                       (SELECT (rolsuper OR pg_has_role(oid, 'pg_monitor', 'USAGE')
                                OR pg_has_role(oid, 'pg_read_all_stats', 'USAGE'))::text
                          FROM pg_roles WHERE rolname = '{checkUser.Replace("'", "''", StringComparison.Ordinal)}')
                """,
                cancellationToken
            )
        )[0];
        var slots = await client.RowsAsync(
            $"""
            SELECT slot_name::text, (slot_type = 'physical')::text, active::text,
                   {(Lab.Tools.Postgres.Major >= 13 ? "wal_status" : "NULL::text")},
                   pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                                        ELSE pg_current_wal_lsn() END,
                                   restart_lsn)::bigint::text
              FROM pg_replication_slots
            """,
            cancellationToken
        );
        return details with
        {
            MaxConnections = Number(row[0]),
            ReservedConnections = (Number(row[1]) ?? 0) + (Number(row[2]) ?? 0),
            SlotName = row[3],
            ApplyDelay = row[4],
            ReplayIsPaused = row[5] == "true",
            PendingRestart = row[6],
            CheckUserMayLook = row[7] is { } may ? may == "true" : null,
            Slots =
            [
                .. slots.Select(s => new SlotState(
                    s[0]!,
                    s[1] == "true",
                    s[2] == "true",
                    s[3],
                    long.TryParse(s[4], CultureInfo.InvariantCulture, out var held) ? held : null
                )),
            ],
        };
    }

    private async Task<PgpoolDetails> AskAsync(
        PgpoolNode pgpool,
        IReadOnlyDictionary<string, string> inFile,
        CancellationToken cancellationToken
    )
    {
        var details = new PgpoolDetails(pgpool.Id)
        {
            InFile = inFile,
            LogEnd = await FileEnd.ReadAsync(host, pgpool.Paths.PgpoolLog, FailoverInLog.Length, cancellationToken),
            FollowFailed = FollowsThatFailed(
                await FileEnd.ReadAsync(host, pgpool.Paths.Events, LogLength, cancellationToken)
            ),
        };
        var answers = Lab.HasWatchdog
            ? look.Report.Watchdog.Any(w => w.Id == pgpool.Id && w.Answers)
            : look.Facts.Pgpool.Answers;
        if (!answers || look.Processes.HasSuspended)
        {
            return details; // a session would wait for the node that hangs
        }

        var shows = TryAsync(token => PgpoolSettings.AskAsync(host, Lab, pgpool, token), cancellationToken);
        var pcp = TryAsync(token => host.Programs.RunAsync(Pcp.NodeCount(Lab, pgpool), token), cancellationToken);
        return details with
        {
            InEffect = (await shows).Values,
            PcpProblem =
                await pcp is { ExitCode: not 0 } refused && Pcp.Refuses(refused.Error + refused.Output)
                    ? (refused.Error + refused.Output).Split('\n')[0].Trim()
                    : null,
        };
    }

    private async Task<T?> TryAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return await patience.WaitAsync(ask, cancellationToken);
        }
        catch (Exception error) when (error is TimeoutException or IOException or LabException)
        {
            return default;
        }
    }

    /// <summary>What the last run of follow_primary.sh, or of a recovery, for each node came to.</summary>
    internal static IReadOnlyDictionary<int, long> FollowsThatFailed(string events)
    {
        var failed = new Dictionary<int, long>();
        foreach (var run in events.Split('\n').Select(ScriptRecord.Read).OfType<ScriptRecord>())
        {
            if (run.Node is not { } node)
            {
                continue;
            }

            if (run is { Script: "follow_primary", ExitCode: not 0 })
            {
                failed[node] = run.ExitCode;
            }
            else if (run.ExitCode == 0)
            {
                failed.Remove(node);
            }
        }

        return failed;
    }

    private static int? Number(string? text) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : null;
}
