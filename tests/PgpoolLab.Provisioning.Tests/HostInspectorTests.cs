using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Servers;

namespace PgpoolLab.Provisioning.Tests;

public sealed class HostInspectorTests
{
    private readonly FakeHost _host = new();
    private readonly Notes _notes = new();

    private HostInspector Inspector =>
        new(
            new OperationContext(
                _host,
                TimeProvider.System,
                _notes,
                _ => throw new InvalidOperationException("Nothing is logged here."),
                "1.2.3",
                new SameProcess()
            )
        );

    private async Task<IReadOnlyList<string>> SocketsAsync(
        string[]? asked,
        string bin = "/usr/lib/postgresql/15/bin"
    ) =>
        (
            await Inspector.InspectAsync(
                new LabSpec { Directory = "/srv/lab", SocketDirectories = asked },
                Labs.Tools() with
                {
                    PostgresBin = bin,
                },
                new FolderOrigin(null),
                Identity.Current,
                null,
                11000,
                CancellationToken.None
            )
        ).SocketDirectories;

    [Fact]
    public async Task Sockets_lie_where_the_packaged_libpq_looks_and_in_tmp()
    {
        Assert.Equal(["/var/run/postgresql", "/tmp"], await SocketsAsync(null));
        Assert.Equal(["/tmp", "/var/run/postgresql"], await SocketsAsync(null, "/usr/local/pgsql/bin"));
    }

    [Fact]
    public async Task Folders_for_sockets_that_cannot_be_written_to_are_left_out()
    {
        _host.Unwritable.Add("/var/run/postgresql");
        Assert.Equal(["/tmp"], await SocketsAsync(null));
        Assert.Equal(["/tmp", "/srv/s"], await SocketsAsync(["/srv/s", "/var/run/postgresql", "/tmp"]));
    }

    [Fact]
    public async Task Of_the_folders_that_were_asked_for_libpqs_own_comes_first() =>
        Assert.Equal(
            ["/var/run/postgresql", "/tmp", "/srv/s", "/srv/t"],
            await SocketsAsync(["/srv/s", "/tmp", "/srv/t", "/var/run/postgresql"])
        );

    [Fact]
    public async Task None_that_can_be_written_to_is_an_error()
    {
        _host.Unwritable.UnionWith(["/a", "/b"]);
        var error = await Assert.ThrowsAsync<LabException>(() => SocketsAsync(["/a", "/b"]));
        Assert.Equal(
            (ExitCode.Missing, "None of the folders for sockets can be written to: /a, /b."),
            (error.Code, error.Message)
        );
    }

    [Theory]
    [InlineData(false, "--port auto")]
    [InlineData(true, "-wp PORT")]
    public async Task A_port_that_is_taken_is_named_with_the_options_of_the_command_line_at_hand(
        bool old,
        string advice
    )
    {
        _host.Ports[11005] = "used by postgres (pid 12)";
        var error = await Assert.ThrowsAsync<PortTakenException>(() =>
            Inspector.RequireFreePortsAsync(Labs.Fixed(pgpools: 2).Ports.All(2), old, CancellationToken.None)
        );
        Assert.Equal(
            (ExitCode.InTheWay, "Port 11005 (pcp 1) is used by postgres (pid 12)."),
            (error.Code, error.Message)
        );
        Assert.Contains(advice, error.Hints[0], StringComparison.Ordinal);
        Assert.Empty(_notes.Lines);
    }

    [Fact]
    public async Task Every_port_that_is_taken_is_named()
    {
        (_host.Ports[11000], _host.Ports[11003]) = ("used by pgpool (pid 1)", "used by postgres (pid 2)");
        var error = await Assert.ThrowsAsync<PortTakenException>(() =>
            Inspector.RequireFreePortsAsync(Labs.Fixed().Ports.All(2), false, CancellationToken.None)
        );
        Assert.Equal("2 of the lab's ports are not free.", error.Message);
        Assert.Equal(
            [
                "Port 11000 (Pgpool-II) is used by pgpool (pid 1).",
                "Port 11003 (PostgreSQL node 1) is used by postgres (pid 2).",
            ],
            error.Details
        );
    }

    [Fact]
    public async Task A_port_the_kernel_has_lent_to_a_client_is_waited_for()
    {
        _host.Ports[50001] = PortState.Lingering;
        _host.FreedAtSecondLook.Add(50001);
        await Inspector.RequireFreePortsAsync(Labs.Old(pgpools: 2).Ports.All(2), true, CancellationToken.None);
        Assert.Equal(
            [$"Port 50001 (pcp 0) is {PortState.Lingering}; waiting up to 65 s until it is free."],
            _notes.Lines
        );
    }

    [Fact]
    public async Task A_port_somebody_takes_while_it_is_waited_for_is_in_the_way()
    {
        _host.Ports[50001] = PortState.Lingering;
        _host.TakenAtSecondLook[50001] = "used by other (pid 3)";
        var error = await Assert.ThrowsAsync<PortTakenException>(() =>
            Inspector.RequireFreePortsAsync(Labs.Old(pgpools: 2).Ports.All(2), true, CancellationToken.None)
        );
        Assert.Equal("Port 50001 (pcp 0) is used by other (pid 3).", error.Message);
    }
}
