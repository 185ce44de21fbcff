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
        var hosts = new Option<bool>("--hosts")
        {
            Description =
                "The story on three hosts, which are made on the spot: a virtual IP, the primary's host dies, the "
                + "network breaks. Needs root, on Linux; leaves nothing",
        };
        var beside = new Option<bool>(HostsDemo.InsideOption) { Hidden = true };
        var command = new Command(
            "demo",
            "See it all in a minute, on real servers: set up, load, kill the primary, fail over, recover"
        )
        {
            keep,
            hosts,
            beside,
        }
            .Guide(
                CommandGroup.Make,
                ("pgpoollab demo", "Watch a failover and a recovery, in a minute"),
                ("pgpoollab demo --keep", "Do the same, and leave the lab for you to play with"),
                ("sudo pgpoollab demo --hosts", "Watch a whole host die, and the network break, on three hosts")
            )
            .Synonyms("tutorial");
        command.Validators.Add(result =>
        {
            if (result.GetValue(hosts) && result.GetValue(keep))
            {
                result.AddError("--keep and --hosts do not go together: the hosts are gone when the demo ends.");
            }
        });
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                if (parsed.GetValue(beside))
                {
                    await new HostsStory(terminal).TellAsync(cancellationToken);
                    return (int)ExitCode.Done;
                }

                if (parsed.GetValue(hosts))
                {
                    return await HostsDemo.RunAsync(terminal, cancellationToken);
                }

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
