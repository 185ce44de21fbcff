using System.Runtime.CompilerServices;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Tests.Reading;

/// <summary>Labs whose logs are kept beside these tests, or are just being written.</summary>
internal static class KeptLab
{
    internal static Lab Of(string folder, int nodes, int pgpools = 1, [CallerFilePath] string self = "") =>
        At(Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(self))!, "Kept", folder), nodes, pgpools);

    internal static Lab At(string root, int nodes, int pgpools = 1)
    {
        // As setup numbers them: each Pgpool-II of a watchdog has four ports, a single one has two.
        var each = pgpools > 1 ? 4 : 2;
        return new Lab
        {
            Id = "0123abcd",
            Name = "lab",
            Root = root,
            Mode = ClusteringMode.StreamingReplication,
            Owner = "olga",
            Folder = new FolderOrigin(null),
            Tools = SomeLab.Tools,
            Pgpools =
            [
                .. Enumerable
                    .Range(0, pgpools)
                    .Select(i => new PgpoolNode(i, "", "", 11000 + (i * each), 11001 + (i * each), null, [], "")),
            ],
            Nodes =
            [
                .. Enumerable.Range(0, nodes).Select(i => new PostgresNode(i, 11000 + (pgpools * each) + i, "", "")),
            ],
            HasPrivateSockets = true,
        }.WithOwnFolders();
    }
}
