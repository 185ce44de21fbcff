using System.Diagnostics;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>Whose a port is: taking, giving back, and what is stale by proof.</summary>
public sealed class PortLeaseTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();
    private readonly PortLeases _leases;

    public PortLeaseTests() => _leases = new PortLeases(_temporary["ports"]);

    public void Dispose() => _temporary.Dispose();

    private string FileOf(int port) => _leases.FileOf(port);

    /// <summary>What lies there; of leases the port.</summary>
    private string[] Files =>
        Directory
            .EnumerateFileSystemEntries(_leases.Folder)
            .Select(f => Path.GetFileName(f))
            .Select(n => LeaseName.Parse(n) is { } name && name.Network == _leases.Network ? $"{name.Port}" : n)
            .Order(StringComparer.Ordinal)
            .ToArray();

    private bool IsLeased(int port) => _leases.Leased().Contains(port);

    private HeldPorts Begin(string labId = "0123abcd", string? root = null)
    {
        var held = _leases.Begin(labId, root ?? _temporary["lab"], out var problem);
        Assert.Equal("", problem);
        return held!;
    }

    /// <summary>.NET's own ways of reading respect the lock of others.</summary>
    private string Text(int port)
    {
        using var file = SharedFile.TryOpen(FileOf(port), out _);
        return file!.Read(10_000)!;
    }

    private void MakeManifest(string labId, string root)
    {
        Directory.CreateDirectory($"{root}/.pgpoollab");
        File.WriteAllText($"{root}/.pgpoollab/lab.json", $$$"""{ "schema": 2, "lab": { "id": "{{{labId}}}" } }""");
    }

    /// <summary>A lease that no process holds any more.</summary>
    private void Leave(int port, string labId = "0123abcd", string? root = null)
    {
        using var held = Begin(labId, root);
        Assert.True(held.TryTakeAll([port]));
    }

    /// <summary>Writes a lease as another process, machine or attacker could have left it.</summary>
    private void Write(int port, PortLease lease)
    {
        Begin().Release();
        File.WriteAllText(FileOf(port), lease.ToJson());
    }

    private static void AssertTaken(bool expected, Func<HeldPorts> begin, int port)
    {
        using var held = begin();
        Assert.Equal(expected, held.TryTakeAll([port]));
        held.Release();
    }

    [Fact]
    public void A_port_is_a_file_that_says_whose_it_is_and_all_can_read()
    {
        using var held = Begin();
        Assert.True(held.TryTakeAll([12000, 12001]));
        Assert.True(IsLeased(12001));
        var lease = PortLease.Parse(Text(12001))!;
        Assert.Equal(("0123abcd", _temporary["lab"], Environment.ProcessId), (lease.Lab, lease.Folder, lease.Process));
        Assert.StartsWith("pid:[", lease.PidNamespace, StringComparison.Ordinal);
        Assert.StartsWith("mnt:[", lease.MountNamespace, StringComparison.Ordinal);
        Assert.Equal(36, lease.Boot?.Length);
        Assert.Equal((UnixFileMode)0b110_100_100, File.GetUnixFileMode(FileOf(12001)));
    }

    [Fact]
    public void Of_a_block_all_ports_are_taken_or_none()
    {
        using var first = Begin();
        using var second = Begin("4567cdef");
        Assert.True(first.TryTakeAll([12002]));
        Assert.False(second.TryTakeAll([12000, 12001, 12002]));
        Assert.False(IsLeased(12000));
        Assert.True(second.TryTakeAll([12010, 12011]));
        second.GiveBackLast();
        Assert.False(IsLeased(12010));
        Assert.True(IsLeased(12002));
    }

    [Fact]
    public void Ports_of_two_networks_are_in_nobodys_way_though_both_share_the_folder()
    {
        var elsewhere = new PortLeases(_leases.Folder, "4026530000");
        using var here = Begin(root: _temporary["first"]);
        using var there = elsewhere.Begin("4567cdef", _temporary["second"], out _)!;
        Assert.Null(here.Take(11000));
        Assert.Null(there.Take(11000));
        Assert.True(there.TryTakeAll([12000]));
        Assert.True(here.TryTakeAll([12000]));
        Assert.True(here.TryTakeAll([12001]));
        Assert.True(IsLeased(12001));
        Assert.DoesNotContain(12001, elsewhere.Leased());
        there.Release();
        here.Complete();
        Assert.Equal(["11000", "12000", "12001"], Files);
    }

    [Fact]
    public void A_lab_started_in_another_network_gives_the_ports_of_both_back()
    {
        var lab = Labs.Fixed(root: _temporary["lab"]);
        MakeManifest(lab.Id, lab.Root);
        _leases.Renew(lab);
        new PortLeases(_leases.Folder, "4026530000").Renew(lab);
        Assert.Equal(8, Files.Length);
        _leases.Release(lab);
        Assert.Empty(Files);
    }

    [Theory]
    [InlineData("", false, true)] // of a version that did not tell networks apart
    [InlineData(".4026530000", false, false)]
    // Since then the machine was started again: its network may have this number now.
    [InlineData(".4026530000", true, true)]
    public void A_lease_under_another_name_counts_where_its_network_may_be_this_one(
        string suffix,
        bool otherBoot,
        bool counts
    )
    {
        MakeManifest("0123abcd", _temporary["lab"]);
        var lease = PortLease.Of("0123abcd", _temporary["lab"]);
        Begin().Release();
        File.WriteAllText(
            $"{_leases.Folder}/12000{suffix}",
            (lease with { Boot = otherBoot ? Guid.Empty.ToString() : lease.Boot }).ToJson()
        );
        Assert.Equal(counts, IsLeased(12000));
        AssertTaken(!counts, () => Begin("89ab89ab"), 12000);
        using (var held = Begin("89ab89ab"))
        {
            // By number a stopped lab's port can be had, as ever.
            Assert.Null(held.Take(12000));
            held.Release();
        }

        Directory.Delete(_temporary["lab/.pgpoollab"], recursive: true);
        AssertTaken(true, () => Begin("89ab89ab"), 12000);
        Assert.Equal(counts ? [] : [$"12000{suffix}"], Files);
    }

    [Theory]
    [InlineData("12000", true)]
    [InlineData("12000.4026531840", true)]
    [InlineData("12000.", false)]
    [InlineData(".4026531840", false)]
    [InlineData("12000.40265x", false)]
    [InlineData("12000.4026531840.1", false)]
    [InlineData("99999", false)]
    [InlineData("+1", false)]
    [InlineData("README", false)]
    public void A_name_is_a_leases_or_no_lease(string name, bool lease) =>
        Assert.Equal(lease ? name : null, LeaseName.Parse(name)?.Text);

    [Fact]
    public void A_setup_that_fails_leaves_nothing()
    {
        var held = Begin();
        Assert.True(held.TryTakeAll([12000, 12001]));
        Assert.Null(held.Take(11000));
        held.Release();
        held.Release();
        held.Dispose();
        Assert.Empty(Files);
    }

    [Fact]
    public void A_lab_keeps_its_ports_until_it_is_destroyed()
    {
        var lab = Labs.Fixed(root: _temporary["lab"]);
        MakeManifest(lab.Id, lab.Root);
        using (var held = Begin(lab.Id))
        {
            Assert.True(held.TryTakeAll(lab.AllPorts.Select(p => p.Port)));
        }

        AssertTaken(false, () => Begin("4567cdef"), 11000);
        _leases.Sweep();
        Assert.Equal(["11000", "11001", "11002", "11003"], Files);
        _leases.Release(lab);
        Assert.Empty(Files);
    }

    [Fact]
    public void To_give_back_is_for_the_lab_itself_and_not_for_its_copy()
    {
        var lab = Labs.Fixed(root: _temporary["lab"]);
        MakeManifest(lab.Id, lab.Root);
        Leave(11000, lab.Id);
        Leave(11001, "4567cdef", _temporary["other"]);
        _leases.Release(
            lab.MovedTo(_temporary["copy"], new FormerPlace(lab.Root, FormerPlaceState.ThisLab, null, true))
        );
        _leases.Release(lab with { Id = "89ab89ab" });
        Assert.Equal(["11000", "11001"], Files);
        _leases.Release(lab);
        Assert.Equal(["11001"], Files);
    }

    [Fact]
    public void To_give_back_and_to_sweep_make_no_folder()
    {
        if (Identity.IsRoot)
        {
            // Root makes it, so that no other user does.
            _leases.Sweep();
            Assert.Empty(Files);
            return;
        }

        _leases.Release(Labs.Fixed());
        _leases.Sweep();
        Assert.False(Directory.Exists(_leases.Folder));
    }

    [Fact]
    public void What_was_tidied_away_is_taken_again_when_the_lab_is_started()
    {
        var lab = Labs.Fixed(root: _temporary["lab"]);
        MakeManifest(lab.Id, lab.Root);
        Leave(11002, "4567cdef", _temporary["other"]);
        MakeManifest("4567cdef", _temporary["other"]);
        _leases.Renew(lab);
        Assert.Equal(["11000", "11001", "11002", "11003"], Files);
        Assert.Contains("4567cdef", Text(11002), StringComparison.Ordinal);
        var before = Text(11000);
        _leases.Renew(lab);
        Assert.Equal(before, Text(11000));
    }

    [Theory]
    [InlineData(false, null, false)] // nothing is there
    [InlineData(true, null, false)] // the folder was emptied
    [InlineData(true, "4567cdef", false)] // another lab was made in it
    [InlineData(true, "0123abcd", true)]
    public void A_lease_nobody_holds_is_its_labs_while_that_lab_is_there(bool folder, string? labId, bool needed)
    {
        Leave(12000);
        if (folder)
        {
            Directory.CreateDirectory(_temporary["lab"]);
        }

        if (labId is not null)
        {
            MakeManifest(labId, _temporary["lab"]);
        }

        AssertTaken(!needed, () => Begin("89ab89ab"), 12000);
        Leave(12001);
        _leases.Sweep();
        Assert.Equal(needed, IsLeased(12001));
    }

    [Fact]
    public void A_damaged_manifest_may_be_a_running_labs()
    {
        Leave(12000);
        MakeManifest("0123abcd", _temporary["lab"]);
        File.WriteAllText(_temporary["lab/.pgpoollab/lab.json"], "{");
        AssertTaken(false, () => Begin("89ab89ab"), 12000);
    }

    [Fact]
    public void A_manifest_that_is_a_pipe_or_a_link_keeps_nobody_waiting()
    {
        Directory.CreateDirectory(_temporary["lab/.pgpoollab"]);
        Process.Start("mkfifo", _temporary["lab/.pgpoollab/lab.json"]).WaitForExit();
        Directory.CreateDirectory(_temporary["linked/.pgpoollab"]);
        File.CreateSymbolicLink(_temporary["linked/.pgpoollab/lab.json"], "/dev/zero");
        Leave(12000);
        Leave(12001, root: _temporary["linked"]);
        AssertTaken(false, () => Begin("89ab89ab"), 12000);
        AssertTaken(false, () => Begin("89ab89ab"), 12001);
    }

    [Fact]
    public void Its_process_number_proves_nothing_its_lock_does()
    {
        // A killed setup's: the number is a living process's by now.
        Write(12000, PortLease.Of("0123abcd", _temporary["lab"]) with { Process = Environment.ProcessId });
        AssertTaken(true, () => Begin("89ab89ab"), 12000);

        // A setup at work in another container: here its number is nobody's.
        Write(
            12001,
            PortLease.Of("0123abcd", _temporary["lab"]) with
            {
                Process = int.MaxValue,
                PidNamespace = "pid:[1]",
            }
        );
        using var atWork = SharedFile.TryOpen(FileOf(12001), out _);
        Assert.True(atWork!.TryLock());
        AssertTaken(false, () => Begin("89ab89ab"), 12001);
    }

    [Fact]
    public async Task The_lease_of_a_setup_that_was_killed_before_it_made_anything_is_stale()
    {
        Write(12000, PortLease.Of("0123abcd", _temporary["lab"]));
        using var setup = Process.Start(new ProcessStartInfo("flock", [FileOf(12000), "-c", "exec sleep 60"]))!;
        for (var look = 0; look < 1000 && IsFree(12000); look++)
        {
            await Task.Delay(5);
        }

        AssertTaken(false, () => Begin("89ab89ab"), 12000);
        setup.Kill(entireProcessTree: true);
        await setup.WaitForExitAsync();
        for (var look = 0; look < 1000 && !IsFree(12000); look++)
        {
            await Task.Delay(5);
        }

        AssertTaken(true, () => Begin("89ab89ab"), 12000);

        bool IsFree(int port)
        {
            using var file = SharedFile.TryOpen(FileOf(port), out _);
            return file!.TryLock() is true;
        }
    }

    [Theory]
    [InlineData(false, false, true)]
    [InlineData(true, false, false)] // a container's: by that path it sees another folder
    [InlineData(true, true, true)] // a container's of before the machine was started: it is over
    [InlineData(false, true, true)]
    public void What_another_container_may_see_is_respected_until_the_machine_is_started_anew(
        bool otherNamespace,
        bool otherBoot,
        bool stale
    )
    {
        var lease = PortLease.Of("0123abcd", _temporary["lab"]);
        Write(
            12000,
            lease with
            {
                MountNamespace = otherNamespace ? "mnt:[1]" : lease.MountNamespace,
                Boot = otherBoot ? Guid.Empty.ToString() : lease.Boot,
            }
        );
        AssertTaken(stale, () => Begin("89ab89ab"), 12000);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{ "id": "1", "lab": "2" }""")]
    [InlineData("""{ "id": "1", "lab": "2", "folder": "relative" }""")]
    [InlineData("""{ "id": "1", "lab": "2", "folder": "/srv/\u001b[2J" }""")]
    public void A_file_that_says_nothing_is_nobodys_lease(string text)
    {
        Begin().Release();
        File.WriteAllText(FileOf(12000), text);
        File.WriteAllText(FileOf(12001), text);
        AssertTaken(true, () => Begin(), 12000);
        _leases.Sweep();
        Assert.Empty(Files);
    }

    [Fact]
    public void What_is_no_lease_file_at_all_is_left_alone_and_in_nobodys_way()
    {
        Begin().Release();
        File.WriteAllText(_temporary["victim"], "precious");
        File.CreateSymbolicLink(FileOf(12000), _temporary["victim"]);
        Directory.CreateDirectory(FileOf(12001));
        Process.Start("mkfifo", FileOf(12002)).WaitForExit();
        File.WriteAllText(Path.Combine(_leases.Folder, "README"), "mine");
        _leases.Sweep();
        using var held = Begin();
        Assert.False(held.TryTakeAll([12000]));
        Assert.False(held.TryTakeAll([12001]));
        Assert.Null(held.Take(12000));
        Assert.Null(held.Take(12001));
        Assert.Equal("precious", File.ReadAllText(_temporary["victim"]));
        Assert.Contains("README", Files);
    }

    [Fact]
    public void What_a_setup_left_that_was_killed_as_it_began_is_swept()
    {
        Begin().Release();
        File.WriteAllText(Path.Combine(_leases.Folder, ".new-1"), "");
        File.WriteAllText(Path.Combine(_leases.Folder, ".new-2"), PortLease.Of("0123abcd", _temporary["lab"]).ToJson());
        using var atWork = Begin();
        _leases.Sweep();
        Assert.Single(Files);
        Assert.True(atWork.TryTakeAll([12000]));
    }

    [Fact]
    public void A_port_that_was_asked_for_is_refused_while_another_setup_is_at_work_with_it()
    {
        using var first = Begin(root: _temporary["first"]);
        Assert.Null(first.Take(11000));
        using var second = Begin("4567cdef");
        var conflict = second.Take(11000);
        Assert.Equal(
            new LeaseConflict(
                11000,
                $"about to be used by {Identity.Current.Name}, who makes a lab in {_temporary["first"]} (pid "
                    + $"{Environment.ProcessId})"
            ),
            conflict
        );
        first.Dispose();
        Assert.Null(second.Take(11000));
    }

    [Fact]
    public void A_port_of_a_stopped_lab_can_be_asked_for_but_not_by_two_at_once()
    {
        MakeManifest("0123abcd", _temporary["lab"]);
        using (var first = Begin())
        {
            Assert.True(first.TryTakeAll([11000, 11001]));
        }

        using (var second = Begin("4567cdef"))
        {
            Assert.Null(second.Take(11000));
            Assert.Null(second.Take(11001));
            using var third = Begin("89ab89ab");
            Assert.Equal(11000, third.Take(11000)?.Port);
            // It stays the first one's, also when the second fails.
            second.Release();
            Assert.Null(third.Take(11000));
        }

        Assert.Contains("0123abcd", Text(11000), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_that_take_and_give_back_never_have_the_same_port()
    {
        const int ports = 8;
        var owners = new int[ports];
        var taken = 0;
        await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(worker =>
                    Task.Run(() =>
                    {
                        var random = new Random(worker);
                        for (var round = 0; round < 150; round++)
                        {
                            var port = random.Next(ports);
                            // Now and then as if it had been killed: the next one finds a stale lease.
                            using var held = Begin($"{worker:x4}{round:x4}", _temporary[$"lab{worker}"]);
                            if (!held.TryTakeAll([port]))
                            {
                                continue;
                            }

                            Assert.Equal(1, Interlocked.Increment(ref owners[port]));
                            Interlocked.Increment(ref taken);
                            Interlocked.Decrement(ref owners[port]);
                            if (round % 3 > 0)
                            {
                                held.Release();
                            }
                        }
                    })
                )
        );
        Assert.True(taken > 100, $"{taken} of 1200");
        _leases.Sweep();
        Assert.Empty(Files);
    }

    [Fact]
    public void Without_a_folder_there_are_no_leases_and_the_reason_is_told()
    {
        File.WriteAllText(_temporary["ports"], "");
        Assert.Null(_leases.Begin("0123abcd", _temporary["lab"], out var problem));
        Assert.NotEqual("", problem);
        _leases.Renew(Labs.Fixed());
        _leases.Release(Labs.Fixed());
        _leases.Sweep();
    }
}
