using System.CommandLine;
using System.Globalization;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Links;
using PgpoolLab.Model;
using PgpoolLab.Model.Links;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Links;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>internal-links DIR</c>: is the proxy of a lab's links until it is told to end. No person calls it:
/// startall and setup do.</summary>
internal static class InternalLinksCommand
{
    internal static Command Create(Terminal terminal)
    {
        var root = new Argument<string>("DIR") { Description = "The lab's folder" };
        var command = new Command(LinkServer.Command, "Be the proxy of a lab's links, until the lab is gone") { root };
        command.Hidden = true;
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var folder = parsed.GetRequiredValue(root);
                var lab =
                    LabStore.Load(folder)?.Lab
                    ?? throw new LabException(ExitCode.NotFound, $"There is no lab in {folder}.");
                using var proxy = new LinkProxy(Composition.Clock, error => terminal.Say(error.ToString()));
                await File.WriteAllTextAsync(
                    lab.LinkPid,
                    Identity.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n",
                    cancellationToken
                );
                try
                {
                    await new LinkService(proxy, LabLink.AllOf(lab), lab.Id).RunAsync(
                        lab.LinkSocket,
                        Composition.Clock,
                        cancellationToken
                    );
                }
                catch (IOException error)
                {
                    throw new LabException(ExitCode.InTheWay, $"The lab's links cannot be had: {error.Message}", error);
                }

                return (int)ExitCode.Done;
            }
        );
        return command;
    }
}
