using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests;

public sealed class AnswerPatienceTests
{
    private readonly FakeTimeProvider _time = new();

    private Task<int> Wait(Func<CancellationToken, Task<int>> ask, bool works = false) =>
        new AnswerPatience(new ProbeRunner(new FakeHost(), _time), _time, _ => Task.FromResult(works)).WaitAsync(
            ask,
            CancellationToken.None
        );

    private static async Task<int> NeverAsync(CancellationToken token)
    {
        await Task.Delay(Timeout.Infinite, token);
        return 0;
    }

    /// <summary>Time goes on in steps, until it is over.</summary>
    private async Task<TimeSpan> UntilOverAsync(Task<int> wait, TimeSpan step)
    {
        var began = _time.GetTimestamp();
        while (!wait.IsCompleted)
        {
            _time.Advance(step);
            await Task.WhenAny(wait, Task.Delay(2));
        }

        await Assert.ThrowsAsync<TimeoutException>(() => wait);
        return _time.GetElapsedTime(began);
    }

    [Fact]
    public async Task An_answer_is_an_answer() => Assert.Equal(7, await Wait(_ => Task.FromResult(7)));

    [Fact]
    public async Task A_server_that_hangs_is_given_up_after_two_seconds() =>
        Assert.InRange(
            await UntilOverAsync(Wait(NeverAsync), TimeSpan.FromMilliseconds(100)),
            TimeSpan.FromSeconds(1.9),
            TimeSpan.FromSeconds(4)
        );

    [Fact]
    public async Task One_that_hangs_and_cannot_even_be_cancelled_is_given_up_too() =>
        Assert.InRange(
            await UntilOverAsync(Wait(_ => new TaskCompletionSource<int>().Task), TimeSpan.FromMilliseconds(100)),
            TimeSpan.FromSeconds(1.9),
            TimeSpan.FromSeconds(5)
        );

    [Fact]
    public async Task While_the_lab_has_something_to_do_it_is_waited_for_but_not_for_ever() =>
        Assert.InRange(
            await UntilOverAsync(Wait(NeverAsync, works: true), TimeSpan.FromMilliseconds(100)),
            TimeSpan.FromSeconds(9.9),
            TimeSpan.FromSeconds(13)
        );

    [Fact]
    public async Task Time_in_which_this_program_itself_came_late_does_not_count() =>
        Assert.InRange(
            await UntilOverAsync(Wait(NeverAsync), TimeSpan.FromMilliseconds(900)),
            TimeSpan.FromSeconds(9.9),
            TimeSpan.FromSeconds(14)
        );

    [Fact]
    public async Task What_it_failed_with_is_told() =>
        await Assert.ThrowsAsync<IOException>(() => Wait(_ => throw new IOException("gone")));

    public static TheoryData<Exception, string> Problems =>
        new()
        {
            { new SocketException((int)SocketError.AddressNotAvailable), "connection refused: nobody listens there" },
            {
                new NpgsqlException("x", new SocketException((int)SocketError.AddressNotAvailable)),
                "connection refused: nobody listens there"
            },
            {
                new NpgsqlException("x", new SocketException((int)SocketError.ConnectionRefused)),
                "connection refused: nobody listens there"
            },
            { new EndOfStreamException(), "it closed the connection" },
            {
                new NpgsqlException("Exception while reading from stream", new EndOfStreamException()),
                "it closed the connection"
            },
            {
                new NpgsqlException("x", new IOException("x", new SocketException((int)SocketError.ConnectionReset))),
                "it closed the connection"
            },
            { new IOException("x", new SocketException((int)SocketError.Shutdown)), "it closed the connection" },
            { new NpgsqlException("x", new TimeoutException()), "no answer" },
            { new TimeoutException("no answer within 2 s"), "no answer within 2 s" },
            { new IOException("all backend nodes are down"), "all backend nodes are down" },
            { new NpgsqlException("The pool is full"), "The pool is full" },
        };

    [Theory]
    [MemberData(nameof(Problems), DisableDiscoveryEnumeration = true)]
    public void Problems_are_told_in_words_about_the_server(Exception error, string told) =>
        Assert.Equal(told, ServerProblem.Of(error));

    [Fact]
    public void What_is_nobodys_fault_but_ours_is_not_hidden() =>
        Assert.Null(ServerProblem.Of(new InvalidOperationException()));

    [Theory]
    [InlineData("*", 1, "server1")]
    [InlineData("server0, Server1", 1, "server1")]
    [InlineData("\"server1\"", 1, "server1")]
    [InlineData("FIRST 2 (server1, *)", 2, "server7")]
    [InlineData("any 3(server1,server2)", 3, "server2")]
    [InlineData("2 (server1, server2)", 2, "server2")]
    public void What_commits_wait_for_is_understood(string setting, int required, string counts)
    {
        var standbys = SynchronousStandbys.Parse(setting)!;
        Assert.Equal((required, true), (standbys.Required, standbys.Count(counts)));
        Assert.Equal(setting.Contains('*'), standbys.Count("another"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    public void Without_names_commits_wait_for_nobody(string? setting) =>
        Assert.Null(SynchronousStandbys.Parse(setting));
}
