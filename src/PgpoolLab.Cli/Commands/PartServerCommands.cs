using System.CommandLine;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Settings;
using PgpoolLab.Provisioning.Spread;
using PgpoolLab.Provisioning.Steps;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>part rejoin</c>, <c>attach</c>, <c>detach</c>, <c>promote</c> and <c>sync</c>: what the whole lab has
/// one host do for its nodes.</summary>
internal static class PartServerCommands
{
    internal static IEnumerable<Command> Create(Terminal terminal) =>
        [
            Rejoin(terminal),
            OnNode(
                terminal,
                "attach",
                "Have this machine's Pgpool-II attach a node, one of any machine's",
                (part, node, ct) => part.TellAsync(PcpAct.Attach, node, ct)
            ),
            OnNode(
                terminal,
                "detach",
                "Have this machine's Pgpool-II detach a node, one of any machine's",
                (part, node, ct) => part.TellAsync(PcpAct.Detach, node, ct)
            ),
            OnNode(
                terminal,
                "promote",
                "Make a standby of this machine's a primary without Pgpool-II's knowledge",
                (part, node, ct) => part.PromoteAsync(node, ct)
            ),
            Sync(terminal),
        ];

    private static Command Sync(Terminal terminal)
    {
        var state = new Argument<string>("STATE") { Description = "As 'sync' takes it" };
        var apply = new Option<bool>("--apply") { Description = "As 'sync' takes it" };
        var command = new Command("sync", "Have commits on this machine's nodes wait for a standby, or for none")
        {
            state,
            apply,
            CommandLine.Lab,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var lab = LabCommand.Open(parsed);
                var choice =
                    SyncChoice.Parse(parsed.GetValue(state)!)
                    ?? throw new LabException(ExitCode.Usage, $"'{parsed.GetValue(state)}' is nothing to wait for.");
                using var progress = new ProgressView(terminal);
                var (primary, standbys) = await new SyncOperation(Terminal.Operation(progress)).ExecuteOnPartAsync(
                    lab,
                    choice,
                    parsed.GetValue(apply),
                    cancellationToken
                );
                progress.Dispose();
                terminal.Out.WriteLine(
                    SyncInfo.Of(lab, choice, parsed.GetValue(apply), primary, standbys, null).ToJson()
                );
                return (int)ExitCode.Done;
            }
        );
        return command;
    }

    private static Command Rejoin(Terminal terminal)
    {
        var node = new Argument<int>("NODE") { Description = "The node, one of this machine's" };
        var primary = new Argument<int>("PRIMARY") { Description = "The node to follow" };
        var rewind = new Option<bool>("--rewind") { Description = "By pg_rewind alone" };
        var copy = new Option<bool>("--basebackup") { Description = "By a base backup" };
        var command = new Command("rejoin", "Make a node a copy of the primary again")
        {
            node,
            primary,
            rewind,
            copy,
            CommandLine.Lab,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var lab = LabCommand.Open(parsed);
                using var progress = new ProgressView(terminal);
                await new PartRejoin(new PlanRun(Terminal.Operation(progress), lab)).ExecuteAsync(
                    parsed.GetValue(node),
                    parsed.GetValue(primary),
                    parsed.GetValue(rewind) ? RecoveryMethod.Rewind
                        : parsed.GetValue(copy) ? RecoveryMethod.BaseBackup
                        : RecoveryMethod.AsConfigured,
                    cancellationToken
                );
                return (int)ExitCode.Done;
            }
        );
        return command;
    }

    private static Command OnNode(
        Terminal terminal,
        string name,
        string description,
        Func<PartTelling, int, CancellationToken, Task> act
    )
    {
        var node = new Argument<int>("NODE") { Description = "The node" };
        var command = new Command(name, description) { node, CommandLine.Lab };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var lab = LabCommand.Open(parsed);
                using var progress = new ProgressView(terminal);
                await act(
                    new PartTelling(new PlanRun(Terminal.Operation(progress), lab)),
                    parsed.GetValue(node),
                    cancellationToken
                );
                return (int)ExitCode.Done;
            }
        );
        return command;
    }
}
