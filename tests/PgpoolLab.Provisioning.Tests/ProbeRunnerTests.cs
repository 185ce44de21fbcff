using Microsoft.Extensions.Time.Testing;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests;

public sealed class ProbeRunnerTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly FakeHost _host = new();

    private sealed class Probe(Func<int, bool> holds, Func<int, string?>? gone = null) : IProbe
    {
        internal int Checks { get; private set; }

        public string Expectation => "node 1 streams";

        public ServerLog? Log { get; init; }

        public Task<Observation> CheckAsync(CancellationToken cancellationToken)
        {
            Checks++;
            return Task.FromResult(new Observation(holds(Checks), $"look {Checks}"));
        }

        public Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) =>
            Task.FromResult(gone?.Invoke(Checks));
    }

    private async Task WaitAsync(Probe probe, TimeSpan deadline, CancellationToken cancellationToken = default)
    {
        var wait = new ProbeRunner(_host, _time).WaitAsync(probe, deadline, cancellationToken);
        while (!wait.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Yield();
        }

        await wait;
    }

    [Fact]
    public async Task What_holds_already_takes_no_time()
    {
        var (probe, began) = (new Probe(_ => true), _time.GetUtcNow());
        await WaitAsync(probe, TimeSpan.Zero);
        Assert.Equal((1, began), (probe.Checks, _time.GetUtcNow()));
    }

    [Fact]
    public async Task It_looks_again_until_it_holds()
    {
        var probe = new Probe(n => n == 7);
        await WaitAsync(probe, TimeSpan.FromSeconds(60));
        Assert.Equal(7, probe.Checks);
    }

    [Fact]
    public async Task It_looks_often_at_first_and_never_more_rarely_than_twenty_times_a_second()
    {
        var looks = new List<DateTimeOffset>();
        await WaitAsync(
            new Probe(n =>
            {
                looks.Add(_time.GetUtcNow());
                return n == 200;
            }),
            TimeSpan.FromSeconds(60)
        );
        var pauses = looks.Zip(looks.Skip(1), (a, b) => (b - a).TotalMilliseconds).ToArray();
        Assert.InRange(pauses[0], 1, 5);
        Assert.All(pauses, p => Assert.InRange(p, 1, 60));
        Assert.InRange(pauses[^1], 45, 60);
    }

    [Fact]
    public async Task When_the_time_is_over_it_says_what_was_expected_what_was_seen_and_which_log_to_read()
    {
        _host.Files["/srv/lab/log/node1.log"] =
            string.Join('\n', Enumerable.Range(1, 20).Select(i => $"line {i}  ")) + "\n";
        var probe = new Probe(_ => false) { Log = new ServerLog("/srv/lab/log/node1.log") };
        var error = await Assert.ThrowsAsync<ProbeFailedException>(() => WaitAsync(probe, TimeSpan.FromSeconds(1.5)));
        Assert.Equal("Expected that node 1 streams; it did not happen within 1.5 s.", error.Message);
        Assert.Equal([$"Last seen: look {probe.Checks}"], error.Details);
        Assert.Equal("/srv/lab/log/node1.log", error.LogFile);
        Assert.Equal(Enumerable.Range(13, 8).Select(i => $"line {i}"), error.LogTail);
        Assert.Equal(ExitCode.NotHealthy, error.Code);
        Assert.True(probe.Checks > 10);
    }

    [Fact]
    public async Task A_server_whose_disk_is_full_may_not_have_said_so()
    {
        _host.FreeSpace = 4096;
        var error = await Assert.ThrowsAsync<ProbeFailedException>(() =>
            WaitAsync(
                new Probe(_ => false, _ => "it has ended") { Log = new ServerLog("/srv/lab/log/node1.log") },
                TimeSpan.FromSeconds(60)
            )
        );
        Assert.Equal(
            ["Last seen: look 1", "The disk under /srv/lab/log is full (No space left on device)."],
            error.Details
        );
    }

    /// <summary>PostgreSQL crashes of it, has room again by that, and goes on.</summary>
    [Fact]
    public async Task That_the_disk_was_full_is_not_lost_behind_what_a_server_has_said_since()
    {
        const string full = "PANIC:  could not write to file \"pg_wal/xlogtemp.7\": No space left on device";
        _host.Files["/srv/lab/log/node1.log"] =
            $"first\n{full}\n" + string.Join('\n', Enumerable.Range(1, 20).Select(i => $"line {i}")) + "\n";
        var tail = await LogTail.ReadAsync(_host, "/srv/lab/log/node1.log", CancellationToken.None);
        Assert.Equal([full, .. Enumerable.Range(13, 8).Select(i => $"line {i}")], tail);
    }

    [Fact]
    public async Task It_looks_once_more_after_the_time_is_over()
    {
        // A machine that slept through the deadline must not fail for it.
        var probe = new Probe(n => n == 2);
        var wait = new ProbeRunner(_host, _time).WaitAsync(probe, TimeSpan.FromMilliseconds(1), CancellationToken.None);
        _time.Advance(TimeSpan.FromHours(1));
        await wait;
        Assert.Equal(2, probe.Checks);
    }

    [Fact]
    public async Task A_dead_subject_fails_at_once()
    {
        var began = _time.GetUtcNow();
        var probe = new Probe(_ => false, n => n == 3 ? "it has ended" : null);
        var error = await Assert.ThrowsAsync<ProbeFailedException>(() => WaitAsync(probe, TimeSpan.FromSeconds(60)));
        Assert.Equal("Expected that node 1 streams, but it has ended.", error.Message);
        Assert.Equal((3, (string?)null), (probe.Checks, error.LogFile));
        Assert.True(_time.GetUtcNow() - began < TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_log_that_is_not_there_yet_does_not_hide_the_failure()
    {
        var error = await Assert.ThrowsAsync<ProbeFailedException>(() =>
            WaitAsync(
                new Probe(_ => false, _ => "it has ended") { Log = new ServerLog("/none") },
                TimeSpan.FromSeconds(1)
            )
        );
        Assert.Equal(("/none", 0), (error.LogFile, error.LogTail.Count));
    }

    [Fact]
    public async Task A_wait_can_be_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        var probe = new Probe(n =>
        {
            if (n == 3)
            {
                cancel.Cancel();
            }
            return false;
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            WaitAsync(probe, TimeSpan.FromSeconds(60), cancel.Token)
        );
        Assert.Equal(3, probe.Checks);
    }

    [Fact]
    public async Task Processes_have_ended_when_their_numbers_belong_to_others()
    {
        var process = new ProcessFacts(12, "100", "postgres", "postgres -D /srv/lab/data0", null, 12);
        var probe = new ProcessesEnd(_host, [process], "PostgreSQL node 0", null);
        _host.Processes.Add(process);
        var seen = await probe.CheckAsync(CancellationToken.None);
        Assert.Equal(new Observation(false, "pid 12 is still there: postgres -D /srv/lab/data0"), seen);
        _host.Processes[0] = process with { StartedAt = "200" };
        Assert.True((await probe.CheckAsync(CancellationToken.None)).Holds);
    }

    /// <summary>In a lab of pgpool_setup's conventions PostgreSQL names its logs itself.</summary>
    [Fact]
    public async Task Which_log_is_the_newest_is_asked_only_of_a_server_that_names_them_itself_and_when_a_wait_fails()
    {
        var lab = Labs.Old();
        var log = ServerLog.Of(lab, lab.Nodes[1]);
        Assert.Equal(new ServerLog("/srv/lab/log/node1.log", "/srv/lab/data1/log"), log);
        Assert.Equal("/srv/lab/log/node1.log", await log.FindAsync(_host, default));
        foreach (var (name, day) in new[] { ("b.log", 2), ("a.log", 3), ("c.log", 1), ("d.log.gz", 9) })
        {
            _host.Files[$"/srv/lab/data1/log/{name}"] = $"{name}\n";
            _host.WrittenAt[$"/srv/lab/data1/log/{name}"] = DateTimeOffset.UnixEpoch.AddDays(day);
        }

        _host.Links["/srv/lab/data1/log/e.log"] = "/elsewhere";
        _host.Listed.Clear();
        await WaitAsync(new Probe(_ => true) { Log = log }, TimeSpan.FromSeconds(1));
        Assert.Empty(_host.Listed);
        var error = await Assert.ThrowsAsync<ProbeFailedException>(() =>
            WaitAsync(new Probe(_ => false, _ => "it has ended") { Log = log }, TimeSpan.FromSeconds(1))
        );
        Assert.Equal(("/srv/lab/data1/log/a.log", "a.log"), (error.LogFile, Assert.Single(error.LogTail)));
        Assert.Single(_host.Listed);

        lab = Labs.Fixed();
        Assert.Equal(lab.ServerPaths.NodeLog(1), await ServerLog.Of(lab, lab.Nodes[1]).FindAsync(_host, default));
        Assert.Single(_host.Listed);
    }
}
