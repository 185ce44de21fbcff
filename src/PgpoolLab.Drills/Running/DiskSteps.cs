using System.Globalization;
using Npgsql;
using PgpoolLab.Drills.Files;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Drills.Running;

/// <summary>Steps on disks: the disk of a primary's WAL becomes full, and a disk has room again. Only a disk that the
/// drill has made for the node is touched.</summary>
/// <param name="lab">The lab.</param>
/// <param name="probes">Waits.</param>
/// <param name="time">The clock.</param>
public sealed class DiskSteps(Lab lab, ProbeRunner probes, TimeProvider time)
{
    /// <summary>How long a primary may take to notice.</summary>
    private static readonly TimeSpan MayLast = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    // What a busy database does by itself, some minutes later: it needs the next of its files of 16 MB. There may be
    // files for that, kept from before, so it is done until there are none.
    private static readonly string[] NextFile =
    [
        "SELECT pg_logical_emit_message(false, 'pgpoollab', 'fill')::text",
        "SELECT pg_switch_wal()::text",
    ];

    /// <summary>Does one.</summary>
    /// <param name="verb">The verb.</param>
    /// <param name="word">The node's number; or <c>primary</c>, where there is not exactly one.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal async Task<StepEnd> DoAsync(string verb, string word, CancellationToken cancellationToken)
    {
        if (!int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return Failed("there is not exactly one primary");
        }

        var folder = number < lab.Nodes.Count ? FolderOf(lab.Nodes[number].DataDirectory) : null;
        try
        {
            if (folder is null || !OwnDisk.IsOn(folder))
            {
                return Failed(
                    $"node {number} has no disk of its own; a drill gives one to the nodes that its fill steps name, "
                        + "and for 'primary' to node 0"
                );
            }

            if (verb == StepVerb.Fill)
            {
                return await FillAsync(lab.Nodes[number], folder, cancellationToken);
            }

            OwnDisk.Free(folder);
            return new StepEnd((int)ExitCode.Done, "");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Failed(error.Message);
        }
    }

    /// <summary>Where the WAL of a node lies.</summary>
    public static string FolderOf(string dataFolder) => $"{dataFolder}/pg_wal";

    private async Task<StepEnd> FillAsync(PostgresNode node, string folder, CancellationToken cancellationToken)
    {
        if (!await TakesWritesAsync(node, cancellationToken))
        {
            return Failed($"node {node.Id} takes no writes, and so needs no room for WAL of its own");
        }

        var began = time.GetTimestamp();
        while (time.GetElapsedTime(began) < MayLast)
        {
            // Again and again: PostgreSQL may have deleted something meanwhile.
            OwnDisk.Fill(folder);
            if (
                await TryAsync(node, NextFile, cancellationToken) is null
                && !await TakesWritesAsync(node, cancellationToken)
            )
            {
                return new StepEnd((int)ExitCode.Done, "");
            }

            await probes.PauseAsync(Look, cancellationToken);
        }

        return Failed($"node {node.Id} still took writes {MayLast.TotalSeconds:0} s after its disk was full");
    }

    private async Task<bool> TakesWritesAsync(PostgresNode node, CancellationToken cancellationToken) =>
        await TryAsync(node, ["SELECT pg_is_in_recovery()::text"], cancellationToken) is "false";

    /// <summary>The answer to the last of them; null when there is none.</summary>
    private async Task<string?> TryAsync(
        PostgresNode node,
        IReadOnlyList<string> statements,
        CancellationToken cancellationToken
    )
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(MayLast);
        try
        {
            await using var client = await PostgresClient.ConnectAsync(lab, node.Port, Lab.Database, limit.Token);
            string? answer = null;
            foreach (var statement in statements)
            {
                answer = (await client.RowsAsync(statement, limit.Token))[0][0];
            }

            return answer;
        }
        catch (Exception error)
            when (error is NpgsqlException or IOException or TimeoutException
                || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            )
        {
            return null;
        }
    }

    private static StepEnd Failed(string why) => new((int)ExitCode.Failed, why);
}
