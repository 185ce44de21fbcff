using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using PgpoolLab.Model;

namespace PgpoolLab.Hosts.Remote;

/// <summary>A machine does not answer any more: what became of the calls that were under way is not known.</summary>
/// <param name="host">Its name.</param>
/// <param name="what">What was seen.</param>
/// <param name="inner">The cause.</param>
public sealed class HostLostException(string host, string what, Exception? inner = null)
    : LabException(ExitCode.NotHealthy, $"Host {host} {what}.", inner)
{
    /// <summary>The machine's name.</summary>
    public string Host { get; } = host;
}

/// <summary>The near end of a conversation with <see cref="AgentService"/>: calls go out, answers come back, in
/// whatever order.</summary>
/// <remarks>A connection that is cut without a word looks idle, to SSH's keep-alive, too. So the agent is asked whether
/// it is there, and a machine that has said nothing for <see cref="Patience"/> is given up.</remarks>
public sealed class AgentChannel : IAsyncDisposable
{
    /// <summary>For how long a machine may say nothing.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(5);

    /// <summary>So often in a row it may leave a question unanswered. Who was suspended for a while has asked nothing
    /// meanwhile.</summary>
    private static readonly int MostMisses = (int)(Patience / Beat);

    /// <summary>How long a line may be before the agent has begun, and how much of it a message shows.</summary>
    private const int LongestGreeting = 64 * 1024,
        LongestNoise = 500;

    /// <summary>For how long what was cancelled may go on there, though the agent answers.</summary>
    internal static readonly TimeSpan MayEnd = TimeSpan.FromSeconds(30);

    private readonly string _host;
    private readonly TimeProvider _time;
    private readonly Func<IReadOnlyList<string>> _lastWords;
    private readonly LineWriter<AgentRequest> _writer;
    private readonly ConcurrentDictionary<int, TaskCompletionSource<AgentReply>> _waiting = new();
    private readonly ConcurrentDictionary<int, RemoteStream> _streams = new();
    private readonly CancellationTokenSource _end = new();
    private readonly IAsyncEnumerator<System.Buffers.ReadOnlySequence<byte>> _lines;
    private Task _work = Task.CompletedTask;
    private bool _hasBegun;
    private Exception? _lost;
    private long _heard;
    private long _signsOfLife;
    private int _lastId;
    private int _calls;

    private AgentChannel(
        string host,
        Stream input,
        Stream output,
        TimeProvider time,
        Func<IReadOnlyList<string>>? lastWords
    )
    {
        _host = host;
        _lastWords = lastWords ?? (() => []);
        _time = time;
        // A long line takes its time, in which nothing else is said; as long as it gets on, somebody takes it.
        _writer = new LineWriter<AgentRequest>(
            output,
            WireJson.Default.AgentRequest,
            () => Interlocked.Increment(ref _signsOfLife)
        );
        _lines = AgentLines
            .ReadAsync(input, Hear, _end.Token, () => _hasBegun ? AgentLines.Longest : LongestGreeting)
            .GetAsyncEnumerator(CancellationToken.None);
        _heard = time.GetTimestamp();
    }

    /// <summary>The version of the program on the other side.</summary>
    public string AgentVersion { get; private set; } = "";

    /// <summary>Where that program lies there; null when it does not say.</summary>
    public string? AgentFile { get; private set; }

    /// <summary>How many calls were made so far.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>True when the machine was given up, or the connection has broken: it answers nothing any
    /// more.</summary>
    public bool IsLost => _lost is not null;

    /// <summary>For how long the machine has said nothing.</summary>
    internal TimeSpan Silence => _time.GetElapsedTime(Volatile.Read(ref _heard));

    /// <summary>Waits for the agent's first line. What its user's shell has printed before is left out.</summary>
    /// <param name="host">The machine's name, for messages.</param>
    /// <param name="input">Its output.</param>
    /// <param name="output">Its input.</param>
    /// <param name="mark">What it was started with.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="lastWords">What the agent has written to its standard error, for messages when it is
    /// lost.</param>
    /// <exception cref="HostLostException">It ended before, with what it has said.</exception>
    public static async Task<AgentChannel> OpenAsync(
        string host,
        Stream input,
        Stream output,
        string mark,
        TimeProvider time,
        CancellationToken cancellationToken,
        Func<IReadOnlyList<string>>? lastWords = null
    )
    {
        ArgumentNullException.ThrowIfNull(time);
        var channel = new AgentChannel(host, input, output, time, lastWords);
        try
        {
            await channel.GreetAsync(mark, cancellationToken);
        }
        catch
        {
            await channel.DisposeAsync();
            throw;
        }

        channel._work = Task.WhenAll(channel.ListenAsync(), channel.KeepAskingAsync());
        return channel;
    }

