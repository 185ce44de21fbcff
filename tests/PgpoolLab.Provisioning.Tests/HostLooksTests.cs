using Microsoft.Extensions.Time.Testing;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Remote;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Spread;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>Asking all hosts: one that is silent costs its limit once, and keeps nobody from the others.</summary>
public sealed class HostLooksTests
{
    private static readonly Lab Whole = SpreadParts.Whole with
    {
        Hosts = [.. SpreadParts.Whole.Hosts.Select(h => h with { Root = $"/home/u/part{h.Id}" })],
    };

    private readonly FakeTimeProvider _time = new(SpreadParts.Noon);
    private readonly List<string> _asked = [];
    private readonly Dictionary<int, int> _connections = [];

    private FakeHost Answering(int host) =>
        new()
        {
            Run = command =>
            {
                lock (_asked)
                {
                    _asked.Add(command.ToString());
                }

                return new CommandResult(command, 0, SpreadParts.Well()[host].Part!.ToJson(), "", TimeSpan.Zero);
            },
        };

    private Task<ReachedHost> Connect(LabHost host, Func<IHost?> machine)
    {
        lock (_connections)
        {
            _connections[host.Id] = _connections.GetValueOrDefault(host.Id) + 1;
        }

        var reached = machine();
        return Task.FromResult(
            new ReachedHost(
                host,
                reached,
                "/opt/pgpoollab",
                reached is null
                    ? new LabException(
                        ExitCode.NotHealthy,
                        $"Host {host.Name} (u@{host.Address}:22) has not answered within 2 s."
                    )
                    : null
            )
        );
    }

    [Fact]
    public async Task Each_host_is_asked_one_question_and_connected_to_once()
    {
        var looks = new HostLooks(Whole, (h, _) => Connect(h, () => Answering(h.Id)), _time);
        Assert.True(SpreadNodes.IsWell(await looks.NodesAsync(CancellationToken.None)));
        Assert.Equal(
            Whole.Hosts.Select(h => $"/opt/pgpoollab part look --lab {h.Root}"),
            _asked.Order(StringComparer.Ordinal)
        );
        _ = await looks.LookAsync(withDetails: true, CancellationToken.None);
        Assert.Equal(3, _asked.Count(a => a.Contains("--details", StringComparison.Ordinal)));
        Assert.All(_connections.Values, c => Assert.Equal(1, c));
        Assert.Empty(looks.Silences);
    }

    [Fact]
    public async Task Since_when_a_host_is_silent_is_kept_until_it_answers()
    {
        var isThere = false;
        var known = new Dictionary<int, DateTimeOffset> { [1] = SpreadParts.Noon.AddHours(-1) };
        var looks = new HostLooks(
            Whole,
            (h, _) => Connect(h, () => h.Id == 0 || isThere ? Answering(h.Id) : null),
            _time,
            known
        );
        var hosts = await looks.LookAsync(false, CancellationToken.None);
        Assert.Equal([null, SpreadParts.Noon.AddHours(-1), SpreadParts.Noon], hosts.Select(h => h.SilentSince));
        Assert.Equal("it has not answered within 2 s", hosts[1].Problem);
        _time.Advance(TimeSpan.FromSeconds(5));
        hosts = await looks.LookAsync(false, CancellationToken.None);
        Assert.Equal(SpreadParts.Noon, hosts[2].SilentSince);
        isThere = true;
        await UntilAsync(async () =>
            (await looks.LookAsync(false, CancellationToken.None)).All(h => h.Part is not null)
        );
        Assert.Empty(looks.Silences);
    }

    [Fact]
    public async Task A_host_that_was_silent_once_is_not_waited_for_again()
    {
        var connected = new TaskCompletionSource<ReachedHost>();
        var tries = 0;
        var looks = new HostLooks(
            Whole,
            (h, _) =>
                h.Id != 1 ? Connect(h, () => Answering(h.Id))
                : tries++ == 0 ? Connect(h, () => null)
                : connected.Task,
            _time
        );
        Assert.Null((await looks.LookAsync(false, CancellationToken.None))[1].Part);
        // Now it is tried, and takes for ever: the look does not.
        var hosts = await looks.LookAsync(false, CancellationToken.None);
        Assert.Equal((false, "it has not answered within 2 s"), (hosts[1].Part is not null, hosts[1].Problem));
        Assert.Null((await looks.LookAsync(false, CancellationToken.None))[1].Part);
        Assert.Equal(2, tries);
        connected.SetResult(new ReachedHost(Whole.Hosts[1], Answering(1), "/opt/pgpoollab"));
        Assert.NotNull((await looks.LookAsync(false, CancellationToken.None))[1].Part);
    }

    [Fact]
    public async Task Who_is_not_connected_to_soon_after_the_first_is_silent()
    {
        var never = new TaskCompletionSource<ReachedHost>();
        var looks = new HostLooks(Whole, (h, _) => h.Id == 1 ? never.Task : Connect(h, () => Answering(h.Id)), _time);
        var hosts = await InTimeAsync(looks.LookAsync(false, CancellationToken.None), HostLooks.Patience);
        Assert.Equal("it has not answered within 2 s", hosts[1].Problem);
        Assert.NotNull(hosts[2].Part);
    }

