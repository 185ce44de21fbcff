using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Provisioning.Doctor;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>doctor</c>: what this machine has and lacks for labs, its limits, and what dead labs have
/// left.</summary>
internal static class DoctorCommand
{
    internal static Command Create(Terminal terminal)
    {
        var command = new Command(
            "doctor",
            "Check this machine: programs that are missing, limits of the system, leftovers of dead labs"
        )
        {
            CommandLine.Json,
        }
            .Guide(CommandGroup.Look, ("pgpoollab doctor", "Check this machine before a first lab, or after trouble"))
            .Synonyms("check");
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var inspector = new MachineInspector(
                    Composition.Host(),
                    Composition.Clock,
                    Environment.GetEnvironmentVariable,
                    Composition.Process
                );
                var report = Diagnosis.Of(await inspector.InspectAsync(Invocation.CurrentFolder, cancellationToken));
                if (parsed.GetValue(CommandLine.Json))
                {
                    terminal.Out.WriteLine(report.ToJson());
                }
                else
                {
                    DoctorView.Print(terminal, report);
                }

                return (int)report.ExitCode;
            }
        );
        return command;
    }
}
