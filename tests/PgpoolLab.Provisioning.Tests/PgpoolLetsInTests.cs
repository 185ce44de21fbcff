using Microsoft.Extensions.Time.Testing;
using PgpoolLab.Hosts;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>A Pgpool-II that startall finds running may have been started a moment ago, or have given up every
/// node.</summary>
public sealed class PgpoolLetsInTests
{
    private const string Started = "pgpool-II successfully started. version 4.3.5 (tamahomeboshi)\n";
    private readonly FakeHost _host = new();
    private readonly FakeTimeProvider _time = new();
    private readonly ProcessFacts _process = new(20, "1", "pgpool", "", "/srv/lab", 20);

    public PgpoolLetsInTests() => _host.Processes.Add(_process);

    [Fact]
    public async Task One_that_is_only_just_starting_gets_the_time_for_that()
    {
        var refuses = true;
        _host.Connect = _ => refuses ? throw new IOException("refused") : Answers();
        var wait = WaitAsync();
        Assert.False(wait.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(20));
        refuses = false;
        await FinishAsync(wait);
    }

    [Theory]
    [InlineData(Started, 5)]
    [InlineData("", 61)]
    public async Task One_that_has_started_and_lets_nobody_in_is_waited_for_no_longer(string log, int age)
    {
        _host.Age = TimeSpan.FromSeconds(age);
        _host.Files[Labs.Fixed().Pgpool.Paths.PgpoolLog] = log;
        _host.Connect = _ => throw new IOException("refused");
        var error = await Assert.ThrowsAsync<ProbeFailedException>(() => FinishAsync(WaitAsync()));
        Assert.Contains("it has started, and does not", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_ends_meanwhile_is_said_to_have_ended()
    {
        _host.Connect = _ => throw new IOException("refused");
        var wait = WaitAsync();
        _host.Processes.Clear();
        var error = await Assert.ThrowsAsync<ProbeFailedException>(() => FinishAsync(wait));
        Assert.Contains("it has ended", error.Message, StringComparison.Ordinal);
    }

    private static FakeServer Answers() =>
        new(
            FakeServer.Welcome,
            [
                .. FakeServer.Columns("node_id", "status", "role"),
                .. FakeServer.Row("0", "up", "primary"),
                .. FakeServer.Done,
            ]
        );

    private Task WaitAsync()
    {
        var lab = Labs.Fixed();
        return new ProbeRunner(_host, _time).WaitAsync(
            new PgpoolLetsIn(_host, lab, lab.Pgpool, _process, _time),
            ProbeRunner.Patience,
            CancellationToken.None
        );
    }

    private async Task FinishAsync(Task wait)
    {
        while (!wait.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Yield();
        }

        await wait;
    }
}