    [Fact]
    public async Task Where_the_first_takes_long_the_others_may_too()
    {
        var slow = Whole.Hosts.Select(_ => new TaskCompletionSource<ReachedHost>()).ToArray();
        var looks = new HostLooks(Whole, (h, _) => slow[h.Id].Task, _time);
        var looking = looks.LookAsync(false, CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(8));
        slow[0].SetResult(new ReachedHost(Whole.Hosts[0], Answering(0), "/opt/pgpoollab"));
        await UntilAsync(() =>
        {
            lock (_asked)
            {
                return Task.FromResult(_asked.Count == 1);
            }
        });
        _time.Advance(TimeSpan.FromSeconds(7));
        await Task.Delay(50);
        Assert.False(looking.IsCompleted);
        slow[1].SetResult(new ReachedHost(Whole.Hosts[1], Answering(1), "/opt/pgpoollab"));
        var hosts = await InTimeAsync(looking, TimeSpan.Zero);
        Assert.Equal([true, true, false], hosts.Select(h => h.Part is not null));
        Assert.Equal("it has not answered within 16 s", hosts[2].Problem);
    }

    [Fact]
    public async Task A_machine_that_says_nothing_costs_its_limit_once()
    {
        var looks = new HostLooks(
            Whole,
            (h, _) => Connect(h, () => h.Id == 1 ? new SilentHost() : Answering(h.Id)),
            _time
        );
        var looking = looks.LookAsync(false, CancellationToken.None);
        var hosts = await InTimeAsync(looking, HostLooks.Patience);
        Assert.Equal("it has said nothing for 2 s", hosts[1].Problem);
        Assert.NotNull(hosts[0].Part);
        Assert.Null((await looks.LookAsync(false, CancellationToken.None))[1].Part);
        Assert.Equal(1, _connections[1]);
    }

    [Fact]
    public async Task A_machine_that_is_there_may_take_its_time_for_its_servers()
    {
        var answer = new TaskCompletionSource<string>();
        var looks = new HostLooks(
            Whole,
            (h, _) =>
                Connect(h, () => h.Id == 1 ? new SilentHost { IsThere = true, Answer = answer.Task } : Answering(h.Id)),
            _time
        );
        var looking = looks.LookAsync(false, CancellationToken.None);
        for (var i = 0; i < 5; i++)
        {
            _time.Advance(HostLooks.Patience);
            await Task.Delay(20);
        }

        Assert.False(looking.IsCompleted);
        answer.SetResult(SpreadParts.Well()[1].Part!.ToJson());
        Assert.NotNull((await looking)[1].Part);
    }

    [Fact]
    public async Task A_connection_that_was_lost_is_made_again()
    {
        var looks = new HostLooks(
            Whole,
            (h, _) =>
                Connect(
                    h,
                    () =>
                        h.Id == 1 && _connections[1] == 1
                            ? new FakeHost { Run = _ => throw new HostLostException("b", "has closed the connection") }
                            : Answering(h.Id)
                ),
            _time
        );
        Assert.Equal("it has closed the connection", (await looks.LookAsync(false, CancellationToken.None))[1].Problem);
        await UntilAsync(async () => (await looks.LookAsync(false, CancellationToken.None))[1].Part is not null);
        Assert.Equal(2, _connections[1]);
    }

    [Fact]
    public async Task What_the_program_there_says_is_why_it_does_not_answer()
    {
        var looks = new HostLooks(
            Whole,
            (h, _) =>
                Connect(
                    h,
                    () =>
                        h.Id == 2
                            ? new FakeHost
                            {
                                Run = c => new CommandResult(
                                    c,
                                    2,
                                    "",
                                    "error\nThere is no lab in /home/u.\n",
                                    TimeSpan.Zero
                                ),
                            }
                            : Answering(h.Id)
                ),
            _time
        );
        Assert.Equal("There is no lab in /home/u", (await looks.LookAsync(false, CancellationToken.None))[2].Problem);
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1));
            await Task.Delay(5);
        }
    }

    /// <summary>Lets time pass until it is done.</summary>
    private async Task<T> InTimeAsync<T>(Task<T> task, TimeSpan limit)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var passed = TimeSpan.Zero;
        while (!task.IsCompleted)
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1));
            passed += HostLooks.Patience / 4;
            _time.Advance(HostLooks.Patience / 4);
            await Task.Delay(20);
        }

        Assert.True(passed >= limit);
        return await task;
    }

    /// <summary>A machine that answers nothing, or nothing but that it is there.</summary>
    private sealed class SilentHost : IHost, IPrograms, IUsers
    {
        private readonly FakeHost _rest = new();

        internal bool IsThere { get; init; }

        internal Task<string> Answer { get; init; } = new TaskCompletionSource<string>().Task;

        public IPrograms Programs => this;

        public IProcesses Processes => ((IHost)_rest).Processes;

        public ISharedMemory Memory => ((IHost)_rest).Memory;

        public IPorts Ports => ((IHost)_rest).Ports;

        public IFiles Files => ((IHost)_rest).Files;

        public IUsers Users => this;

        public async Task<CommandResult> RunAsync(CommandSpec command, CancellationToken cancellationToken) =>
            new(command, 0, await Answer, "", TimeSpan.Zero);

        public async Task<CommandResult> RunAsync(
            CommandSpec command,
            Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> output,
            CancellationToken cancellationToken
        ) => await RunAsync(command, cancellationToken);

        public Task<int> StartDetachedAsync(
            CommandSpec command,
            string logFile,
            bool append,
            CancellationToken cancellationToken
        ) => Task.FromResult(1);

        public async ValueTask<SystemUser> CurrentAsync(CancellationToken cancellationToken)
        {
            await (IsThere ? Task.CompletedTask : Answer);
            return Identity.Current;
        }

        public ValueTask<SystemUser?> FindAsync(string nameOrId, CancellationToken cancellationToken) =>
            new((SystemUser?)null);
    }
}
