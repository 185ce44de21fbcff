using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>Finds the node of a lab that is written to.</summary>
public static class LabPrimary
{
    /// <summary>Asks the nodes, the first one first.</summary>
    /// <exception cref="LabException">There is none, or more than one.</exception>
    public static async Task<PostgresNode> FindAsync(Lab lab, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        if (lab.Mode is not ClusteringMode.StreamingReplication)
        {
            return lab.Nodes[0];
        }

        var found = new List<PostgresNode>();
        foreach (var node in lab.Nodes)
        {
            try
            {
                await using var client = await PostgresClient.ConnectAsync(
                    lab,
                    node.Port,
                    Lab.MaintenanceDatabase,
                    cancellationToken
                );
                var rows = await client.RowsAsync("SELECT pg_is_in_recovery()::text", cancellationToken);
                if (rows[0][0] == "false")
                {
                    found.Add(node);
                }
            }
            catch (Exception error) when (PostgresClient.Explain(error) is not null)
            {
                // It is down.
            }
        }

        return found is [var one]
            ? one
            : throw new LabException(
                ExitCode.NotHealthy,
                found.Count == 0
                    ? $"The lab '{lab.Name}' has no primary now."
                    : $"The lab '{lab.Name}' has two primaries: nodes {string.Join(" and ", found.Select(n => n.Id))}."
            )
            {
                Hints = ["See why, and what to do:  pgpoollab status"],
            };
    }
}
