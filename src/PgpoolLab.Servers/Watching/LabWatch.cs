using System.Runtime.CompilerServices;
using System.Threading.Channels;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Logs;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Servers.Watching;

/// <summary>What there is to see of a lab at a moment.</summary>
/// <param name="At">The moment.</param>
/// <param name="Report">A look at everything that has just ended; null when none has.</param>
/// <param name="Events">What has happened since the sight before.</param>
public sealed record Sight(DateTimeOffset At, NodesReport? Report, IReadOnlyList<LabEvent> Events);

/// <summary>Watches a lab: looks every second, and reads its logs meanwhile. A look that a hung server holds up holds
/// up nothing else.</summary>
/// <param name="look">Looks at everything.</param>
/// <param name="read">Reads what has happened and what happens, until it is cancelled.</param>
/// <param name="probes">Waits.</param>
/// <param name="time">The clock.</param>
/// <param name="isOver">Asked before each sight; true ends it.</param>
public sealed class LabWatch(
    Func<CancellationToken, Task<NodesReport>> look,
    Func<CancellationToken, IAsyncEnumerable<LabEvent>> read,
    ProbeRunner probes,
    TimeProvider time,
    Func<bool> isOver
)
{
    private static readonly TimeSpan BetweenSights = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);

    /// <summary>Watches a lab on one machine.</summary>
    /// <param name="host">Where the lab is.</param>
    /// <param name="lab">The lab.</param>
    /// <param name="time">The clock.</param>
    /// <param name="isOver">Asked before each sight; true ends it.</param>
    public LabWatch(IHost host, Lab lab, TimeProvider time, Func<bool> isOver)
        : this(
            cancellation => new NodesReporter(host, new ProbeRunner(host, time), time).ReportAsync(lab, cancellation),
            cancellation => ReadAsync(host, lab, time, isOver, cancellation),
            new ProbeRunner(host, time),
            time,
            isOver
        ) { }

    /// <summary>When it began to watch: events before that are what led there.</summary>
    public DateTimeOffset BeganAt { get; } = time.GetUtcNow();

    /// <summary>A sight every tenth of a second.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    public async IAsyncEnumerable<Sight> FollowAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var happened = Channel.CreateUnbounded<LabEvent>();
        var reading = ReadAsync(happened.Writer, ending.Token);
        var looking = (Task<NodesReport>?)look(ending.Token);
        try
        {
            var lookedAt = time.GetTimestamp();
            while (!isOver())
            {
                NodesReport? report = null;
                if (looking is { IsCompleted: true })
                {
                    report = await looking;
                    looking = null;
                }

                if (reading.IsFaulted)
                {
                    await reading;
                }

                var events = new List<LabEvent>();
                while (happened.Reader.TryRead(out var one))
                {
                    events.Add(one);
                }

                yield return new Sight(time.GetUtcNow(), report, events);
                await probes.PauseAsync(BetweenSights, cancellationToken);
                if (looking is null && time.GetElapsedTime(lookedAt) >= BetweenLooks)
                {
                    lookedAt = time.GetTimestamp();
                    looking = look(ending.Token);
                }
            }
        }
        finally
        {
            await ending.CancelAsync();
            await ((Task)Task.WhenAll(reading, looking ?? Task.CompletedTask)).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing
            );
        }
    }

    private async Task ReadAsync(ChannelWriter<LabEvent> happened, CancellationToken cancellationToken)
    {
        await foreach (var one in read(cancellationToken))
        {
            happened.TryWrite(one);
        }
    }

    /// <summary>The scripts' logs say nothing that their events do not.</summary>
    private static async IAsyncEnumerable<LabEvent> ReadAsync(
        IHost host,
        Lab lab,
        TimeProvider time,
        Func<bool> isOver,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        static bool Wanted(LogSource source) => source.Kind is not LogKind.Script;

        var (log, classifier) = (new LabLog(host, lab, time), new EventClassifier(lab));
        await foreach (var line in log.ReadAsync(Wanted, follows: true, cancellationToken))
        {
            if (classifier.Classify(line) is { } one)
            {
                yield return one;
            }
        }

        var probes = new ProbeRunner(host, time);
        await foreach (var line in log.FollowAsync(Wanted, probes, isOver, cancellationToken))
        {
            if (classifier.Classify(line) is { } one)
            {
                yield return one;
            }
        }
    }
}
