using System.Globalization;
using PgpoolLab.Hosts;

namespace PgpoolLab.Provisioning.Doctor;

/// <summary>What Linux says of itself and of a user's limits, in files that are read once. Elsewhere there are
/// none.</summary>
/// <remarks>Linux manual, proc(5); cgroups(7).</remarks>
internal sealed class KernelFacts
{
    private const string Semaphore = "/proc/sys/kernel/sem";
    private const string LargestSegment = "/proc/sys/kernel/shmmax";
    private const string AllPages = "/proc/sys/kernel/shmall";
    private const string MostSegments = "/proc/sys/kernel/shmmni";
    private const string Lent = "/proc/sys/net/ipv4/ip_local_port_range";
    private const string Segments = "/proc/sysvipc/shm";
    private const string Sets = "/proc/sysvipc/sem";
    private const string Connections = "/proc/net/tcp";
    private const string Connections6 = "/proc/net/tcp6";
    private const string Statistics = "/proc/stat";
    private const string OwnLimits = "/proc/self/limits";
    private const string OwnGroup = "/proc/self/cgroup";

    private readonly Dictionary<string, string> _files;
    private readonly Dictionary<string, string> _group;

    private KernelFacts(Dictionary<string, string> files, Dictionary<string, string> group) =>
        (_files, _group) = (files, group);

    internal static async Task<KernelFacts> ReadAsync(IHost host, CancellationToken cancellationToken)
    {
        var files = new Dictionary<string, string>();
        foreach (
            var file in (string[])
                [
                    Semaphore,
                    LargestSegment,
                    AllPages,
                    MostSegments,
                    Lent,
                    Segments,
                    Sets,
                    Connections,
                    Connections6,
                    Statistics,
                    OwnLimits,
                    OwnGroup,
                ]
        )
        {
            files[file] = await ReadAsync(file) ?? "";
        }

        // In a container the group is the root of what can be seen.
        const string unified = "0::";
        var path = files[OwnGroup]
            .Split('\n')
            .FirstOrDefault(l => l.StartsWith(unified, StringComparison.Ordinal))
            ?[unified.Length..].TrimEnd('/');
        var group = new Dictionary<string, string>();
        foreach (var name in (string[])["pids.max", "pids.current"])
        {
            if (
                (await ReadAsync($"/sys/fs/cgroup{path}/{name}") ?? await ReadAsync($"/sys/fs/cgroup/{name}")) is
                { } text
            )
            {
                group[name] = text.Trim();
            }
        }

        return new KernelFacts(files, group);

        async Task<string?> ReadAsync(string file)
        {
            try
            {
                return await host.Files.ReadTextAsync(file, cancellationToken);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return "";
            }
        }
    }

    /// <summary>Every shared memory segment of System V.</summary>
    internal IReadOnlyList<Segment> SharedSegments => SystemVIpc.Segments(_files[Segments]);

    /// <summary>Every set of semaphores of System V.</summary>
    internal IReadOnlyList<SemaphoreSet> SemaphoreSets => SystemVIpc.SemaphoreSets(_files[Sets]);

    /// <summary>First and last of the ports that the kernel lends to clients; null when that cannot be seen.</summary>
    internal (int First, int Last)? LentPorts =>
        Numbers(Lent) is [var first, var last] ? ((int)first, (int)last) : null;

    /// <summary>How many processes this process's control group may have; null when there is no limit.</summary>
    internal long? GroupProcesses => long.TryParse(_group.GetValueOrDefault("pids.max"), out var limit) ? limit : null;

    /// <summary>How many it has.</summary>
    internal long GroupProcessesNow => long.TryParse(_group.GetValueOrDefault("pids.current"), out var now) ? now : 0;

    internal int ListenersIn(int first, int last) =>
        ListenersIn(_files[Connections] + _files[Connections6], first, last);

    internal long? Limit(string name) => LimitIn(_files[OwnLimits], name);

    /// <summary>How many different ports in this range are listened on, by the tables of the system.</summary>
    internal static int ListenersIn(string tables, int first, int last)
    {
        // Number, local address, remote address, state (0A: listening), …
        return tables
            .Split('\n')
            .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(f => f.Length > 3 && f[3] == "0A")
            .Select(f =>
                int.TryParse(f[1].Split(':')[^1], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var port)
                    ? port
                    : 0
            )
            .Where(p => p >= first && p <= last)
            .Distinct()
            .Count();
    }

    /// <summary>The soft limit of this name; null when there is none, or when it cannot be seen.</summary>
    /// <remarks>Linux manual, proc(5), "/proc/pid/limits".</remarks>
    internal static long? LimitIn(string limits, string name) =>
        limits.Split('\n').FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal)) is { } line
        && long.TryParse(
            line[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(),
            out var limit
        )
            ? limit
            : null;

    internal SemaphoreFacts? Semaphores(IReadOnlyList<SemaphoreSet> sets) =>
        Numbers(Semaphore) is [var perSet, var all, _, var most]
            ? new SemaphoreFacts((long)perSet, (long)all, (long)most, sets.Sum(s => (long)s.Count), sets.Count)
            : null;

    internal SharedMemoryFacts? SharedMemory(IReadOnlyList<Segment> segments) =>
        Numbers(LargestSegment) is [var largest]
        && Numbers(AllPages) is [var pages]
        && Numbers(MostSegments) is [var most]
            ? new SharedMemoryFacts(
                largest,
                pages * MemoryPages.Size,
                (long)most,
                segments.Sum(s => s.Bytes),
                segments.Count
            )
            : null;

    /// <summary>When a process started, in seconds since 1970: Linux tells it in hundredths of a second since the
    /// machine did.</summary>
    internal long StartOf(ProcessFacts process)
    {
        const string bootTime = "btime ";
        const long ticksOfSecond = 100;
        var boot = _files[Statistics].Split('\n').FirstOrDefault(l => l.StartsWith(bootTime, StringComparison.Ordinal));
        return
            long.TryParse(boot?[bootTime.Length..], out var booted) && long.TryParse(process.StartedAt, out var ticks)
            ? booted + (ticks / ticksOfSecond)
            : 0;
    }

    private decimal[] Numbers(string file) =>
        _files[file]
            .Split((char[])[' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries)
            .Select(w => decimal.TryParse(w, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0)
            .ToArray();
}
