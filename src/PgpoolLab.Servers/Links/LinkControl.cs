using System.Net.Sockets;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Links;
using PgpoolLab.Hosts.Remote;
using PgpoolLab.Model;
using PgpoolLab.Model.Links;

namespace PgpoolLab.Servers.Links;

/// <summary>Tells the proxy of a lab's links what to do. Whatever it is told is so when its method returns.</summary>
/// <remarks>After <see cref="HoldAsync"/> everything it has done is healed when it is disposed, and when its process
/// ends in whatever way: the kernel closes the connection then.</remarks>
public sealed class LinkControl : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly Stream _connection;
    private readonly LineWriter<LinkRequest> _writer;
    private readonly IAsyncEnumerator<System.Buffers.ReadOnlySequence<byte>> _lines;
    private readonly TimeProvider _time;
    private readonly string _lab;

    private LinkControl(Stream connection, string lab, TimeProvider time)
    {
        (_connection, _lab, _time) = (connection, lab, time);
        _writer = new LineWriter<LinkRequest>(connection, LinkJson.Default.LinkRequest);
        _lines = AgentLines.ReadAsync(connection, null, CancellationToken.None).GetAsyncEnumerator();
    }

    /// <summary>Connects to the proxy.</summary>
    /// <param name="host">Where the lab is.</param>
    /// <param name="lab">The lab.</param>
    /// <param name="time">The clock, for who does not answer.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">The lab has no links, or its proxy does not run; it says what to do.</exception>
    public static async Task<LinkControl> ConnectAsync(
        IHost host,
        Lab lab,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(lab);
        if (!lab.Faults)
        {
            throw new LabException(
                ExitCode.Failed,
                LabFaults.WhyNot(lab) ?? $"The lab '{lab.Name}' has no links to cut."
            )
            {
                Hints = LabFaults.WhyNot(lab) is null
                    ? ["Give it links (Pgpool-II is restarted):  pgpoollab faults on"]
                    : [],
            };
        }

        return await TryConnectAsync(host, lab, time, cancellationToken)
            ?? throw new LabException(
                ExitCode.NotHealthy,
                $"The process of the lab's links does not run: all of them are cut. Its log is {lab.LinkLog}."
            )
            {
                Hints = ["Start it, and whatever else does not run:  pgpoollab startall"],
            };
    }

    /// <summary>Connects to the proxy; null when it does not run.</summary>
    internal static async Task<LinkControl?> TryConnectAsync(
        IHost host,
        Lab lab,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await host.Ports.ConnectAsync(lab.LinkSocket, cancellationToken) is { } stream
                ? new LinkControl(stream, lab.Name, time)
                : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <summary>How all links are.</summary>
    public Task<IReadOnlyList<LinkView>> LookAsync(CancellationToken cancellationToken) =>
        AskAsync(new LinkRequest { Do = LinkAct.Look }, cancellationToken);

    /// <summary>Brings links into a state, all at one moment.</summary>
    /// <param name="links">Which.</param>
    /// <param name="state">The state.</param>
    /// <param name="time">After this they heal by themselves; null for never.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>These links, as they are then.</returns>
    /// <exception cref="LabException">The proxy has refused it, or does not answer.</exception>
    public Task<IReadOnlyList<LinkView>> SetAsync(
        IReadOnlyList<LinkName> links,
        LinkState state,
        TimeSpan? time,
        CancellationToken cancellationToken
    ) =>
        AskAsync(
            new LinkRequest
            {
                Do = LinkAct.Set,
                Links = [.. links.Select(l => l.ToString())],
                State = LinkWire.Of(state),
                For = time?.TotalMilliseconds,
            },
            cancellationToken
        );

    /// <summary>Resets the connections that go through links now, once.</summary>
    /// <inheritdoc cref="SetAsync"/>
    public Task<IReadOnlyList<LinkView>> ResetAsync(
        IReadOnlyList<LinkName> links,
        CancellationToken cancellationToken
    ) =>
        AskAsync(
            new LinkRequest { Do = LinkAct.Reset, Links = [.. links.Select(l => l.ToString())] },
            cancellationToken
        );

    /// <summary>Makes links whole.</summary>
    /// <param name="links">Which; null for all.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>These links, as they are then.</returns>
    /// <exception cref="LabException">The proxy has refused it, or does not answer.</exception>
    public Task<IReadOnlyList<LinkView>> HealAsync(
        IReadOnlyList<LinkName>? links,
        CancellationToken cancellationToken
    ) =>
        AskAsync(
            new LinkRequest { Do = LinkAct.Heal, Links = links is null ? null : [.. links.Select(l => l.ToString())] },
            cancellationToken
        );

    /// <summary>From now on: what is done by this is healed when it is disposed, or its process ends.</summary>
    /// <exception cref="LabException">The proxy does not answer.</exception>
    public Task HoldAsync(CancellationToken cancellationToken) =>
        AskAsync(new LinkRequest { Do = LinkAct.Hold }, cancellationToken);

    /// <summary>Has the proxy have these links, and no others.</summary>
    internal Task<IReadOnlyList<LinkView>> ReloadAsync(
        IReadOnlyList<LabLink> links,
        CancellationToken cancellationToken
    ) =>
        AskAsync(
            new LinkRequest { Do = LinkAct.Reload, Table = links.ToDictionary(l => l.Name.ToString(), l => l.Port) },
            cancellationToken
        );

    /// <summary>Has the proxy end: when this returns it listens nowhere any more.</summary>
    internal Task EndAsync(CancellationToken cancellationToken) =>
        AskAsync(new LinkRequest { Do = LinkAct.End }, cancellationToken);

    private async Task<IReadOnlyList<LinkView>> AskAsync(LinkRequest request, CancellationToken cancellationToken)
    {
        try
        {
            await _writer.WriteAsync(request, cancellationToken).WaitAsync(Patience, _time, cancellationToken);
            var line = await _lines.MoveNextAsync().AsTask().WaitAsync(Patience, _time, cancellationToken)
                ? AgentLines.TryParse(_lines.Current, LinkJson.Default.LinkReply)
                : null;
            return line switch
            {
                null => throw Silent("it has ended"),
                { Error: { } error } => throw new LabException(
                    ExitCode.Failed,
                    $"The links of the lab '{_lab}' were not changed: {error}"
                ),
                _ => line.Links,
            };
        }
        catch (TimeoutException)
        {
            throw Silent($"it has not answered for {Patience.TotalSeconds:0} s");
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            throw Silent(error.Message);
        }
    }

    private LabException Silent(string why) =>
        new(ExitCode.NotHealthy, $"The process of the links of the lab '{_lab}' does not answer: {why}.")
        {
            Hints =
            [
                "See what is wrong:  pgpoollab status",
                "Start it anew, with all servers:  pgpoollab stopall, then  pgpoollab startall",
            ],
        };

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // A question may be under way that nobody waits for any more.
        await _connection.DisposeAsync();
        _writer.Dispose();
    }
}