    private void Hear()
    {
        Volatile.Write(ref _heard, _time.GetTimestamp());
        Interlocked.Increment(ref _signsOfLife);
    }

    private async Task GreetAsync(string mark, CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.Register(_end.Cancel);
        var noise = new Queue<string>();
        try
        {
            while (await _lines.MoveNextAsync())
            {
                var text = Encoding.UTF8.GetString(_lines.Current);
                if (
                    text.Contains(mark, StringComparison.Ordinal)
                    && AgentLines.TryParse(_lines.Current, WireJson.Default.AgentReply) is { Mark: { } said } first
                    && said == mark
                )
                {
                    (AgentVersion, AgentFile) = (first.Version ?? "", first.Program);
                    _hasBegun = true;
                    return;
                }

                noise.Enqueue(text.Length > LongestNoise ? text[..LongestNoise] + "…" : text.TrimEnd('\r'));
                if (noise.Count > 12)
                {
                    noise.Dequeue();
                }
            }
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
        catch (IOException error)
        {
            throw new HostLostException(_host, $"has closed the connection: {error.Message.TrimEnd('.')}", error)
            {
                Details = [.. noise],
            };
        }

        throw new HostLostException(_host, "has ended the agent before it said a word") { Details = [.. noise] };
    }

    /// <summary>Has a call made there.</summary>
    /// <returns>Its answer.</returns>
    /// <exception cref="HostLostException">The machine does not answer any more.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; there, too, nothing of the call goes on.</exception>
    internal async ValueTask<TAnswer> AskAsync<TAnswer>(HostCall<TAnswer> call, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Interlocked.Increment(ref _calls);
        var id = Interlocked.Increment(ref _lastId);
        var answer = new TaskCompletionSource<AgentReply>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        try
        {
            // Once any of it has gone out, it may be made there, though we do not know yet that it has arrived.
            await SendAsync(new AgentRequest { Id = id, Call = call }, cancellationToken);
            await using var registration = cancellationToken.Register(() => _ = EndAsync(id, answer.Task));
            var reply = await answer.Task;
            if (reply.Error is { } error)
            {
                if (error.Kind is AgentErrorKind.Cancelled)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    // Nobody here has cancelled it: the agent was told to end.
                    throw new HostLostException(_host, "has ended the agent");
                }

                throw error.ToException();
            }

            return HostCall<TAnswer>.Read(reply.Answer);
        }
        finally
        {
            _waiting.TryRemove(id, out _);
        }
    }

    /// <summary>Has a call ended. The answer still comes: that it was cancelled, when nothing of it runs any more. An
    /// agent that is there and never gives it is as good as lost.</summary>
    private async Task EndAsync(int id, Task answer)
    {
        await SendQuietlyAsync(new AgentRequest { Cancel = id });
        try
        {
            await answer.WaitAsync(MayEnd, _time);
        }
        catch (TimeoutException)
        {
            Lose(
                new HostLostException(
                    _host,
                    $"answers, but has not ended within {MayEnd.TotalSeconds:0} s what was cancelled"
                )
            );
        }
        catch (HostLostException)
        {
            // Who waits for the answer learns it.
        }
    }

    /// <summary>Connects to a unix socket there.</summary>
    /// <returns>Null when the other side cannot.</returns>
    internal async ValueTask<Stream?> ConnectAsync(string socket, CancellationToken cancellationToken)
    {
        var (number, stream) = OpenStream();
        try
        {
            if (await AskAsync(new ConnectCall(socket, number), cancellationToken))
            {
                return stream;
            }
        }
        catch
        {
            _streams.TryRemove(number, out _);
            throw;
        }

        _streams.TryRemove(number, out _);
        return null;
    }

