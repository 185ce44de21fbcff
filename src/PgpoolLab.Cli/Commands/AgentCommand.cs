using System.CommandLine;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts.Remote;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>agent MARK</c>: answers for this machine, in lines of JSON on standard input and output. No person calls
/// it: pgpoollab itself does, on another machine, by SSH.</summary>
internal static class AgentCommand
{
    internal static Command Create()
    {
        var mark = new Argument<string>("MARK") { Description = "What the first line of the answer has" };
        var command = new Command("agent", "Answer for this machine in lines of JSON, until standard input ends")
        {
            mark,
        };
        command.Hidden = true;
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                // Not the terminal's writers: what goes here is no text for people.
                await using var output = Console.OpenStandardOutput();
                await using var input = Console.OpenStandardInput();
                using var service = new AgentService(Composition.Host(), output) { Program = Environment.ProcessPath };
                await service.RunAsync(input, parsed.GetRequiredValue(mark), ProgramVersion.Text, cancellationToken);
                return (int)ExitCode.Done;
            }
        );
        return command;
    }
}
