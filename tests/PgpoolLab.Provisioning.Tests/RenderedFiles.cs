using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>Every generated file of a lab.</summary>
internal static class RenderedFiles
{
    internal static readonly string[] Scripts =
        ["startall", "stopall", "shutdownall", "pgpool_reload", "failover.sh", "follow_primary.sh", "basebackup.sh", "pgpool_remote_start", "bashrc.ports"];

    internal static IReadOnlyDictionary<string, string> Of(Lab lab)
    {
        var renderer = Labs.Renderer();
        return new Dictionary<string, string>
        {
            ["pgpool.conf"] = renderer.Render("pgpool/pgpool.conf", lab),
            ["pool_hba.conf"] = renderer.Render("pgpool/pool_hba.conf", lab),
            ["pcp.conf"] = renderer.Render("pgpool/pcp.conf", lab, Labs.Users),
            ["pcppass"] = renderer.Render("pgpool/pcppass", lab, Labs.Users),
            ["postgresql.conf"] = renderer.RenderNode("postgresql/postgresql.conf", lab, lab.Nodes[0]),
            ["node1.conf"] = renderer.RenderNode("postgresql/_node.conf", lab, lab.Nodes[1]),
            ["pg_hba.conf"] = renderer.Render("postgresql/pg_hba.conf", lab),
            [lab.Tools.Postgres.Major >= 12 ? "myrecovery.conf" : "recovery.conf"] = renderer.RenderStandby("postgresql/myrecovery.conf", lab, lab.Nodes[1], lab.Nodes[0]),
            ["failover.sh"] = renderer.Render("scripts/failover.sh", lab),
            ["follow_primary.sh"] = renderer.Render("scripts/follow_primary.sh", lab),
            ["basebackup.sh"] = renderer.Render("scripts/basebackup.sh", lab),
            ["pgpool_remote_start"] = renderer.Render("scripts/pgpool_remote_start", lab),
            ["startall"] = renderer.Render("scripts/startall", lab),
            ["stopall"] = renderer.Render("scripts/stopall", lab),
            ["shutdownall"] = renderer.Render("scripts/shutdownall", lab),
            ["pgpool_reload"] = renderer.Render("scripts/pgpool_reload", lab),
            ["bashrc.ports"] = renderer.Render("scripts/bashrc.ports", lab),
            ["README.port"] = renderer.Render("scripts/README.port", lab),
        };
    }
}
