using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Machines;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.Tests;

public sealed class VirtualIpCheckTests
{
    private const string Interfaces = """
        1: lo    inet 127.0.0.1/8 scope host lo\       valid_lft forever preferred_lft forever
        2: eth0    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0\       valid_lft forever preferred_lft forever
        3: eth1    inet 198.51.100.7 peer 198.51.100.8/32 scope global eth1\       valid_lft forever
        """;

    private static readonly IReadOnlyList<(string Interface, string Address)> Addresses = VirtualIpCheck.ReadAddresses(
        Interfaces
    );

    private readonly FakeHost _host = new();

    [Fact]
    public void The_interfaces_are_read() =>
        Assert.Equal([("lo", "127.0.0.1/8"), ("eth0", "192.0.2.1/24"), ("eth1", "198.51.100.7/32")], Addresses);

    [Fact]
    public void The_interface_whose_network_has_the_address_gets_it()
    {
        Assert.Equal(new VirtualIpPlace("192.0.2.9/24", "eth0"), VirtualIpCheck.Choose("192.0.2.9", null, Addresses));
        Assert.Equal(
            new VirtualIpPlace("192.0.2.9/32", "eth0"),
            VirtualIpCheck.Choose("192.0.2.9/32", null, Addresses)
        );
        Assert.Equal(
            new VirtualIpPlace("203.0.113.9/24", "eth1"),
            VirtualIpCheck.Choose("203.0.113.9/24", "eth1", Addresses)
        );
    }

    [Theory]
    [InlineData("203.0.113.9", null, "No interface of this host has a network with the virtual IP 203.0.113.9.")]
    [InlineData("192.0.2.9", "eth1", "This host's interface eth1 has no network with the virtual IP 192.0.2.9.")]
    [InlineData("203.0.113.9/24", "eth7", "This host's interface eth7 has no network")]
    [InlineData("192.0.2.1", null, "The virtual IP 192.0.2.1 is this host's own already, on its interface eth0.")]
    public void An_address_that_fits_nowhere_is_refused(string address, string? device, string problem)
    {
        var error = Assert.Throws<LabException>(() => VirtualIpCheck.Choose(address, device, Addresses));
        Assert.StartsWith(problem, error.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.InTheWay, error.Code);
    }

    /// <summary>Root's rights for this address, and for nothing else.</summary>
    [Fact]
    public void The_line_for_sudoers_is_exact() =>
        Assert.Equal(
            "pg ALL=(root) NOPASSWD: /usr/sbin/ip addr replace 192.0.2.9/24 dev eth0, /usr/sbin/ip addr del "
                + "192.0.2.9/24 dev eth0, /usr/bin/arping -U 192.0.2.9 -w 1 -I eth0",
            VirtualIpCheck.SudoersLine(
                "pg",
                new VirtualIpPlace("192.0.2.9/24", "eth0"),
                "/usr/sbin/ip",
                "/usr/bin/arping"
            )
        );

    /// <summary>What pgpool.conf says is what sudo is asked to let through.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public void The_configuration_runs_the_commands_of_that_line(int pgpoolMinor)
    {
        var lab = Labs.Part(1, pgpoolMinor: pgpoolMinor, virtualIp: "192.0.2.9/24");
        var text = RenderedFiles.Of(lab)["etc/pgpool.conf"].Replace("$_IP_$", "192.0.2.9", StringComparison.Ordinal);
        var line = VirtualIpCheck.SudoersLine("pg", new VirtualIpPlace("192.0.2.9/24", "eth0"), "ip", "arping");
        foreach (var command in line[(line.IndexOf("NOPASSWD: ", StringComparison.Ordinal) + 10)..].Split(", "))
        {
            Assert.Contains($"_cmd = '/usr/bin/sudo -n {command}'", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_certificate_names_it() =>
        Assert.Contains("192.0.2.9", LabCertificates.NamesOf(Labs.Part(1, virtualIp: "192.0.2.9/24")));

    /// <summary>A Pgpool-II that was killed leaves it there.</summary>
    [Fact]
    public async Task A_host_gives_it_up()
    {
        var has = true;
        var commands = new List<string>();
        _host.Run = command =>
        {
            var words = string.Join(' ', command.Arguments.Skip(3));
            commands.Add(words);
            has &= !words.Contains(" del ", StringComparison.Ordinal);
            return new CommandResult(command, 0, has ? "2: eth0    inet 192.0.2.9/24" : "", "", TimeSpan.Zero);
        };
        var address = VirtualAddress.Of(_host, Labs.Part(1, virtualIp: "192.0.2.9/24"))!;
        Assert.True(await address.IsHereAsync(default));
        await address.RemoveAsync(default);
        Assert.Contains("sudo -n ip addr del 192.0.2.9/24 dev eth0", commands);
        Assert.False(await address.IsHereAsync(default));
        commands.Clear();
        await address.RemoveAsync(default);
        Assert.DoesNotContain(commands, c => c.Contains("sudo", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_cannot_be_taken_away_is_said()
    {
        _host.Run = command =>
            command.Arguments.Contains("sudo")
                ? new CommandResult(command, 1, "", "sudo: a password is required\n", TimeSpan.Zero)
                : new CommandResult(command, 0, "2: eth0    inet 192.0.2.9/24", "", TimeSpan.Zero);
        var address = VirtualAddress.Of(_host, Labs.Part(1, virtualIp: "192.0.2.9/24"))!;
        var error = await Assert.ThrowsAsync<LabException>(() => address.RemoveAsync(default));
        Assert.Equal("The virtual IP 192.0.2.9 is still on eth0.", error.Message);
        Assert.Contains("sudo: a password is required", error.Details);
        Assert.Contains("ip addr del 192.0.2.9/24 dev eth0", error.Hints[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_lab_without_one_has_none()
    {
        Assert.Null(VirtualAddress.Of(_host, Labs.Part(1)));
        Assert.Null(VirtualAddress.Of(_host, Labs.Part(1, virtualIp: "192.0.2.9/24") with { Here = null }));
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_not_found()
    {
        _host.Run = c => new CommandResult(c, AdminProgram.NotFound, "", "", TimeSpan.Zero);
        Assert.Null(await AdminProgram.FindAsync(_host, "arping", default));
    }
}
