using System.Text.Json;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Store;

/// <summary>Which ports belong to labs, of all users of this machine: a small file for each, named after the port and
/// the network it is a port of.</summary>
/// <remarks>docs/decisions/0018-port-leases.md says how it works, and why so; 0029 why the network is part of the
/// name.</remarks>
/// <param name="folder">Where the files are.</param>
/// <param name="network">The network namespace whose ports are meant (its number in <c>/proc/self/ns/net</c>); null for
/// this process's.</param>
public sealed class PortLeases(string folder, string? network = null)
{
    private const string NewPrefix = ".new-";
    private const int LargestManifest = 4 << 20;

    /// <summary>The folder of all users. Of the folders that are everybody's on each Linux and macOS, this is the one
    /// that outlives a restart of the machine.</summary>
    /// <remarks>Filesystem Hierarchy Standard, "/var/tmp".</remarks>
    public static PortLeases OfThisMachine { get; } = new("/var/tmp/pgpoollab-ports");

    /// <summary>Where the files are.</summary>
    public string Folder => folder;

    /// <summary>The network namespace whose ports these are; null where the system has none.</summary>
    internal string? Network { get; } = network ?? PortLease.NetworkHere;

    /// <summary>Begins to take ports for a lab that is about to be made. As long as what this returns is not disposed,
    /// nobody else can take them.</summary>
    /// <param name="labId">The lab's id.</param>
    /// <param name="root">The lab's folder, with links resolved.</param>
    /// <param name="problem">Why ports cannot be leased here; empty when they can.</param>
    /// <returns>Null when ports cannot be leased here.</returns>
    public HeldPorts? Begin(string labId, string root, out string problem)
    {
        var shared = SharedFolder.Open(folder, out problem);
        if (shared is null)
        {
            return null;
        }

        var lease = PortLease.Of(labId, root);
        for (var tries = 1; ; tries++)
        {
            try
            {
                return new HeldPorts(
                    this,
                    shared,
                    lease,
                    shared.Create(NewPrefix + lease.Id, lease.ToJson()),
                    NewPrefix + lease.Id
                );
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                if (tries < 3)
                {
                    // Who swept in this very moment may have taken the file for a dead process's.
                    continue;
                }

                shared.Dispose();
                problem = error.Message;
                return null;
            }
        }
    }

    /// <summary>Ports that are leased, to whomever. For those who only want to look.</summary>
    public IReadOnlySet<int> Leased()
    {
        if (!Directory.Exists(folder) || SharedFolder.Open(folder, out _) is not { } shared)
        {
            return new HashSet<int>();
        }

        using (shared)
        {
            return shared
                .List()
                .Select(LeaseName.Parse)
                .OfType<LeaseName>()
                .Where(n => CountsHere(shared, n))
                .Select(n => n.Port)
                .ToHashSet();
        }
    }

    /// <summary>True when a lease is of a port of this network, or may be.</summary>
    internal bool CountsHere(SharedFolder shared, LeaseName name)
    {
        if (name.Network is null || Network is null || name.Network == Network)
        {
            return true;
        }

        // Of another network that is, or of one that was: numbers of namespaces end with the machine's run, a lab does
        // not.
        using var file = shared.TryOpen(name.Text);
        return PortLease.Parse(file?.Read(PortLease.LargestSize)) is { IsOfThisBoot: false };
    }

    /// <summary>Takes the ports of a lab again which nobody has: its leases may have been tidied away. What cannot be
    /// leased is left as it is.</summary>
    public void Renew(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var leased = Leased();
        var missing = lab.AllPorts.Where(p => !leased.Contains(p.Port)).Select(p => p.Port).ToArray();
        using var held = missing.Length == 0 ? null : Begin(lab.Id, lab.Root, out _);
        foreach (var port in missing)
        {
            held?.TryTake(port);
        }
    }

    /// <summary>Gives a lab's ports back. Call it while the lab's manifest still exists: then nobody takes the leases
    /// for stale at the same time.</summary>
    public void Release(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        Release(lab, lab.AllPorts.Select(p => p.Port).ToHashSet());
    }

