using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Leftovers;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Reports;

/// <summary>Finds out how every lab of a user is. It looks at files and processes and asks no server: so it is quick,
/// and nothing can keep it waiting.</summary>
/// <param name="host">Where they are.</param>
/// <param name="time">The clock.</param>
public sealed class LabsReporter(IHost host, TimeProvider time)
{
    /// <summary>A disk that does not answer keeps only its own labs from being told.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Looks at a lab on several hosts, where it was made; null to say nothing of what runs there. It has a
    /// time limit of its own.</summary>
    public Func<Lab, CancellationToken, Task<NodesReport>>? OnHosts { get; init; }

    /// <summary>For how long hosts may take, which are asked while all else is looked at.</summary>
    private static readonly TimeSpan PatienceWithHosts = TimeSpan.FromSeconds(4);

    private const string DestroyOrphans = "pgpoollab destroy --orphans";

    private readonly OrphanFinder _finder = new(host);

    /// <summary>Looks at every lab on the lists, and at the one around this folder.</summary>
    /// <param name="currentFolder">A lab around it is told even when it is on no list.</param>
    /// <param name="ofAllUsers">The labs of every user of the machine, for root.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<LabsReport> ReportAsync(
        string currentFolder,
        bool ofAllUsers,
        CancellationToken cancellationToken
    )
    {
        IReadOnlyList<LabRegistration> registrations = LabIndex.Registrations(ofAllUsers);
        registrations =
        [
            .. registrations,
            .. await _finder.FindUnlistedAsync(registrations, LabIndex.Users(ofAllUsers), cancellationToken),
        ];
        var here = LabStore.FindRoot(currentFolder) is { } around
            ? await host.Files.RealPathAsync(around, cancellationToken)
            : null;
        var rows = registrations
            .Select(r =>
                InTimeAsync(
                    r.Entry.Name,
                    r.Entry.Root,
                    r.User.Name,
                    () => LookAsync(r, registrations, cancellationToken),
                    cancellationToken
                )
            )
            .ToList();
        if (here is not null && registrations.All(r => r.Entry.Root != here))
        {
            rows.Add(
                InTimeAsync(
                    Path.GetFileName(here),
                    here,
                    Identity.Current.Name,
                    () => LookAsync(here, null, cancellationToken),
                    cancellationToken
                )
            );
        }

        return new LabsReport(
            (await Task.WhenAll(rows))
                .OfType<LabView>()
                .OrderBy(l => l.Name, StringComparer.Ordinal)
                .ThenBy(l => l.Directory, StringComparer.Ordinal)
                .ToArray()
        );
    }

    private async Task<LabView?> InTimeAsync(
        string name,
        string root,
        string user,
        Func<Task<LabView?>> look,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var row = await Task.Run(look, cancellationToken).WaitAsync(Patience, time, cancellationToken);
            return row is { Whole: { } whole } ? await OfHostsAsync(row, whole, cancellationToken) : row;
        }
        catch (Exception error) when (error is TimeoutException or IOException or UnauthorizedAccessException)
        {
            return new LabView
            {
                Name = name,
                Directory = root,
                User = user,
                State = LabCondition.Unreadable,
                Problem =
                    error is TimeoutException
                        ? $"The disk did not tell of {root} within {Patience.TotalSeconds:0} s."
                        : error.Message,
            };
        }
    }

    /// <summary>What the hosts say. What they do not say is not known, which is no trouble of the lab's.</summary>
    private async Task<LabView> OfHostsAsync(LabView row, Lab whole, CancellationToken cancellationToken)
    {
        const string notAsked = "What runs on its hosts is not known";
        if (OnHosts is null)
        {
            return row with { Problem = row.Problem ?? $"{notAsked}: they were not asked." };
        }

        NodesReport report;
        try
        {
            report = await OnHosts(whole, cancellationToken).WaitAsync(PatienceWithHosts, time, cancellationToken);
        }
        catch (Exception error) when (error is TimeoutException or LabException)
        {
            var why =
                error is TimeoutException
                    ? $"they did not answer in {PatienceWithHosts.TotalSeconds:0} s."
                    : error.Message;
            return row with { Problem = row.Problem ?? $"{notAsked}: {why}", Fix = row.Fix ?? NodesOf(whole) };
        }

        var hosts = report.Hosts ?? [];
        var silent = hosts.Where(h => !h.Answers).ToArray();
        return row with
        {
            NodesUp = report.Nodes.Count(n => n.Postgres.Up),
            PgpoolsUp =
                report.Watchdog.Count > 0 ? report.Watchdog.Count(w => w.Answers)
                : report.PgpoolAnswers ? 1
                : 0,
            Hosts = [.. hosts.Select(h => new HostOfLab(h.Name) { Answers = h.Answers, Problem = h.Problem })],
            Problem =
                row.Problem
                ?? (
                    silent.Length == 0
                        ? null
                        : string.Join(
                            " ",
                            silent.Select(h =>
                                $"Host {h.Name} does not answer{HostLook.Since(h.SilentSince, time.GetLocalNow())}: "
                                + $"{h.Problem}."
                            )
                        ) + " What runs there is not known."
                ),
            Fix = row.Fix ?? (silent.Length == 0 ? null : $"pgpoollab status --lab {Shell.Quote(whole.Name)}"),
        };
    }

    private static string NodesOf(Lab lab) => $"pgpoollab nodes --lab {Shell.Quote(lab.Name)}";

    private async Task<LabView?> LookAsync(
        LabRegistration registration,
        IReadOnlyList<LabRegistration> all,
        CancellationToken cancellationToken
    )
    {
        if (
            await _finder.KindOfAsync(registration, cancellationToken) is not { } kind
            || kind is OrphanKind.SetupKilled
        )
        {
            return await LookAsync(registration.Entry.Root, registration, cancellationToken);
        }

        var orphan = await _finder.FindAsync(registration, kind, all, cancellationToken);
        if (orphan.IsNothing)
        {
            Forget(registration);
            return null;
        }

        return new LabView
        {
            Name = registration.Entry.Name,
            Directory = registration.Entry.Root,
            User = registration.User.Name,
            State = LabCondition.Gone,
            Orphan = true,
            Problem = $"{Told(kind)}; left of it: {Remains(orphan)}.",
            Fix = DestroyOrphans,
        };
    }

    private static string ToldOf(FormerPlace former) =>
        former switch
        {
            { HasOriginal: true } => $"It is a copy of the lab in {former.Root}; its configuration names that folder.",
            { State: FormerPlaceState.SomethingElse } =>
                $"It was made in {former.Root}, where something else is now; its configuration still names that "
                    + "folder.",
            _ => $"It was made in {former.Root}; its configuration still names that folder.",
        };

    private async Task<LabView?> LookAsync(
        string root,
        LabRegistration? registration,
        CancellationToken cancellationToken
    )
    {
        var row = new LabView
        {
            Name = registration?.Entry.Name ?? Path.GetFileName(root),
            Directory = root,
            User = registration?.User.Name ?? Identity.Current.Name,
            State = LabCondition.Unreadable,
        };
        LabManifest manifest;
        try
        {
            if (LabStore.Load(root) is not { } found)
            {
                return null; // deleted at this moment
            }

            manifest = found;
        }
        catch (ManifestException error)
        {
            return row with
            {
                State = error.IsNewer ? LabCondition.Newer : LabCondition.Damaged,
                Bytes = await SizeAsync(root, cancellationToken),
                Problem = error.Message,
                Fix = error.Hints.Count > 0 ? error.Hints[^1] : null,
            };
        }
        catch (LabException error)
        {
            return row with { Problem = error.Message };
        }

        var lab = manifest.Lab;
        var holder = await host.Files.LockHolderAsync(new LabPaths(root).Lock, cancellationToken);
        var orphan = manifest.State is LabState.Creating or LabState.Destroying && holder is null && lab.Former is null;
        row = row with
        {
            Name = lab.Name,
            User = lab.Owner,
            State = lab.Former is { } place
                ? place.HasOriginal
                    ? LabCondition.Copy
                    : LabCondition.Moved
                : manifest.State switch
                {
                    LabState.Creating => LabCondition.Creating,
                    LabState.Failed => LabCondition.Failed,
                    LabState.Destroying => LabCondition.Destroying,
                    _ => LabCondition.Ready,
                },
            Orphan = orphan,
            Command = holder is { } id ? await CommandAsync(id, cancellationToken) : null,
            Mode = lab.Mode.Setting(),
            PostgreSql = lab.Tools.Postgres.ToString(),
            Pgpool = lab.Tools.Pgpool.ToString(),
            PgpoolPorts = lab.PgpoolsInReach().Select(p => p.Port).ToArray(),
            PcpPorts = lab.PgpoolsInReach().Select(p => p.PcpPort).ToArray(),
            NodePorts = lab.NodesInReach().Select(n => n.Port).ToArray(),
            Bytes = await SizeAsync(root, cancellationToken),
            Problem =
                lab.Former is { } former ? ToldOf(former)
                : orphan && manifest.State is LabState.Destroying
                    ? "A destroy of it was ended before it was done: files of it are deleted already."
                : orphan
                    ? $"Its setup was killed after step {manifest.CompletedSteps.Count} "
                        + $"({manifest.CompletedSteps.LastOrDefault() ?? "none"})."
                : manifest.State is LabState.Failed ? "It is what a failed setup was told to keep."
                : null,
            Fix =
                lab.Former is not null ? LabPlaces.FixOf(lab)
                : orphan ? DestroyOrphans
                : manifest.State is LabState.Failed ? $"pgpoollab destroy {Shell.Quote(root)}"
                : null,
        };
        if (lab.IsWhole)
        {
            // Its servers are elsewhere.
            return row with
            {
                Hosts = [.. lab.Hosts.Select(h => new HostOfLab(h.Name))],
                Whole = manifest.State is LabState.Ready && lab.Former is null ? lab : null,
            };
        }

        var servers = new LiveLab(host, lab, new ProbeRunner(host, time));
        try
        {
            var pgpools = 0;
            foreach (var pgpool in lab.OwnPgpools)
            {
                pgpools += await servers.Of(pgpool).FindAsync(cancellationToken) is null ? 0 : 1;
            }

            var nodes = 0;
            foreach (var node in lab.OwnsNodes ? LabPlaces.WithoutLinkedNodes(lab).OwnNodes : [])
            {
                nodes += await servers.Of(node).FindAsync(cancellationToken) is null ? 0 : 1;
            }

            return row with
            {
                PgpoolsUp = pgpools,
                NodesUp = lab.OwnsNodes ? nodes : null,
            };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return row with { Problem = row.Problem ?? $"What runs of it cannot be seen: {error.Message}" };
        }
    }

    /// <summary>Bytes on disk, or null when there are too many files to count in the time of a listing.</summary>
    private async Task<long?> SizeAsync(string root, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience / 2, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await host.Files.SizeOnDiskAsync(root, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>What holds the lock, in few words: the program's name and its command, not its options.</summary>
    private async Task<string> CommandAsync(int id, CancellationToken cancellationToken)
    {
        var words =
            (await host.Processes.FindAsync(id, cancellationToken))?.CommandLine.Split(
                ' ',
                StringSplitOptions.RemoveEmptyEntries
            ) ?? [];
        // The scripts of a lab are run by flock, which keeps the lock for them: "flock … /bin/sh ./startall".
        var shell = Array.IndexOf(words, "/bin/sh");
        return words.Length == 0 ? "another command"
            : shell > 0 && shell + 1 < words.Length ? Path.GetFileName(words[shell + 1])
            : words.Skip(1).FirstOrDefault(w => !w.StartsWith('-')) ?? Path.GetFileName(words[0]);
    }

    /// <summary>Only the list's own user takes something off it.</summary>
    private static void Forget(LabRegistration registration)
    {
        if (registration.File is null || registration.User.UserId != Identity.Current.UserId)
        {
            return;
        }

        try
        {
            LabIndex.Forget(registration);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is forgotten another time.
        }
    }

    /// <summary>What became of an orphan, as a clause.</summary>
    internal static string Told(OrphanKind kind) =>
        kind switch
        {
            OrphanKind.SetupKilled => "Its setup was killed",
            OrphanKind.DestroyUnfinished => "A destroy of it was ended before it was done",
            OrphanKind.FolderGone => "Its folder was deleted by hand",
            OrphanKind.ManifestGone => "Its manifest was deleted by hand",
            _ => "Its folder was deleted by hand, and another lab lies there now",
        };

    /// <summary>What is left of an orphan, for people.</summary>
    internal static string Remains(Orphan orphan)
    {
        var shown = ProcessFacts.WithoutChildren(orphan.Processes);
        return string.Join(
            ", ",
            (string[])
                [
                    .. shown.Take(4).Select(p => $"{p.Name} (pid {p.Id})"),
                    .. shown.Count > 4 ? [$"{shown.Count - 4} more processes"] : Array.Empty<string>(),
                    .. orphan.Files.Take(3),
                    .. orphan.Files.Count > 3 ? [$"{orphan.Files.Count - 3} more files"] : Array.Empty<string>(),
                ]
        );
    }
}
