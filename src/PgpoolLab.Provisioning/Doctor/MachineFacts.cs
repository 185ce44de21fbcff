using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Tools;

namespace PgpoolLab.Provisioning.Doctor;

/// <summary>What <c>doctor</c> knows of a machine. <see cref="Diagnosis"/> judges it.</summary>
public sealed record MachineFacts
{
    /// <summary>Login name of the user labs would run as; null when root calls and there is none.</summary>
    public required string? LabUser { get; init; }

    /// <summary>Which packages to name; null when that does not matter.</summary>
    public Platform? Platform { get; init; }

    /// <summary>True when root calls.</summary>
    public bool CalledByRoot { get; init; }

    /// <summary>Every PostgreSQL and Pgpool-II there is.</summary>
    public required ToolSurvey Tools { get; init; }

    /// <summary>Those Pgpool-II programs whose distribution has fixed CVE-2025-46801, which their version
    /// has.</summary>
    public IReadOnlyList<string> FixedPgpools { get; init; } = [];

    /// <summary>Which a lab would be made of; null when they are not all there.</summary>
    public Toolset? Chosen { get; init; }

    /// <summary>Why none is complete, in setup's own words; null when one is.</summary>
    public LabException? Missing { get; init; }

    /// <summary>What made the choice: a variable's name, or null for the newest that is complete.</summary>
    public string? ChosenBy { get; init; }

    /// <summary>Programs the scripts of a lab call, each with its path; null when it is not on PATH.</summary>
    public required IReadOnlyDictionary<string, string?> Programs { get; init; }

    /// <summary>True when the system shows its processes in /proc, as Linux does.</summary>
    public bool HasProc { get; init; } = true;

    /// <summary>What <c>locale</c> complains of; null when it does not.</summary>
    public string? LocaleComplaint { get; init; }

    /// <summary>Limits of System V semaphores and how many there are; null when they cannot be seen.</summary>
    public SemaphoreFacts? Semaphores { get; init; }

    /// <summary>Limits of System V shared memory and how much there is; null when they cannot be seen.</summary>
    public SharedMemoryFacts? SharedMemory { get; init; }

    /// <summary>The file system of <c>/dev/shm</c>; null when there is none.</summary>
    public Volume? PosixSharedMemory { get; init; }

    /// <summary>Files one process may have open (<c>ulimit -n</c>); null without limit.</summary>
    public long? OpenFiles { get; init; }

    /// <summary>Processes one user may have (<c>ulimit -u</c>); null without limit.</summary>
    public long? UserProcesses { get; init; }

    /// <summary>Processes and threads the lab's user has.</summary>
    public long UserProcessesNow { get; init; }

    /// <summary>Processes this container or service may have (<c>pids.max</c>); null without limit.</summary>
    public long? GroupProcesses { get; init; }

    /// <summary>Processes this container or service has.</summary>
    public long GroupProcessesNow { get; init; }

    /// <summary>Folders labs write in.</summary>
    public required IReadOnlyList<Place> Places { get; init; }

    /// <summary>Where sockets may lie, each with whether the lab's user can write there.</summary>
    public required IReadOnlyList<(string Folder, bool CanWrite)> SocketFolders { get; init; }

    /// <summary>False where servers cannot listen on 127.0.0.1.</summary>
    public bool HasLoopback { get; init; } = true;

    /// <summary>False where the name localhost does not resolve.</summary>
    public bool KnowsLocalhost { get; init; } = true;

    /// <summary>The ports the kernel lends to clients; null when they cannot be seen.</summary>
    public (int First, int Last)? LentPorts { get; init; }

    /// <summary>Ports a lab takes by default that are not free, each with who holds it.</summary>
    public IReadOnlyList<(int Port, string Holder)> TakenPorts { get; init; } = [];

    /// <summary>How many of the ports <c>--port auto</c> chooses from somebody listens on.</summary>
    public int TakenAutomaticPorts { get; init; }

    /// <summary>Tablespaces that nodes of one lab share.</summary>
    public IReadOnlyList<LabTablespace> SharedTablespaces { get; init; } = [];

    /// <summary>What dead labs have left.</summary>
    public Leftovers Leftovers { get; init; } = new();
}

/// <summary>A folder labs write in.</summary>
/// <param name="Use">What for.</param>
/// <param name="Path">The folder, or the nearest one above it that exists.</param>
/// <param name="CanWrite">Whether the lab's user can write there, or, for root, whether root can make a lab there for
/// that user.</param>
/// <param name="Volume">Its file system; null when it cannot be seen.</param>
public sealed record Place(PlaceUse Use, string Path, bool CanWrite, Volume? Volume);

/// <summary>What a folder is for.</summary>
public enum PlaceUse
{
    /// <summary>The current folder, where a lab would be made.</summary>
    Lab,

    /// <summary>The list of labs, and the logs of failed setups.</summary>
    State,

    /// <summary>Database clusters that new labs are copied from.</summary>
    Cache,
}

/// <summary>System V semaphores.</summary>
/// <param name="PerSet">Most in one set (SEMMSL).</param>
/// <param name="All">Most at all (SEMMNS).</param>
/// <param name="Sets">Most sets (SEMMNI).</param>
/// <param name="UsedAll">Semaphores there are.</param>
/// <param name="UsedSets">Sets there are.</param>
/// <remarks>Linux manual, proc(5), "/proc/sys/kernel/sem".</remarks>
public sealed record SemaphoreFacts(long PerSet, long All, long Sets, long UsedAll, long UsedSets);

/// <summary>System V shared memory.</summary>
/// <param name="LargestSegment">Most bytes of one segment (shmmax).</param>
/// <param name="AllBytes">Most bytes at all (shmall, in bytes).</param>
/// <param name="Segments">Most segments (shmmni).</param>
/// <param name="UsedBytes">Bytes there are.</param>
/// <param name="UsedSegments">Segments there are.</param>
/// <remarks>Linux manual, proc(5), "/proc/sys/kernel/shmall" and its neighbours.</remarks>
public sealed record SharedMemoryFacts(
    decimal LargestSegment,
    decimal AllBytes,
    long Segments,
    long UsedBytes,
    long UsedSegments
);

/// <summary>What labs that are dead have left.</summary>
public sealed record Leftovers
{
    /// <summary>Orphaned labs, in words.</summary>
    public IReadOnlyList<string> Orphans { get; init; } = [];

    /// <summary>Sockets of the lab's user nobody listens on and no lab owns, and lock files without a socket.</summary>
    public IReadOnlyList<string> Sockets { get; init; } = [];

    /// <summary>Shared memory segments whose creator has ended and that nobody uses: their ids and bytes.</summary>
    public IReadOnlyList<(int Id, long Bytes)> Segments { get; init; } = [];

    /// <summary>Ids of semaphore sets that no running server can have made.</summary>
    public IReadOnlyList<int> Semaphores { get; init; } = [];

    /// <summary>Servers that work in a deleted folder and are on no list, with the signal that ends each.</summary>
    public IReadOnlyList<(int Id, string Name, string Folder)> Strays { get; init; } = [];

    /// <summary>Folders a recovery has left beside a data folder.</summary>
    public IReadOnlyList<string> RecoveryFolders { get; init; } = [];

    /// <summary>Clusters in the cache that were never finished.</summary>
    public IReadOnlyList<string> CacheFolders { get; init; } = [];
}
