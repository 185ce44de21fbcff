namespace PgpoolLab.Servers.Logs;

/// <summary>One message of a log, with everything that belongs to it.</summary>
/// <param name="At">When it was written; null where the log does not say and nothing before or after it does.</param>
/// <param name="Source">The log.</param>
/// <param name="Level">How serious it is.</param>
/// <param name="Process">Id of the process that wrote it; null where the log does not say.</param>
/// <param name="Name">What the process is: PostgreSQL's application name, Pgpool-II's kind of process (<c>main</c>,
/// <c>health_check0</c>), the script. Empty where the log does not say.</param>
/// <param name="Text">The message. After an end of line come its continuation: further lines, and DETAIL, HINT,
/// CONTEXT, STATEMENT with that word in front.</param>
public sealed record LogLine(
    DateTimeOffset? At,
    LogSource Source,
    LogLevel Level,
    int? Process,
    string Name,
    string Text
)
{
    /// <summary>The message without its continuation.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string FirstLine => Text.IndexOf('\n') is >= 0 and var end ? Text[..end] : Text;
}
