using System.ComponentModel;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Clusters;
using PgpoolLab.Provisioning.Leftovers;
using PgpoolLab.Provisioning.Reports;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>A user, and the orphans that are that user's.</summary>
/// <param name="User">The user.</param>
/// <param name="Orphans">The orphans; none when only the cache is there to clear.</param>
internal sealed record UsersOrphans(SystemUser User, IReadOnlyList<Orphan> Orphans);

/// <summary>Removes what nobody looks after any more: labs of killed setups, and what labs have left whose folder was
/// deleted by hand.</summary>
/// <param name="context">What it works with.</param>
/// <param name="cacheOf">Finds the cache of the user that this process works as; null for where it always
/// lies.</param>
public sealed class DestroyOrphansOperation(OperationContext context, Func<ClusterCache?>? cacheOf = null)
{
    private readonly OrphanFinder _finder = new(context.Host);

    private readonly List<RemovedOrphan> _removed = [];
    private readonly List<KeptOrphan> _kept = [];
    private readonly List<KeptRemains> _remains = [];
    private readonly List<string> _clusters = [];

    /// <summary>Removes every orphan of the current user; for root also of the users root's labs run as, whose rights
    /// it takes on for that, one after the other.</summary>
    /// <param name="ofAllUsers">Of every user of the machine, for root.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What was done. What could not be removed is in it, and keeps nothing else from being removed.</returns>
    public async Task<OrphansReport> ExecuteAsync(bool ofAllUsers, CancellationToken cancellationToken)
    {
        foreach (var folder in LabFolder.Noted())
        {
            try
            {
                GiveBack(folder);
            }
            catch (Exception error) when (IsReported(error))
            {
                _kept.Add(new KeptOrphan(Path.GetFileName(folder), folder, Words(error)));
            }
        }

        var orphans = await _finder.FindAsync(cancellationToken, ofAllUsers);
        var work = new List<UsersOrphans>();
        // Who has a cache is looked at now: later users' homes may be closed to those who come before.
        foreach (var user in LabIndex.Users(ofAllUsers))
        {
            Orphan[] theirs = [.. orphans.Where(o => o.Registration.User.UserId == user.UserId)];
            if (
                theirs.Length > 0
                || user.UserId == Identity.Current.UserId
                || CacheFolder.In(user.Home) is { } cache
                    && await context.Host.Files.IsFolderAsync(cache, cancellationToken)
            )
            {
                work.Add(new UsersOrphans(user, theirs));
            }
        }

        return await RemoveAsync(work, cancellationToken);
    }

