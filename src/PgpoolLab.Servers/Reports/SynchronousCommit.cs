using System.Text.Json.Serialization;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>What commits on the primary wait for. Only a lab whose user has set <c>synchronous_standby_names</c> has
/// it.</summary>
/// <param name="Node">The primary.</param>
/// <param name="StandbyNames">Its <c>synchronous_standby_names</c>.</param>
/// <param name="Commit">Its <c>synchronous_commit</c>.</param>
/// <param name="Required">How many standbys must answer.</param>
/// <param name="Connected">How many synchronous standbys are connected.</param>
/// <param name="WaitingSessions">How many sessions wait for one right now.</param>
public sealed record SynchronousCommit(
    int Node,
    string StandbyNames,
    string Commit,
    int Required,
    int Connected,
    int WaitingSessions
)
{
    /// <summary>True when a commit ends only when a standby comes that is not there.</summary>
    [JsonIgnore]
    public bool Hangs => Connected < Required && (WaitingSessions > 0 || Commit is not ("off" or "local"));

    /// <summary>Points out that writes wait, and how that ends.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="work">What is at work on it.</param>
    internal Finding? Diagnose(Lab lab, IReadOnlyList<WorkUnderWay> work)
    {
        if (!Hangs || SynchronousStandbys.Parse(StandbyNames) is not { } standbys)
        {
            return null;
        }

        var waiting = WaitingSessions switch
        {
            0 => "no session waits yet",
            1 => "1 session waits",
            var n => $"{n} sessions wait",
        };
        var problem =
            $"Writes wait on node {Node} for a synchronous standby that is not there: "
            + $"synchronous_standby_names = '{StandbyNames}' wants {Required}, "
            + $"{Connected switch { 0 => "none is", 1 => "1 is", var n => $"{n} are" }} connected; {waiting}.";
        var counting = lab
            .Nodes.Where(n => n.Id != Node && standbys.Count(n.ApplicationName))
            .Select(n => n.Id)
            .ToArray();
        if (work.FirstOrDefault(w => counting.Any(w.Concerns)) is { } underWay)
        {
            return Finding.Of(
                lab,
                FindingKinds.WaitsForSync,
                Node,
                $"{problem} Wait: {underWay.Name} is at work.",
                new Remedy.Wait(underWay.Kind)
            );
        }

        return Finding.Of(
            lab,
            FindingKinds.WaitsForSync,
            Node,
            counting.Length >= Required
                ? $"{problem} They go on when node {string.Join(" or node ", counting)} streams again; or at "
                    + "once, if no commit is to wait any more:"
                : $"{problem} Too few of the other nodes have a name that counts; they go on when no commit is "
                    + "to wait any more:",
            new Remedy.StopWaitingForStandbys(Node)
        );
    }
}
