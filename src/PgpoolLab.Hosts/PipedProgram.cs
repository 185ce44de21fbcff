using System.Diagnostics;

namespace PgpoolLab.Hosts;

/// <summary>A program that we talk with while it runs: pipes are its streams. It has our whole environment, so it must
/// be one of our user's own.</summary>
public sealed class PipedProgram : IAsyncDisposable
{
    private const string Locale = "LC_ALL";
    private readonly Process _process;
    private readonly Task _errors;

    private PipedProgram(Process process, Action<string> error)
    {
        _process = process;
        _errors = EachLineAsync(process.StandardError, error);
    }

    /// <summary>Its number.</summary>
    public int Id => _process.Id;

    /// <summary>What it reads.</summary>
    public Stream Input => _process.StandardInput.BaseStream;

    /// <summary>What it writes.</summary>
    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>Starts one.</summary>
    /// <param name="command">The program.</param>
    /// <param name="error">Is told each line of its standard error.</param>
    /// <exception cref="ProgramNotFoundException">There is no such program.</exception>
    public static PipedProgram Start(CommandSpec command, Action<string> error)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(error);
        return new PipedProgram(
            ChildProcess.Start(
                command.With(Locale, Environment.GetEnvironmentVariable(Locale)) with
                {
                    KeepsEnvironment = true,
                },
                redirect: true
            ),
            error
        );
    }

    /// <summary>Runs one that reads nothing to its end.</summary>
    /// <param name="command">The program.</param>
    /// <param name="output">Is told each line of its standard output.</param>
    /// <param name="error">Is told each line of its standard error.</param>
    /// <param name="cancellationToken">Asks it to end (SIGTERM), which it does in its own time.</param>
    /// <returns>Its exit code.</returns>
    /// <exception cref="ProgramNotFoundException">There is no such program.</exception>
    public static async Task<int> RunAsync(
        CommandSpec command,
        Action<string> output,
        Action<string> error,
        CancellationToken cancellationToken
    )
    {
        await using var program = Start(command, error);
        program._process.StandardInput.Close();
        await using var registration = cancellationToken.Register(program.AskToEnd);
        await EachLineAsync(program._process.StandardOutput, output);
        return await program.EndAsync();
    }

    /// <summary>Asks it to end.</summary>
    public void AskToEnd()
    {
        if (OperatingSystem.IsWindows())
        {
            _process.Kill();
        }
        else if (!_process.HasExited)
        {
            // It is not collected before its end was seen, so the number is still its own.
            _ = Posix.Signal(_process.Id, (int)ProcessSignal.Terminate);
        }
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit code; 128 plus the signal when a signal ended it.</returns>
    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync(CancellationToken.None);
        await _errors;
        return _process.ExitCode;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // It has ended and has not read all, or we have closed it already.
        }

        await EndAsync();
        _process.Dispose();
    }

    private static async Task EachLineAsync(StreamReader reader, Action<string> line)
    {
        while (await reader.ReadLineAsync(CancellationToken.None) is { } text)
        {
            line(text);
        }
    }
}
