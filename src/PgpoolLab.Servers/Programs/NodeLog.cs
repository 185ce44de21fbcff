using PgpoolLab.Model;

namespace PgpoolLab.Servers.Programs;

/// <summary>Where one PostgreSQL writes its log.</summary>
internal static class NodeLog
{
    /// <summary>The lab's own file; in a lab of pgpool_setup's conventions the newest in the data folder, once there is
    /// one.</summary>
    internal static string Of(Lab lab, PostgresNode node)
    {
        var folder = new DirectoryInfo($"{node.DataDirectory}/log");
        return
            lab.Conventions.NodesLogForThemselves
            && folder.Exists
            && folder.EnumerateFiles("*.log").MaxBy(f => f.LastWriteTimeUtc) is { } newest
            ? newest.FullName
            : lab.ServerPaths.NodeLog(node.Id);
    }
}
