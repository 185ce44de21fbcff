using System.Net;
using System.Net.Sockets;
using PgpoolLab.Model;
using PgpoolLab.Ssh;

namespace PgpoolLab.Integration.Tests.Remote;

/// <summary>What comes between us and a host.</summary>
public sealed class WayTests : SshTestBed
{
    [Fact]
    public async Task A_host_behind_others_is_reached_by_them_and_each_shows_its_own_key()
    {
        var first = await StartAsync();
        var second = await StartAsync();
        var target = await StartAsync();
        Configure("first", first.Port);
        Configure("second", second.Port, "ProxyJump first");
        Configure("b", target.Port, "ProxyJump second");
        Trust(first);
        Trust(second);
        var person = new Person();
        await using (var host = await ConnectAsync(Options(person)))
        {
            await AnswersAsync(host);
            // It is known by its own name, whatever port leads there.
            Assert.Equal($"[127.0.0.1]:{target.Port}", Assert.Single(person.Unknown).KeyName);
            Assert.Equal((1, 1), (first.Connections, second.Connections));
        }

        Configure("c", target.Port, "ProxyJump first,second");
        await using (await ConnectAsync("c")) { }
        var port = Sshd.FreePort();
        Configure("nobody", port, "ProxyJump first");
        var error = await Assert.ThrowsAsync<HostUnreachableException>(() => ConnectAsync("nobody"));
        Assert.Contains($"127.0.0.1:{port}, by first)", error.Message, StringComparison.Ordinal);
        Configure("x", 1, "ProxyJump y");
        Configure("y", 1, "ProxyJump x");
        Assert.Equal(ExitCode.Usage, (await Assert.ThrowsAsync<LabException>(() => ConnectAsync("x"))).Code);
    }

    [Fact]
    public async Task A_host_that_is_not_there_or_says_nothing_or_something_else_is_reported_in_time()
    {
        Configure("b", Sshd.FreePort());
        var error = await Assert.ThrowsAsync<HostUnreachableException>(() => ConnectAsync());
        Assert.Contains("nobody listens at its port", error.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.NotHealthy, error.Code);

        error = await Assert.ThrowsAsync<HostUnreachableException>(() => ConnectAsync("no-such-host.invalid"));
        Assert.Contains("nobody knows the name no-such-host.invalid", error.Message, StringComparison.Ordinal);

        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        Configure("silent", ((IPEndPoint)silent.LocalEndpoint).Port);
        error = await Assert.ThrowsAsync<HostUnreachableException>(() =>
            ConnectAsync(Options() with { ConnectTimeout = TimeSpan.FromSeconds(1) }, "silent")
        );
        Assert.EndsWith("has not answered within 1 s.", error.Message);

        var answering = Task.Run(async () =>
        {
            // The silent one's, which was left.
            using var before = await silent.AcceptTcpClientAsync();
            using var client = await silent.AcceptTcpClientAsync();
            await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
        });
        error = await Assert.ThrowsAsync<HostUnreachableException>(() => ConnectAsync("silent"));
        Assert.Contains("SSH", error.Message, StringComparison.OrdinalIgnoreCase);
        await answering;
    }

    /// <summary>At the first one nobody listens.</summary>
    [Fact]
    public async Task Of_several_addresses_the_one_that_answers_is_taken()
    {
        var sshd = await StartAsync();
        await File.WriteAllTextAsync(
            $"{Home}/.ssh/config",
            $"Host b\n HostName several.example.org\n Port {sshd.Port}\n HostKeyAlias mine\n"
                + " UserKnownHostsFile /dev/null\n"
        );
        File.SetUnixFileMode($"{Home}/.ssh/config", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var person = new Person();
        var asked = new List<string>();
        var options = Options(person) with
        {
            Resolve = (name, _) =>
            {
                asked.Add(name);
                return Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.2"), IPAddress.Loopback]);
            },
        };
        await using var host = await ConnectAsync(options);
        Assert.Equal("several.example.org", asked[0]);
        Assert.Equal(("mine", null), (person.Unknown[0].KeyName, person.Unknown[0].File));
    }

    [Fact]
    public async Task Who_does_not_want_to_wait_any_more_does_not()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        Configure("b", ((IPEndPoint)silent.LocalEndpoint).Port);
        using var cancel = new CancellationTokenSource();
        var connecting = SshHosts.ConnectAsync("b", Options(), cancel.Token);
        using var accepted = await silent.AcceptTcpClientAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
    }
}
