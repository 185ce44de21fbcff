namespace PgpoolLab.Hosts;

/// <summary>What tells one process from every other.</summary>
/// <param name="Id">Process id.</param>
/// <param name="StartedAt">When it started, in the host's own unit: with the id it is unique until the machine
/// restarts.</param>
/// <param name="Name">Short name of its program, for example <c>postgres</c>.</param>
/// <param name="CommandLine">Its argv, joined by spaces.</param>
/// <param name="WorkingDirectory">Its working folder with links resolved; null when that cannot be seen.</param>
/// <param name="SessionId">Id of its session's leader.</param>
public sealed record ProcessFacts(
    int Id,
    string StartedAt,
    string Name,
    string CommandLine,
    string? WorkingDirectory,
    int SessionId
)
{
    /// <summary>Numeric id of its user; null when that cannot be seen.</summary>
    public int? UserId { get; init; }

    /// <summary>Id of the process that started it, or of the one that took it over when that ended; null when it cannot
    /// be seen.</summary>
    public int? ParentId { get; init; }

    /// <summary>What it does, by the system's letter: R runs, S sleeps, D waits for a disk, T is suspended (SIGSTOP), t
    /// is stopped by a debugger. Null when that cannot be seen.</summary>
    public char? State { get; init; }

    /// <summary>True for one that does nothing until it is continued: it was sent SIGSTOP, or a debugger holds
    /// it.</summary>
    public bool IsSuspended => State is 'T' or 't';

    /// <summary>True for the same process, whatever it is called and does by now.</summary>
    /// <param name="other">Another look at a process.</param>
    public bool Equals(ProcessFacts? other) => other is not null && Id == other.Id && StartedAt == other.StartedAt;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Id, StartedAt);

    /// <summary>Those of some processes that none of the others has started: a server without its children, and
    /// children whose server has ended. A child is not known by its title, which it has only some moments after its
    /// start.</summary>
    public static IReadOnlyList<ProcessFacts> WithoutChildren(IReadOnlyCollection<ProcessFacts> processes)
    {
        ArgumentNullException.ThrowIfNull(processes);
        var ids = processes.Select(p => p.Id).ToHashSet();
        return [.. processes.Where(p => p.ParentId is not { } parent || !ids.Contains(parent))];
    }

    /// <summary>True unless it is another user's: anybody can give a process any name and command line.</summary>
    public bool MayBeOf(int? user) => UserId is not { } actual || user is not { } wanted || actual == wanted;
}
