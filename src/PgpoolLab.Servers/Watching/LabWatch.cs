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
/// <param name="host">Where the lab is.</param>
/// <param name="lab">The lab.</param>
/// <param name="time">The clock.</param>
/// <param name="isOver">Asked before each sight; true ends it.</param>
public sealed class LabWatch(IHost host, Lab lab, TimeProvider time, Func<bool> isOver)
{
    private static readonly TimeSpan BetweenSights = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);
    private readonly ProbeRunner _probes = new(host, time);

    /// <summary>When it began to watch: events before that are what led there.</summary>
    public DateTimeOffset BeganAt { get; } = time.GetUtcNow();

    /// <summary>A sight every tenth of a second.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    public async IAsyncEnumerable<Sight> FollowAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var happened = Channel.CreateUnbounded<LabEvent>();
        var reading = ReadAsync(happened.Writer, ending.Token);
        var reporter = new NodesReporter(host, _probes, time);
        var look = reporter.ReportAsync(lab, ending.Token);
        try
        {
            var lookedAt = time.GetTimestamp();
            while (!isOver())
            {
                NodesReport? report = null;
                if (look is { IsCompleted: true })
                {
                    report = await look;
                    look = null;
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
                await _probes.PauseAsync(BetweenSights, cancellationToken);
                if (look is null && time.GetElapsedTime(lookedAt) >= BetweenLooks)
                {
                    lookedAt = time.GetTimestamp();
                    look = reporter.ReportAsync(lab, ending.Token);
                }
            }
        }
        finally
        {
            await ending.CancelAsync();
            await ((Task)Task.WhenAll(reading, look ?? Task.CompletedTask)).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing
            );
        }
    }

    /// <summary>The scripts' logs say nothing that their events do not.</summary>
    private async Task ReadAsync(ChannelWriter<LabEvent> happened, CancellationToken cancellationToken)
    {
        static bool Wanted(LogSource source) => source.Kind is not LogKind.Script;

        var (log, classifier) = (new LabLog(host, lab, time), new EventClassifier(lab));
        await foreach (var line in log.ReadAsync(Wanted, follows: true, cancellationToken))
        {
            Write(line);
        }

        await foreach (var line in log.FollowAsync(Wanted, _probes, isOver, cancellationToken))
        {
            Write(line);
        }

        void Write(LogLine line)
        {
            if (classifier.Classify(line) is { } one)
            {
                happened.TryWrite(one);
            }
        }
    }
}
