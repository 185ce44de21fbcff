using PgpoolLab.Hosts;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Machines;

/// <summary>Tries whether each machine reaches a port of each other one. For that moment something listens there, says
/// a word that was made up for it, and takes nothing in.</summary>
/// <param name="probes">Waits.</param>
public sealed class WaySurvey(ProbeRunner probes)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>A listener is up as soon as its own machine reaches it.</summary>
    private static readonly TimeSpan Beginning = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(20);

    /// <summary>Tries every way, those to different machines at once.</summary>
    /// <param name="machines">The machines, each with an address of its own at which the others are to reach
    /// it.</param>
    /// <param name="port">The port to try.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<IReadOnlyList<WayView>> LookAsync(
        IReadOnlyList<(ReachedMachine Machine, string Address)> machines,
        int port,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(machines);
        var ways = await Task.WhenAll(
            machines.Select(to => ToAsync(to, [.. machines.Where(m => m != to)], port, cancellationToken))
        );
        return [.. ways.SelectMany(w => w)];
    }

    private async Task<IReadOnlyList<WayView>> ToAsync(
        (ReachedMachine Machine, string Address) to,
        IReadOnlyList<(ReachedMachine Machine, string Address)> others,
        int port,
        CancellationToken cancellationToken
    )
    {
        if (others.Count == 0)
        {
            return [];
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var word = $"pgpoollab {Guid.NewGuid():N}";
        var listening = to.Machine.Host.Ports.GreetAsync(to.Address, port, word, end.Token);
        try
        {
            var own = await BeginAsync(to, port, word, listening, cancellationToken);
            return await Task.WhenAll(
                others.Select(async from =>
                {
                    var problem =
                        own
                        ?? Judge(
                            await from.Machine.Host.Ports.TryReachAsync(to.Address, port, Patience, cancellationToken),
                            word
                        );
                    return new WayView(from.Machine.Name, to.Machine.Name, to.Address, port, problem);
                })
            );
        }
        finally
        {
            await end.CancelAsync();
            await listening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Waits until it listens.</summary>
    /// <returns>Why it does not; null when it does.</returns>
    private async Task<string?> BeginAsync(
        (ReachedMachine Machine, string Address) to,
        int port,
        string word,
        Task listening,
        CancellationToken cancellationToken
    )
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Beginning);
        while (true)
        {
            if (listening.IsFaulted)
            {
                return listening.Exception.InnerException!.Message;
            }

            var said = Judge(
                await to.Machine.Host.Ports.TryReachAsync(to.Address, port, Patience, cancellationToken),
                word
            );
            if (said is null || limit.IsCancellationRequested)
            {
                return said;
            }

            await probes.PauseAsync(AskAgain, cancellationToken);
        }
    }

    private static string? Judge(PortGreeting greeting, string word) =>
        greeting.Problem ?? (greeting.Line == word ? null : "Somebody else listens there.");
}
