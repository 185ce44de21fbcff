using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;

namespace PgpoolLab.Provisioning.Planning;

/// <summary>What fills a lab that works with users' own roles and databases, and runs their SQL.</summary>
internal static class ContentPlans
{
    /// <summary>All that was asked for.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="primary">The node that is written to.</param>
    /// <param name="sql">The files of SQL.</param>
    internal static IReadOnlyList<Stage> Fill(Lab lab, PostgresNode primary, IReadOnlyList<SqlFile> sql) =>
        Fill(lab, primary, lab.Roles, lab.Databases, sql);

    /// <summary>The same of a part of it, in a lab that has the rest.</summary>
    internal static IReadOnlyList<Stage> Fill(
        Lab lab,
        PostgresNode primary,
        IReadOnlyList<LabRole> roles,
        IReadOnlyList<LabDatabase> databases,
        IReadOnlyList<SqlFile> sql
    )
    {
        if (roles.Count + databases.Count + sql.Count == 0)
        {
            return [];
        }

        var ports = PortsOf(lab, primary);
        // On a host of several there are no standbys yet when this is done.
        PostgresNode[] standbys =
            lab.Mode is ClusteringMode.StreamingReplication && !lab.IsSpread
                ? [.. lab.Nodes.Where(n => n != primary)]
                : [];
        return
        [
            .. roles.Count > 0 ? (Stage[])[Stage.Of(new CreateRoles([.. roles], [.. ports]))] : [],
            .. databases.Count > 0 ? (Stage[])[Stage.Of(new CreateDatabases([.. databases], [.. ports]))] : [],
            .. sql.SelectMany(f => SqlPortsOf(lab, primary).Select(p => Stage.Of(new RunSqlFile(f, p)))),
            .. lab.Mode is ClusteringMode.LogicalReplication
            && lab.Conventions.Subscribes
            && sql.Any(f => f.Database == Lab.Database)
                ? (Stage[])[Stage.Of(new RefreshSubscriptions([.. lab.Nodes.Skip(1)]))]
                : [],
            .. standbys.Length > 0 ? (Stage[])[Stage.Of(new AwaitReplay(primary, [.. standbys]))] : [],
        ];
    }

    /// <summary>Where roles and databases are made: streaming brings them to the standbys; otherwise each node has its
    /// own, as it has its own <see cref="Lab.Database"/>.</summary>
    internal static IReadOnlyList<int> PortsOf(Lab lab, PostgresNode primary) =>
        lab.Mode is ClusteringMode.StreamingReplication ? [primary.Port] : [.. lab.Nodes.Select(n => n.Port)];

    /// <summary>Where SQL runs: where Pgpool-II itself sends writes to all nodes, it must go through that; where no
    /// tables come from one node to another, on each.</summary>
    private static IReadOnlyList<int> SqlPortsOf(Lab lab, PostgresNode primary) =>
        lab.Mode.WritesEverywhere() ? [lab.Pgpool.Port] : PortsOf(lab, primary);
}
