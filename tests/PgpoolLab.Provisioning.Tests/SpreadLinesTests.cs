using System.Text;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Remote;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Spread;
using PgpoolLab.Servers.Logs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>Logs of several hosts as one.</summary>
public sealed class SpreadLinesTests
{
    private static readonly Lab Whole = SpreadParts.Whole with
    {
        Hosts = [.. SpreadParts.Whole.Hosts.Select(h => h with { Root = $"/home/u/part{h.Id}" })],
    };

    private readonly List<string> _notes = [];
    private readonly List<string> _ran = [];

    /// <summary>What a host's program prints, for each time that it is run.</summary>
    private readonly Dictionary<int, Func<int, string>> _prints = [];

    private static PartLine Line(int node, DateTimeOffset at, string text) =>
        new()
        {
            Logged = new LogLine(
                at,
                new LogSource(LogKind.Node, node, $"node{node}", $"node{node}.log"),
                LogLevel.Log,
                null,
                "",
                text
            ),
        };

    private static PartLine Clock(double ahead = 0) =>
        new() { Clock = TimeProvider.System.GetUtcNow().AddSeconds(ahead) };

    private static string Text(params PartLine[] lines) => string.Concat(lines.Select(l => l.ToJson() + "\n"));

    private SpreadLines Lines(bool follows, IReadOnlyList<IReadOnlyList<string>?>? commands = null)
    {
        var runs = new int[Whole.Hosts.Count];
        var looks = new HostLooks(
            Whole,
            (h, _) =>
                Task.FromResult(
                    _prints.TryGetValue(h.Id, out var prints)
                        ? new ReachedHost(
                            h,
                            new FakeHost
                            {
                                Run = command =>
                                {
                                    lock (_ran)
                                    {
                                        _ran.Add(command.ToString());
                                    }

                                    return new CommandResult(command, 0, prints(runs[h.Id]++), "", TimeSpan.Zero);
                                },
                            },
                            "pgpoollab"
                        )
                        : new ReachedHost(
                            h,
                            null,
                            "",
                            new LabException(ExitCode.NotHealthy, $"Host {h.Name} (u@x:22) cannot be reached: no.")
                        )
                ),
            TimeProvider.System
        );
        return new SpreadLines(
            looks,
            commands ?? [.. Whole.Hosts.Select(_ => (string[])["part", "follow", "logs", "all"])],
            follows,
            null,
            new ProbeRunner(new FakeHost(), TimeProvider.System),
            TimeProvider.System,
            _notes.Add
        );
    }

    private static async Task<List<string>> ReadAsync(SpreadLines lines, int most = int.MaxValue)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var read = new List<string>();
        await foreach (var (host, line) in lines.ReadAsync(() => read.Count >= most, limit.Token))
        {
            read.Add($"{host.Name} {line.Logged!.Text}");
        }

