using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Configuration;

/// <summary>The unix sockets of a lab.</summary>
public static class LabSockets
{
    /// <summary>Pgpool-II's client and pcp sockets. 4.4 and later listen in all folders, those before in the first.</summary>
    public static IReadOnlyList<string> OfPgpool(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var folders = lab.Tools.Pgpool.Number >= 404 ? lab.Pgpool.SocketDirectories : lab.Pgpool.SocketDirectories.Take(1);
        return [.. folders.Select(f => Path(f, lab.Pgpool.Port)), Path(lab.Pgpool.PcpSocketDirectory, lab.Pgpool.PcpPort)];
    }

    /// <summary>The sockets of one PostgreSQL; each has a lock file beside it.</summary>
    public static IReadOnlyList<string> OfNode(Lab lab, PostgresNode node)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(node);
        return lab.Pgpool.SocketDirectories.SelectMany(f => (string[])[Path(f, node.Port), Path(f, node.Port) + ".lock"]).ToArray();
    }

    /// <summary>libpq's name for a socket.</summary>
    /// <remarks>PostgreSQL manual, "unix_socket_directories".</remarks>
    public static string Path(string folder, int port) => $"{folder}/.s.PGSQL.{port}";
}
