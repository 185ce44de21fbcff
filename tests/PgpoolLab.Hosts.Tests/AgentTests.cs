using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Hosts.Remote;
using PgpoolLab.Model;

namespace PgpoolLab.Hosts.Tests;

/// <summary>What only a conversation with another machine can do, and suffer.</summary>
public sealed class AgentTests : IDisposable
{
    private readonly Pipe _toHere = new();
    private readonly Pipe _fromHere = new();
    private readonly TemporaryFolder _folder = new(" it's ü");
    private readonly FakeTimeProvider _time = new();

    public void Dispose() => _folder.Dispose();

    private Task<AgentChannel> OpenAsync(CancellationToken cancellationToken = default) =>
        AgentChannel.OpenAsync(
            "b",
            _toHere.Reader.AsStream(),
            _fromHere.Writer.AsStream(),
            "m4rk",
            _time,
            cancellationToken
        );

    private async Task SayAsync(string text) => await _toHere.Writer.WriteAsync(Encoding.UTF8.GetBytes(text));

    [Fact]
    public async Task What_a_shell_prints_before_the_agent_begins_is_left_out()
    {
        await SayAsync(
            "Welcome to b, m4rk!\n{\"mark\":\"other\"}\nnvm: loading ...\n{\"mark\":\"m4rk\",\"version\":\"9.9\"}\n"
        );
        await using var channel = await OpenAsync();
        Assert.Equal("9.9", channel.AgentVersion);
    }

    [Fact]
    public async Task An_agent_that_never_begins_is_reported_with_what_was_said_instead()
    {
        await SayAsync("bash: /home/lab/agent: Exec format error\n");
        await _toHere.Writer.CompleteAsync();
        var error = await Assert.ThrowsAsync<HostLostException>(() => OpenAsync());
        Assert.Equal("Host b has ended the agent before it said a word.", error.Message);
        Assert.Equal(["bash: /home/lab/agent: Exec format error"], error.Details);
        Assert.Equal(ExitCode.NotHealthy, error.Code);
    }

    [Fact]
    public async Task Who_waits_for_an_agent_that_says_nothing_can_leave()
    {
        using var cancel = new CancellationTokenSource();
        var opening = OpenAsync(cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);
    }

    /// <summary>A cable that is pulled: nothing comes, and nothing says so.</summary>
    [Fact]
    public async Task A_machine_that_says_nothing_for_fifteen_seconds_is_given_up()
    {
        await SayAsync("{\"mark\":\"m4rk\"}\n");
        await using var channel = await OpenAsync();
        var asked = new RemoteHost(channel).Files.ExistsAsync("/", CancellationToken.None).AsTask();
        for (var waited = TimeSpan.Zero; waited < AgentChannel.Patience; waited += TimeSpan.FromSeconds(5))
        {
            Assert.False(asked.IsCompleted);
            _time.Advance(TimeSpan.FromSeconds(5));
        }

        var error = await Assert.ThrowsAsync<HostLostException>(() => asked);
        Assert.StartsWith("Host b has not answered since ", error.Message, StringComparison.Ordinal);
        // Whoever asks later learns the same, at once.
        var later = await Assert.ThrowsAsync<HostLostException>(() =>
            new RemoteHost(channel).Files.ExistsAsync("/", CancellationToken.None).AsTask()
        );
        Assert.Equal(error.Message, later.Message);
    }

    [Fact]
    public async Task A_machine_that_answers_nothing_but_that_it_is_there_is_not_given_up()
    {
        await SayAsync("{\"mark\":\"m4rk\"}\n");
        await using var channel = await OpenAsync();
        var asked = new RemoteHost(channel).Files.ExistsAsync("/", CancellationToken.None).AsTask();
        var heard = AgentLines
            .ReadAsync(_fromHere.Reader.AsStream(), null, CancellationToken.None)
            .GetAsyncEnumerator();
        await heard.MoveNextAsync(); // the call
        for (var beat = 0; beat < 10; beat++)
        {
            _time.Advance(TimeSpan.FromSeconds(5));
            await heard.MoveNextAsync();
            Assert.Equal("{\"ping\":true}", Encoding.UTF8.GetString(heard.Current));
            await SayAsync("{\"pong\":true}\n");
            await Eventually.TrueAsync(() => channel.Silence < TimeSpan.FromSeconds(5), "the answer is heard");
        }

        await SayAsync("{\"id\":1,\"answer\":true}\n");
        Assert.True(await asked);
    }

