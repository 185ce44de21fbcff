using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace PgpoolLab.Integration.Tests;

/// <summary>Ports of many labs at once, of several users, and strangers who take them.</summary>
public sealed class PortLeaseTests
{
    /// <summary>Makes labs four at a time, and leaves the numbers of their ports.</summary>
    private const string MakeMany = """
        seq 12 | xargs -P 4 -I{} sh -c '
            pgpoollab setup -n 1 --port auto --json lab{} >made{}.json 2>said{} || { cat said{} >&2; exit 255; }'
        """;

    private const string DestroyMany = """
        seq 12 | xargs -P 4 -I{} sh -c 'pgpoollab destroy lab{} 2>said{} || { cat said{} >&2; exit 255; }'
        rm made* said*
        """;

    [Fact]
    [Trait("Needs", "root")]
    public async Task Many_labs_of_two_users_made_and_destroyed_at_once_never_collide_and_leave_nothing()
    {
        using var plain = new Sandbox(Account.Plain);
        using var root = new Sandbox(Account.Root);
        var sandboxes = new[] { plain, root };
        foreach (var outcome in await Task.WhenAll(sandboxes.Select(s => s.ShellAsync(MakeMany))))
        {
            outcome.Ok();
        }

        var ports = sandboxes
            .SelectMany(s => Directory.EnumerateFiles(s.Labs, "made*.json"))
            .SelectMany(PortsOf)
            .ToArray();
        Assert.Equal(72, ports.Length);
        Assert.Equal(ports.Length, ports.Distinct().Count());
        Assert.All(ports, p => Assert.True(File.Exists(Sandbox.LeaseOf(p)), $"There is no lease for port {p}"));
        // Nobody was in anybody's way, not even for a moment.
        Assert.All(
            sandboxes.SelectMany(s => Directory.EnumerateFiles(s.Labs, "said*")),
            f => Assert.DoesNotContain("Other ports are tried", File.ReadAllText(f), StringComparison.Ordinal)
        );

        foreach (var outcome in await Task.WhenAll(sandboxes.Select(s => s.ShellAsync(DestroyMany))))
        {
            outcome.Ok();
        }

        plain.AssertNothingIsLeft();
        root.AssertNothingIsLeft();
    }

    /// <summary>The listener's address. PostgreSQL would be content with the other family, and clients would meet the
    /// stranger.</summary>
    public static TheoryData<string> Addresses =>
        File.Exists("/proc/net/if_inet6") && File.ReadAllText("/proc/net/if_inet6").Length > 0
            ? ["127.0.0.1", "0.0.0.0", "::1"]
            : ["127.0.0.1", "0.0.0.0"];

