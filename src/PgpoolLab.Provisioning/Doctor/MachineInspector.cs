using System.Globalization;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Clusters;
using PgpoolLab.Provisioning.Leftovers;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Provisioning.Tools;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Doctor;

/// <summary>Gathers what <see cref="Diagnosis"/> judges. It changes nothing; what cannot be seen is left out.</summary>
/// <param name="host">The machine.</param>
/// <param name="time">The clock.</param>
/// <param name="environment">Variables.</param>
/// <param name="process">Becomes the user that labs would run as.</param>
public sealed class MachineInspector(
    IHost host,
    TimeProvider time,
    Func<string, string?> environment,
    IThisProcess process
)
{
    private static readonly string[] ScriptPrograms = ["bash", "setsid", "flock", "ps", "perl"];

    /// <summary>Looks. Root takes on the rights of the user labs would run as: that one's are what counts.</summary>
    /// <param name="currentFolder">Where a lab would be made.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<MachineFacts> InspectAsync(string currentFolder, CancellationToken cancellationToken)
    {
        var byRoot = Identity.IsRoot;
        var user = byRoot ? Identity.Find(RunAs.DefaultUser) : Identity.Current;
        var platform = await Platform.DetectAsync(host, cancellationToken);
        var request = ToolRequest.From(new LabSpec { Directory = "/" }, environment);
        var (survey, chosen, missing) = await ToolsAsync(new ToolFinder(host, platform), request, cancellationToken);
        // Root sees who holds a port; its labs' user would not.
        var taken = new List<(int, string)>();
        var hasLoopback = Network.HasLoopback();
        foreach (var (port, _) in hasLoopback ? PortLayout.From(PortLayout.DefaultPgpool, 1, null).All(2) : [])
        {
            if (await host.Ports.WhoHoldsAsync(port, cancellationToken) is { } holder)
            {
                taken.Add((port, holder));
            }
        }

        var registrations = LabIndex.Registrations();
        var orphans = await new OrphanFinder(host).FindAsync(cancellationToken);
        var processes = await host.Processes.FindAllAsync(ProcessFilter.All, cancellationToken);
        var mine = processes
            .Where(p => user is not null && Identity.OwnerOf($"/proc/{p.Id}")?.User == user.UserId)
            .ToArray();
        var ownFolder = Identity.OwnerOf(currentFolder);
        if (byRoot && user is not null)
        {
            process.Become(user);
        }

        var (segments, sets) = (
            SystemVIpc.Segments(Read("/proc/sysvipc/shm")),
            SystemVIpc.SemaphoreSets(Read("/proc/sysvipc/sem"))
        );
        return new MachineFacts
        {
            LabUser = user?.Name,
            CalledByRoot = byRoot,
            Platform = platform,
            Tools = survey,
            FixedPgpools = PasswordBypass.FixedByDistribution(survey.Pgpool),
            Chosen = chosen,
            Missing = missing,
            ChosenBy =
                request.PostgresBin is not null ? "PGBIN"
                : request.PgpoolDirectory is not null ? "PGPOOL_INSTALL_DIR"
                : null,
            Programs = ScriptPrograms.ToDictionary(p => p, OnPath),
            HasProc = Directory.Exists("/proc/self"),
            LocaleComplaint = await LocaleComplaintAsync(cancellationToken),
            Semaphores = Semaphores(sets),
            SharedMemory = SharedMemory(segments),
            PosixSharedMemory = Directory.Exists("/dev/shm") ? Volume.Of("/dev/shm") : null,
            OpenFiles = Limit("Max open files"),
            UserProcesses = Limit("Max processes"),
            UserProcessesNow = mine.Sum(p => Threads(p.Id)),
            GroupProcesses = GroupFile("pids.max") is { } most && long.TryParse(most, out var limit) ? limit : null,
            GroupProcessesNow = long.TryParse(GroupFile("pids.current"), out var now) ? now : 0,
            Places = Places(currentFolder, byRoot, ownFolder?.User),
            SocketFolders = LabSockets.CommonFolders.Select(f => (f, Identity.CanEnterAndWrite(f))).ToArray(),
            HasLoopback = hasLoopback,
            KnowsLocalhost = Network.Resolve("localhost").Count > 0,
            LentPorts = Numbers("/proc/sys/net/ipv4/ip_local_port_range") is [var first, var last]
                ? ((int)first, (int)last)
                : null,
            TakenPorts = taken,
            TakenAutomaticPorts = ListenersIn(
                Read("/proc/net/tcp") + Read("/proc/net/tcp6"),
                PortClaim.FirstAutomaticPort,
                PortClaim.LastAutomaticPort
            ),
            Leftovers = user is null
                ? new Leftovers()
                : new Leftovers
                {
                    Orphans = orphans.Where(o => !o.IsNothing).Select(Told).ToArray(),
                    Sockets = await StaleSocketsAsync(user, registrations, orphans, cancellationToken),
                    Segments = SystemVIpc
                        .Abandoned(segments, user.UserId, id => processes.Any(p => p.Id == id))
                        .Select(s => (s.Id, s.Bytes))
                        .ToArray(),
                    Semaphores = SystemVIpc
                        .Abandoned(sets, user.UserId, mine.Where(IsServer).Select(p => StartOf(p)).ToArray())
                        .Select(s => s.Id)
                        .ToArray(),
                    Strays = Strays(mine, registrations, orphans),
                    RecoveryFolders = RecoveryFolders(registrations, processes),
                    CacheFolders = ClusterCache
                        .Existing(host, new ProbeRunner(host, time), time)
                        .SelectMany(c => c.ListUnfinished())
                        .ToArray(),
                },
        };
    }

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

    private static async Task<(ToolSurvey Survey, Toolset? Chosen, LabException? Missing)> ToolsAsync(
        ToolFinder finder,
        ToolRequest request,
        CancellationToken cancellationToken
    )
    {
        var survey = await finder.SurveyAsync(request, cancellationToken);
        try
        {
            return (survey, await finder.FindAsync(request, cancellationToken), null);
        }
        catch (LabException error) when (error.Code is ExitCode.Missing)
        {
            return (survey, null, error);
        }
    }

    private string? OnPath(string program) =>
        (
            (IEnumerable<string>)
                [.. (environment("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries), "/usr/bin", "/bin"]
        )
            .Select(f => $"{f}/{program}")
            .FirstOrDefault(Identity.CanExecute);

    private async Task<string?> LocaleComplaintAsync(CancellationToken cancellationToken)
    {
        try
        {
            var answer = await host.Programs.RunAsync(
                new CommandSpec("locale").With("LC_ALL", environment("LC_ALL")),
                cancellationToken
            );
            return answer
                .Error.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .FirstOrDefault();
        }
        catch (ProgramNotFoundException)
        {
            return null;
        }
    }

    private static SemaphoreFacts? Semaphores(IReadOnlyList<SemaphoreSet> sets) =>
        Numbers("/proc/sys/kernel/sem") is [var perSet, var all, _, var most]
            ? new SemaphoreFacts((long)perSet, (long)all, (long)most, sets.Sum(s => (long)s.Count), sets.Count)
            : null;

    private static SharedMemoryFacts? SharedMemory(IReadOnlyList<Segment> segments) =>
        Numbers("/proc/sys/kernel/shmmax") is [var largest]
        && Numbers("/proc/sys/kernel/shmall") is [var pages]
        && Numbers("/proc/sys/kernel/shmmni") is [var most]
            ? new SharedMemoryFacts(
                largest,
                pages * Environment.SystemPageSize,
                (long)most,
                segments.Sum(s => s.Bytes),
                segments.Count
            )
            : null;

    private static Place[] Places(string currentFolder, bool byRoot, int? ownerOfCurrentFolder)
    {
        var cache = CacheFolder.OfCurrentUser();
        string state;
        try
        {
            state = StateFolder.Open();
        }
        catch (LabException)
        {
            state = StateFolder.Candidates(Identity.Current, null)[^1];
        }

        return
        [
            // Root makes a folder in any other, and gives it to the lab's user, who must be able to reach it: what can
            // be entered can be asked for its ".".
            PlaceOf(
                PlaceUse.Lab,
                currentFolder,
                f =>
                    byRoot && ownerOfCurrentFolder is not null
                        ? Identity.OwnerOf(f + "/.") is not null
                        : Identity.CanEnterAndWrite(f)
            ),
            PlaceOf(PlaceUse.State, state, Identity.CanEnterAndWrite),
            .. cache is null ? [] : (Place[])[PlaceOf(PlaceUse.Cache, cache, Identity.CanEnterAndWrite)],
        ];
    }

    private static Place PlaceOf(PlaceUse use, string folder, Func<string, bool> canWrite)
    {
        var existing = folder;
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { } parent)
        {
            existing = parent;
        }

        return new Place(use, existing == folder ? folder : existing, canWrite(existing), Volume.Of(existing));
    }

    private async Task<IReadOnlyList<string>> StaleSocketsAsync(
        SystemUser user,
        IReadOnlyList<LabRegistration> registrations,
        IReadOnlyList<Orphan> orphans,
        CancellationToken cancellationToken
    )
    {
        const string lockFile = ".lock";
        // /var/run is a link to /run on most systems.
        var owned = registrations
            .SelectMany(r => OrphanFinder.SocketsOf(r.Entry))
            .Concat(orphans.SelectMany(o => o.Files))
            .Select(f => $"{Identity.RealPath(Path.GetDirectoryName(f)!)}/{Path.GetFileName(f)}")
            .ToHashSet(StringComparer.Ordinal);
        var bound = UnixSockets.Bound();
        var stale = new List<string>();
        foreach (
            var file in LabSockets
                .CommonFolders.Select(Identity.RealPath)
                .Distinct()
                .SelectMany(SocketsIn)
                .Where(f => !owned.Contains(f) && Identity.OwnerOf(f)?.User == user.UserId)
        )
        {
            var socket = file.EndsWith(lockFile, StringComparison.Ordinal) ? file[..^lockFile.Length] : file;
            // A link to the folder may be the name it was bound by.
            if (
                !owned.Contains(socket)
                && !bound.Any(b => Path.GetFileName(b) == Path.GetFileName(socket) && Identity.RealPath(b) == socket)
                && !await host.Ports.SocketAnswersAsync(socket, cancellationToken)
            )
            {
                stale.Add(file);
            }
        }

        return stale;
    }

    private static string[] SocketsIn(string folder)
    {
        try
        {
            return Directory
                .EnumerateFileSystemEntries(
                    folder,
                    ".s.*",
                    new EnumerationOptions { AttributesToSkip = FileAttributes.None }
                )
                .Where(f =>
                    Path.GetFileName(f) is var name
                    && (
                        name.StartsWith(".s.PGSQL.", StringComparison.Ordinal)
                        || name.StartsWith(".s.PGPOOLWD_CMD.", StringComparison.Ordinal)
                    )
                )
                .Order(StringComparer.Ordinal)
                .ToArray();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Servers whose folder was deleted and that no list tells of: the list itself may have been
    /// deleted.</summary>
    private static (int, string, string)[] Strays(
        ProcessFacts[] mine,
        IReadOnlyList<LabRegistration> registrations,
        IReadOnlyList<Orphan> orphans
    )
    {
        const string mark = " (deleted)";
        var known = orphans.SelectMany(o => o.Processes).Select(p => p.Id).ToHashSet();
        var roots = registrations.Select(r => r.Entry.Root).ToArray();
        return mine.Where(p =>
                IsServer(p)
                && !p.CommandLine.StartsWith(p.Name + ": ", StringComparison.Ordinal)
                && !known.Contains(p.Id)
            )
            .Where(p =>
                p.WorkingDirectory is { } cwd
                && cwd.EndsWith(mark, StringComparison.Ordinal)
                && !roots.Any(r => cwd.StartsWith(r + "/", StringComparison.Ordinal))
            )
            .Select(p => (p.Id, p.Name, p.WorkingDirectory![..^mark.Length]))
            .ToArray();
    }

    private static string[] RecoveryFolders(
        IReadOnlyList<LabRegistration> registrations,
        IReadOnlyList<ProcessFacts> processes
    )
    {
        var found = new List<string>();
        foreach (var root in registrations.Select(r => r.Entry.Root))
        {
            // A recovery that is at work names the lab's folder in its command lines.
            if (
                processes.Any(p =>
                    p.CommandLine.Contains(root, StringComparison.Ordinal)
                    && (p.Name == "pg_basebackup" || p.CommandLine.Contains("basebackup.sh", StringComparison.Ordinal))
                )
            )
            {
                continue;
            }

            try
            {
                found.AddRange(
                    ((string[])[root, $"{root}/pgpool0"])
                        .Where(Directory.Exists)
                        .SelectMany(f => Directory.EnumerateDirectories(f, "data*.*"))
                        .Where(d =>
                            d.EndsWith(".recovery", StringComparison.Ordinal)
                            || d.EndsWith(".kept", StringComparison.Ordinal)
                        )
                );
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Another user's, or just being deleted.
            }
        }

        return [.. found.Order(StringComparer.Ordinal)];
    }

    private static string Told(Orphan orphan) =>
        orphan.Kind is OrphanKind.SetupKilled
            ? $"The setup of the lab '{orphan.Registration.Entry.Name}' in {orphan.Registration.Entry.Root} was killed."
            : $"The lab '{orphan.Registration.Entry.Name}' in {orphan.Registration.Entry.Root}: "
                + $"{Reports.LabsReporter.Told(orphan.Kind)}; left of it: {Reports.LabsReporter.Remains(orphan)}.";

    private static bool IsServer(ProcessFacts process) => process.Name is "postgres" or "postmaster" or "pgpool";

    /// <summary>When a process started, in seconds since 1970: Linux tells it in hundredths of a second since the
    /// machine did.</summary>
    private static long StartOf(ProcessFacts process)
    {
        const string bootTime = "btime ";
        const long ticksOfSecond = 100;
        var boot = Read("/proc/stat").Split('\n').FirstOrDefault(l => l.StartsWith(bootTime, StringComparison.Ordinal));
        return
            long.TryParse(boot?[bootTime.Length..], out var booted) && long.TryParse(process.StartedAt, out var ticks)
            ? booted + (ticks / ticksOfSecond)
            : 0;
    }

    private static int Threads(int id)
    {
        try
        {
            return Directory.EnumerateDirectories($"/proc/{id}/task").Count();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return 1;
        }
    }

    private static long? Limit(string name) => LimitIn(Read("/proc/self/limits"), name);

    /// <summary>A file of this process's control group; in a container that is the root of what can be seen.</summary>
    private static string? GroupFile(string name)
    {
        const string unified = "0::";
        var group = Read("/proc/self/cgroup")
            .Split('\n')
            .FirstOrDefault(l => l.StartsWith(unified, StringComparison.Ordinal))
            ?[unified.Length..].TrimEnd('/');
        return ((string[])[$"/sys/fs/cgroup{group}/{name}", $"/sys/fs/cgroup/{name}"])
            .Where(File.Exists)
            .Select(f => Read(f).Trim())
            .FirstOrDefault();
    }

    private static decimal[] Numbers(string file) =>
        Read(file)
            .Split((char[])[' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries)
            .Select(w => decimal.TryParse(w, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0)
            .ToArray();

    private static string Read(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllText(file) : "";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
