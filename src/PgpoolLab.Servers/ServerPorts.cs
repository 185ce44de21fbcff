using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Servers;

/// <summary>The ports of a lab's servers, and who else has them.</summary>
/// <param name="host">Where they run.</param>
/// <param name="lab">The lab.</param>
internal sealed class ServerPorts(IHost host, Lab lab)
{
    /// <summary>The ports of a node.</summary>
    internal LabPort[] Of(PostgresNode node) => [lab.Ports.OfNode(node.Id) with { Port = node.Port }];

    /// <summary>The ports of a Pgpool-II.</summary>
    internal LabPort[] Of(PgpoolNode pgpool) =>
        lab
            .Ports.OfPgpool(pgpool.Id)
            .Where(p => pgpool.Watchdog is not null || p.Port == pgpool.Port || p.Port == pgpool.PcpPort)
            .ToArray();

    /// <summary>Refuses to start a server that could not listen. It does not run: whoever has its port is somebody
    /// else.</summary>
    internal async Task RequireFreeAsync(
        string attempt,
        IReadOnlyList<LabPort> ports,
        CancellationToken cancellationToken
    )
    {
        if (await FindTakenAsync(ports, cancellationToken) is { Count: > 0 } taken)
        {
            throw Taken(attempt, taken, null);
        }
    }

    /// <summary>A server is content when it can listen on one address family. Clients come by the other one,
    /// too.</summary>
    internal async Task RequireOwnAsync(int processId, string attempt, IReadOnlyList<LabPort> ports)
    {
        if (await host.Processes.FindAsync(processId, CancellationToken.None) is not { } first)
        {
            return;
        }

        var taken = new List<(LabPort, string)>();
        foreach (var port in ports.Where(p => !p.IsDatagram))
        {
            // Nearly always the first process has them all.
            if (
                await host.Ports.WhoElseHoldsAsync(port.Port, [first], CancellationToken.None) is not null
                && await host.Ports.WhoElseHoldsAsync(
                    port.Port,
                    await host.Processes.FindFamilyAsync(first, CancellationToken.None),
                    CancellationToken.None
                )
                    is { } holder
            )
            {
                taken.Add((port, holder));
            }
        }

        if (taken.Count > 0)
        {
            throw Taken(attempt, taken, null);
        }
    }

    /// <summary>Which of these ports somebody listens on, and who.</summary>
    internal async Task<IReadOnlyList<(LabPort Port, string Holder)>> FindTakenAsync(
        IReadOnlyList<LabPort> ports,
        CancellationToken cancellationToken
    )
    {
        var taken = new List<(LabPort, string)>();
        foreach (var port in ports)
        {
            // What a client's connection keeps for a moment, the server will hear of itself.
            if (await WhoHoldsAsync(host, port, cancellationToken) is { } holder && holder != PortState.Lingering)
            {
                taken.Add((port, holder));
            }
        }

        return taken;
    }

    /// <summary>Who has a port, of TCP or of UDP.</summary>
    /// <returns>Null when it is free, else what is in the way.</returns>
    internal static ValueTask<string?> WhoHoldsAsync(IHost host, LabPort port, CancellationToken cancellationToken) =>
        port.IsDatagram
            ? host.Ports.WhoReceivesAsync(port.Port, cancellationToken)
            : host.Ports.WhoHoldsAsync(port.Port, cancellationToken);

    /// <summary>The error for it.</summary>
    /// <param name="attempt">What could not be done.</param>
    /// <param name="taken">The ports, and who has them.</param>
    /// <param name="said">What the server itself said of it, if it did.</param>
    internal static PortTakenException Taken(
        string attempt,
        IReadOnlyList<(LabPort Port, string Holder)> taken,
        LabException? said
    ) =>
        new(
            $"Could not {attempt}: "
                + $"{string.Join("; ", taken.Select(t => $"port {t.Port.Port} ({t.Port.Use}) is {t.Holder}"))}.",
            taken.Select(t => t.Port.Port).ToArray(),
            said
        )
        {
            LogFile = said?.LogFile,
            LogTail = said?.LogTail ?? [],
            Hints = ["End that program, then try again; or destroy the lab, and make it again with other ports."],
        };
}
