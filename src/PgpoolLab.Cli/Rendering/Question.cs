using System.Runtime.Versioning;
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
        var answer = await ReadLineAsync(terminal, question, cancellationToken);
        return answer?.Trim() is "y" or "Y" or "yes";
    }

    /// <summary>Asks, and reads a line that is not shown.</summary>
    /// <param name="terminal">Where it is asked.</param>
    /// <param name="question">The question.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Null at the end of the input, and where it could not be kept from being shown.</returns>
    [SupportedOSPlatform("linux")]
    internal static async Task<string?> AskSecretAsync(
        Terminal terminal,
        string question,
        CancellationToken cancellationToken
    )
    {
        using var silent = SilentTerminal.TryTake();
        if (silent is null)
        {
            return null;
        }

        try
        {
            return await ReadLineAsync(terminal, question, cancellationToken);
        }
        finally
        {
            // Nobody has seen the end of the line.
            terminal.Error.WriteLine();
        }
    }

    private static async Task<string?> ReadLineAsync(
        Terminal terminal,
        string question,
        CancellationToken cancellationToken
    )
    {
        StandardStreams.ForgetTyped(StandardInput);
        terminal.Error.Write(question + " ");
        // Nothing can end a read from a terminal: it is left behind when Ctrl+C ends the command.
        using var input = new StreamReader(
            new FileStream(new SafeFileHandle(StandardInput, ownsHandle: false), FileAccess.Read, bufferSize: 1)
        );
        return await Task.Run(input.ReadLine, CancellationToken.None).WaitAsync(cancellationToken);
    }
}
