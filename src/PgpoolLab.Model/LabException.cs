namespace PgpoolLab.Model;

/// <summary>A failure a user can understand and act on. It carries facts; one renderer makes them prose.</summary>
public class LabException : Exception
{
    /// <summary>Makes a failure.</summary>
    /// <param name="code">The exit code the command ends with.</param>
    /// <param name="what">What was attempted and what happened, in one sentence.</param>
    /// <param name="inner">The cause, shown in full only with <c>-v</c>.</param>
    public LabException(ExitCode code, string what, Exception? inner = null)
        : base(what, inner) => Code = code;

    /// <summary>The exit code the command ends with.</summary>
    public ExitCode Code { get; }

    /// <summary>The program's own words: its output, or what was last seen. Empty when there are none.</summary>
    public IReadOnlyList<string> Details { get; init; } = [];

    /// <summary>The log to read, if one exists.</summary>
    public string? LogFile { get; init; }

    /// <summary>The last lines of that log.</summary>
    public IReadOnlyList<string> LogTail { get; init; } = [];

    /// <summary>What to do about it; each entry is one sentence or one command.</summary>
    public IReadOnlyList<string> Hints { get; init; } = [];
}
