using System.CommandLine;
using System.Runtime.InteropServices;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;

namespace PgpoolLab.Cli;

/// <summary>The program: parses, runs one command, and turns whatever happened into an exit code.</summary>
internal static class Program
{
    /// <summary>Undoing may take this long after Ctrl+C; System.CommandLine's own two seconds would cut it off.</summary>
    private static readonly TimeSpan UndoTime = TimeSpan.FromMinutes(10);

    public static async Task<int> Main(string[] arguments)
    {
        TemplateFunctions.Keep();
        Invocation.Remember();
        ManagedRuntime.PrepareToStandDown();
        var terminal = Terminal.Create(Console.Out, Console.Error, Environment.GetEnvironmentVariable);
        return await RunAsync(arguments, terminal, Invocation.OldName());
    }

    /// <param name="arguments">The arguments.</param>
    /// <param name="terminal">Where to speak.</param>
    /// <param name="oldName">The old program this one is called as; null when it is called by its own name.</param>
    internal static async Task<int> RunAsync(string[] arguments, Terminal terminal, string? oldName = null)
    {
        var command = oldName is null ? CommandLine.Root(terminal, arguments) : CommandLine.Old(terminal, arguments, oldName);
        var parsed = command.Parse(arguments, CommandLine.Literally);
        if ((parsed.Errors.Count > 0 || UnknownOption.In(parsed) is not null) && parsed.Action is not System.CommandLine.Help.HelpAction)
        {
            ErrorView.Usage(terminal, parsed);
            return (int)ExitCode.Usage;
        }

        terminal.Quiet = parsed.GetValue(CommandLine.Quiet);
        terminal.Verbose = parsed.GetValue(CommandLine.Verbose);
        using var hangup = new CancellationTokenSource();
        using var onHangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            hangup.Cancel();
        });
        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration { Output = terminal.Out, Error = terminal.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = UndoTime }, hangup.Token);
        }
        catch (Exception error)
        {
            return (int)ErrorView.Show(terminal, error);
        }
    }
}
