using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Servers.Waiting;

/// <summary>Waits until a PostgreSQL that somebody has just started has written its PID file, or has ended.</summary>
/// <param name="Host">Where it runs.</param>
/// <param name="Lab">The lab.</param>
/// <param name="Node">The node.</param>
/// <param name="Starting">What has been started.</param>
internal sealed record StartSettles(IHost Host, Lab Lab, PostgresNode Node, IReadOnlyList<ProcessFacts> Starting)
    : IProbe
{
    /// <inheritdoc/>
    public string Expectation => $"the PostgreSQL that was just started as node {Node.Id} writes its PID file";

    /// <inheritdoc/>
    public ServerLog? Log => ServerLog.Of(Lab, Node);

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        var file = await PostmasterFile.ReadAsync(Host, Node.DataDirectory, cancellationToken);
        var settled = true;
        foreach (var process in Starting)
        {
            if (file?.ProcessId == process.Id)
            {
                return new Observation(true, "it has");
            }

            settled &= !await Host.Processes.RunsAsync(process.Id, process.StartedAt, cancellationToken);
        }

        return new Observation(settled, settled ? "it has ended" : "it has not");
    }

    /// <inheritdoc/>
    public Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);
}
