using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;

namespace PgpoolLab.Cli.Demo;

/// <summary><c>demo</c>: lives through the whole story on real servers, in a folder of its own, and cleans
/// up.</summary>
internal static class DemoCommand
{
    internal static Command Create(Terminal terminal)
    {
        var keep = new Option<bool>("--keep") { Description = "Leave the lab running at the end (default: remove it)" };
        var command = new Command(
            "demo",
            "See it all in a minute, on real servers: set up, load, kill the primary, fail over, recover"
        )
        {
            keep,
        }
            .Guide(
                CommandGroup.Make,
                ("pgpoollab demo", "Watch a failover and a recovery, in a minute"),
                ("pgpoollab demo --keep", "Do the same, and leave the lab for you to play with")
            )
            .Synonyms("tutorial");
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                await DemoPackages.EnsureAsync(terminal, Composition.Host(), cancellationToken);
                using var progress = new ProgressView(terminal);
                var operation = Terminal.Operation(progress);
                var spec = new LabSpec
                {
                    Directory =
                        Path.TrimEndingDirectorySeparator(Path.GetTempPath())
                        + $"/pgpoollab-demo-{Guid.NewGuid().ToString("N")[..6]}",
                    Nodes = 2,
                    Port = null,
                    UseSlots = true,
                    Setup = new SetupOptions { LeaveRunning = true },
                };
                Lab? lab = null;
                var told = false;
                try
                {
                    var story = new Story(terminal, operation);
                    story.Opening(spec);
                    lab = (
                        await new SetupOperation(operation).ExecuteAsync(spec, ["pgpoollab", "demo"], cancellationToken)
                    ).Lab;
                    await story.TellAsync(lab, cancellationToken);
                    told = true;
                }
                finally
                {
                    if (lab is not null && !(told && parsed.GetValue(keep)))
                    {
                        await new DestroyOperation(operation).ExecuteAsync(
                            lab,
                            deletesUsersFiles: true,
                            CancellationToken.None
                        );
                    }
                }

                Story.Closing(terminal, lab, parsed.GetValue(keep));
                return (int)ExitCode.Done;
            }
        );
        return command;
    }
}
