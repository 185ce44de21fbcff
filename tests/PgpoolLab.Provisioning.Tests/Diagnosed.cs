using PgpoolLab.Model;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>What <c>nodes</c> shows of a finding.</summary>
internal sealed record Said(int? Node, string Problem, string? Fix);

/// <summary>The diagnoses, as <c>nodes</c> shows them.</summary>
internal static class Diagnosed
{
    internal static IReadOnlyList<Said> Of(NodesFacts facts) => Say(NodesDiagnosis.Of(facts));

    internal static IReadOnlyList<Said> OfTablespaces(
        Lab lab,
        IReadOnlyList<NodeView> nodes,
        IReadOnlyList<SharedTablespace> shared,
        IReadOnlyList<WorkUnderWay>? work = null
    ) => Say(NodesDiagnosis.OfTablespaces(lab, nodes, shared, work));

    internal static IReadOnlyList<Said> OfWatchdog(
        Lab lab,
        IReadOnlyList<WatchdogView> members,
        IReadOnlyList<WorkUnderWay> work
    ) => Say(WatchdogDiagnosis.Of(lab, members, work));

    private static Said[] Say(IEnumerable<Finding> findings) =>
        [.. findings.Select(f => new Said(f.Node, f.Problem, f.Fix))];
}
