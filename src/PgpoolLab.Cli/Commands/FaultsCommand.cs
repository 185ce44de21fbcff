using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Provisioning.Verbs;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>faults</c>: gives a lab links that can be cut, or takes them away.</summary>
internal static class FaultsCommand
{
    private const string On = "on",
        Off = "off";

    internal static Command Create(Terminal terminal)
    {
        var state = new Argument<string>("STATE") { Description = "on or off" };
        state.CompletionSources.Add(On, Off);
        state.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: not (On or Off) and var text }])
            {
                result.AddError($"'{text}' is neither on nor off.");
            }
        });
        var command = new Command(
            "faults",
            "Have the servers of a lab reach each other by links that cut, slow and flap can break, or no longer; this "
                + "restarts Pgpool-II"
        )
        {
            state,
            CommandLine.DryRun,
            CommandLine.Lab,
            CommandLine.Json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var lab = LabCommand.Open(parsed);
                using (var progress = new ProgressView(terminal))
                {
                    var context = Terminal.Operation(progress);
                    if (parsed.GetValue(CommandLine.DryRun))
                    {
                        await LabCommand.ShowPlansAsync(
                            terminal,
                            lab,
                            parsed,
                            show => TurnAsync(new FaultVerbs(new VerbRun(context, lab, show)))
                        );
                        return (int)ExitCode.Done;
                    }

                    await TurnAsync(new FaultVerbs(new VerbRun(context, lab)));
                }

                await LabCommand.ShowAsync(
                    terminal,
                    LabStore.Load(lab.Root)?.Lab ?? lab,
                    parsed.GetValue(CommandLine.Json),
                    cancellationToken
                );
                return (int)ExitCode.Done;

                Task TurnAsync(FaultVerbs verbs) =>
                    parsed.GetValue(state) == On
                        ? verbs.TurnOnAsync(cancellationToken)
                        : verbs.TurnOffAsync(cancellationToken);
            }
        );
        return command.Guide(
            CommandGroup.Break,
            ("pgpoollab faults on", "Make the network between the servers breakable"),
            ("pgpoollab faults off", "Have the servers reach each other directly again")
        );
    }
}
