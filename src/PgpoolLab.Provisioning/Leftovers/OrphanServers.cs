using PgpoolLab.Hosts;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Leftovers;

/// <summary>Servers of a lab whose folder or manifest was deleted under them.</summary>
/// <param name="host">Where they run.</param>
/// <param name="probes">Waits.</param>
/// <param name="lab">The lab's name.</param>
/// <param name="dataIsThere">True when their data is still there: then they shut down in order.</param>
internal sealed class OrphanServers(IHost host, ProbeRunner probes, string lab, bool dataIsThere)
{
    private const int Rounds = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Ends Pgpool-II, then PostgreSQL: asks, then kills.</summary>
    /// <param name="running">What runs of it.</param>
    /// <param name="find">Looks again for what runs of the lab. A Pgpool-II that fails over has other processes by now
    /// than when it was found, and they live on without their first.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Who was ended.</returns>
    /// <exception cref="ProbeFailedException">One of them cannot even be killed.</exception>
    internal async Task<IReadOnlyList<ProcessFacts>> EndAsync(
        IReadOnlyList<ProcessFacts> running,
        Func<Task<IReadOnlyList<ProcessFacts>>> find,
        CancellationToken cancellationToken
    )
    {
        var ended = new List<ProcessFacts>();
        for (var round = 0; round < Rounds && running.Count > 0; round++)
        {
            ended.AddRange(running);
            foreach (var program in (Func<ProcessFacts, bool>[])[IsPgpool, p => !IsPgpool(p)])
            {
                if (running.Where(program).ToArray() is { Length: > 0 } processes)
                {
                    await EndAsync(processes, cancellationToken);
                }
            }

            running = await find();
        }

        await WaitAsync(running, Patience, cancellationToken);
        return ended;
    }

    private async Task EndAsync(IReadOnlyList<ProcessFacts> processes, CancellationToken cancellationToken)
    {
        var servers = processes.Where(IsServer).ToArray();
        var semaphores = new List<int>();
        foreach (var server in servers)
        {
            semaphores.AddRange(await host.Memory.FindSemaphoresAsync(server.Id, cancellationToken));
        }

        // Without their server the others end by themselves, or never.
        var patience = servers.Length > 0 ? Patience : TimeSpan.FromSeconds(1);
        for (var waited = TimeSpan.Zero; waited < patience; waited += ProbeRunner.AskAgain)
        {
            // During a failover Pgpool-II may lose what it was told. With its data gone PostgreSQL has nothing to write
            // any more: it is told to end at once.
            foreach (var server in servers)
            {
                await host.Processes.SignalAsync(
                    server,
                    IsPgpool(server) || dataIsThere ? ProcessSignal.Interrupt : ProcessSignal.Quit,
                    cancellationToken
                );
            }

            try
            {
                await WaitAsync(processes, ProbeRunner.AskAgain, cancellationToken);
                return;
            }
            catch (ProbeFailedException) { }
        }

        foreach (var process in processes)
        {
            await host.Processes.SignalAsync(process, ProcessSignal.Kill, cancellationToken);
        }

        await WaitAsync(processes, Patience, cancellationToken);
        foreach (var process in processes)
        {
            // Who was killed has left what it shared with the others.
            await host.Memory.RemoveAsync(process.Id, cancellationToken);
        }

        await host.Memory.RemoveSemaphoresAsync(semaphores, cancellationToken);
    }

    private Task WaitAsync(
        IReadOnlyList<ProcessFacts> processes,
        TimeSpan patience,
        CancellationToken cancellationToken
    ) =>
        probes.WaitAsync(
            new ProcessesEnd(host, processes, $"what is left of the lab '{lab}'", null),
            patience,
            cancellationToken
        );

    private static bool IsPgpool(ProcessFacts process) => process.Name == "pgpool";

    /// <summary>The others are its children, and show what they do in place of a command line: "postgres:
    /// checkpointer".</summary>
    private static bool IsServer(ProcessFacts process) =>
        !process.CommandLine.StartsWith(process.Name + ": ", StringComparison.Ordinal);
}
