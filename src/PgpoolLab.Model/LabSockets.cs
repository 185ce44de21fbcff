using System.Collections.Immutable;

namespace PgpoolLab.Model;

/// <summary>The unix sockets of a lab.</summary>
public static class LabSockets
{
    /// <summary>Where the pcp programs look for a socket when they are given no host; it is compiled into
    /// them.</summary>
    public const string PcpFolder = "/tmp";

    /// <summary>Where sockets may lie: libpq's default on Debian, Ubuntu and Fedora, and PostgreSQL's own.</summary>
    public static ImmutableArray<string> CommonFolders { get; } = ["/var/run/postgresql", "/tmp"];

    /// <summary>How the name of a socket begins that clients connect to.</summary>
    /// <remarks>PostgreSQL manual, "unix_socket_directories".</remarks>
    internal const string Prefix = ".s.PGSQL.";

    /// <summary>How the name of a watchdog's own socket begins.</summary>
    internal const string WatchdogPrefix = ".s.PGPOOLWD_CMD.";

    /// <summary>Every name that a socket of this port, and the lock file beside it, may have in a folder.</summary>
    public static IReadOnlyList<string> AllIn(string folder, int port) =>
        [Path(folder, port), Path(folder, port) + LabNames.SocketLock, $"{folder}/{WatchdogPrefix}{port}"];

    /// <summary>Pgpool-II's client, pcp and watchdog sockets. 4.4 and later listen in all folders, those before in the
    /// first.</summary>
    public static IReadOnlyList<string> OfPgpool(Lab lab, PgpoolNode pgpool)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(pgpool);
        var folders = lab.Tools.Pgpool.Number >= 404 ? pgpool.SocketDirectories : pgpool.SocketDirectories.Take(1);
        return
        [
            .. folders.Select(f => Path(f, pgpool.Port)),
            Path(pgpool.PcpSocketDirectory, pgpool.PcpPort),
            .. OfWatchdog(pgpool) is { } watchdog ? [watchdog] : Array.Empty<string>(),
        ];
    }

    /// <summary>The socket by which Pgpool-II talks to its own watchdog; null when it has none.</summary>
    public static string? OfWatchdog(PgpoolNode pgpool)
    {
        ArgumentNullException.ThrowIfNull(pgpool);
        return pgpool.Watchdog is { } watchdog ? $"{pgpool.PcpSocketDirectory}/{WatchdogPrefix}{watchdog.Port}" : null;
    }

    /// <summary>The sockets of one PostgreSQL; each has a lock file beside it.</summary>
    public static IReadOnlyList<string> OfNode(Lab lab, PostgresNode node)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(node);
        return lab
            .Pgpool.SocketDirectories.SelectMany(f =>
                (string[])[Path(f, node.Port), Path(f, node.Port) + LabNames.SocketLock]
            )
            .ToArray();
    }

    /// <summary>Every link to its private sockets that a lab may have in the folders where programs look by themselves,
    /// and where it leads.</summary>
    public static IReadOnlyList<(string Link, string Socket)> LinksOf(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        if (!lab.HasPrivateSockets)
        {
            return [];
        }

        var clients = lab.OwnPgpools.Select(p => p.Port).Concat(lab.OwnsNodes ? lab.OwnNodes.Select(n => n.Port) : []);
        return
        [
            .. lab
                .LinkDirectories.SelectMany(folder => clients.Select(port => (folder, port)))
                .Concat(lab.OwnPgpools.Select(p => (folder: PcpFolder, port: p.PcpPort)))
                .Select(l => (Path(l.folder, l.port), Path(lab.SocketFolder, l.port))),
        ];
    }

    /// <summary>Where to ask a server again and again until it answers: its unix socket. Over TCP each attempt takes
    /// one of the ports the kernel lends to clients, and among those may be the very port the server is about to listen
    /// on; a client may even be connected to itself.</summary>
    public static string ProbeHost(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab.Pgpool.SocketDirectories.Count > 0 ? lab.Pgpool.SocketDirectories[0] : "localhost";
    }

    /// <summary>libpq's name for a socket.</summary>
    public static string Path(string folder, int port) => $"{folder}/{Prefix}{port}";
}