    /// <summary>Gives some of a lab's ports back.</summary>
    internal void Release(Lab lab, IReadOnlySet<int> ports)
    {
        if (!Directory.Exists(folder) || SharedFolder.Open(folder, out _) is not { } shared)
        {
            return;
        }

        using (shared)
        {
            // In every network: it may have been started in another one than it was made in.
            foreach (
                var name in shared.List().Where(n => LeaseName.Parse(n) is { } lease && ports.Contains(lease.Port))
            )
            {
                using var file = shared.TryOpen(name);
                // A copy of a lab has the same id; the leases are the original's.
                if (
                    PortLease.Parse(file?.Read(PortLease.LargestSize)) is { } lease
                    && lease.Lab == lab.Id
                    && (lease.Folder == lab.Root || !Directory.Exists(lease.Folder))
                )
                {
                    shared.Delete(name);
                }
            }
        }
    }

    /// <summary>Removes the user's leases of which it is proved that nobody needs them. Root removes everybody's, and
    /// makes the folder or puts it in order.</summary>
    public void Sweep()
    {
        if ((!Identity.IsRoot && !Directory.Exists(folder)) || SharedFolder.Open(folder, out _) is not { } shared)
        {
            return;
        }

        using (shared)
        {
            foreach (var name in shared.List())
            {
                if (
                    (name.StartsWith(NewPrefix, StringComparison.Ordinal) || LeaseName.Parse(name) is not null)
                    && (Identity.IsRoot || shared.IsMine(name))
                )
                {
                    RemoveIfStale(shared, name);
                }
            }
        }
    }

    /// <summary>The file that stands for a port of this network when it is leased.</summary>
    public string FileOf(int port) => $"{folder}/{NameOf(port)}";

    /// <summary>The name of a port's lease in this network.</summary>
    internal string NameOf(int port) => new LeaseName(port, Network).Text;

    /// <returns>True when there is nothing of that name any more.</returns>
    internal static bool RemoveIfStale(SharedFolder shared, string name)
    {
        using var file = shared.TryOpen(name);
        // Locked: a setup is at work, or somebody else is just finding out the same.
        if (file is null || file.TryLock() is not true)
        {
            return file is null && !shared.Has(name);
        }

        // Only after the lock: who lets go of it has written the manifest before, or deleted it.
        var text = file.Read(PortLease.LargestSize);
        if (PortLease.Parse(text) is { } lease && MayBeNeeded(lease))
        {
            return false;
        }

        // By now the name may be another file's. While we have the lock, nobody else removes this one.
        using var now = shared.TryOpen(name);
        return now?.Read(PortLease.LargestSize) == text && shared.Delete(name);
    }

    /// <summary>Whether the lab of a lease, which no process is making any more, is still there or may be.</summary>
    private static bool MayBeNeeded(PortLease lease)
    {
        using var manifest = SharedFile.TryOpen(new LabPaths(lease.Folder).Manifest, out var isAbsent);
        if (manifest is null)
        {
            // What we may not look at may be there; so may what another container sees by that path.
            return !isAbsent || !lease.FolderMeansHere;
        }

        try
        {
            using var document = JsonDocument.Parse(manifest.Read(LargestManifest) ?? "");
            return document.RootElement.GetProperty("lab").GetProperty("id").GetString() == lease.Lab
                || !lease.FolderMeansHere;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            // Damaged: the servers may run all the same.
            return true;
        }
    }
}

/// <summary>Ports in the hands of a setup at work. While this is not disposed, the files that stand for them are
/// locked.</summary>
public sealed class HeldPorts : IDisposable
{
    private readonly PortLeases _leases;
    private readonly SharedFolder _shared;
    private readonly PortLease _lease;
    private readonly SharedFile _file;
    private readonly string _name;
    private readonly List<string> _taken = [];
    private int _lastBlock;
    private bool _ended;
    private readonly List<SharedFile> _borrowed = [];
    private readonly HashSet<string> _borrowedLeases = [];

