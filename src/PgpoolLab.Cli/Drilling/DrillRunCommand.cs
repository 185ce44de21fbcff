using System.CommandLine;
using System.Text.Json;
using PgpoolLab.Cli.Commands;
using PgpoolLab.Cli.Keeping;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Drills.Running;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Drilling;

/// <summary><c>internal-drill-run</c>: one run of a drill on a lab, as the lab's user. No person calls it: <c>drill</c>
/// does. The request is a line on standard input, the answers are lines on standard output. When its input ends, it
/// takes back what it has broken and ends.</summary>
internal static class DrillRunCommand
{
    internal const string Name = "internal-drill-run";

    internal static Command Create(Terminal terminal)
    {
        var command = new Command(Name, "Do one run of a drill, until standard input ends") { CommandLine.Lab };
        command.Hidden = true;
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var lab = LabCommand.Open(parsed);
        using var input = new StreamReader(Console.OpenStandardInput());
        var request =
            await input.ReadLineAsync(cancellationToken) is { } line
            && JsonSerializer.Deserialize(line, RunJson.Default.RunRequest) is { } read
                ? read
                : throw new LabException(ExitCode.Usage, "There is no request on standard input.");
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watching = UntilEndAsync(input, gone);
        var gate = new Lock();
        void Say(RunReply reply)
        {
            lock (gate)
            {
                terminal.Out.WriteLine(JsonSerializer.Serialize(reply, RunJson.Default.RunReply));
                terminal.Out.Flush();
            }
        }

        var host = Composition.Host();
        var runner = new DrillRunner(
            host,
            lab,
            Composition.Probes(host),
            Composition.Clock,
            (words, token) => CommandAsync(lab, words, token),
            Say
        );
        var run = await runner.RunAsync(request, gone.Token);
        Say(new RunReply { Run = run });
        _ = watching;
        return (int)ExitCode.Done;
    }

    private static async Task UntilEndAsync(StreamReader input, CancellationTokenSource gone)
    {
        try
        {
            while (await input.ReadLineAsync(gone.Token) is not null)
            {
                // Nothing else is said.
            }

            await gone.CancelAsync();
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // This one has ended first.
        }
    }

    private static async Task<StepEnd> CommandAsync(
        Lab lab,
        IReadOnlyList<string> words,
        CancellationToken cancellationToken
    )
    {
        var own = words.TakeWhile(w => w != "--").ToArray();
        var end = await OwnProgram.RunAsync(
            [.. own, "--lab", lab.Root, .. words.Skip(own.Length)],
            _ => { },
            printed: null,
            cancellationToken
        );
        return new StepEnd(end.Code, end.ToError().Message);
    }
}
