using PgpoolLab.Model;
using PgpoolLab.Servers.Facts;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>Waits for a fact about a lab on several hosts: looks at all of them again and again.</summary>
/// <param name="lab">The whole lab.</param>
/// <param name="look">Looks.</param>
/// <param name="fact">What is expected.</param>
/// <param name="probes">Waits between two looks.</param>
/// <param name="time">The clock.</param>
public sealed class SpreadShows(
    Lab lab,
    Func<CancellationToken, Task<NodesReport>> look,
    LabFact fact,
    ProbeRunner probes,
    TimeProvider time
) : IProbe
{
    /// <summary>A look costs each host a program.</summary>
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(300);

    private long? _lookedAt;
    private long? _since;

    /// <inheritdoc/>
    public string Expectation => fact.Expectation;

    /// <inheritdoc/>
    public ServerLog? Log => null;

    /// <inheritdoc/>
    public IReadOnlyList<string> Hints =>
        ["See how it is, and why:  pgpoollab status --lab " + PgpoolLab.Hosts.Shell.Quote(lab.Name)];

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        if (_lookedAt is { } before && BetweenLooks - time.GetElapsedTime(before) is { Ticks: > 0 } rest)
        {
            await probes.PauseAsync(rest, cancellationToken);
        }

        _lookedAt = time.GetTimestamp();
        var report = await look(cancellationToken);
        var observation = fact.Check(report);
        var silent = (report.Hosts ?? []).Where(h => !h.Answers).Select(h => $"host {h.Name}: {h.Problem}");
        observation = observation with { Seen = string.Join("; ", [.. silent, observation.Seen]) };
        if (!observation.Holds || !fact.NeedsToLast(lab))
        {
            _since = observation.Holds ? _since : null;
            return observation;
        }

        _since ??= time.GetTimestamp();
        return observation with { Holds = time.GetElapsedTime(_since.Value) >= LabFact.SettleTime };
    }

    /// <inheritdoc/>
    /// <remarks>Whoever is not there now may be back.</remarks>
    public Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);
}