    /// <summary>Leases under other names than ours that count here all the same. Nobody makes new ones.</summary>
    private readonly ILookup<int, string> _others;

    internal HeldPorts(PortLeases leases, SharedFolder shared, PortLease lease, SharedFile file, string name)
    {
        (_leases, _shared, _lease, _file, _name) = (leases, shared, lease, file, name);
        _others = shared
            .List()
            .Select(LeaseName.Parse)
            .OfType<LeaseName>()
            .Where(n => n.Network != leases.Network && leases.CountsHere(shared, n))
            .ToLookup(n => n.Port, n => n.Text);
    }

    /// <summary>Where the leases are.</summary>
    public string Folder => _leases.Folder;

    /// <summary>Takes ports nobody has a lease for: all of them or none.</summary>
    /// <returns>False when somebody has one of them.</returns>
    /// <exception cref="IOException">They cannot be leased.</exception>
    public bool TryTakeAll(IEnumerable<int> ports)
    {
        ArgumentNullException.ThrowIfNull(ports);
        _lastBlock = _taken.Count;
        foreach (var port in ports)
        {
            if (!TryTake(port))
            {
                GiveBackLast();
                return false;
            }
        }

        return true;
    }

    /// <summary>Gives those ports back that were taken last with <see cref="TryTakeAll"/>.</summary>
    public void GiveBackLast()
    {
        foreach (var name in _taken.Skip(_lastBlock))
        {
            _shared.Delete(name);
        }

        _taken.RemoveRange(_lastBlock, _taken.Count - _lastBlock);
    }

    /// <summary>Takes a port the user has chosen: one nobody has a lease for, or a lab's that nobody is making right
    /// now. In the latter case the lease remains that lab's, and is locked for as long as we are at work.</summary>
    /// <returns>Null when the port is ours; else who else is at work.</returns>
    /// <exception cref="IOException">It cannot be leased.</exception>
    public LeaseConflict? Take(int port)
    {
        if (TryTake(port))
        {
            return null;
        }

        var name = _others[port].FirstOrDefault(_shared.Has) ?? _leases.NameOf(port);
        var file = _shared.TryOpen(name);
        var lease = PortLease.Parse(file?.Read(PortLease.LargestSize));
        // The ports of a lab are names of one file: with the first of them we have locked it.
        if (file is null || (lease is not null && _borrowedLeases.Contains(lease.Id)))
        {
            file?.Dispose();
            return null;
        }

        if (file.TryLock() is false)
        {
            file.Dispose();
            return new LeaseConflict(port, Describe(lease, _shared.OwnerOf(name)));
        }

        _borrowed.Add(file);
        _ = lease is not null && _borrowedLeases.Add(lease.Id);
        return null;
    }

    /// <summary>Takes a port nobody has a lease for.</summary>
    internal bool TryTake(int port)
    {
        if (_others[port].Any(n => !PortLeases.RemoveIfStale(_shared, n)))
        {
            return false;
        }

        var name = _leases.NameOf(port);
        if (_shared.TryLink(_name, name) || (PortLeases.RemoveIfStale(_shared, name) && _shared.TryLink(_name, name)))
        {
            _taken.Add(name);
            return true;
        }

        return false;
    }

    /// <summary>All ports are taken: the file needs no name of its own any more. It would be left by a setup that is
    /// killed.</summary>
    public void Complete() => _shared.Delete(_name);

    /// <summary>Gives the ports back, and ends this.</summary>
    public void Release()
    {
        if (_ended)
        {
            return;
        }

        // Nobody else removes these names while the file is locked.
        _lastBlock = 0;
        GiveBackLast();
        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        Complete();
        foreach (var file in _borrowed)
        {
            file.Dispose();
        }

        _file.Dispose();
        _shared.Dispose();
    }

    private static string Describe(PortLease? lease, string? user) =>
        lease is null
            ? $"about to be used by another setup{(user is null ? "" : $" of {user}")}"
            : $"about to be used by {user ?? "another user"}, who makes a lab in "
                + $"{lease.Folder}{(lease.ProcessMeansHere ? $" (pid {lease.Process})" : "")}";
}
