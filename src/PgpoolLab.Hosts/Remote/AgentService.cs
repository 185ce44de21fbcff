using System.Collections.Concurrent;
using System.Text.Json;

namespace PgpoolLab.Hosts.Remote;

/// <summary>Makes a host's interfaces available to another machine, as lines of JSON: what <c>pgpoollab agent</c> does
/// at the other end of an SSH connection. It ends with its input; servers it has started run on.</summary>
/// <param name="host">The machine.</param>
/// <param name="output">Where its lines go.</param>
public sealed class AgentService(IHost host, Stream output) : IDisposable
{
    private readonly LineWriter<AgentReply> _writer = new(output, WireJson.Default.AgentReply);
    private readonly ConcurrentDictionary<int, Work> _works = new();

    /// <summary>Where the program lies that answers, for who has more of its commands run here; null when that is not
    /// to be told.</summary>
    public string? Program { get; init; }

    /// <summary>Answers until nobody asks any more.</summary>
    /// <param name="input">Where the calls come from.</param>
    /// <param name="mark">What the first line has, so that the caller finds it.</param>
    /// <param name="version">The program's version.</param>
    /// <param name="cancellationToken">Ends it. So does the end of the input. Either way what is under way is
    /// cancelled, and has ended when this returns.</param>
    public async Task RunAsync(Stream input, string mark, string version, CancellationToken cancellationToken)
    {
        var streams = new AgentStreams(
            (part, cancellation) => _writer.WriteAsync(new AgentReply { Part = part }, cancellation)
        );
        try
        {
            await _writer.WriteAsync(
                new AgentReply
                {
                    Mark = mark,
                    Version = version,
                    Program = Program,
                },
                cancellationToken
            );
            var lines = AgentLines.ReadAsync(input, null, cancellationToken).GetAsyncEnumerator(CancellationToken.None);
            // Who reads a pipe is in the system's hands until something comes: the signal to end is not waited for
            // there.
            while (await lines.MoveNextAsync().AsTask().WaitAsync(cancellationToken))
            {
                if (AgentLines.Parse(lines.Current, WireJson.Default.AgentRequest) is { } request)
                {
                    await ReceiveAsync(request, streams, cancellationToken);
                }
            }
        }
        catch (Exception error)
            when (error is IOException
                || error is OperationCanceledException && cancellationToken.IsCancellationRequested
            )
        {
            // The other side is gone, or this one was told to go.
        }
        finally
        {
            foreach (var work in _works.Values)
            {
                await work.Cancellation.CancelAsync();
            }

            try
            {
                await Task.WhenAll(_works.Values.Select(w => w.Task));
            }
            finally
            {
                await streams.CloseAsync();
            }
        }
    }

    private async Task ReceiveAsync(AgentRequest request, AgentStreams streams, CancellationToken cancellationToken)
    {
        if (request is { Id: { } id, Call: { } call })
        {
            var work = new Work();
            _works[id] = work;
            // Most of what a host is asked it does at once, without giving its thread back.
            work.Task = Task.Run(() => AnswerAsync(id, call, streams, work), CancellationToken.None);
        }

        if (request.Cancel is { } cancelled && _works.TryGetValue(cancelled, out var under))
        {
            await under.Cancellation.CancelAsync();
        }

        if (request.Part is { } part)
        {
            streams.Receive(part);
        }

        if (request.Ping)
        {
            await _writer.WriteAsync(new AgentReply { Pong = true }, cancellationToken);
        }
    }

    private async Task AnswerAsync(int id, HostCall call, AgentStreams streams, Work work)
    {
        AgentReply reply;
        try
        {
            JsonElement? answer = await call.AnswerAsync(host, streams, work.Cancellation.Token);
            reply = new AgentReply { Id = id, Answer = answer };
        }
        catch (Exception error)
        {
            reply = new AgentReply { Id = id, Error = AgentError.Of(error) };
        }

        try
        {
            await _writer.WriteAsync(reply, CancellationToken.None);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // Nobody is there to hear it.
        }
        finally
        {
            _works.TryRemove(id, out _);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    private sealed class Work
    {
        internal CancellationTokenSource Cancellation { get; } = new();

        internal Task Task { get; set; } = Task.CompletedTask;
    }
}
