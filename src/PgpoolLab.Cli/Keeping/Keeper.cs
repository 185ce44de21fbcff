using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Remote;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Keeping;

/// <summary>The near end of <c>pgpoollab host</c>: it makes labs, and removes them when this process has ended,
/// whatever has ended it.</summary>
internal sealed class Keeper : IAsyncDisposable
{
    private readonly PipedProgram _program;
    private readonly LineWriter<HostRequest> _writer;
    private readonly ConcurrentDictionary<int, Waiting> _waiting = new();
    private readonly ConcurrentQueue<string> _words;
    private readonly Task _listening;
    private int _lastId;
    private volatile bool _isGone;

    private Keeper(PipedProgram program, ConcurrentQueue<string> words)
    {
        (_program, _words) = (program, words);
        _writer = new LineWriter<HostRequest>(program.Input, HostJson.Readable.HostRequest);
        _listening = ListenAsync();
    }

    /// <summary>Starts one.</summary>
    internal static Keeper Start()
    {
        var words = new ConcurrentQueue<string>();
        return new Keeper(PipedProgram.Start(OwnProgram.Command(["host"]), words.Enqueue), words);
    }

    /// <summary>Has a call made.</summary>
    /// <param name="call">The call.</param>
    /// <param name="said">Is told each line of conversation.</param>
    /// <param name="cancellationToken">Has it ended; its answer is that it was.</param>
    /// <exception cref="CallFailedException">It failed.</exception>
    /// <exception cref="LabException">There is no keeper any more.</exception>
    internal async Task<JsonElement?> AskAsync(
        LabCall call,
        Action<string>? said = null,
        CancellationToken cancellationToken = default
    )
    {
        var id = Interlocked.Increment(ref _lastId);
        var waiting = new Waiting(said ?? (_ => { }));
        _waiting[id] = waiting;
        if (_isGone || !await TrySendAsync(new HostRequest { Id = id, Call = call }))
        {
            waiting.Answer.TrySetException(Gone());
        }

        await using var registration = cancellationToken.Register(() =>
            _ = TrySendAsync(new HostRequest { Cancel = id })
        );
        var reply = await waiting.Answer.Task;
        return reply.Error is { } error ? throw new CallFailedException(error) : reply.Answer;
    }

    /// <summary>Has a call made whose answer is a value.</summary>
    /// <inheritdoc cref="AskAsync(LabCall, Action{string}?, CancellationToken)"/>
    internal async Task<TAnswer> AskAsync<TAnswer>(
        LabCall call,
        JsonTypeInfo<TAnswer> type,
        Action<string>? said = null,
        CancellationToken cancellationToken = default
    )
        where TAnswer : class =>
        (await AskAsync(call, said, cancellationToken))?.Deserialize(type)
        ?? throw new LabException(ExitCode.Failed, "pgpoollab host has given no answer.");

    /// <summary>Says something whose answer does not matter. What is said is heard in its order, also when this process
    /// is killed as soon as this has returned.</summary>
    internal void Tell(LabCall call) =>
        // A pipe has room for it.
        TrySendAsync(new HostRequest { Id = Interlocked.Increment(ref _lastId), Call = call })
            .GetAwaiter()
            .GetResult();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _program.DisposeAsync();
        await _listening;
        _writer.Dispose();
    }

    private async Task<bool> TrySendAsync(HostRequest request)
    {
        try
        {
            await _writer.WriteAsync(request, CancellationToken.None);
            return true;
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            return false;
        }
    }

    private async Task ListenAsync()
    {
        try
        {
            await foreach (var line in AgentLines.ReadAsync(_program.Output, null, CancellationToken.None))
            {
                if (
                    AgentLines.TryParse(line, HostJson.Default.HostReply) is { Id: { } id } reply
                    && _waiting.TryGetValue(id, out var waiting)
                )
                {
                    if (reply.Said is { } words)
                    {
                        waiting.Said(words);
                    }
                    else if (reply.Done || reply.Error is not null)
                    {
                        _waiting.TryRemove(id, out _);
                        waiting.Answer.TrySetResult(reply);
                    }
                }
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // It has ended.
        }

        _isGone = true;
        foreach (var waiting in _waiting.Values)
        {
            waiting.Answer.TrySetException(Gone());
        }
    }

    private LabException Gone() =>
        new(ExitCode.Failed, "The process that keeps the lab (pgpoollab host) has ended before its time.")
        {
            Details = [.. _words],
            Hints = ["What it has left is removed by:  pgpoollab destroy --orphans"],
        };

    private sealed record Waiting(Action<string> Said)
    {
        internal TaskCompletionSource<HostReply> Answer { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
