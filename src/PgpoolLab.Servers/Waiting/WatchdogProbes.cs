using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Servers.Waiting;

/// <summary>Waits until the watchdog of one Pgpool-II takes commands.</summary>
/// <param name="Host">Where it runs.</param>
/// <param name="Lab">The lab.</param>
/// <param name="Pgpool">The Pgpool-II.</param>
/// <param name="ProcessId">Its first process.</param>
public sealed record WatchdogListens(IHost Host, Lab Lab, PgpoolNode Pgpool, int ProcessId) : IProbe
{
    /// <inheritdoc/>
    public string Expectation => $"the watchdog of {Lab.TitleOf(Pgpool)} listens";

    /// <inheritdoc/>
    public ServerLog? Log => ServerLog.Of(Pgpool);

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken) =>
        new(await Host.Ports.SocketAnswersAsync(LabSockets.OfWatchdog(Pgpool)!, cancellationToken), "it does not");

    /// <inheritdoc/>
    public async Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) =>
        !await Host.Processes.RunsAsync(ProcessId, startedAt: null, cancellationToken) ? "it has ended" : null;
}

/// <summary>Waits until a member of a watchdog shows the nodes as it should, but not for one that never will: who joins
/// asks the leader for the primary, and believes a leader which is still starting that there is none. Nobody tells it
/// later; started again it asks again.</summary>
/// <param name="shows">What it must show.</param>
/// <param name="time">The clock; by default the system's.</param>
public sealed class PgpoolFollowsLeader(PgpoolShowsNodes shows, TimeProvider? time = null) : IProbe
{
    /// <summary>How long it may show no primary that others show: they find it within moments of each other.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private long? _since;

    /// <summary>True when it answers, but shows no primary, and another member does.</summary>
    public bool MissesPrimary { get; private set; }

    /// <inheritdoc/>
    public string Expectation => shows.Expectation;

    /// <inheritdoc/>
    public ServerLog? Log => shows.Log;

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        var seen = await shows.CheckAsync(cancellationToken);
        _since =
            shows.Expected.Any(e => e.Role == ExpectedNode.Primary)
            && shows.LastSeen is { } nodes
            && !HavePrimary(nodes)
                ? _since ?? _time.GetTimestamp()
                : null;
        return seen;
    }

    /// <inheritdoc/>
    public async Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken)
    {
        if (await shows.WhySubjectIsGoneAsync(cancellationToken) is { } gone)
        {
            return gone;
        }

        if (_since is not { } since || _time.GetElapsedTime(since) < Patience)
        {
            return null;
        }

        foreach (var other in shows.Lab.OwnPgpools.Where(p => p.Id != shows.Pgpool.Id))
        {
            if (
                (await PoolNodes.AskAsync(shows.Host, shows.Lab, other, cancellationToken)).Nodes is { } nodes
                && HavePrimary(nodes)
            )
            {
                MissesPrimary = true;
                return $"it shows no primary, and {shows.Lab.TitleOf(other)} does";
            }
        }

        _since = _time.GetTimestamp();
        return null;
    }

    private static bool HavePrimary(IReadOnlyList<PoolNode> nodes) => nodes.Any(n => n.Role == ExpectedNode.Primary);
}

/// <summary>Waits until the Pgpool-IIs of a lab see each other alive and the same one leading.</summary>
/// <param name="Host">Where they run.</param>
/// <param name="Lab">The lab.</param>
/// <param name="Started">Those that were just started, which must be in; null for all of the lab. Of the others each
/// that answers must see them.</param>
public sealed record WatchdogHasLeader(IHost Host, Lab Lab, IReadOnlyList<PgpoolNode>? Started = null) : IProbe
{
    private IReadOnlyList<PgpoolNode> Awaited => Started ?? Lab.Pgpools;

    /// <inheritdoc/>
    public string Expectation =>
        Awaited.Count == Lab.Pgpools.Count
            ? $"all {Lab.Pgpools.Count} Pgpool-IIs know each other and the same leader"
            : $"{string.Join(" and ", Awaited.Select(Lab.TitleOf))} and those that run know each other and the same "
                + "leader";

    /// <inheritdoc/>
    public ServerLog? Log { get; private set; }

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(
            Lab.OwnPgpools.Select(async p =>
                (Pgpool: p, Answer: await WatchdogInfo.AskAsync(Host, Lab, p, cancellationToken))
            )
        );
        var asked = answers.Where(a => a.Answer.Info is not null || Awaited.Contains(a.Pgpool)).ToArray();
        // With half of them or fewer there is none, and nobody waits for it.
        var quorum = asked.Length * 2 > Lab.Pgpools.Count;
        var ports = Awaited.Select(p => p.Port).ToArray();
        var leaders = asked.Select(a => a.Answer.Info?.Leader).Distinct().ToArray();
        var behind = asked.FirstOrDefault(a =>
            a.Answer.Info is not { Leader: not null } info
            || (quorum && !info.Quorum)
            || info.Members.Count(m => (m.IsLeader || m.Status == "STANDBY") && ports.Contains(m.Port)) < ports.Length
        );
        Log = behind.Pgpool is { } late ? ServerLog.Of(late) : null;
        return new Observation(
            behind.Pgpool is null && leaders.Length == 1,
            string.Join(
                "; ",
                answers.Select(a =>
                    $"{Lab.TitleOf(a.Pgpool)}: "
                    + (
                        a.Answer.Info is { } info
                            ? string.Join(", ", info.Members.Select(m => $"{m.Port} {m.Status}"))
                            : a.Answer.Problem
                    )
                )
            )
        );
    }

    /// <inheritdoc/>
    public Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);
}
