using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Servers;

/// <summary>What the files of a lab's servers tell of before, whether the servers run or not: who is a standby, who was
/// primary and is no more, whom Pgpool-II has given up.</summary>
/// <param name="host">Where the lab is.</param>
/// <param name="lab">The lab.</param>
public sealed class LabHistory(IHost host, Lab lab)
{
    /// <summary>The nodes a Pgpool-II that remembers will hold as down when it is started.</summary>
    /// <remarks>Pgpool-II manual, "logdir": the file pgpool_status has a line for each node.</remarks>
    public async Task<IReadOnlyList<int>> FindNodesHeldDownAsync(PgpoolNode pgpool, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pgpool);
        var lines =
            (await host.Files.ReadTextAsync($"{pgpool.Paths.Log}/pgpool_status", cancellationToken))?.Split(
                '\n',
                StringSplitOptions.TrimEntries
            ) ?? [];
        var down = lines
            .Select((state, node) => (state, node))
            .Take(lab.Nodes.Count)
            .Where(l => l.state == "down")
            .Select(l => l.node)
            .ToArray();
        // With all of them down it begins anew.
        return lines.Contains("up") ? down : [];
    }

    /// <summary>Nodes that must not be started as they are: they were primary until another node was promoted, and
    /// would be a second one.</summary>
    public async Task<IReadOnlyList<PostgresNode>> FindOutdatedPrimariesAsync(CancellationToken cancellationToken)
    {
        if (lab.Mode is not ClusteringMode.StreamingReplication || !lab.Conventions.KeepsOnePrimary)
        {
            // Elsewhere each node has a timeline of its own; and pgpool_setup's labs start whatever there is.
            return [];
        }

        var timelines = await FindPrimariesAsync(cancellationToken);
        return timelines.Where(t => t.Value < timelines.Values.Max()).Select(t => t.Key).ToArray();
    }

    /// <summary>The nodes of this machine that would start as primaries, and how far each has come: the last timeline
    /// that its files know. Empty where there is but one, in a lab on one machine.</summary>
    public async Task<IReadOnlyDictionary<PostgresNode, int>> FindPrimariesAsync(CancellationToken cancellationToken)
    {
        var primaries = new List<PostgresNode>();
        foreach (var node in lab.OwnNodes)
        {
            if (!await IsStandbyAsync(node, cancellationToken))
            {
                primaries.Add(node);
            }
        }

        var timelines = new Dictionary<PostgresNode, int>();
        foreach (var node in primaries.Count > 1 || lab.IsSpread ? primaries : [])
        {
            if (
                PgControlData.Timeline(
                    (
                        await host.Programs.RunAsync(
                            PgControlData.Show(lab.Tools, node.DataDirectory),
                            cancellationToken
                        )
                    ).Output
                ) is
                { } timeline
            )
            {
                // The control file knows of a promotion only after a checkpoint, the history files at once.
                var histories = (await host.Files.ListAsync($"{node.DataDirectory}/pg_wal", cancellationToken))
                    .Where(n => n.EndsWith(".history", StringComparison.Ordinal))
                    .Select(n =>
                        int.TryParse(n.Split('.')[0], System.Globalization.NumberStyles.HexNumber, null, out var t)
                            ? t
                            : 0
                    );
                timelines[node] = histories.Append(timeline).Max();
            }
        }

        return timelines;
    }

    /// <summary>Nodes that must not be started as they are: their online recovery was killed before it had made them
    /// what they are to be. Of streaming replication, a copy that is no standby yet would be a second primary; where
    /// there is no primary beside it, such a node is the one that was there before, and may start: but not on one host
    /// of several, which does not see the primary of another.</summary>
    /// <remarks>The plain lines of ./startall follow the same rule (templates/scripts/startall.sbn).</remarks>
    /// <param name="outdated">See <see cref="FindOutdatedPrimariesAsync"/>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<IReadOnlyList<PostgresNode>> FindUnfinishedAsync(
        IReadOnlyList<PostgresNode> outdated,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(outdated);
        if (lab is not { OwnsNodes: true, Conventions.KeepsOnePrimary: true })
        {
            return [];
        }

        var (made, standbys) = (new HashSet<PostgresNode>(), new HashSet<PostgresNode>());
        foreach (var node in lab.OwnNodes)
        {
            if (await IsBeingMadeAsync(node, cancellationToken))
            {
                made.Add(node);
            }

            if (await IsStandbyAsync(node, cancellationToken))
            {
                standbys.Add(node);
            }
        }

        bool IsPrimary(PostgresNode node) =>
            !standbys.Contains(node) && !made.Contains(node) && !outdated.Contains(node);
        return
        [
            .. lab.OwnNodes.Where(n =>
                lab.Mode switch
                {
                    ClusteringMode.StreamingReplication => made.Contains(n)
                        && !standbys.Contains(n)
                        && (lab.Here is not null || lab.OwnNodes.Any(IsPrimary)),
                    var mode when mode.WritesEverywhere() => made.Contains(n) || standbys.Contains(n),
                    _ => made.Contains(n),
                }
            ),
        ];
    }

    private async Task<bool> IsBeingMadeAsync(PostgresNode node, CancellationToken cancellationToken) =>
        await host.Files.ExistsAsync(
            LabNames.KeptBeside(await host.Files.RealPathAsync(node.DataDirectory, cancellationToken)),
            cancellationToken
        );

    /// <summary>True when the node's data folder says that it starts as a standby.</summary>
    public async Task<bool> IsStandbyAsync(PostgresNode node, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(node);
        return await host.Files.ExistsAsync(
            $"{node.DataDirectory}/{(lab.Tools.Postgres.Major >= 12 ? "standby.signal" : "recovery.conf")}",
            cancellationToken
        );
    }
}
