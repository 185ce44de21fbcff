namespace PgpoolLab.Servers.Reports;

/// <summary>Something that ends a finding. It can be shown as a command line (<see cref="RemedyWords"/>), and
/// done.</summary>
public abstract record Remedy
{
    private Remedy() { }

    /// <summary>Starts every server that does not run.</summary>
    public sealed record StartAll : Remedy;

    /// <summary>Stops every server, and starts them again.</summary>
    public sealed record RestartAll : Remedy;

    /// <summary>Stops a Pgpool-II, and starts it again.</summary>
    /// <param name="Pgpool">Its number.</param>
    public sealed record RestartPgpool(int Pgpool) : Remedy;

    /// <summary>Starts a node's PostgreSQL.</summary>
    /// <param name="Node">The node.</param>
    public sealed record StartNode(int Node) : Remedy;

    /// <summary>Stops a node's PostgreSQL.</summary>
    /// <param name="Node">The node.</param>
    /// <param name="Immediate">True when it must not write another byte.</param>
    public sealed record StopNode(int Node, bool Immediate = false) : Remedy;

    /// <summary>Has Pgpool-II use a node again.</summary>
    /// <param name="Node">The node.</param>
    public sealed record Attach(int Node) : Remedy;

    /// <summary>Has Pgpool-II use a node no longer.</summary>
    /// <param name="Node">The node.</param>
    public sealed record Detach(int Node) : Remedy;

    /// <summary>Copies a node again from the primary, starts and attaches it (online recovery).</summary>
    /// <param name="Node">The node.</param>
    public sealed record Recover(int Node) : Remedy;

    /// <summary>Continues suspended processes.</summary>
    /// <param name="Processes">Their process ids.</param>
    public sealed record ResumeProcesses(IReadOnlyList<int> Processes) : Remedy;

    /// <summary>Ends a suspended PostgreSQL without letting it work on: its first process gets SIGQUIT, is continued,
    /// and ends the others.</summary>
    /// <param name="Process">Its first process.</param>
    public sealed record Fence(int Process) : Remedy;

    /// <summary>Lets commits on a primary wait for no standby.</summary>
    /// <param name="Node">The primary.</param>
    public sealed record StopWaitingForStandbys(int Node) : Remedy;

    /// <summary>Nothing is to be done but to wait.</summary>
    /// <param name="For">What to wait for.</param>
    public sealed record Wait(WorkKind For) : Remedy;
}
