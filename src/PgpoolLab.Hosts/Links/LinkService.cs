using System.Buffers;
using System.Net.Sockets;
using System.Text.Json;
using PgpoolLab.Hosts.Remote;
using PgpoolLab.Model.Links;

namespace PgpoolLab.Hosts.Links;

/// <summary>Has a proxy do what comes by its unix socket, in lines of JSON: each is answered when it is so.</summary>
/// <param name="proxy">The proxy.</param>
/// <param name="links">The links there are, until others are named.</param>
/// <param name="lab">The id of the lab.</param>
public sealed class LinkService(LinkProxy proxy, IReadOnlyList<LabLink> links, string lab)
{
    /// <summary>The longest line: every link of the largest lab has room in it.</summary>
    internal const int LongestLine = 1 << 20;

    private const int Backlog = 64;
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(500);

    /// <summary>Answers until it is told to end, is cancelled, or its socket is gone or another's: then its lab is
    /// gone, or another proxy has taken its place.</summary>
    /// <param name="socket">Where the socket lies; what a dead one has left there is replaced.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">It cannot listen there, or for a link.</exception>
    public async Task RunAsync(string socket, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(socket);
        await proxy.LoadAsync(links);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var listener = Listen(socket);
        var own = IdentityOf(socket);
        // It is waited for: what it does at its end must not come after ours.
        await using var watch = time.CreateTimer(
            _ =>
            {
                if (IdentityOf(socket) != own)
                {
                    end.Cancel();
                }
            },
            null,
            Glance,
            Glance
        );
        var served = new List<Task>();
        try
        {
            while (true)
            {
                served.Add(ServeAsync(await listener.AcceptAsync(end.Token), end));
                served.RemoveAll(s => s.IsCompleted);
            }
        }
        catch (OperationCanceledException)
        {
            // It is to end.
        }
        finally
        {
            if (IdentityOf(socket) == own)
            {
                File.Delete(socket);
            }
        }

        await Task.WhenAll(served);
    }

    /// <summary>Tells a socket from another one that takes its place: also from one that gets its inode.</summary>
    private static string? IdentityOf(string socket) =>
        Identity.FileIdOf(socket) is { } id ? $"{id}:{File.GetLastWriteTimeUtc(socket).Ticks}" : null;

    private static Socket Listen(string path)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // .NET deletes the file that a socket was bound to when it closes it, whosever that is by then: so it is
            // bound by another name.
            var unfinished = $"{path}.{Identity.ProcessId}";
            File.Delete(unfinished);
            listener.Bind(new UnixDomainSocketEndPoint(unfinished));
            listener.Listen(Backlog);
            File.Move(unfinished, path, overwrite: true);
            return listener;
        }
        catch (SocketException error)
        {
            listener.Dispose();
            throw new IOException($"Could not listen at {path}: {error.Message}", error);
        }
    }

    private async Task ServeAsync(Socket accepted, CancellationTokenSource end)
    {
        object? holder = null;
        await using var stream = new NetworkStream(accepted, ownsSocket: true);
        using var writer = new LineWriter<LinkReply>(stream, LinkJson.Default.LinkReply);
        try
        {
            await foreach (var line in AgentLines.ReadAsync(stream, null, end.Token, () => LongestLine))
            {
                var request = Parse(line, out var problem);
                if (request?.Do is LinkAct.Hold)
                {
                    holder ??= new object();
                }

                await writer.WriteAsync(
                    request is null ? Refused(problem!) : await AnswerAsync(request, holder),
                    end.Token
                );
                if (request?.Do is LinkAct.End)
                {
                    await end.CancelAsync();
                }
            }
        }
        catch (IOException error) when (!end.IsCancellationRequested)
        {
            // Of a line without an end the other side may still hear; one that is gone hears nothing.
            await TryWriteAsync(writer, Refused(error.Message));
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or SocketException)
        {
            // It is to end.
        }
        finally
        {
            if (holder is not null)
            {
                await proxy.LetGoAsync(holder);
            }
        }
    }

    private static async Task TryWriteAsync(LineWriter<LinkReply> writer, LinkReply reply)
    {
        try
        {
            await writer.WriteAsync(reply, CancellationToken.None);
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException)
        {
            // It is gone.
        }
    }

    private static LinkRequest? Parse(ReadOnlySequence<byte> line, out string? problem)
    {
        problem = null;
        try
        {
            var request = AgentLines.Parse(line, LinkJson.Default.LinkRequest);
            problem = request is null ? "A line must be an object." : null;
            return request;
        }
        catch (JsonException error)
        {
            problem = $"The line is not understood: {error.Message}";
            return null;
        }
    }

    private async Task<LinkReply> AnswerAsync(LinkRequest request, object? holder)
    {
        try
        {
            LinkName[]? names = request.Links is { } some ? [.. some.Select(NameOf)] : null;
            return Done(
                request.Do switch
                {
                    LinkAct.Set => await proxy.SetAsync(
                        names,
                        (request.State ?? throw new FormatException("Say which state.")).ToState(),
                        request.For is { } time ? LinkTimes.Of(time) : null,
                        holder
                    ),
                    LinkAct.Heal => await proxy.HealAsync(names),
                    LinkAct.Reset => await proxy.ResetAsync(names),
                    // What it has listened at is free when it says so.
                    LinkAct.End => await proxy.LoadAsync([]),
                    LinkAct.Reload => await proxy.LoadAsync(TableOf(request)),
                    _ => await proxy.LookAsync(names),
                }
            );
        }
        catch (Exception error)
            when (error is FormatException or KeyNotFoundException or IOException or Model.LabException)
        {
            return Refused(error.Message);
        }
    }

    private static LabLink[] TableOf(LinkRequest request) =>
        [
            .. (request.Table ?? throw new FormatException("Say which links there are.")).Select(l => new LabLink(
                NameOf(l.Key),
                l.Value is > 0 and <= 65535 ? l.Value : throw new FormatException($"{l.Value} is no port.")
            )),
        ];

    private static LinkName NameOf(string text) =>
        LinkName.Parse(text) ?? throw new FormatException($"'{text}' is no link, such as pgpool0->node0.");

    private LinkReply Done(IReadOnlyList<LinkView> views) =>
        new()
        {
            Lab = lab,
            ProcessId = Identity.ProcessId,
            Links = views,
        };

    private static LinkReply Refused(string why) => new() { Error = why };
}
