using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Spread;
using PgpoolLab.Servers.Facts;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>wait</c> of a lab on several hosts, and the end of commands that are done only when it holds.</summary>
internal static class SpreadWait
{
    /// <summary>Pgpool-IIs that find each other, a health check that gives up what is not started.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>Waits for a fact.</summary>
    /// <exception cref="ProbeFailedException">It did not happen in time.</exception>
    internal static async Task RunAsync(
        Terminal terminal,
        Lab lab,
        LabFact fact,
        TimeSpan patience,
        bool json,
        CancellationToken cancellationToken
    )
    {
        LabCommand.RequireReady(lab);
        await using var hosts = new SpreadHosts(terminal, lab);
        NodesReport? last = null;
        await UntilAsync(
            lab,
            async ct => last = SpreadNodes.Merge(lab, await hosts.OnceAsync(withDetails: false, ct)),
            fact,
            patience,
            cancellationToken
        );
        if (json)
        {
            terminal.Out.WriteLine(NodesReporter.ToJson(last!));
        }
    }

    /// <summary>Waits for it with hosts that are connected to already.</summary>
    /// <inheritdoc cref="RunAsync"/>
    internal static Task UntilAsync(HostParts parts, Lab lab, LabFact fact, CancellationToken cancellationToken) =>
        UntilAsync(lab, ct => parts.LookAsync(lab, ct), fact, Patience, cancellationToken);

    /// <summary>Waits until a lab whose servers were all started just now is healthy. A Pgpool-II that would never know
    /// the primary by itself is restarted.</summary>
    /// <exception cref="ProbeFailedException">It is not in time.</exception>
    internal static Task UntilStartedAsync(HostParts parts, Lab lab, CancellationToken cancellationToken) =>
        UntilAsync(
            lab,
            new SettlingLook(parts, lab).LookAsync,
            new LabFact(FactKind.Healthy),
            Patience,
            cancellationToken
        );

    private static Task UntilAsync(
        Lab lab,
        Func<CancellationToken, Task<NodesReport>> look,
        LabFact fact,
        TimeSpan patience,
        CancellationToken cancellationToken
    )
    {
        var probes = Composition.Probes(Composition.Host());
        return probes.WaitAsync(
            new SpreadShows(lab, look, fact, probes, Composition.Clock),
            patience,
            cancellationToken
        );
    }
}
