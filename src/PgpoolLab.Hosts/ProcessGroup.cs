using System.ComponentModel;

namespace PgpoolLab.Hosts;

/// <summary>A program and whatever it has started that has not left its process group. Linux only.</summary>
/// <param name="Id">The group's number: the process id of its leader.</param>
/// <param name="StartedAt">When the leader was started, as <see cref="ProcessFacts.StartedAt"/> has it: its number may
/// be another process's by now. Null when it had ended already.</param>
public sealed record ProcessGroup(int Id, string? StartedAt)
{
    /// <summary>The group that this process leads.</summary>
    public static ProcessGroup LedBy(int process) => new(process, ProcessTable.Find(process)?.StartedAt);

    /// <summary>The groups of a session whose leader was started with a variable, and is our user's.</summary>
    /// <param name="session">The session.</param>
    /// <param name="variable">The name of the variable.</param>
    /// <param name="value">What it must say.</param>
    public static IReadOnlyList<ProcessGroup> LedIn(int session, string variable, string value) =>
        [.. ProcessTable.LeadersIn(session, variable, value).Select(LedBy)];

    /// <summary>The session this process is in; null where sessions cannot be seen.</summary>
    public static int? OwnSession => ProcessTable.OwnSession;

    /// <summary>True while one of its processes runs; those that have ended and were not collected do not
    /// count.</summary>
    public bool Runs => IsStillIt && ProcessTable.AnyInGroup(Id);

    /// <summary>A number of a group that has processes is given to no other process. So whoever has it is the leader,
    /// or nobody has, or it is another process and the group is gone.</summary>
    private bool IsStillIt =>
        Id > 1 && (ProcessTable.Find(Id) is not { } leader || StartedAt is null || leader.StartedAt == StartedAt);

    /// <summary>Sends a signal to each of its processes.</summary>
    /// <returns>False when there is none, or none that may be sent one.</returns>
    public bool TrySignal(ProcessSignal signal)
    {
        try
        {
            return IsStillIt && Posix.Signal(-Id, (int)signal);
        }
        catch (Win32Exception)
        {
            // All of them have become another user's, as sudo does.
            return false;
        }
    }
}