    /// <summary>A call that hangs in the kernel, on a disk that is gone: the agent answers all the others.</summary>
    [Fact]
    public async Task A_machine_that_never_ends_what_was_cancelled_is_given_up_though_it_answers()
    {
        await SayAsync("{\"mark\":\"m4rk\"}\n");
        await using var channel = await OpenAsync();
        using var cancel = new CancellationTokenSource();
        var asked = new RemoteHost(channel).Files.ExistsAsync("/", cancel.Token).AsTask();
        await cancel.CancelAsync();
        var heard = AgentLines
            .ReadAsync(_fromHere.Reader.AsStream(), null, CancellationToken.None)
            .GetAsyncEnumerator();
        await heard.MoveNextAsync(); // the call
        await heard.MoveNextAsync();
        Assert.Equal("{\"cancel\":1}", Encoding.UTF8.GetString(heard.Current));
        await Eventually.TrueAsync(
            async () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                await SayAsync("{\"pong\":true}\n");
                return asked.IsCompleted;
            },
            "it is given up"
        );
        var error = await Assert.ThrowsAsync<HostLostException>(() => asked);
        Assert.Equal("Host b answers, but has not ended within 30 s what was cancelled.", error.Message);
    }

    [Fact]
    public async Task A_greeting_without_an_end_does_not_fill_the_memory()
    {
        await SayAsync($"Welcome {new string('!', 600)}\n");
        var writing = SayAsync(new string('x', 200_000));
        var error = await Assert.ThrowsAsync<HostLostException>(() => OpenAsync());
        Assert.Equal("Host b has closed the connection: The other side sends a line without an end.", error.Message);
        Assert.Equal([$"Welcome {new string('!', 492)}…"], error.Details);
        await _toHere.Reader.CompleteAsync();
        await writing;
    }

    /// <summary>A connection that takes no more is no reason to wait for ever.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_too_long_for_a_connection_that_nobody_reads_is_given_up(bool isCancelled)
    {
        await SayAsync("{\"mark\":\"m4rk\"}\n");
        await using var channel = await OpenAsync();
        using var cancel = new CancellationTokenSource();
        var writing = new RemoteHost(channel)
            .Files.WriteTextAsync("/f", new string('x', 1_000_000), default, cancel.Token)
            .AsTask();
        if (isCancelled)
        {
            await cancel.CancelAsync();
        }

        await Eventually.TrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(5));
                return writing.IsCompleted;
            },
            "it is given up"
        );
        await Assert.ThrowsAsync<HostLostException>(() => writing);
    }

    /// <summary>The machine may make a call before we know that it has gone out whole.</summary>
    [Fact]
    public async Task A_call_that_is_cancelled_while_it_goes_out_is_waited_for()
    {
        await SayAsync("{\"mark\":\"m4rk\"}\n");
        await using var channel = await OpenAsync();
        using var cancel = new CancellationTokenSource();
        var writing = new RemoteHost(channel)
            .Files.WriteTextAsync("/f", new string('x', 1_000_000), default, cancel.Token)
            .AsTask();
        // This one has not begun: it is never made.
        var later = new RemoteHost(channel).Files.ExistsAsync("/", cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => later);
        Assert.False(writing.IsCompleted);
        var heard = AgentLines
            .ReadAsync(_fromHere.Reader.AsStream(), null, CancellationToken.None)
            .GetAsyncEnumerator();
        await heard.MoveNextAsync();
        Assert.StartsWith("{\"id\":1,", Encoding.UTF8.GetString(heard.Current), StringComparison.Ordinal);
        await heard.MoveNextAsync();
        Assert.Equal("{\"cancel\":1}", Encoding.UTF8.GetString(heard.Current));
        Assert.False(writing.IsCompleted);
        await SayAsync("{\"id\":1,\"error\":{\"kind\":1,\"message\":\"\"}}\n");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
    }

    [Fact]
    public async Task What_comes_for_a_connection_that_has_ended_is_nobodys()
    {
        await using var stream = new RemoteStream((_, _) => Task.CompletedTask, () => { });
        stream.Receive([1, 2]);
        stream.End("Host b has ended the agent.");
        stream.Receive([3]);
        var buffer = new byte[10];
        Assert.Equal(2, await stream.ReadAsync(buffer));
        // A connection that was lost is not one that was closed: who reads to the end has not got all.
        var error = await Assert.ThrowsAsync<IOException>(() => stream.ReadAsync(buffer).AsTask());
        Assert.Equal("Host b has ended the agent.", error.Message);
    }

    [Fact]
    public async Task A_long_text_goes_there_whole()
    {
        using var under = HostUnderTest.Remote();
        var text = string.Concat(Enumerable.Range(0, 200_000).Select(i => $"{i} ü\n"));
        await under.Host.Files.WriteTextAsync(_folder["f"], text, UnixFileMode.UserRead, CancellationToken.None);
        Assert.Equal(text, await under.Host.Files.ReadTextAsync(_folder["f"], CancellationToken.None));
    }

    [Fact]
    public async Task Every_call_that_is_under_way_fails_when_the_connection_ends()
    {
        await SayAsync("{\"mark\":\"m4rk\"}\n");
        await using var channel = await OpenAsync();
        var calls = Enumerable
            .Range(1, 20)
            .Select(i => new RemoteHost(channel).Processes.FindAsync(i, CancellationToken.None).AsTask())
            .ToArray();
        await _toHere.Writer.CompleteAsync();
        foreach (var call in calls)
        {
            var error = await Assert.ThrowsAsync<HostLostException>(() => call);
            Assert.Equal("Host b has ended the agent.", error.Message);
        }
    }

    /// <summary>Nothing of a command whose caller is gone runs on.</summary>
    [Fact]
    public async Task An_agent_whose_caller_has_gone_ends_what_it_runs_and_leaves_servers_alone()
    {
        var calls = new Pipe();
        using var service = new AgentService(new LocalHost(TimeProvider.System), _toHere.Writer.AsStream());
        var running = service.RunAsync(calls.Reader.AsStream(), "m4rk", "1", CancellationToken.None);
        await using var channel = await AgentChannel.OpenAsync(
            "b",
            _toHere.Reader.AsStream(),
            calls.Writer.AsStream(),
            "m4rk",
            TimeProvider.System,
            CancellationToken.None
        );
        var host = new RemoteHost(channel);
        var server = await host.Programs.StartDetachedAsync(
            new CommandSpec("sleep", "600"),
            _folder["log"],
            append: false,
            CancellationToken.None
        );
        var command = host.Programs.RunAsync(
            new CommandSpec("sh", "-c", "echo $$ >pid.tmp; mv pid.tmp pid; exec sleep 600")
            {
                WorkingDirectory = _folder.Path,
            },
            CancellationToken.None
        );
        var pid = int.Parse(await Eventually.FileAsync(_folder["pid"]));
        await calls.Writer.CompleteAsync();
        await running;
        Assert.Null(ProcessTable.Find(pid));
        await Assert.ThrowsAnyAsync<Exception>(() => command);
        var alone = ProcessTable.Find(server);
        Assert.NotNull(alone);
        await new LocalHost(TimeProvider.System).Processes.SignalAsync(alone, ProcessSignal.Kill, default);
    }

    [Fact]
    public async Task A_socket_there_is_written_and_read_as_one_here()
    {
        var path = _folder["socket"];
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        var echo = Task.Run(async () =>
        {
            using var client = await listener.AcceptAsync();
            var buffer = new byte[4096];
            while (await client.ReceiveAsync(buffer) is > 0 and var count)
            {
                await client.SendAsync(buffer.AsMemory(0, count));
            }
        });
        using var under = HostUnderTest.Remote();
        var bytes = new byte[300_000];
        Random.Shared.NextBytes(bytes);
        await using (var stream = await under.Host.Ports.ConnectAsync(path, CancellationToken.None))
        {
            Assert.NotNull(stream);
            var writing = stream.WriteAsync(bytes).AsTask();
            var back = new byte[bytes.Length];
            await stream.ReadExactlyAsync(back);
            await writing;
            Assert.Equal(bytes, back);
        }

        // The server sees that the client has gone.
        await echo;
    }

    [Fact]
    public async Task Nobody_at_a_socket_there_is_the_same_error_as_here()
    {
        using var under = HostUnderTest.Remote();
        var error = await Assert.ThrowsAsync<SocketException>(() =>
            under.Host.Ports.ConnectAsync(_folder["none"], CancellationToken.None).AsTask()
        );
        Assert.Equal(SocketError.AddressNotAvailable, error.SocketErrorCode);
    }

    public static TheoryData<Exception> Failures =>
        [
            new LabException(ExitCode.InTheWay, "In the way.") { Details = ["a"], Hints = ["b"] },
            new ProgramNotFoundException("initdb", new IOException("No such file")),
            new UnauthorizedAccessException("May not."),
            new FileNotFoundException("Not there."),
            new SocketException((int)SocketError.ConnectionRefused, "Refused"),
            new IOException("Read-only file system", 30),
            new ArgumentException("Not so."),
            new OperationCanceledException("Ended."),
        ];

    [Theory]
    [MemberData(nameof(Failures))]
    public void A_failure_there_is_the_same_failure_here(Exception failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        var here = AgentError.Of(failure).ToException();
        Assert.Equal(failure.GetType(), here.GetType());
        Assert.Equal(failure.Message, here.Message);
        Assert.Equal((failure as LabException)?.Code, (here as LabException)?.Code);
        Assert.Equal((failure as LabException)?.Details, (here as LabException)?.Details);
        Assert.Equal((failure as LabException)?.Hints, (here as LabException)?.Hints);
        Assert.Equal((failure as SocketException)?.SocketErrorCode, (here as SocketException)?.SocketErrorCode);
        Assert.Equal(
            failure is IOException io && ReadOnlyDisk.IsReasonFor(io),
            here is IOException back && ReadOnlyDisk.IsReasonFor(back)
        );
    }

    /// <summary>What is sent may be a secret; what is logged of it may not.</summary>
    [Fact]
    public void A_call_says_of_what_it_writes_only_where()
    {
        Assert.DoesNotContain("geheim", $"{new WriteTextCall("/f", "geheim", default)}", StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", $"{new AppendTextCall("/f", "geheim")}", StringComparison.Ordinal);
        Assert.DoesNotContain(
            "geheim",
            $"{new RunCall(new CommandSpec("psql") { Input = "geheim" })}",
            StringComparison.Ordinal
        );
    }
}
