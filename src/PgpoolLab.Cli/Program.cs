using System.CommandLine;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Commands;
using PgpoolLab.Cli.Compatibility;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Cli;

/// <summary>The program: parses, runs one command, and turns whatever happened into an exit code.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] arguments)
    {
        StandardStreams.Complete();
        using var interruption = Interruption.Begin();
        TemplateFunctions.Keep();
        ShellSession.LeaveWrappers();
        Invocation.Remember();
        ManagedRuntime.PrepareToStandDown();
        var output = StandardStreams.ForWriting(1);
        var terminal = Terminal.Create(output, StandardStreams.ForWriting(2), Environment.GetEnvironmentVariable);
        var code = await RunAsync(
            arguments,
            terminal,
            PgpoolSetupCommand.NameIn(Invocation.CalledAs()),
            interruption.Token
        );
        if (output.Problem is not { } problem)
        {
            return code;
        }

        ErrorView.Headline(terminal, problem);
        return code == (int)ExitCode.Done ? (int)ExitCode.Failed : code;
    }

    /// <param name="arguments">The arguments.</param>
    /// <param name="terminal">Where to speak.</param>
    /// <param name="oldName">The old program this one is called as; null when it is called by its own name.</param>
    /// <param name="interrupted">Ctrl+C and the like.</param>
    internal static async Task<int> RunAsync(
        string[] arguments,
        Terminal terminal,
        string? oldName = null,
        CancellationToken interrupted = default
    )
    {
        var command = oldName is null
            ? AllCommands.Root(terminal, arguments)
            : AllCommands.Old(terminal, arguments, oldName);
        var parsed = command.Parse(arguments, CommandLine.Literally);
        if ((parsed.Errors.Count > 0 || UnknownOption.In(parsed) is not null) && parsed.Action is not ShowHelp)
        {
            UsageErrors.Show(terminal, parsed);
            return (int)ExitCode.Usage;
        }

        terminal.Quiet = parsed.GetValue(CommandLine.Quiet);
        terminal.Verbose = parsed.GetValue(CommandLine.Verbose);
        try
        {
            // The parser's own handling of signals is off (no timeout): it knows of no command before that has waited
            // for something.
            var invocation = new InvocationConfiguration
            {
                Output = terminal.Out,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(invocation, interrupted);
        }
        catch (Exception error)
        {
            return (int)ErrorView.Show(terminal, error);
        }
    }
}