    /// <summary>Removes what is each user's, as that user. What goes wrong for one is reported, and ends nothing for
    /// the others.</summary>
    /// <param name="work">The users, this process's own first: there is no way back.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal async Task<OrphansReport> RemoveAsync(
        IReadOnlyList<UsersOrphans> work,
        CancellationToken cancellationToken
    )
    {
        foreach (var (user, orphans) in work)
        {
            if (user.UserId == Identity.Current.UserId || TryBecome(user, orphans))
            {
                await RemoveAsync(orphans, cancellationToken);
                await RemoveRemainsAsync(user);
            }
        }

        return new OrphansReport(_removed, _clusters, _kept) { Remains = _remains };
    }

    private void GiveBack(string folder)
    {
        // Not a lab's: labs have manifests.
        if (LabRemains.AreIn(folder) && !Identity.IsRoot)
        {
            LabRemains.Remove(folder, null);
        }

        if (LabFolder.GiveBackNoted(folder))
        {
            _removed.Add(new RemovedOrphan(Path.GetFileName(folder), folder, OrphanKind.SetupKilled, [], [], []));
        }
    }

    /// <summary>Goes on as a user.</summary>
    private bool TryBecome(SystemUser user, IReadOnlyList<Orphan> orphans)
    {
        string problem;
        if (context.Process.CanBecomeAnother)
        {
            try
            {
                context.Process.Become(user);
                return true;
            }
            catch (Exception error) when (error is Win32Exception || IsReported(error))
            {
                problem = $"Could not become {user.Name}: {error.Message}";
                if (orphans.Count == 0)
                {
                    _remains.Add(new KeptRemains(user.Name, CacheFolder.In(user.Home) ?? user.Home, problem));
                }
            }
        }
        else
        {
            problem = $"It is {user.Name}'s. Run the command again: it takes on one user at a time on this system.";
        }

        _kept.AddRange(
            orphans.Select(o => new KeptOrphan(o.Registration.Entry.Name, o.Registration.Entry.Root, problem))
        );
        return false;
    }

    /// <summary>Clears what is no lab's: leases, and the cache.</summary>
    private async Task RemoveRemainsAsync(SystemUser user)
    {
        try
        {
            context.Leases.Sweep();
        }
        catch (Exception error) when (IsReported(error))
        {
            _remains.Add(new KeptRemains(user.Name, context.Leases.Folder, Words(error)));
        }

        try
        {
            var cache = cacheOf is null
                ? ClusterCache.OfThereIs(context.Host, context.Probes, context.Time)
                : cacheOf();
            if (cache is not null)
            {
                _clusters.AddRange(await cache.ClearUnfinishedAsync());
            }
        }
        catch (Exception error) when (IsReported(error))
        {
            _remains.Add(new KeptRemains(user.Name, CacheFolder.OfCurrentUser() ?? user.Home, Words(error)));
        }
    }

    private static bool IsReported(Exception error) =>
        error is LabException or IOException or UnauthorizedAccessException;

    private static string Words(Exception error) =>
        string.Join(' ', [error.Message, .. (error as LabException)?.Details ?? []]);

    private async Task RemoveAsync(IReadOnlyList<Orphan> orphans, CancellationToken cancellationToken)
    {
        foreach (var orphan in orphans)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                if (
                    await (
                        orphan.IsLab
                            ? DestroyLabAsync(orphan, cancellationToken)
                            : RemoveRemainsAsync(orphan, cancellationToken)
                    ) is
                    { } done
                )
                {
                    _removed.Add(done);
                }
            }
            catch (Exception error) when (IsReported(error))
            {
                if (error is not LabException { Code: ExitCode.Busy })
                {
                    _kept.Add(
                        new KeptOrphan(orphan.Registration.Entry.Name, orphan.Registration.Entry.Root, Words(error))
                    );
                }
            }
        }
    }

    private async Task<RemovedOrphan?> DestroyLabAsync(Orphan orphan, CancellationToken cancellationToken)
    {
        var (entry, user) = (orphan.Registration.Entry, orphan.Registration.User);
        // An entry is its user's word: it must not lead to what is another's.
        if (
            LabStore.Load(entry.Root) is not { State: LabState.Creating or LabState.Destroying, Lab: { } lab } manifest
            || lab.Id != entry.Id
        )
        {
            return null; // somebody has destroyed it meanwhile
        }

        if (manifest.Source?.User != user.UserId)
        {
            throw new LabException(ExitCode.Failed, $"Its manifest {lab.Paths.Manifest} is not a file of {user.Name}.");
        }

        LabLocator.BecomeOwner(manifest, context.Process);
        var result = await new DestroyOperation(context).ExecuteAsync(lab, deletesUsersFiles: false, cancellationToken);
        return new RemovedOrphan(
            entry.Name,
            entry.Root,
            orphan.Kind,
            [],
            [],
            result.Left.Select(n => $"{entry.Root}/{n}").ToArray()
        );
    }

    private async Task<RemovedOrphan?> RemoveRemainsAsync(Orphan found, CancellationToken cancellationToken)
    {
        var (registration, kind) = (found.Registration, found.Kind);
        var ended = await new OrphanServers(
            context.Host,
            context.Probes,
            registration.Entry.Name,
            dataIsThere: kind is OrphanKind.ManifestGone
        ).EndAsync(
            found.Processes,
            async () =>
                (await _finder.FindAsync(registration, kind, LabIndex.Registrations(), cancellationToken)).Processes,
            cancellationToken
        );

        // While we hold this lock no setup takes the same ports and makes sockets of the same names.
        using var choice = await LabIndex.LockAsync(context.Probes, cancellationToken);
        if (await _finder.KindOfAsync(registration, cancellationToken) != kind)
        {
            return null;
        }

        var files = (await _finder.FindAsync(registration, kind, LabIndex.Registrations(), cancellationToken)).Files;
        foreach (var file in files)
        {
            await context.Host.Files.DeleteAsync(file, cancellationToken);
        }

        await DeleteEmptySocketFoldersAsync(registration);
        LabIndex.Forget(registration);

        return ended.Count == 0 && files.Count == 0
            ? null
            : new RemovedOrphan(
                registration.Entry.Name,
                registration.Entry.Root,
                kind,
                ended.Select(p => new EndedProcess(p.Id, p.CommandLine)).ToArray(),
                files,
                kind is OrphanKind.ManifestGone ? [registration.Entry.Root] : []
            );
    }

    /// <summary>Folders made for one lab's sockets alone carry its id in their names.</summary>
    private async Task DeleteEmptySocketFoldersAsync(LabRegistration registration)
    {
        foreach (var folder in registration.Entry.Sockets.Select(Path.GetDirectoryName).OfType<string>().Distinct())
        {
            if (
                registration.Entry.Id.Length > 0
                && Path.GetFileName(folder).Contains(registration.Entry.Id, StringComparison.Ordinal)
            )
            {
                var above = await context.Host.Files.RealPathAsync(
                    Path.GetDirectoryName(folder)!,
                    CancellationToken.None
                );
                LabFolder.DeleteEmpty($"{above}/{Path.GetFileName(folder)}");
            }
        }
    }
}
