using System.Text.Json.Serialization;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>How a lab is, in one word.</summary>
public enum LabHealth
{
    /// <summary>All is well.</summary>
    [JsonStringEnumMemberName("healthy")]
    Healthy,

    /// <summary>It works, with less than it should have.</summary>
    [JsonStringEnumMemberName("degraded")]
    Degraded,

    /// <summary>Clients get errors, wait, or lose data.</summary>
    [JsonStringEnumMemberName("down")]
    Down,
}

/// <summary>How a lab is, what is wrong with it, and what comes next.</summary>
/// <param name="Lab">The lab's name.</param>
/// <param name="Directory">Its folder.</param>
/// <param name="Mode">The clustering mode, as Pgpool-II names it.</param>
/// <param name="Findings">What is wrong, the worst first.</param>
/// <param name="Next">What Pgpool-II will do next, one sentence.</param>
/// <param name="PgpoolPort">The port of the Pgpool-II that was asked.</param>
/// <param name="PgpoolAnswers">True when it answered.</param>
/// <param name="PgpoolProblem">Why it did not.</param>
/// <param name="Nodes">The nodes.</param>
/// <param name="Watchdog">The Pgpool-IIs, when there are several; else empty.</param>
/// <param name="AtWork">What is at work on the lab.</param>
/// <param name="Synchronous">What commits wait for; null when they wait for nobody.</param>
public sealed record StatusReport(
    string Lab,
    string Directory,
    string Mode,
    IReadOnlyList<Finding> Findings,
    string Next,
    int PgpoolPort,
    bool PgpoolAnswers,
    string? PgpoolProblem,
    IReadOnlyList<NodeView> Nodes,
    IReadOnlyList<WatchdogView> Watchdog,
    IReadOnlyList<WorkUnderWay> AtWork,
    SynchronousCommit? Synchronous
)
{
    /// <summary>The machines of a lab on several; null for a lab on one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<HostView>? Hosts { get; init; }

    /// <summary>How it is, by the worst finding.</summary>
    public LabHealth Health =>
        Findings.Select(f => f.Severity).DefaultIfEmpty(FindingSeverity.Note).Max() switch
        {
            FindingSeverity.Broken => LabHealth.Down,
            FindingSeverity.Warning => LabHealth.Degraded,
            _ => LabHealth.Healthy,
        };

    /// <summary>How <c>status --check</c> ends.</summary>
    [JsonIgnore]
    public ExitCode CheckExitCode =>
        Health switch
        {
            LabHealth.Healthy => ExitCode.Done,
            LabHealth.Degraded => ExitCode.Failed,
            _ => ExitCode.NotHealthy,
        };

    /// <summary>Makes it of a look at the nodes.</summary>
    /// <param name="look">The look.</param>
    /// <param name="findings">All findings.</param>
    /// <param name="next">What Pgpool-II will do next.</param>
    public static StatusReport Of(NodesReport look, IReadOnlyList<Finding> findings, string next)
    {
        ArgumentNullException.ThrowIfNull(look);
        return new StatusReport(
            look.Lab,
            look.Directory,
            look.Mode,
            FindingKinds.WorstFirst(findings),
            next,
            look.PgpoolPort,
            look.PgpoolAnswers,
            look.PgpoolProblem,
            look.Nodes,
            look.Watchdog,
            look.AtWork,
            look.Synchronous
        )
        {
            Hosts = look.Hosts,
        };
    }
}
