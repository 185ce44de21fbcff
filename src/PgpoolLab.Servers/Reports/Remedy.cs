namespace PgpoolLab.Servers.Reports;

/// <summary>Something that ends a finding. It can be shown as a command line (<see cref="RemedyWords"/>), and
/// done (<c>status --fix</c>).</summary>
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

    /// <summary>Continues a Pgpool-II that is suspended.</summary>
    /// <param name="Pgpool">Its number.</param>
    public sealed record ResumePgpool(int Pgpool) : Remedy;

    /// <summary>Starts a node's PostgreSQL, and attaches it when it streams.</summary>
    /// <param name="Node">The node.</param>
    public sealed record StartNode(int Node) : Remedy;

    /// <summary>Has Pgpool-II use a node again.</summary>
    /// <param name="Node">The node.</param>
    public sealed record Attach(int Node) : Remedy;

    /// <summary>Copies a node again from the primary, starts and attaches it (online recovery). One that runs or is
    /// attached is stopped and detached before.</summary>
    /// <param name="Node">The node.</param>
    /// <param name="EvenIfWell">True for one that streams and is attached.</param>
    public sealed record Recover(int Node, bool EvenIfWell = false) : Remedy;

    /// <summary>Continues a node that is suspended.</summary>
    /// <param name="Node">The node.</param>
    public sealed record ResumeNode(int Node) : Remedy;

    /// <summary>Ends a suspended PostgreSQL without letting it work on.</summary>
    /// <param name="Node">The node.</param>
    public sealed record KillNode(int Node) : Remedy;

    /// <summary>Lets commits on a primary wait for no standby.</summary>
    /// <param name="Node">The primary.</param>
    public sealed record StopWaitingForStandbys(int Node) : Remedy;

    /// <summary>Has a node execute a statement.</summary>
    /// <param name="Node">The node.</param>
    /// <param name="Statement">SQL, one statement.</param>
    public sealed record Execute(int Node, string Statement) : Remedy;

    /// <summary>Changes a setting in the lab's files, and restarts what must be restarted for it.</summary>
    /// <param name="Program">As the commands name it: pgpool or postgresql.</param>
    /// <param name="Name">The setting.</param>
    /// <param name="Value">Its new value.</param>
    public sealed record Configure(string Program, string Name, string Value) : Remedy;

    /// <summary>Has every server read its configuration files again, and restarts those that need it.</summary>
    public sealed record ApplySettings : Remedy;

    /// <summary>Writes the password that the lab's <c>pcppass</c> has into pcp.conf.</summary>
    /// <param name="Pgpool">Whose.</param>
    public sealed record WritePcpPassword(int Pgpool) : Remedy;

    /// <summary>Makes all links whole.</summary>
    public sealed record Heal : Remedy;

    /// <summary>Nothing is to be done but to wait.</summary>
    /// <param name="For">What to wait for.</param>
    public sealed record Wait(WorkKind For) : Remedy;
}