    /// <summary>What the agent sends under a new number, and what goes there under it.</summary>
    internal (int Number, RemoteStream Stream) OpenStream()
    {
        var number = Interlocked.Increment(ref _lastId);
        var stream = new RemoteStream(
            (data, token) =>
                SendAsync(new AgentRequest { Part = new StreamPart(number, data) }, token).WaitAsync(token),
            () => _streams.TryRemove(number, out _)
        );
        _streams[number] = stream;
        return (number, stream);
    }

    /// <param name="request">What to send.</param>
    /// <param name="cancellationToken">Gives up before its turn has come; then not a byte of it goes out.</param>
    private async Task SendAsync(AgentRequest request, CancellationToken cancellationToken)
    {
        if (_lost is { } lost)
        {
            throw Again(lost);
        }

        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(_end.Token, cancellationToken);
            // A line goes out whole; but nobody waits for a connection that takes no more and was given up.
            var writing = _writer.WriteAsync(request, either.Token);
            _ = writing.ContinueWith(
                static t => _ = t.Exception,
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted,
                TaskScheduler.Default
            );
            await writing.WaitAsync(_end.Token);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && _lost is null)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or OperationCanceledException)
        {
            throw Again(_lost ?? error);
        }
    }

    /// <summary>An exception is thrown once: each who waits gets one of its own.</summary>
    private HostLostException Again(Exception lost) =>
        lost is HostLostException known
            ? new HostLostException(_host, known.Message[$"Host {_host} ".Length..].TrimEnd('.'), known.InnerException)
            {
                Details = _lastWords(),
            }
            : new HostLostException(_host, $"has closed the connection: {lost.Message.TrimEnd('.')}", lost)
            {
                Details = _lastWords(),
            };

    private async Task SendQuietlyAsync(AgentRequest request)
    {
        try
        {
            await SendAsync(request, CancellationToken.None);
        }
        catch (HostLostException)
        {
            // Who waits for an answer learns it.
        }
    }

    private async Task ListenAsync()
    {
        try
        {
            while (await _lines.MoveNextAsync())
            {
                if (AgentLines.Parse(_lines.Current, WireJson.Default.AgentReply) is { } reply)
                {
                    Receive(reply);
                }
            }

            Lose(new HostLostException(_host, "has ended the agent"));
        }
        catch (OperationCanceledException)
        {
            Lose(new HostLostException(_host, "was left"));
        }
        catch (JsonException error)
        {
            Lose(new HostLostException(_host, "has sent what is no answer", error));
        }
        catch (Exception error)
        {
            Lose(new HostLostException(_host, $"has closed the connection: {error.Message.TrimEnd('.')}", error));
        }
    }

    private void Receive(AgentReply reply)
    {
        if (reply.Id is { } id && _waiting.TryGetValue(id, out var waiting))
        {
            waiting.TrySetResult(reply);
        }

        if (reply.Part is { } part && _streams.TryGetValue(part.Stream, out var stream))
        {
            if (part.Data is { } data)
            {
                stream.Receive(data);
            }
            else
            {
                stream.End(part.Error);
            }
        }
    }

    private async Task KeepAskingAsync()
    {
        using var timer = new PeriodicTimer(Beat, _time);
        var (seen, misses) = (Volatile.Read(ref _signsOfLife), 0);
        try
        {
            while (await timer.WaitForNextTickAsync(_end.Token))
            {
                var now = Volatile.Read(ref _signsOfLife);
                (seen, misses) = (now, now == seen ? misses + 1 : 0);
                if (misses >= MostMisses)
                {
                    var since = _time.GetLocalNow() - Silence;
                    Lose(new HostLostException(_host, $"has not answered since {since:HH:mm:ss}"));
                    return;
                }

                // What cannot be sent waits, where a connection is full that nobody reads: the silence tells.
                _ = SendQuietlyAsync(new AgentRequest { Ping = true });
            }
        }
        catch (OperationCanceledException)
        {
            // It was left.
        }
    }

    private void Lose(HostLostException why)
    {
        if (Interlocked.CompareExchange(ref _lost, why, null) is null)
        {
            _end.Cancel();
        }

        foreach (var waiting in _waiting.Values)
        {
            waiting.TrySetException(Again(_lost));
        }

        foreach (var stream in _streams.Values)
        {
            stream.End(_lost.Message);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Lose(new HostLostException(_host, "was left"));
        await _work;
        _writer.Dispose();
        _end.Dispose();
    }
}
