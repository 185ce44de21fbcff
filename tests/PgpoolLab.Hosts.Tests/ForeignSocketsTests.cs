using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PgpoolLab.Hosts.Tests;

/// <summary>The connections of another process, with a real one.</summary>
public sealed class ForeignSocketsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Who_waits_for_a_lost_server_goes_on_and_keeps_its_other_connections()
    {
        using var lost = new TcpListener(IPAddress.Loopback, 0);
        using var other = new TcpListener(IPAddress.Loopback, 0);
        lost.Start();
        other.Start();
        var (lostPort, otherPort) = (Port(lost), Port(other));
        using var limit = new CancellationTokenSource(Patience);
        using var process = Process.Start(
            new ProcessStartInfo(
                "bash",
                [
                    "-c",
                    $"exec 3<>/dev/tcp/127.0.0.1/{lostPort} 4<>/dev/tcp/127.0.0.1/{otherPort}; "
                        + "echo waits; read -r answer <&3; echo goes on >&4",
                ]
            )
            {
                RedirectStandardOutput = true,
            }
        )!;
        Assert.Equal("waits", await process.StandardOutput.ReadLineAsync(limit.Token));
        using var otherSide = await other.AcceptTcpClientAsync(limit.Token);
        Assert.Equal(0, await ForeignSockets.ShutDownAsync(process.Id, "/tmp", lostPort, limit.Token));
        Assert.Equal(0, await ForeignSockets.ShutDownAsync(process.Id, "127.0.0.2", lostPort, limit.Token));
        Assert.Equal(1, await ForeignSockets.ShutDownAsync(process.Id, "localhost", lostPort, limit.Token));
        using var reader = new StreamReader(otherSide.GetStream());
        Assert.Equal("goes on", await reader.ReadLineAsync(limit.Token));
        await process.WaitForExitAsync(limit.Token);
        Assert.Equal(0, await ForeignSockets.ShutDownAsync(process.Id, "127.0.0.1", otherPort, limit.Token));
    }

    [Fact]
    public async Task A_name_that_is_nobodys_is_told() =>
        await Assert.ThrowsAsync<IOException>(() =>
            ForeignSockets.ShutDownAsync(Environment.ProcessId, "nobody.invalid", 1, CancellationToken.None)
        );

    [Theory]
    [InlineData("0200_2AFA_7F4DC800", true)]
    [InlineData("0200_2AFA_7F4DC801", false)]
    [InlineData("0200_2AFB_7F4DC800", false)]
    [InlineData("0A00_2AFA_00000000_00000000000000000000FFFF_7F4DC800", true)]
    [InlineData("0A00_2AFA_00000000_00000000000000000000FFFF", false)]
    [InlineData("1100_2AFA_7F4DC800", false)]
    [InlineData("", false)]
    public void An_address_is_a_servers_by_host_and_port(string address, bool leads) =>
        Assert.Equal(
            leads,
            ForeignSockets.Leads(
                Convert.FromHexString(address.Replace("_", "", StringComparison.Ordinal)),
                "db.example",
                [IPAddress.Parse("127.77.200.0")],
                0x2AFA
            )
        );

    [Theory]
    [InlineData("/tmp", 11002, true)]
    [InlineData("/var/tmp", 11002, false)]
    [InlineData("/tmp", 1100, false)]
    public void A_socket_in_a_folder_is_a_servers_by_its_path(string folder, int port, bool leads) =>
        Assert.Equal(
            leads,
            ForeignSockets.Leads([1, 0, .. Encoding.UTF8.GetBytes("/tmp/.s.PGSQL.11002\0")], folder, [], port)
        );

    private static int Port(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;
}
