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
        var user = byRoot
            ? await host.Users.FindAsync(RunAs.DefaultUser, cancellationToken)
            : await host.Users.CurrentAsync(cancellationToken);
        var platform = await Platform.DetectAsync(host, cancellationToken);
        var request = ToolRequest.From(new LabSpec { Directory = "/" }, environment);
        var (installed, chosen, missing) = await ToolsAsync(new ToolFinder(host, platform), request, cancellationToken);
        // Root sees who holds a port; its labs' user would not.
        var taken = new List<(int, string)>();
        var hasLoopback = await host.Ports.HasLoopbackAsync(cancellationToken);
        foreach (var (port, _) in hasLoopback ? PortLayout.From(PortLayout.DefaultPgpool, 1, null).All(2) : [])
        {
            if (await host.Ports.WhoHoldsAsync(port, cancellationToken) is { } holder)
            {
                taken.Add((port, holder));
            }
        }

        var registrations = LabIndex.Registrations();
        var finder = new OrphanFinder(host);
        var orphans = await finder.FindAsync(cancellationToken);
        var processes = await host.Processes.FindAllAsync(ProcessFilter.All, cancellationToken);
        var mine = processes.Where(p => user is not null && p.UserId == user.UserId).ToArray();
        var ownFolder = await host.Files.LookAsync(currentFolder, cancellationToken);
        if (byRoot && user is not null)
        {
            process.Become(user);
        }

        var kernel = await KernelFacts.ReadAsync(host, cancellationToken);
        var (segments, sets) = (kernel.SharedSegments, kernel.SemaphoreSets);
        var survey = new LeftoverSurvey(host, finder);
        return new MachineFacts
        {
            LabUser = user?.Name,
            CalledByRoot = byRoot,
            Platform = platform,
            Tools = installed,
            FixedPgpools = await PasswordBypass.FindFixedByDistributionAsync(host, installed.Pgpool, cancellationToken),
            Chosen = chosen,
            Missing = missing,
            ChosenBy =
                request.PostgresBin is not null ? "PGBIN"
                : request.PgpoolDirectory is not null ? "PGPOOL_INSTALL_DIR"
                : null,
            Programs = await OnPathAsync(cancellationToken),
            HasProc = await host.Files.ExistsAsync("/proc/self", cancellationToken),
            LocaleComplaint = await LocaleComplaintAsync(cancellationToken),
            Semaphores = kernel.Semaphores(sets),
            SharedMemory = kernel.SharedMemory(segments),
            PosixSharedMemory = await host.Files.IsFolderAsync("/dev/shm", cancellationToken)
                ? await host.Files.VolumeAsync("/dev/shm", cancellationToken)
                : null,
            OpenFiles = kernel.Limit("Max open files"),
            UserProcesses = kernel.Limit("Max processes"),
            UserProcessesNow = await ThreadsAsync(mine, cancellationToken),
            GroupProcesses = kernel.GroupProcesses,
            GroupProcessesNow = kernel.GroupProcessesNow,
            Places = await PlacesAsync(currentFolder, byRoot, ownFolder?.User, cancellationToken),
            SocketFolders = await SocketFoldersAsync(cancellationToken),
            HasLoopback = hasLoopback,
            KnowsLocalhost = (await host.Ports.ResolveAsync("localhost", cancellationToken)).Count > 0,
            LentPorts = kernel.LentPorts,
            TakenPorts = taken,
            TakenAutomaticPorts = kernel.ListenersIn(PortClaim.FirstAutomaticPort, PortClaim.LastAutomaticPort),
            SharedTablespaces = await survey.SharedTablespacesAsync(registrations, cancellationToken),
            Leftovers = user is null
                ? new Leftovers()
                : new Leftovers
                {
                    Orphans = orphans.Where(o => !o.IsNothing).Select(LeftoverSurvey.Told).ToArray(),
                    Sockets = await survey.StaleSocketsAsync(user, registrations, orphans, cancellationToken),
                    Segments = SystemVIpc
                        .Abandoned(segments, user.UserId, id => processes.Any(p => p.Id == id))
                        .Select(s => (s.Id, s.Bytes))
                        .ToArray(),
                    Semaphores = SystemVIpc
                        .Abandoned(
                            sets,
                            user.UserId,
                            mine.Where(LeftoverSurvey.IsServer).Select(kernel.StartOf).ToArray()
                        )
                        .Select(s => s.Id)
                        .ToArray(),
                    Strays = LeftoverSurvey.Strays(mine, registrations, orphans),
                    RecoveryFolders = await survey.RecoveryFoldersAsync(registrations, processes, cancellationToken),
                    CacheFolders = ClusterCache
                        .Existing(host, new ProbeRunner(host, time), time)
                        .SelectMany(c => c.ListUnfinished())
                        .ToArray(),
                },
        };
    }

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

    private async Task<IReadOnlyDictionary<string, string?>> OnPathAsync(CancellationToken cancellationToken)
    {
        string[] folders =
        [
            .. (environment("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries),
            "/usr/bin",
            "/bin",
        ];
        var there = (
            await host.Files.ExecutablesAsync(
                ScriptPrograms.SelectMany(p => folders.Select(f => $"{f}/{p}")),
                cancellationToken
            )
        ).ToHashSet(StringComparer.Ordinal);
        return ScriptPrograms.ToDictionary(p => p, p => folders.Select(f => $"{f}/{p}").FirstOrDefault(there.Contains));
    }

    private async Task<(string, bool)[]> SocketFoldersAsync(CancellationToken cancellationToken)
    {
        var folders = new List<(string, bool)>();
        foreach (var folder in LabSockets.CommonFolders)
        {
            folders.Add((folder, await host.Files.CanWriteAsync(folder, cancellationToken)));
        }

        return [.. folders];
    }

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

    private async Task<Place[]> PlacesAsync(
        string currentFolder,
        bool byRoot,
        int? ownerOfCurrentFolder,
        CancellationToken cancellationToken
    )
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
            await PlaceOfAsync(
                PlaceUse.Lab,
                currentFolder,
                byRoot && ownerOfCurrentFolder is not null
                    ? async f => (await host.Files.LookAsync(f + "/.", cancellationToken))?.User is not null
                    : CanWriteAsync,
                cancellationToken
            ),
            await PlaceOfAsync(PlaceUse.State, state, CanWriteAsync, cancellationToken),
            .. cache is null
                ? []
                : (Place[])[await PlaceOfAsync(PlaceUse.Cache, cache, CanWriteAsync, cancellationToken)],
        ];

        ValueTask<bool> CanWriteAsync(string folder) => host.Files.CanWriteAsync(folder, cancellationToken);
    }

    private async Task<Place> PlaceOfAsync(
        PlaceUse use,
        string folder,
        Func<string, ValueTask<bool>> canWrite,
        CancellationToken cancellationToken
    )
    {
        var existing = folder;
        while (
            !await host.Files.IsFolderAsync(existing, cancellationToken)
            && Path.GetDirectoryName(existing) is { } parent
        )
        {
            existing = parent;
        }

        return new Place(
            use,
            existing == folder ? folder : existing,
            await canWrite(existing),
            await host.Files.VolumeAsync(existing, cancellationToken)
        );
    }

    /// <summary>How many threads these processes have: a user's limit counts each.</summary>
    private async Task<int> ThreadsAsync(IReadOnlyList<ProcessFacts> processes, CancellationToken cancellationToken)
    {
        var threads = 0;
        foreach (var one in processes)
        {
            try
            {
                threads += Math.Max(1, (await host.Files.ListAsync($"/proc/{one.Id}/task", cancellationToken)).Count);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                threads++;
            }
        }

        return threads;
    }
}
