using Microsoft.Win32.SafeHandles;
using PgpoolLab.Hosts;

namespace PgpoolLab.Cli.Rendering;

/// <summary>Asks a person at a terminal.</summary>
internal static class Question
{
    private const int StandardInput = 0;
    private const int StandardError = 2;

    /// <summary>True when somebody is there to read the question and to answer it.</summary>
    internal static bool CanAsk =>
        StandardStreams.IsTerminal(StandardInput) && StandardStreams.IsTerminal(StandardError);

    /// <summary>Asks, and reads a line.</summary>
    /// <param name="terminal">Where it is asked.</param>
    /// <param name="question">The question.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>True when the answer is yes.</returns>
    internal static async Task<bool> AskAsync(Terminal terminal, string question, CancellationToken cancellationToken)
    {
        terminal.Error.Write(question + " ");
        // Nothing can end a read from a terminal: it is left behind when Ctrl+C ends the command.
        using var input = new StreamReader(
            new FileStream(new SafeFileHandle(StandardInput, ownsHandle: false), FileAccess.Read, bufferSize: 1)
        );
        var answer = await Task.Run(input.ReadLine, CancellationToken.None).WaitAsync(cancellationToken);
        return answer?.Trim() is "y" or "Y" or "yes";
    }
}
