using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>Gathers what the planner must know of the machine.</summary>
/// <param name="context">The machine, and who is told what is waited for.</param>
public sealed class HostInspector(OperationContext context)
{
    /// <summary>A little longer than Linux keeps a closed connection (TCP_TIMEWAIT_LEN, 60 s).</summary>
    private static readonly TimeSpan LingeringPatience = TimeSpan.FromSeconds(65);

    private readonly IHost _host = context.Host;

    /// <summary>Looks.</summary>
    /// <param name="spec">What was asked.</param>
    /// <param name="tools">The programs found.</param>
    /// <param name="folder">Where the lab's folder came from.</param>
    /// <param name="owner">The user the servers will run as.</param>
    /// <param name="invoker">Login name of the user who called, when that is another one.</param>
    /// <param name="firstPort">The lab's first port, when it is chosen already.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<HostFacts> InspectAsync(
        LabSpec spec,
        Toolset tools,
        FolderOrigin folder,
        SystemUser owner,
        string? invoker,
        int firstPort,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(tools);
        ArgumentNullException.ThrowIfNull(owner);
        return new HostFacts
        {
            Root = await _host.Files.RealPathAsync(spec.Directory, cancellationToken),
            LabId = spec.Part?.Id ?? Guid.NewGuid().ToString("n")[..8],
            Owner = owner.Name,
            Invoker = invoker,
            Folder = folder,
            Tools = tools,
            SocketDirectories = await SocketDirectoriesAsync(spec.SocketDirectories, tools, cancellationToken),
            AliasFolder = AliasFolder,
            FreePort = firstPort,
        };
    }

    /// <summary>Where links to labs are made whose own path is no safe word.</summary>
    internal static string AliasFolder =>
        StateFolder.Open(f => Shell.IsSafeWord(f) && f.Length + "/01234567".Length <= LabPlanner.MostForSockets);

    /// <summary>Refuses ports that somebody listens on.</summary>
    /// <exception cref="PortTakenException">Names each port and, where it can be known, who holds it.</exception>
    /// <param name="ports">The ports, with what each is for.</param>
    /// <param name="byOldCommandLine">Which options to advise.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RequireFreePortsAsync(
        IEnumerable<LabPort> ports,
        bool byOldCommandLine,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(ports);
        var busy = new List<(LabPort, string)>();
        foreach (var port in ports)
        {
            var holder = await ServerPorts.WhoHoldsAsync(_host, port, cancellationToken);
            if (holder == PortState.Lingering)
            {
                holder = await OutlastAsync(port.Port, port.Use, cancellationToken);
            }

            if (holder is not null)
            {
                busy.Add((port, holder));
            }
        }

        if (busy.Count > 0)
        {
            throw PortClaim.Taken(busy, PortClaim.Advice(byOldCommandLine));
        }
    }

    /// <summary>Waits for the end of a connection nobody has any more.</summary>
    /// <returns>Who holds the port all the same; null when it has become free.</returns>
    private async Task<string?> OutlastAsync(int port, string use, CancellationToken cancellationToken)
    {
        context.Note(
            $"Port {port} ({use}) is {PortState.Lingering}; waiting up to {LingeringPatience.TotalSeconds:0} s "
                + "until it is free."
        );
        try
        {
            await context.Probes.WaitAsync(new PortIsFree(_host, port), LingeringPatience, cancellationToken);
            return null;
        }
        catch (ProbeFailedException)
        {
            return await _host.Ports.WhoHoldsAsync(port, cancellationToken);
        }
    }

    private async Task<IReadOnlyList<string>> SocketDirectoriesAsync(
        IReadOnlyList<string>? asked,
        Toolset tools,
        CancellationToken cancellationToken
    )
    {
        var usable = new List<string>();
        // Of a list, libpq's own default comes first: releases before 4.4 have room for one folder alone.
        foreach (
            var folder in asked?.OrderBy(f =>
                LabSockets.CommonFolders.IndexOf(f) is var place && place < 0 ? LabSockets.CommonFolders.Length : place
            )
                ?? (IEnumerable<string>)LabSockets.CommonFolders
        )
        {
            if (await _host.Files.CanWriteAsync(folder, cancellationToken))
            {
                usable.Add(folder);
            }
        }

        if (asked is { Count: > 0 } && usable.Count == 0)
        {
            throw new LabException(
                ExitCode.Missing,
                $"None of the folders for sockets can be written to: {string.Join(", ", asked)}."
            )
            {
                Hints = ["Name others:  PGSOCKET_DIR=/tmp"],
            };
        }

        // A PostgreSQL built from source has its psql look in /tmp; the packaged ones look in /var/run/postgresql.
        return asked is null && tools.PostgresBin.StartsWith("/usr/local", StringComparison.Ordinal)
            ? Enumerable.Reverse(usable).ToArray()
            : usable;
    }
}