    [Theory]
    [MemberData(nameof(Addresses))]
    public async Task A_port_that_is_taken_between_looking_and_listening_is_in_the_way_and_nothing_is_left(
        string address
    )
    {
        using var sandbox = new Sandbox(Account.Plain);
        var bin = PostgresThatWaits(sandbox);
        var port = await FreeBlockAsync(sandbox);
        var setup = sandbox.RunAsync("setup", "-n", "1", "--port", port.ToString(), "--pg-bin", bin, sandbox.Lab);
        using var stranger = await TakeAsync(sandbox, address);
        var outcome = (await setup).FailedWith(4);
        Assert.Contains(
            $"error: Could not start node 0: port {port + 2} (PostgreSQL node 0) is used by ",
            outcome.Error,
            StringComparison.Ordinal
        );
        Assert.Contains("--port auto", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("Whatever setup had made is removed again.", outcome.Error, StringComparison.Ordinal);
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task With_an_automatic_port_other_ports_are_tried()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var bin = PostgresThatWaits(sandbox);
        var setup = sandbox.RunAsync("setup", "-n", "1", "--port", "auto", "--pg-bin", bin, "--json", sandbox.Lab);
        using var stranger = await TakeAsync(sandbox, "127.0.0.1");
        var outcome = (await setup).Ok();
        var taken = ((IPEndPoint)stranger.LocalEndpoint).Port;
        Assert.Contains($"port {taken} (PostgreSQL node 0) is used by ", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("Other ports are tried.", outcome.Error, StringComparison.Ordinal);
        await File.WriteAllTextAsync(sandbox["made.json"], outcome.Output);
        Assert.DoesNotContain(taken, PortsOf(sandbox["made.json"]));
        Assert.False(File.Exists(Sandbox.LeaseOf(taken)));
        (await sandbox.RunInLabAsync("startall")).Ok();
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_lab_is_not_started_on_a_strangers_port()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("setup", "-n", "1", "--port", "auto", "--json", sandbox.Lab)).Ok();
        var port = Ports(sandbox.Lab);
        // pcp's, by one family alone, so that Pgpool-II would not notice; and the node's.
        using (Listen("127.0.0.1", port[1]))
        {
            var outcome = (await sandbox.RunInLabAsync("startall")).FailedWith(4);
            Assert.Contains(
                $"Could not start Pgpool-II: port {port[1]} (pcp) is used by ",
                outcome.Error,
                StringComparison.Ordinal
            );
        }

        (await sandbox.RunInLabAsync("stopall")).Ok();
        using (Listen("127.0.0.1", port[2]))
        {
            var outcome = (await sandbox.RunInLabAsync("startall")).FailedWith(4);
            Assert.Contains(
                $"Could not start node 0: port {port[2]} (PostgreSQL node 0) is used by ",
                outcome.Error,
                StringComparison.Ordinal
            );
            Assert.Empty(sandbox.ProcessesLeft());
        }

        (await sandbox.RunInLabAsync("startall")).Ok();
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task Of_two_setups_that_want_the_same_ports_at_once_one_is_told_who_has_them()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var bin = PostgresThatWaits(sandbox);
        var port = await FreeBlockAsync(sandbox);
        var first = sandbox.RunAsync("setup", "-n", "1", "--port", port.ToString(), "--pg-bin", bin, sandbox.Lab);
        Assert.Equal(port + 2, await PortItWaitsOnAsync(sandbox));
        var other = Path.Combine(sandbox.Labs, "other");
        var second = (await sandbox.RunAsync("setup", "-n", "1", "--port", (port + 1).ToString(), other)).FailedWith(4);
        Assert.Contains(
            $"Port {port + 1} (Pgpool-II) is about to be used by {sandbox.Account.LabUser}, who makes a lab in "
                + $"{sandbox.Lab} (pid ",
            second.Error,
            StringComparison.Ordinal
        );
        Assert.False(Path.Exists(other));
        Go(sandbox);
        (await first).Ok();

        // A lab that is stopped does not keep its ports from who asks for them by number.
        (await sandbox.RunAsync("setup", "-n", "1", "--port", port.ToString(), other)).Ok();
        (await sandbox.RunAsync("destroy", other)).Ok();
        Assert.True(File.Exists(Sandbox.LeaseOf(port)));
        (await sandbox.RunAsync("destroy", sandbox.Lab)).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task The_old_command_line_leases_its_ports_and_gives_them_back()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var port = await FreeBlockAsync(sandbox);
        Directory.CreateDirectory(sandbox.Lab);
        sandbox.Account.Own(sandbox.Lab);
        (await sandbox.RunInLabAsync("pgpool_setup", "-n", "1", "-p", port.ToString())).Ok();
        Assert.All(Enumerable.Range(port, 3), p => Assert.True(File.Exists(Sandbox.LeaseOf(p))));
        (await sandbox.RunInLabAsync("destroy")).Ok();
        Directory.Delete(sandbox.Lab);
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task The_leases_of_a_lab_whose_folder_was_deleted_by_hand_are_stale_by_proof()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("setup", "-n", "1", "--port", "auto", sandbox.Lab)).Ok();
        var ports = Ports(sandbox.Lab);
        Assert.All(ports, p => Assert.True(File.Exists(Sandbox.LeaseOf(p))));
        Directory.Delete(sandbox.Lab, recursive: true);
        (await sandbox.RunAsync("setup", "-n", "1", "--port", "auto", sandbox.Lab)).Ok();
        Assert.All(ports.Except(Ports(sandbox.Lab)), p => Assert.False(File.Exists(Sandbox.LeaseOf(p))));
        (await sandbox.RunAsync("destroy", sandbox.Lab)).Ok();
        (await sandbox.RunAsync("destroy", "--orphans")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task The_leases_of_a_setup_that_was_killed_before_there_was_a_lab_go_with_its_remains()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("setup", "-n", "1", "--port", "auto", sandbox.Lab)).Ok();
        var ports = Ports(sandbox.Lab);
        // What is there between the lease and the manifest.
        StrangerTests.Shell(
            """find "$1" -mindepth 1 ! -path "$1/.pgpoollab" ! -path "$1/.pgpoollab/lock" -delete""",
            sandbox.Lab
        );
        Assert.All(ports, p => Assert.True(File.Exists(Sandbox.LeaseOf(p))));
        (await sandbox.RunAsync("destroy", sandbox.Lab)).Ok();
        Assert.All(ports, p => Assert.False(File.Exists(Sandbox.LeaseOf(p))));
        // A setup that came to its end has no note any more of who has made the folder.
        Directory.Delete(sandbox.Lab);
        (await sandbox.RunAsync("destroy", "--orphans")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    /// <summary>A folder of programs in which the first PostgreSQL server that is started writes down its port, and
    /// waits for <see cref="Go"/>.</summary>
    private static string PostgresThatWaits(Sandbox sandbox)
    {
        var real = Directory
            .EnumerateDirectories("/usr/lib/postgresql")
            .Select(d => $"{d}/bin")
            .First(d => File.Exists($"{d}/initdb"));
        var bin = Directory.CreateDirectory(sandbox["bin"]).FullName;
        foreach (var program in Directory.EnumerateFiles(real).Select(p => Path.GetFileName(p)))
        {
            Write(program, "");
        }

        Write(
            "postgres",
            $$"""
            case " $* " in *" --single "* | *" --version "*) exec {{real}}/postgres "$@" ;; esac
            if mkdir '{{sandbox["once"]}}' 2>/dev/null; then
                before=
                for word in "$@"; do
                    [ "$before" != -D ] || data=$word
                    before=$word
                done
                sed -n 's/^port *= *\([0-9]*\).*/\1/p' "$data/postgresql.conf" | tail -n 1 >'{{sandbox["once"]}}/port'
                touch '{{sandbox["once"]}}/waits'
                until [ -e '{{sandbox["once"]}}/go' ]; do sleep 0.02; done
            fi
            """
        );
        return bin;

        void Write(string program, string before)
        {
            File.WriteAllText($"{bin}/{program}", $"#!/bin/sh\n{before}\nexec {real}/{program} \"$@\"\n");
            File.SetUnixFileMode($"{bin}/{program}", (UnixFileMode)Convert.ToInt32("755", 8));
        }
    }

    private static async Task<int> PortItWaitsOnAsync(Sandbox sandbox)
    {
        var patience = Stopwatch.StartNew();
        while (!File.Exists(sandbox["once/waits"]))
        {
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(5), "No PostgreSQL was started within five minutes");
            await Task.Delay(10);
        }

        return int.Parse(await File.ReadAllTextAsync(sandbox["once/port"]));
    }

    private static void Go(Sandbox sandbox) => File.WriteAllText(sandbox["once/go"], "");

    /// <summary>Takes the port of the PostgreSQL that waits, and lets that go on.</summary>
    private static async Task<TcpListener> TakeAsync(Sandbox sandbox, string address)
    {
        var listener = Listen(address, await PortItWaitsOnAsync(sandbox));
        Go(sandbox);
        return listener;
    }

    private static TcpListener Listen(string address, int port)
    {
        var listener = new TcpListener(IPAddress.Parse(address), port);
        listener.Start();
        return listener;
    }

    /// <summary>The first port of a block the program would choose.</summary>
    private static async Task<int> FreeBlockAsync(Sandbox sandbox)
    {
        var plan = (await sandbox.RunAsync("setup", "-n", "1", "--port", "auto", "--dry-run", sandbox.Lab)).Ok().Output;
        return int.Parse(
            plan.Split('\n')
                .First(l => l.StartsWith("Ports ", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]
        );
    }

    /// <summary>Pgpool-II's, pcp's and node 0's port, as the manifest has them.</summary>
    private static int[] Ports(string folder)
    {
        using var manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, ".pgpoollab/lab.json")));
        var lab = manifest.RootElement.GetProperty("lab");
        var pgpool = lab.GetProperty("pgpools")[0];
        return
        [
            pgpool.GetProperty("port").GetInt32(),
            pgpool.GetProperty("pcpPort").GetInt32(),
            lab.GetProperty("nodes")[0].GetProperty("port").GetInt32(),
        ];
    }

    /// <summary>The ports in what <c>setup --json</c> said.</summary>
    private static int[] PortsOf(string file)
    {
        using var made = JsonDocument.Parse(File.ReadAllText(file));
        return Ports(made.RootElement.GetProperty("directory").GetString()!);
    }
}
