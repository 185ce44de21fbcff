using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Probes;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>Starts Pgpool-II and waits until it shows these nodes up in their roles.</summary>
/// <param name="primary">The node that must be primary; null when there is none.</param>
/// <param name="standbys">The nodes that must be standbys.</param>
public sealed class StartPgpool(PostgresNode? primary, IReadOnlyList<PostgresNode> standbys) : IStep
{
    /// <inheritdoc/>
    public string Title => "Start Pgpool-II";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        yield return $"{Tools.Pgpool.Start(lab)}   (port {lab.Pgpool.Port}, pcp {lab.Pgpool.PcpPort})";
        yield return "SHOW pool_nodes   (until every node is up in its role)";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var servers = new LabServers(context.Host, context.Lab, context.Probes);
        if (await servers.FindPgpoolAsync(cancellationToken) is not null)
        {
            // Nodes it holds as down stay down until somebody attaches or recovers them: nothing to wait for.
            return;
        }

        context.Undo.Push("stop Pgpool-II", ct => servers.StopPgpoolAsync(ct));
        context.Running.Pgpool = await servers.StartPgpoolAsync(cancellationToken);
        var expected = standbys.ToDictionary(s => s.Id, _ => false);
        if (primary is not null)
        {
            expected[primary.Id] = true;
        }

        await servers.OrEndAsync(context.Running.Pgpool, () => context.Probes.WaitAsync(
            new PgpoolShowsNodes(context.Host, context.Lab, expected.OrderBy(e => e.Key).ToDictionary(), context.Running.Pgpool), ProbeRunner.Patience, cancellationToken));
    }
}

/// <summary>Stops Pgpool-II.</summary>
public sealed class StopPgpool : IStep
{
    /// <inheritdoc/>
    public string Title => "Stop Pgpool-II";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        yield return $"SIGINT to the process in {Hosts.Shell.Quote(lab.Paths.PgpoolPid)}, wait for its end";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        await new LabServers(context.Host, context.Lab, context.Probes).StopPgpoolAsync(cancellationToken);
    }
}

/// <summary>The proof: writes a row through Pgpool-II and reads it on every node.</summary>
public sealed class ProveReplication : IStep
{
    private const string Table = "pgpoollab_proof";

    /// <inheritdoc/>
    public string Title => "Prove it: write through Pgpool-II, read on every node";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        yield return $"CREATE TABLE {Table}, INSERT   (through port {lab.Pgpool.Port})";
        yield return $"SELECT … FROM {Table}   (on ports {string.Join(", ", lab.Nodes.Select(n => n.Port))})";
        yield return $"DROP TABLE {Table}";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var lab = context.Lab;
        try
        {
            await using var pgpool = await PostgresClient.ConnectAsync(lab.Pgpool.Port, lab.Owner, Lab.Database, cancellationToken);
            await pgpool.ExecuteAsync($"CREATE TABLE {Table} (lab text)", cancellationToken);
            await pgpool.ExecuteAsync($"INSERT INTO {Table} VALUES ('{lab.Id}')", cancellationToken);
            foreach (var node in lab.Nodes)
            {
                await context.Probes.WaitAsync(
                    new NodeAnswers(lab, node, $"SELECT lab FROM {Table}", lab.Id, $"the row written through Pgpool-II can be read on node {node.Id}"), ProbeRunner.Patience, cancellationToken);
            }

            await pgpool.ExecuteAsync($"DROP TABLE {Table}", cancellationToken);
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } seen)
        {
            throw new LabException(ExitCode.NotHealthy, $"Could not write through Pgpool-II: {seen}", error)
            {
                LogFile = lab.Paths.PgpoolLog,
                LogTail = await LogTail.ReadAsync(context.Host, lab.Paths.PgpoolLog, cancellationToken),
            };
        }
    }
}
