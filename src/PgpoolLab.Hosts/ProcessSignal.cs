namespace PgpoolLab.Hosts;

/// <summary>The signals the lab's servers know.</summary>
public enum ProcessSignal
{
    /// <summary>SIGHUP: read the configuration again.</summary>
    Hangup = 1,

    /// <summary>SIGINT: fast shutdown, of PostgreSQL and Pgpool-II alike.</summary>
    Interrupt = 2,

    /// <summary>SIGQUIT: immediate shutdown.</summary>
    Quit = 3,

    /// <summary>SIGKILL.</summary>
    Kill = 9,

    /// <summary>SIGTERM: smart shutdown.</summary>
    Terminate = 15,

    /// <summary>SIGCONT: go on after <see cref="Suspend"/>. Linux's number; the host knows its system's
    /// own.</summary>
    Resume = 18,

    /// <summary>SIGSTOP: do nothing until <see cref="Resume"/>.</summary>
    Suspend = 19,
}
