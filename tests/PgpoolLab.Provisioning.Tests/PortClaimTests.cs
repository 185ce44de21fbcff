using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>Which ports a lab gets.</summary>
public sealed class PortClaimTests : IDisposable
{
    private readonly FakeHost _host = new();
    private readonly Notes _notes = new();
    private readonly TemporaryFolder _temporary = new();
    private readonly OperationContext _context;

    public PortClaimTests() =>
        _context = new OperationContext(
            _host,
            TimeProvider.System,
            _notes,
            _ => throw new InvalidOperationException("Nothing is logged here."),
            "1.2.3",
            new SameProcess()
        )
        {
            Leases = new PortLeases(_temporary["ports"]),
        };

    public void Dispose() => _temporary.Dispose();

    private static LabSpec Spec => new() { Directory = "/srv/lab" };

    private Task<(int First, HeldPorts? Held)> TakeAsync(LabSpec spec) =>
        new PortClaim(_context).TakeAsync(spec, "0123abcd", _temporary["lab"], CancellationToken.None);

    private string[] Files =>
        Directory
            .EnumerateFiles(_temporary["ports"])
            .Select(f => $"{LeaseName.Parse(Path.GetFileName(f))?.Port}")
            .Order(StringComparer.Ordinal)
            .ToArray();

    [Fact]
    public async Task An_automatic_port_begins_a_block_of_which_every_port_is_free()
    {
        // Three Pgpool-IIs and two nodes need 14 ports, so blocks are of 20; all but one have somebody at their eighth:
        // a heartbeat.
        foreach (var port in Enumerable.Range(12000, 20000).Where(p => p % 20 == 7 && p is < 15000 or >= 15020))
        {
            _host.DatagramPorts[port] = "used by somebody";
        }

        var spec = Spec with { Port = null, PgpoolNodes = 3, Nodes = 2 };
        Assert.Equal(15000, await new PortClaim(_context).LookAsync(spec, CancellationToken.None));
        var (first, held) = await TakeAsync(spec);
        Assert.Equal(15000, first);
        Assert.Equal(Enumerable.Range(15000, 14).Select(p => p.ToString()), Files);
        held!.Release();
    }

    [Fact]
    public async Task A_block_with_a_leased_port_is_passed_over()
    {
        foreach (var port in Enumerable.Range(12000, 20000).Where(p => p % 10 == 3 && p is < 15000 or >= 15020))
        {
            _host.Ports[port] = "used by somebody";
        }

        var (first, held) = await TakeAsync(Spec with { Port = null });
        var (second, other) = await TakeAsync(Spec with { Port = null });
        Assert.Equal([15000, 15010], new[] { first, second }.Order());
        var error = await Assert.ThrowsAsync<LabException>(() => TakeAsync(Spec with { Port = null }));
        Assert.Equal(
            (ExitCode.InTheWay, "There is no free block of 10 ports between 12000 and 32000."),
            (error.Code, error.Message)
        );
        held!.Release();
        other!.Release();
        Assert.Empty(Files);
    }

    [Fact]
    public async Task Ports_that_were_asked_for_are_leased_as_well()
    {
        var (first, held) = await TakeAsync(Spec);
        Assert.Equal(11000, first);
        Assert.Equal(["11000", "11001", "11002", "11003"], Files);
        held!.Release();
    }

    [Fact]
    public async Task Nodes_that_were_put_into_the_only_free_block_are_not_taken_for_strangers_nor_overlapped()
    {
        foreach (var port in Enumerable.Range(12000, 20000).Where(p => p % 10 == 0 && p is not (15000 or 15010)))
        {
            _host.Ports[port] = "used by somebody";
        }

        var (first, held) = await TakeAsync(Spec with { Port = null, PostgresPort = 15001 });
        Assert.Equal(15010, first);
        Assert.Equal(["15001", "15002", "15010", "15011"], Files);
        held!.Release();
    }

    /// <summary>Who sweeps locks a lease as a setup at work does, and on a busy machine may be interrupted
    /// meanwhile.</summary>
    [Fact]
    public async Task A_lease_that_somebody_only_looks_at_is_waited_for()
    {
        var (_, first) = await TakeAsync(Spec);
        first!.Dispose();
        using var look = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo(
                "flock",
                [_context.Leases.FileOf(11000), "-c", $"touch {Shell.Quote(_temporary["locked"])}; exec sleep 0.3"]
            )
        )!;
        while (!File.Exists(_temporary["locked"]))
        {
            await Task.Delay(5);
        }

        var (port, held) = await TakeAsync(Spec);
        Assert.Equal(11000, port);
        held!.Dispose();
    }

    [Theory]
    [InlineData(false, "Let pgpoollab choose free ports:  --port auto")]
    [InlineData(true, "Choose others:  -p PORT, -pg PORT (watchdog_setup: -wp PORT)")]
    public async Task Two_setups_that_ask_for_the_same_ports_at_once_are_told_apart(bool old, string advice)
    {
        var (_, held) = await TakeAsync(Spec);
        var other = Spec with
        {
            Port = 11003,
            PgpoolSetup = old ? new PgpoolSetupConventions { InstallDirectory = "/usr" } : null,
        };
        var error = await Assert.ThrowsAsync<PortTakenException>(() => TakeAsync(other));
        Assert.Equal(
            (
                ExitCode.InTheWay,
                $"Port 11003 (Pgpool-II) is about to be used by {Labs.Me}, who makes a lab in "
                    + $"{_temporary["lab"]} (pid {Environment.ProcessId})."
            ),
            (error.Code, error.Message)
        );
        Assert.Equal(advice, error.Hints[0]);
        Assert.Equal([11003], error.Ports);
        // What the second had taken already is free again.
        Assert.Equal(["11000", "11001", "11002", "11003"], Files);
        held!.Release();
    }

    [Fact]
    public async Task Where_ports_cannot_be_leased_labs_are_made_all_the_same_and_it_is_said_once()
    {
        File.WriteAllText(_temporary["ports"], "");
        var claim = new PortClaim(_context);
        for (var i = 0; i < 2; i++)
        {
            var (first, held) = await claim.TakeAsync(
                Spec with
                {
                    Port = null,
                },
                "0123abcd",
                "/srv/lab",
                CancellationToken.None
            );
            Assert.InRange(first, 12000, 32000);
            Assert.Null(held);
        }

        Assert.StartsWith(
            $"Ports cannot be leased in {_temporary["ports"]} (",
            Assert.Single(_notes.Lines),
            StringComparison.Ordinal
        );
    }
}
