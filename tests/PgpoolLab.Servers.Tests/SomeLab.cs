using PgpoolLab.Model;

namespace PgpoolLab.Servers.Tests;

/// <summary>A lab of which only the mode and the nodes matter.</summary>
internal static class SomeLab
{
    internal static Toolset Tools { get; } =
        new(
            "/usr/lib/postgresql/15/bin",
            new PostgresVersion(15, 4),
            "/usr/sbin/pgpool",
            "/usr/sbin",
            new PgpoolVersion(4, 3, 5)
        );

    internal static Lab Of(int nodes, ClusteringMode mode = ClusteringMode.StreamingReplication)
    {
        var ports = PortLayout.From(11000, 1, null);
        return new Lab
        {
            Id = "0123abcd",
            Name = "lab",
            Root = "/srv/lab",
            Mode = mode,
            Owner = "olga",
            Folder = new FolderOrigin("/srv/lab"),
            Tools = Tools,
            Pgpools =
            [
                new PgpoolNode(0, "/srv/lab", "/srv/lab", ports.Pgpool(0), ports.Pcp(0), null, ["/tmp"], "/tmp"),
            ],
            Nodes = [.. Enumerable.Range(0, nodes).Select(i => new PostgresNode(i, ports.Postgres(i), "", ""))],
        };
    }
}
