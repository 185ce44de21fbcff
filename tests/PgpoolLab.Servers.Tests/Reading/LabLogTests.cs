using Microsoft.Extensions.Time.Testing;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Servers.Logs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Servers.Tests.Reading;

public sealed class LabLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.Parse("2026-11-29T14:00:00Z"));
    private readonly LocalHost _host = new(TimeProvider.System);

    public LabLogTests()
    {
        _clock.SetLocalTimeZone(TimeZoneInfo.Utc);
        Directory.CreateDirectory(_folder["log"]);
    }

    public void Dispose() => _folder.Dispose();

    private LabLog Log() => new(_host, KeptLab.At(_folder.Path, nodes: 2), _clock);

    private void Write(string log, string text) => File.AppendAllText(_folder[$"log/{log}"], text);

    private static async Task<List<LogLine>> ReadAsync(LabLog log, bool follows = false)
    {
        var lines = new List<LogLine>();
        await foreach (var line in log.ReadAsync(_ => true, follows, CancellationToken.None))
        {
            lines.Add(line);
        }

        return lines;
    }

    [Fact]
    public async Task The_logs_of_a_lab_are_merged_by_time_and_none_loses_a_line()
    {
        var lab = KeptLab.Of("4.3.5", nodes: 3);
        var lines = await ReadAsync(new LabLog(_host, lab, _clock));
        // Steps of the tool that run side by side write a moment later than they say.
        var times = lines.Where(l => l.Source.Kind is not LogKind.Tool).Select(l => l.At).ToArray();
        Assert.Equal(times.Order(), times);
        Assert.All(lines, l => Assert.NotNull(l.At));
        Assert.Equal(
            ["failover", "node0", "node1", "node2", "pgpool", "pgpoollab", "recovery", "scripts"],
            lines.Select(l => l.Source.Label).Distinct().Order()
        );
        foreach (var logs in lines.GroupBy(l => l.Source))
        {
            var alone = new LogParser(logs.Key, TimeZoneInfo.Utc);
            LogLine?[] expected =
            [
                .. (await File.ReadAllTextAsync(logs.Key.Path)).TrimEnd('\n').Split('\n').SelectMany(alone.Add),
                alone.End(),
            ];
            Assert.Equal(expected.OfType<LogLine>().Select(l => l.Text), logs.Select(l => l.Text));
        }
    }

    [Fact]
    public async Task Lines_of_one_moment_stay_together_and_a_log_keeps_its_order_when_its_clock_goes_back()
    {
        Write("node0.log", "2026-11-29 13:00:02.000 UTC [1] LOG:  c\n2026-11-29 13:00:01.000 UTC [1] LOG:  d\n");
        Write("node1.log", "2026-11-29 13:00:01.500 UTC [1] LOG:  a\n2026-11-29 13:00:02.000 UTC [1] LOG:  e\n");
        Write("pgpool.log", "printed by nobody\n2026-11-29 13:00:01.600: main pid 1: LOG:  b");
        Assert.Equal(["a", "printed by nobody", "b", "c", "d", "e"], (await ReadAsync(Log())).Select(l => l.Text));
    }

    [Fact]
    public async Task What_Pgpool_printed_before_it_was_started_again_is_read_once()
    {
        Write("pgpool.log.1", "2026-11-29 13:00:01.000: main pid 1: LOG:  a\n");
        Write("pgpool.log", "2026-11-29 13:00:02.000: main pid 2: LOG:  b\n");
        var log = Log();
        Assert.Equal(["a", "b"], (await ReadAsync(log, follows: true)).Select(l => l.Text));
        // Started once more: what has been read is put aside.
        File.Move(_folder["log/pgpool.log"], _folder["log/pgpool.log.1"], overwrite: true);
        Write("pgpool.log", "2026-11-29 13:00:03.000: main pid 3: LOG:  c, and more\n");
        var over = false;
        var more = new List<string>();
        await foreach (
            var line in log.FollowAsync(_ => true, new ProbeRunner(_host, TimeProvider.System), () => over, default)
        )
        {
            more.Add(line.Text);
            over = true;
        }

        Assert.Equal(["c, and more"], more);
    }

    [Fact]
    public async Task A_log_that_is_longer_than_what_is_read_at_once_is_read_whole()
    {
        const int count = 20_000;
        Write(
            "node0.log",
            string.Concat(
                Enumerable.Range(0, count).Select(i => $"2026-11-29 13:00:01.500 UTC [1] LOG:  Zeile ä€𝄞 {i}\n")
            )
        );
        Assert.Equal(
            Enumerable.Range(0, count).Select(i => $"Zeile ä€𝄞 {i}"),
            (await ReadAsync(Log())).Select(l => l.Text)
        );
    }

    [Fact]
    public async Task Who_follows_gets_what_is_added_whole_lines_only_new_files_and_logs_that_were_begun_again()
    {
        Write(
            "pgpool.log",
            "2026-11-29 13:00:00.000: main pid 1: LOG:  before\n2026-11-29 13:00:01.000: main pid 1: L"
        );
        var log = Log();
        Assert.Equal(["before"], (await ReadAsync(log, follows: true)).Select(l => l.Text));
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var over = false;
        await using var lines = log.FollowAsync(
                _ => true,
                new ProbeRunner(_host, TimeProvider.System),
                () => over,
                limit.Token
            )
            .GetAsyncEnumerator(limit.Token);

        async Task<string> NextAsync()
        {
            Assert.True(await lines.MoveNextAsync());
            return $"{lines.Current.Source.Label} {lines.Current.Text}";
        }

        Write("pgpool.log", "OG:  whole\n");
        Assert.Equal("pgpool whole", await NextAsync());
        Write("node1.log", "2026-11-29 13:00:02.000 UTC [1] LOG:  a new file\n");
        Assert.Equal("node1 a new file", await NextAsync());

        // startall empties it; it may be longer than it was before anybody looks.
        await File.WriteAllTextAsync(
            _folder["log/pgpool.log"],
            "2026-11-29 13:00:03.000: main pid 2: LOG:  begun again, and longer than before, with much to say\n"
                + "2026-11-29 13:00:03.500: main pid 2: LOG:  next\n"
        );
        Assert.StartsWith("pgpool begun again", await NextAsync(), StringComparison.Ordinal);
        Assert.Equal("pgpool next", await NextAsync());

        // What two logs get between two looks comes in its order.
        Write("pgpool.log", "2026-11-29 13:00:06.000: main pid 2: LOG:  second\n");
        Write("pgpool.log", "2026-11-29 20:00:00.000: main pid 2: LOG:  of a clock that is hours ahead\n");
        Assert.Equal("pgpool second", await NextAsync());
        Assert.Equal("pgpool of a clock that is hours ahead", await NextAsync());
        over = true;
        Assert.False(await lines.MoveNextAsync());
    }
}
