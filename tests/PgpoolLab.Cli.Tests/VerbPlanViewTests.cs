using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Provisioning.Verbs;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Tests;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Cli.Tests;

/// <summary>What <c>--dry-run</c> prints of the commands that act on a lab.</summary>
public sealed class VerbPlanViewTests
{
    [Fact]
    public void A_dry_run_prints_the_plan_that_would_be_run()
    {
        var lab = Labs.Fixed(nodes: 3);
        var look = new VerbLook(lab)
        {
            Report = Looks.At(Looks.Primary(0), Looks.Standby(1), Looks.Standby(2)),
            RunningNodes = [0, 1, 2],
            RunningPgpools = [0],
            Linked = [.. LabSockets.LinksOf(lab).Select(l => l.Link)],
        };
        var text = new StringWriter();
        Show("kill primary", ServerPlans.End(look, Target.Of("primary"), ServerAct.Kill, StopMode.Immediate));
        Show("restart standby", ServerPlans.Restart(look, Target.Of("standby"), StopMode.Smart));
        Show("restart pgpool", ServerPlans.Restart(look, Target.Of("pgpool"), StopMode.Fast));
        var stopped = look with
        {
            RunningNodes = [0, 2],
            Linked = [.. look.Linked.Where(l => !l.EndsWith(".11003", StringComparison.Ordinal))],
        };
        Show("start 1", ServerPlans.Start(stopped, Target.Of("1")));
        Show("stop standby", ServerPlans.End(look, Target.Of("standby"), ServerAct.Stop, StopMode.Fast));
        Show("pause 1", ServerPlans.Pause(look, Target.Of("1")));
        Show("resume 0", ServerPlans.Resume(look, Target.Of("0")));
        Show("attach 1", ClusterPlans.Attach(look, Target.Of("1")));
        Show("detach 1", ClusterPlans.Detach(look, Target.Of("1")));
        Show("recover 2 --yes", ClusterPlans.Recover(look, Target.Of("2"), evenIfWell: true));
        Show("switchover", ClusterPlans.Switchover(look, null));
        Show("promote 2", ClusterPlans.Promote(look, Target.Of("2")));
        var facts = new NodeCountFacts([], Senders: 13);
        Show(
            "recover 2 --yes --rewind",
            ClusterPlans.Recover(
                look with
                {
                    Recovery = new RecoveryFacts([2], [0]),
                },
                Target.Of("2"),
                evenIfWell: true,
                RecoveryMethod.Rewind
            )
        );
        Show(
            "startall",
            StartPlans.Nodes(new StartLook(lab)),
            StartPlans.Pgpools(new StartLook(lab) { Standbys = [1, 2] })
        );
        Show("stopall", StopOperation.Plan(lab, look.Linked));
        var found = new DestroyFacts(
            ["postgres (pid 12) in /srv/lab/data0"],
            ["/srv/lab/data0", "/srv/lab/startall"],
            ["/srv/lab/data0/dump.sql"],
            ["/srv/lab/my notes"]
        );
        var destroyed = new DestroyLook(lab, lab, []) { Facts = found };
        Show("destroy", [.. DestroyPlans.Of(destroyed, deletesUsersFiles: false)]);
        Show("destroy --yes", [.. DestroyPlans.Of(destroyed, deletesUsersFiles: true)]);
        Show("add-node", NodeCountPlans.Add(look, facts));
        Show("remove-node 2", [.. NodeCountPlans.Remove(look, Target.Of("2"), facts)]);
        text.WriteLine("$ pgpoollab detach 1 --dry-run --json");
        text.WriteLine(VerbPlan.ToJson([ClusterPlans.Detach(look, Target.Of("1"))], lab));
        Snapshot.Approve("verbs-dry-run", text.ToString());

        void Show(string command, params VerbPlan[] plans)
        {
            text.WriteLine($"$ pgpoollab {command} --dry-run");
            PlanView.Print(text, lab, plans);
            text.WriteLine();
        }
    }
}
