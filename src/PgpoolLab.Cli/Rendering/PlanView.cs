using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Tools;

namespace PgpoolLab.Cli.Rendering;

/// <summary>Prints a plan: steps, files, ports, commands.</summary>
internal static class PlanView
{
    internal static void Print(TextWriter output, LabPlan plan)
    {
        var lab = plan.Lab;
        output.WriteLine($"Lab      {lab.Name}");
        output.WriteLine($"Folder   {lab.Root}");
        output.WriteLine($"User     {lab.Owner}{(lab.Invoker is null ? "" : $" (called by {lab.Invoker})")}");
        output.WriteLine(
            $"Programs PostgreSQL {lab.Tools.Postgres} in {lab.Tools.PostgresBin}, Pgpool-II {lab.Tools.Pgpool} "
                + $"in {lab.Tools.PgpoolBin}"
        );
        output.WriteLine($"Ports    {string.Join(", ", lab.AllPorts.Select(p => $"{p.Port} {p.Use}"))}");
        output.WriteLine(
            "Sockets  "
                + string.Join(", ", lab.Pgpool.SocketDirectories)
                + (
                    lab.HasPrivateSockets && lab.LinkDirectories.Count > 0
                        ? $", with links in {string.Join(", ", lab.LinkDirectories)}"
                        : ""
                )
        );
        if (lab.Conventions.HasRoles)
        {
            output.WriteLine(
                $"Access   {lab.Auth.Setting()}{(lab.UseTls ? ", TLS" : "")}, on "
                    + $"{string.Join(", ", ((string[])["loopback"]).Concat(lab.ListenAddresses))}"
            );
        }
        foreach (var line in plan.SettingsFiles.SelectMany(f => PortableSettings.Told(f, FieldNames.Option)))
        {
            output.WriteLine($"Settings {line}");
        }

        output.WriteLine();
        PrintSteps(output, lab, plan.Stages, 0);
    }

    /// <summary>Prints what a command on a lab that exists would do.</summary>
    internal static void Print(TextWriter output, Lab lab, params IReadOnlyList<VerbPlan> plans)
    {
        var number = 0;
        foreach (var plan in plans)
        {
            foreach (var note in plan.Before)
            {
                output.WriteLine(note);
            }

            number = PrintSteps(output, plan.Lab ?? lab, plan.Stages, number);
            foreach (var note in plan.After)
            {
                output.WriteLine($"     Then it says: {note}");
            }
        }
    }

    private static int PrintSteps(TextWriter output, Lab lab, IReadOnlyList<Stage> stages, int number)
    {
        foreach (var stage in stages)
        {
            foreach (var lane in stage.Lanes)
            {
                foreach (var step in lane)
                {
                    output.WriteLine(
                        $"{++number, 3}. {step.Title}"
                            + (stage.Lanes.Count > 1 ? "   [side by side with the others of this group]" : "")
                    );
                    foreach (var line in step.Preview(lab))
                    {
                        output.WriteLine($"       {line}");
                    }
                }
            }
        }

        return number;
    }
}
