namespace PgpoolLab.Model;

/// <summary>How a command ended. Part of the public interface: documented, never renumbered.</summary>
public enum ExitCode
{
    /// <summary>It is done.</summary>
    Done = 0,

    /// <summary>It failed for a reason that has no code of its own.</summary>
    Failed = 1,

    /// <summary>The command line was wrong; nothing was touched.</summary>
    Usage = 2,

    /// <summary>A program, extension or right is missing on this machine; nothing was touched.</summary>
    Missing = 3,

    /// <summary>A port, folder or lab of that name is in the way.</summary>
    InTheWay = 4,

    /// <summary>The servers came up wrong, or not in time.</summary>
    NotHealthy = 5,

    /// <summary>There is no such lab or node.</summary>
    NotFound = 6,

    /// <summary>Another command is at work on this lab.</summary>
    Busy = 7,

    /// <summary>It failed, and not everything it had made could be undone.</summary>
    UndoFailed = 8,

    /// <summary>It was interrupted (Ctrl+C, SIGTERM, SIGHUP).</summary>
    Interrupted = 130,
}
