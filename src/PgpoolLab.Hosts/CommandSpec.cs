namespace PgpoolLab.Hosts;

/// <summary>One program run: argv and what surrounds it. Never a shell string. Immutable; change by copy.</summary>
/// <param name="Program">Absolute path, or a name to look up on PATH.</param>
/// <param name="Arguments">Arguments, each passed on as it is.</param>
public sealed record CommandSpec(string Program, params IReadOnlyList<string> Arguments)
{
    /// <summary>Variables to add to the environment; a null value removes one.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>Whether it gets the caller's whole environment, and not only
    /// <see cref="CleanEnvironment.Kept"/>.</summary>
    public bool KeepsEnvironment { get; init; }

    /// <summary>Whether it gets <see cref="CleanEnvironment.KeptOnTerminal"/> as well.</summary>
    public bool OnTerminal { get; init; }

    /// <summary>Working folder; null for the caller's.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Text for its standard input; null for none at all.</summary>
    public string? Input { get; init; }

    /// <summary>After this it is ended and the run counts as failed.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A copy with one more environment variable.</summary>
    public CommandSpec With(string variable, string? value) =>
        this with
        {
            Environment = new Dictionary<string, string?>(Environment) { [variable] = value },
        };

    /// <summary>The command as it can be pasted into a POSIX shell.</summary>
    public override string ToString() => string.Join(' ', Arguments.Prepend(Program).Select(Shell.Quote));
}

/// <summary>What a finished program left.</summary>
/// <param name="Command">What was run.</param>
/// <param name="ExitCode">Its exit code; 128 plus the signal when a signal ended it.</param>
/// <param name="Output">Its standard output, complete.</param>
/// <param name="Error">Its standard error, complete.</param>
/// <param name="Elapsed">How long it ran.</param>
public sealed record CommandResult(CommandSpec Command, int ExitCode, string Output, string Error, TimeSpan Elapsed)
{
    /// <summary>This result, when the program succeeded.</summary>
    /// <param name="attempt">What the run was for, to begin the error message with, for example "create the
    /// primary".</param>
    /// <exception cref="CommandFailedException">The exit code is not 0.</exception>
    public CommandResult OrThrow(string attempt) =>
        ExitCode == 0 ? this : throw new CommandFailedException(attempt, this);
}

/// <summary>A program was run and failed.</summary>
/// <param name="attempt">What the run was for.</param>
/// <param name="result">How it ended.</param>
public sealed class CommandFailedException(string attempt, CommandResult result)
    : Model.LabException(
        Model.ExitCode.Failed,
        $"Could not {attempt}: {Path.GetFileName(result.Command.Program)} ended with exit code {result.ExitCode}."
    )
{
    /// <summary>How it ended.</summary>
    public CommandResult Result { get; } = result;

    /// <summary>What it said: its standard error, or else the end of its output.</summary>
    public IReadOnlyList<string> Words { get; } =
        LastLines(string.IsNullOrWhiteSpace(result.Error) ? result.Output : result.Error, 12);

    private static string[] LastLines(string text, int count) =>
        text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .TakeLast(count)
            .ToArray();
}
