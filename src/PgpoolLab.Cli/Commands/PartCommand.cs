using System.CommandLine;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Machines;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Spread;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>part check</c> and <c>part make</c>: one host's part of a lab on several. No person calls it: pgpoollab
/// itself does, on another machine, by SSH. The request comes on standard input, for it has the lab's
/// secrets.</summary>
internal static class PartCommand
{
    internal static Command Create(Terminal terminal)
    {
        var command = new Command("part", "Make this machine's part of a lab on several hosts")
        {
            Verb(
                "check",
                "Say what would be made",
                async (context, request, spec, cancellationToken) =>
                {
                    var plan = await new SetupOperation(context).PlanAsync(spec, cancellationToken);
                    return (request.WithSteps ? PartFacts.Of(plan) : PartFacts.Of(plan.Lab)) with
                    {
                        VirtualIp = await FindVirtualIpAsync(request.Part, plan.Lab.Owner, cancellationToken),
                    };
                }
            ),
            Verb(
                "make",
                "Make it",
                async (context, request, spec, cancellationToken) =>
                    PartFacts.Of(
                        (
                            await new SetupOperation(context) { Secrets = request.Secrets }.ExecuteAsync(
                                spec,
                                ["pgpoollab", "part", "make"],
                                cancellationToken
                            )
                        ).Lab
                    )
            ),
        };
        foreach (var onServers in PartServerCommands.Create(terminal))
        {
            command.Subcommands.Add(onServers);
        }

        command.Subcommands.Add(Primaries(terminal));
        command.Subcommands.Add(PartLookCommand.Create(terminal));
        command.Subcommands.Add(PartFollowCommand.Create(terminal));
        command.Hidden = true;
        return command;

        Command Verb(
            string name,
            string description,
            Func<OperationContext, PartRequest, LabSpec, CancellationToken, Task<PartFacts>> act
        )
        {
            var verb = new Command(name, description);
            verb.SetAction(
                async (_, cancellationToken) =>
                {
                    var request = PartRequest.FromJson(await Console.In.ReadToEndAsync(cancellationToken));
                    var folder = await FolderOfAsync(request, cancellationToken);
                    using var progress = new ProgressView(terminal);
                    var context = Terminal.Operation(progress);
                    var facts = await act(context, request, request.ToSpec(folder), cancellationToken);
                    progress.Dispose();
                    terminal.Out.WriteLine(facts.ToJson());
                    return (int)ExitCode.Done;
                }
            );
            return verb;
        }
    }

    private static async Task<VirtualIpPlace?> FindVirtualIpAsync(
        PartOfLab part,
        string owner,
        CancellationToken cancellationToken
    )
    {
        if (part.VirtualIp is not { } ip)
        {
            return null;
        }

        var host = Composition.Host();
        var user = await host.Users.FindAsync(owner, cancellationToken) ?? Identity.Current;
        return await new VirtualIpCheck(host, user).FindAsync(ip, part.Interface, cancellationToken);
    }

    private static Command Primaries(Terminal terminal)
    {
        var primaries = new Command("primaries", "Say which nodes would start as primaries") { CommandLine.Lab };
        primaries.SetAction(
            async (parsed, cancellationToken) =>
            {
                var lab = LabCommand.Open(parsed);
                var found = await new LabHistory(Composition.Host(), lab).FindPrimariesAsync(cancellationToken);
                terminal.Out.WriteLine(PartPrimaries.Of(found).ToJson());
                return (int)ExitCode.Done;
            }
        );
        return primaries;
    }

    /// <summary>In the home of the user the servers run as: there nothing else of the machine is touched.</summary>
    private static async Task<string> FolderOfAsync(PartRequest request, CancellationToken cancellationToken)
    {
        var users = Composition.Host().Users;
        var user =
            await RunAs.ChooseAsync(users, request.RunAs, null, Identity.IsRoot, cancellationToken) ?? Identity.Current;
        var id = request.Part.Id;
        var name = Shell.IsSafeWord(request.Name) && request.Name.Length <= 32 ? $"{request.Name}-{id}" : id;
        return $"{Identity.RealPath(user.Home)}/.pgpoollab/labs/{name}";
    }
}
