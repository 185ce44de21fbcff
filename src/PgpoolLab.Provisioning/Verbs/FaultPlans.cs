using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers.Facts;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>Plans how a lab gets links, or loses them: pure, from a look.</summary>
public static class FaultPlans
{
    /// <summary>PostgreSQL takes another primary_conninfo by a reload.</summary>
    /// <remarks>PostgreSQL 13, release notes.</remarks>
    private const int ReloadsSince = 13;

    /// <summary>The servers reach each other by links from now on.</summary>
    /// <param name="look">What was seen.</param>
    /// <param name="foreign">Scripts that are not as this program writes them.</param>
    /// <exception cref="LabException">The lab cannot have links.</exception>
    public static VerbPlan On(VerbLook look, IReadOnlyList<string> foreign)
    {
        ArgumentNullException.ThrowIfNull(look);
        ArgumentNullException.ThrowIfNull(foreign);
        var lab = look.Lab;
        if (LabFaults.WhyNot(lab) is { } why)
        {
            throw new LabException(ExitCode.Failed, why);
        }

        if (lab.Faults)
        {
            return Runs(look)
                ? VerbPlan.Of(Stage.Of(new StartLinks())) with
                {
                    Before = ["The lab has links."],
                }
                : VerbPlan.Nothing("The lab has links; they are started with it:  pgpoollab startall");
        }

        RequireOwnScripts(foreign);
        var to = lab with { Faults = true };
        return Change(
            look,
            to,
            Runs(look) ? [Stage.Of(new StartLinks())] : [],
            [],
            "Break one with cut, slow or flap; see them with:  pgpoollab links"
        );
    }

    /// <summary>The servers reach each other without links from now on.</summary>
    /// <param name="look">What was seen.</param>
    /// <param name="foreign">Scripts that are not as this program writes them.</param>
    /// <exception cref="LabException">It cannot be done.</exception>
    public static VerbPlan Off(VerbLook look, IReadOnlyList<string> foreign)
    {
        ArgumentNullException.ThrowIfNull(look);
        ArgumentNullException.ThrowIfNull(foreign);
        if (!look.Lab.Faults)
        {
            return VerbPlan.Nothing("The lab has no links.");
        }

        RequireOwnScripts(foreign);
        return Change(look, look.Lab with { Faults = false }, [], [Stage.Of(new StopLinks())], null);
    }

    private static VerbPlan Change(VerbLook look, Lab to, Stage[] before, Stage[] after, string? next)
    {
        var running = look.Lab.OwnNodes.Where(n => look.RunningNodes.Contains(n.Id)).ToArray();
        var standbys = running.Where(n =>
            look.Report?.Nodes.Any(v => v.Id == n.Id && v.Postgres.InRecovery is true) == true
        );
        ValueList<PostgresNode> moved = [.. standbys];
        var pgpools = look.Lab.OwnPgpools.Where(p => look.RunningPgpools.Contains(p.Id)).ToArray();
        var up = running.Where(n => look.Report is { } seen && VerbPlans.IsUp(seen, n.Id)).ToArray();
        return VerbPlan.Of([
            .. before,
            // What is taken back goes the other way: files first, then whoever reads them.
            Stage.ForEach(pgpools, p => [new StopPgpoolForNow(p)]),
            Stage.Of(new RewriteAddresses(look.Lab, to)),
            .. moved.Count == 0 ? []
            : to.Tools.Postgres.Major >= ReloadsSince ? (Stage[])[Stage.Of(new ReloadNodes(moved))]
            : [Stage.ForEach(moved, n => [new StopNodeForNow(n), new StartNode(n)])],
            .. StartPlans.StagesOf(to, pgpools, []),
            .. pgpools.Length > 0 ? up.Select(n => VerbPlans.Await(FactKind.NodeUp, n)) : [],
            .. after,
        ]) with
        {
            Lab = to,
            Before = pgpools.Length > 0 ? ["Pgpool-II is restarted for it: its clients are disconnected."] : [],
            After = next is null ? [] : [next],
            IsTakenBack = true,
        };
    }

    private static bool Runs(VerbLook look) => look.RunningNodes.Count + look.RunningPgpools.Count > 0;

    private static void RequireOwnScripts(IReadOnlyList<string> foreign)
    {
        if (foreign.Count > 0)
        {
            throw new LabException(
                ExitCode.Failed,
                "Scripts that say where a standby replicates from are not as this program writes them: they were "
                    + "changed, or a template or another version has written them. Nothing was changed."
            )
            {
                Details = [.. foreign],
                Hints = ["Make a lab with links:  pgpoollab setup --faults"],
            };
        }
    }
}