        return read;
    }

    [Fact]
    public async Task Lines_of_all_hosts_come_in_the_order_of_time()
    {
        var now = TimeProvider.System.GetUtcNow();
        for (var i = 0; i < 3; i++)
        {
            var host = i;
            _prints[i] = _ =>
                Text(
                    Clock(),
                    Line(host, now.AddSeconds(host - 10), $"first of {host}"),
                    Line(host, now.AddSeconds(host - 7), $"second of {host}")
                );
        }

        Assert.Equal(
            ["a first of 0", "b first of 1", "c first of 2", "a second of 0", "b second of 1", "c second of 2"],
            await ReadAsync(Lines(follows: false))
        );
        Assert.Empty(_notes);
        Assert.Equal(
            Whole.Hosts.Select(h => $"pgpoollab part follow logs all --lab {h.Root}"),
            _ran.Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task A_host_that_is_not_asked_is_not_run_anything_on()
    {
        var now = TimeProvider.System.GetUtcNow();
        _prints[1] = _ => Text(Clock(), Line(1, now, "alone"));
        Assert.Equal(
            ["b alone"],
            await ReadAsync(Lines(follows: false, [null, ["part", "follow", "logs", "1"], null]))
        );
        Assert.Empty(_notes);
    }

    [Fact]
    public async Task What_a_host_that_cannot_be_reached_would_say_is_missed_aloud()
    {
        var now = TimeProvider.System.GetUtcNow();
        foreach (var i in (int[])[0, 2])
        {
            _prints[i] = _ => Text(Clock(), Line(i, now, "here"));
        }

        Assert.Equal(["a here", "c here"], await ReadAsync(Lines(follows: false)));
        Assert.Equal(["Host b does not answer: it cannot be reached: no. What it has to say is missing here."], _notes);
    }

    [Fact]
    public async Task A_clock_that_is_wrong_is_said_and_allowed_for()
    {
        var now = TimeProvider.System.GetUtcNow();
        _prints[0] = _ => Text(Clock(), Line(0, now.AddSeconds(-20), "a at 20"));
        // A minute ahead: what it wrote 25 s ago has a time that is to come.
        _prints[1] = _ => Text(Clock(60), Line(1, now.AddSeconds(35), "b at 25"));
        _prints[2] = _ => Text(Clock(0.3), Line(2, now.AddSeconds(-30), "c at 30"));
        Assert.Equal(["c c at 30", "b b at 25", "a a at 20"], await ReadAsync(Lines(follows: false)));
        var note = Assert.Single(_notes);
        Assert.StartsWith("The clock of host b is ", note);
        Assert.Contains(" s ahead of this machine's.", note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_follows_goes_on_where_a_lost_host_left_off()
    {
        var now = TimeProvider.System.GetUtcNow();
        var until = now.AddSeconds(-5);
        foreach (var i in (int[])[0, 2])
        {
            _prints[i] = _ => Text(Clock(), new PartLine { Until = now.AddDays(1) });
        }

        _prints[1] = run =>
            run == 0
                ? Text(Clock(), Line(1, now.AddSeconds(-6), "before"), new PartLine { Until = until })
                : Text(Clock(), Line(1, now.AddSeconds(-3), "after"));
        var lost = new LossyHosts(_prints);
        Assert.Equal(["b before", "b after"], await ReadAsync(lost.Lines(_notes.Add), most: 2));
        var notes = _notes.Where(n => n.StartsWith("Host b ", StringComparison.Ordinal)).ToArray();
        Assert.StartsWith("Host b does not answer", notes[0]);
        Assert.Equal("Host b answers again.", notes[1]);
        Assert.Contains(lost.Ran, r => r.Contains($"--follow --since {until.UtcDateTime:O}", StringComparison.Ordinal));
    }

    /// <summary>Hosts whose program does not end by itself; that of host b is lost at the end of what it
    /// prints.</summary>
    private sealed class LossyHosts(Dictionary<int, Func<int, string>> prints)
    {
        internal List<string> Ran { get; } = [];

        internal SpreadLines Lines(Action<string> note)
        {
            var runs = new int[Whole.Hosts.Count];
            var looks = new HostLooks(
                Whole,
                (h, _) => Task.FromResult(new ReachedHost(h, new Machine(this, h, () => runs[h.Id]++), "pgpoollab")),
                TimeProvider.System
            );
            return new SpreadLines(
                looks,
                [.. Whole.Hosts.Select(_ => (string[])["part", "follow", "logs", "all"])],
                follows: true,
                null,
                new ProbeRunner(new FakeHost(), TimeProvider.System),
                TimeProvider.System,
                note
            );
        }

        private sealed class Machine(LossyHosts all, LabHost host, Func<int> run) : IHost, IPrograms
        {
            private readonly FakeHost _rest = new();

            public IPrograms Programs => this;

            public IProcesses Processes => ((IHost)_rest).Processes;

            public ISharedMemory Memory => ((IHost)_rest).Memory;

            public IPorts Ports => ((IHost)_rest).Ports;

            public IFiles Files => ((IHost)_rest).Files;

            public IUsers Users => ((IHost)_rest).Users;

            public Task<CommandResult> RunAsync(CommandSpec command, CancellationToken cancellationToken) =>
                throw new NotSupportedException();

            public async Task<CommandResult> RunAsync(
                CommandSpec command,
                Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> output,
                CancellationToken cancellationToken
            )
            {
                lock (all.Ran)
                {
                    all.Ran.Add(command.ToString());
                }

                var number = run();
                // In pieces, as it comes over a wire.
                foreach (var piece in Encoding.UTF8.GetBytes(all.Prints(host.Id, number)).Chunk(7))
                {
                    await output(piece, cancellationToken);
                }

                if (host.Id == 1 && number == 0)
                {
                    throw new HostLostException(host.Name, "has closed the connection");
                }

                await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
                throw new InvalidOperationException();
            }

            public Task<int> StartDetachedAsync(
                CommandSpec command,
                string logFile,
                bool append,
                CancellationToken cancellationToken
            ) => throw new NotSupportedException();
        }

        private string Prints(int host, int number) => prints[host](number);
    }
}
