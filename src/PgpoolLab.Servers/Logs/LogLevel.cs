namespace PgpoolLab.Servers.Logs;

/// <summary>How serious a line of a log is, in the servers' own words. The order is that of a reader, not of
/// <c>log_min_messages</c>, where LOG comes after ERROR.</summary>
/// <remarks>PostgreSQL manual, "Error Reporting and Logging", "Message Severity Levels".</remarks>
public enum LogLevel
{
    /// <summary>DEBUG1 to DEBUG5.</summary>
    Debug,

    /// <summary>INFO, NOTICE, LOG, and lines that have no level.</summary>
    Log,

    /// <summary>WARNING.</summary>
    Warning,

    /// <summary>ERROR: a statement has failed.</summary>
    Error,

    /// <summary>FATAL: a session or a process has ended.</summary>
    Fatal,

    /// <summary>PANIC: all sessions have ended.</summary>
    Panic,
}

/// <summary>The words for levels.</summary>
public static class LogLevels
{
    /// <summary>What a user can ask for.</summary>
    public static IReadOnlyList<string> Names { get; } = ["debug", "log", "warning", "error", "fatal", "panic"];

    /// <summary>The level of a server's or a user's word, in capitals or not; null for what is none.</summary>
    public static LogLevel? Of(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        return word.ToUpperInvariant() switch
        {
            "DEBUG" or "DEBUG1" or "DEBUG2" or "DEBUG3" or "DEBUG4" or "DEBUG5" or "VRB" or "DBG" => LogLevel.Debug,
            "LOG" or "INFO" or "NOTICE" or "INF" => LogLevel.Log,
            "WARNING" or "WRN" => LogLevel.Warning,
            "ERROR" or "ERR" => LogLevel.Error,
            "FATAL" or "FTL" => LogLevel.Fatal,
            "PANIC" => LogLevel.Panic,
            _ => null,
        };
    }
}
