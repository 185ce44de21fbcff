using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Facts;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>Gives a lab another number of nodes.</summary>
/// <param name="run">The call.</param>
public sealed class NodeCountVerbs(VerbRun run)
{
    /// <summary>Adds a standby with the next number. What was made is undone when it fails or is interrupted.</summary>
    public Task AddAsync(CancellationToken cancellationToken) =>
        run.LockedAsync(
            async () =>
            {
                var look = await run.LookAsync(ask: true, cancellationToken);
                var facts = await FactsAsync(look, adds: true, cancellationToken);
                await run.DoAsync(NodeCountPlans.Add(look, facts), cancellationToken);
            },
            cancellationToken
        );

    /// <summary>Removes the last node with its data.</summary>
    public Task RemoveAsync(Target target, CancellationToken cancellationToken) =>
        run.LockedAsync(
            async () =>
            {
                var look = await run.LookAsync(ask: true, cancellationToken);
                var facts = await FactsAsync(look, adds: false, cancellationToken);
                foreach (var plan in NodeCountPlans.Remove(look, target, facts))
                {
                    await run.DoAsync(plan, cancellationToken);
                }
            },
            cancellationToken
        );

    private async Task<NodeCountFacts> FactsAsync(VerbLook look, bool adds, CancellationToken cancellationToken)
    {
        var lab = look.Lab;
        if (
            lab is not { Mode: ClusteringMode.StreamingReplication, OwnsNodes: true, IsSpread: false }
            || !lab.Conventions.CanChangeNodes
        )
        {
            return new NodeCountFacts([], 0); // refused in any case
        }

        var host = run.Context.Host;
        var to = adds ? NodeCountPlans.WithOneMore(lab) : NodeCountPlans.WithOneLess(lab);
        var renderer = new ConfigRenderer(new TemplateStore(), run.Context.ProgramVersion)
        {
            Program = run.Context.Program,
        };
        var foreign = await new NodeFiles(host, renderer, new NodeCount(lab, to)).FindForeignAsync(cancellationToken);
        var senders = await AskSendersAsync(look, cancellationToken);
        if (!adds)
        {
            return new NodeCountFacts(foreign, senders);
        }

        var node = to.Nodes[^1];
        var holder = await ServerPorts.WhoHoldsAsync(host, to.Ports.OfNode(node.Id), cancellationToken);
        return new NodeCountFacts(
            foreign,
            senders,
            await host.Files.ExistsAsync(node.DataDirectory, cancellationToken) ? node.DataDirectory : null,
            holder is null ? null : $"Port {node.Port}, which node {node.Id} would have, is {holder}."
        );
    }

    private static async Task<int> AskSendersAsync(VerbLook look, CancellationToken cancellationToken)
    {
        if (LabFact.PrimaryOf(look.Seen) is not { } primary)
        {
            return 0;
        }

        try
        {
            await using var client = await PostgresClient.ConnectAsync(
                look.Lab,
                primary.Port,
                Lab.MaintenanceDatabase,
                cancellationToken
            );
            var rows = await client.RowsAsync(
                "SELECT least(current_setting('max_wal_senders')::int, "
                    + "current_setting('max_replication_slots')::int)::text",
                cancellationToken
            );
            return int.Parse(rows[0][0]!);
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } problem)
        {
            throw new LabException(ExitCode.NotHealthy, $"Node {primary.Id} does not answer: {problem}", error);
        }
    }
}
