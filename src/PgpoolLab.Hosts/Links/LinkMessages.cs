using System.Text.Json.Serialization;
using PgpoolLab.Model.Links;

namespace PgpoolLab.Hosts.Links;

/// <summary>What the proxy of a lab's links can be told.</summary>
public enum LinkAct
{
    /// <summary>Say how all links are.</summary>
    Look,

    /// <summary>Bring links into a state.</summary>
    Set,

    /// <summary>Make links whole.</summary>
    Heal,

    /// <summary>Reset the connections of links, once.</summary>
    Reset,

    /// <summary>Heal what comes over this connection to the proxy when the connection ends.</summary>
    Hold,

    /// <summary>Have these links, and no others, from now on.</summary>
    Reload,

    /// <summary>End.</summary>
    End,
}

/// <summary>A line to the proxy.</summary>
public sealed record LinkRequest
{
    /// <summary>What to do.</summary>
    public LinkAct Do { get; init; }

    /// <summary>The links it is about, as <see cref="LinkName.ToString"/> gives them; null for all.</summary>
    public IReadOnlyList<string>? Links { get; init; }

    /// <summary>With <see cref="LinkAct.Set"/>: the state.</summary>
    public LinkWire? State { get; init; }

    /// <summary>With <see cref="LinkAct.Reload"/>: every link there is from now on, and its port.</summary>
    public IReadOnlyDictionary<string, int>? Table { get; init; }

    /// <summary>With <see cref="LinkAct.Set"/>: milliseconds after which they heal by themselves; null for
    /// never.</summary>
    public double? For { get; init; }
}

/// <summary>A line from the proxy: it comes when what was asked for is so.</summary>
public sealed record LinkReply
{
    /// <summary>Why it was not done; null when it was.</summary>
    public string? Error { get; init; }

    /// <summary>The id of its lab.</summary>
    public string? Lab { get; init; }

    /// <summary>Its process.</summary>
    public int ProcessId { get; init; }

    /// <summary>The links it was about, as they are now.</summary>
    public IReadOnlyList<LinkView> Links
    {
        get;
        init => field = value ?? [];
    } = [];
}

/// <summary>A <see cref="LinkState"/> in a line: times in milliseconds.</summary>
public sealed record LinkWire
{
    /// <summary>How the link is cut: <c>open</c> for not at all.</summary>
    public string Cut
    {
        get;
        init => field = value ?? LinkCut.None.Word();
    } = LinkCut.None.Word();

    /// <inheritdoc cref="LinkState.Latency"/>
    public double LatencyMs { get; init; }

    /// <inheritdoc cref="LinkState.Jitter"/>
    public double JitterMs { get; init; }

    /// <inheritdoc cref="LinkState.Rate"/>
    public long? Rate { get; init; }

    /// <inheritdoc cref="LinkState.CutAfter"/>
    public long? CutAfter { get; init; }

    /// <inheritdoc cref="LinkState.Flap"/>
    public LinkFlapWire? Flap { get; init; }

    /// <summary>A state as it goes over the wire.</summary>
    public static LinkWire Of(LinkState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return new LinkWire
        {
            Cut = state.Cut.Word(),
            LatencyMs = state.Latency.TotalMilliseconds,
            JitterMs = state.Jitter.TotalMilliseconds,
            Rate = state.Rate,
            CutAfter = state.CutAfter,
            Flap = state.Flap is { } flap
                ? new LinkFlapWire(flap.On.TotalMilliseconds, flap.Off.TotalMilliseconds, flap.Times)
                : null,
        };
    }

    /// <summary>The state.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public LinkState ToState()
    {
        var state = new LinkState
        {
            Cut = LinkCuts.Parse(Cut) ?? throw new FormatException($"'{Cut}' is no way to cut a link."),
            Latency = LinkTimes.Of(LatencyMs),
            Jitter = LinkTimes.Of(JitterMs),
            Rate = Rate,
            CutAfter = CutAfter,
            Flap = Flap is { } flap
                ? new LinkFlap(LinkTimes.Of(flap.OnMs), LinkTimes.Of(flap.OffMs), flap.Times)
                : null,
        };
        return state.Problem() is { } problem ? throw new FormatException(problem) : state;
    }
}

/// <summary>A <see cref="LinkFlap"/> in a line.</summary>
/// <param name="OnMs">How long the link is cut each time.</param>
/// <param name="OffMs">How long it is whole each time.</param>
/// <param name="Times">How often.</param>
public sealed record LinkFlapWire(double OnMs, double OffMs, int Times);

/// <summary>A link, as it is.</summary>
public sealed record LinkView
{
    /// <summary>Who connects to whom: <c>pgpool0->node1</c>.</summary>
    public required string Link { get; init; }

    /// <summary>Where it listens.</summary>
    public required string Address { get; init; }

    /// <summary>At which port.</summary>
    public int Port { get; init; }

    /// <summary>Its state, as data.</summary>
    public required LinkWire Fault { get; init; }

    /// <summary>Its state, in words: <c>open</c> without a fault.</summary>
    public required string State { get; init; }

    /// <summary>Since when it is in this state.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>When it heals by itself; null for never.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>True when it heals as soon as whoever has made the fault ends.</summary>
    public bool IsHeld { get; init; }

    /// <summary>How many connections go through it.</summary>
    public int Connections { get; init; }

    /// <summary>Bytes that went to whom it leads to, since the proxy was started.</summary>
    public long BytesForth { get; init; }

    /// <summary>Bytes that came back.</summary>
    public long BytesBack { get; init; }
}

/// <summary>Times of lines.</summary>
internal static class LinkTimes
{
    /// <summary>A time of so many milliseconds.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    internal static TimeSpan Of(double milliseconds) =>
        milliseconds is >= 0 and < 1e12
            ? TimeSpan.FromMilliseconds(milliseconds)
            : throw new FormatException($"{milliseconds} ms is no time.");
}

/// <summary>Everything that goes over the wire.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(LinkRequest))]
[JsonSerializable(typeof(LinkReply))]
[JsonSerializable(typeof(IReadOnlyList<LinkView>))]
public sealed partial class LinkJson : JsonSerializerContext;
