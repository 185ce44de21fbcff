using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Remote;
using PgpoolLab.Model;
using PgpoolLab.Servers.Logs;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>What the hosts of a lab log, or what happens there, in one order. Each host runs one program that sends it;
/// it ends with this.</summary>
/// <param name="hosts">The hosts.</param>
/// <param name="commands">What each is to run, by number, without the options added here; null for one that is not
/// asked.</param>
/// <param name="follows">Whether it goes on with what comes.</param>
/// <param name="since">What is older is left out; null for none.</param>
/// <param name="probes">Waits between two tries to reach a host again.</param>
/// <param name="time">The clock.</param>
/// <param name="note">Is told what the reader is to know.</param>
public sealed class SpreadLines(
    HostLooks hosts,
    IReadOnlyList<IReadOnlyList<string>?> commands,
    bool follows,
    DateTimeOffset? since,
    ProbeRunner probes,
    TimeProvider time,
    Action<string> note
)
{
    private static readonly TimeSpan BetweenSights = TimeSpan.FromMilliseconds(100);

    /// <summary>A host that follows says ten times a second how far it has come.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan BetweenTries = TimeSpan.FromSeconds(1);

    /// <summary>A clock that is wrong by less puts nothing where nobody would look for it.</summary>
    private static readonly TimeSpan MostAhead = TimeSpan.FromSeconds(1);

    private readonly Host[] _hosts = [.. hosts.Lab.Hosts.Select(h => new Host(h))];
    private readonly TimeMerge<PartLine> _merge = new(hosts.Lab.Hosts.Count);

    /// <summary>Reads.</summary>
    /// <param name="isOver">Asked now and then; true ends it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Messages and events, each with its host.</returns>
    public async IAsyncEnumerable<(LabHost Host, PartLine Line)> ReadAsync(
        Func<bool> isOver,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(isOver);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var news = Channel.CreateUnbounded<News>();
        foreach (var host in _hosts.Where(h => commands[h.Is.Id] is null))
        {
            _merge.Leave(host.Is.Id);
        }

        var reading = _hosts
            .Where(h => commands[h.Is.Id] is not null)
            .Select(h => ReadAsync(h, news.Writer, ending.Token))
            .ToArray();
        try
        {
            var waiting = news.Reader.WaitToReadAsync(ending.Token).AsTask();
            while (!isOver() && !_merge.IsOver)
            {
                try
                {
                    await waiting.WaitAsync(BetweenSights, time, cancellationToken);
                    waiting = news.Reader.WaitToReadAsync(ending.Token).AsTask();
                }
                catch (TimeoutException)
                {
                    // Then it is looked who has said nothing.
                }

                while (news.Reader.TryRead(out var one))
                {
                    Take(one);
                }

                LeaveSilent();
                // By this machine's clock, by which all are put in order.
                foreach (var (source, line) in _merge.Take(follows ? time.GetUtcNow() - Patience : null))
                {
                    yield return (_hosts[source].Is, line);
                }
            }
        }
        finally
        {
            await ending.CancelAsync();
            await ((Task)Task.WhenAll(reading)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Take(News news)
    {
        var (host, line) = (news.Host, news.Line);
        if (line is null)
        {
            _merge.Leave(host.Is.Id);
            if (news.Problem is { } problem)
            {
                Say(host, problem);
            }

            return;
        }

        host.HeardAt = news.At;
        if (host.Problem is not null)
        {
            note($"Host {host.Is.Name} answers again.");
            host.Problem = null;
        }

        if (!host.HasEnded)
        {
            _merge.Return(host.Is.Id);
        }

        if (line.Clock is { } clock)
        {
            // It was read somewhere between the question and the answer, which a busy machine may take long for.
            SetClock(
                host,
                clock > news.At ? clock - news.At
                    : clock < host.StartedAt ? clock - host.StartedAt
                    : TimeSpan.Zero
            );
        }

        if (line.Until is { } until)
        {
            host.Until = until;
            _merge.Reach(host.Is.Id, until - host.Ahead);
        }

        if (line.Logged is not null || line.Happened is not null)
        {
            _merge.Add(host.Is.Id, line.At - host.Ahead, line);
        }
    }

    private void SetClock(Host host, TimeSpan ahead)
    {
        var was = host.Ahead;
        host.Ahead = ahead.Duration() > MostAhead ? ahead : TimeSpan.Zero;
        if (host.Ahead != TimeSpan.Zero && was == TimeSpan.Zero)
        {
            var seconds = ahead.Duration().TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
            note(
                $"The clock of host {host.Is.Name} is {seconds} s {(ahead > TimeSpan.Zero ? "ahead of" : "behind")} "
                    + "this machine's. Its lines show its own time, and stand where they belong by this machine's."
            );
        }
    }

    /// <summary>One that follows and has said nothing for a while keeps the others from being shown no
    /// longer.</summary>
    private void LeaveSilent()
    {
        var now = time.GetUtcNow();
        foreach (var host in _hosts)
        {
            if (follows && host.HeardAt is { } heard && host.Problem is null && now - heard > Patience)
            {
                _merge.Leave(host.Is.Id);
                Say(host, "it has said nothing since");
            }
        }
    }

    private void Say(Host host, string problem)
    {
        if (host.Problem is null)
        {
            var since = host.HeardAt is { } heard ? HostLook.Since(heard, time.GetLocalNow()) : "";
            note(
                $"Host {host.Is.Name} does not answer{since}: {problem}. "
                    + (follows ? "What it has to say comes when it does." : "What it has to say is missing here.")
            );
        }

        host.Problem = problem;
    }

    private async Task ReadAsync(Host host, ChannelWriter<News> news, CancellationToken cancellationToken)
    {
        while (true)
        {
            var reached = await hosts.ReachAsync(host.Is, cancellationToken);
            try
            {
                await RunAsync(host, reached, news, cancellationToken);
                host.HasEnded = true;
                news.TryWrite(new News(host, time.GetUtcNow(), null, null));
                return;
            }
            catch (LabException error)
            {
                var problem = HostLook.ProblemOf(host.Is, error.Message);
                news.TryWrite(new News(host, time.GetUtcNow(), null, problem));
                if (error is HostLostException)
                {
                    hosts.Drop(reached);
                }
            }

            if (!follows)
            {
                return;
            }

            await probes.PauseAsync(BetweenTries, cancellationToken);
        }
    }

    private async Task RunAsync(
        Host host,
        ReachedHost reached,
        ChannelWriter<News> news,
        CancellationToken cancellationToken
    )
    {
        if (reached.Machine is not { } machine)
        {
            throw reached.Problem ?? new LabException(ExitCode.NotHealthy, "it cannot be reached");
        }

        // What it had sent before it was lost does not come again.
        var first = host.Until ?? since;
        string[] options =
        [
            .. follows ? (string[])["--follow"] : [],
            .. first is { } moment
                ? (string[])["--since", moment.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)]
                : [],
        ];
        var lines = new Lines(line =>
        {
            if (PartLine.FromJson(line) is { } part)
            {
                news.TryWrite(new News(host, time.GetUtcNow(), part, null));
            }
        });
        host.StartedAt = time.GetUtcNow();
        var result = await machine.Programs.RunAsync(
            new CommandSpec(reached.Program, [.. commands[host.Is.Id]!, .. options, "--lab", host.Is.Root!])
            {
                Timeout = Timeout.InfiniteTimeSpan,
            },
            (bytes, _) =>
            {
                lines.Add(bytes.Span);
                return ValueTask.CompletedTask;
            },
            cancellationToken
        );
        if (result.ExitCode != 0)
        {
            throw new LabException(
                ExitCode.Failed,
                result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries) is [.., var last]
                    ? last
                    : $"pgpoollab there ended with exit code {result.ExitCode}"
            );
        }
    }

    /// <summary>What has come from a host.</summary>
    /// <param name="Host">The host.</param>
    /// <param name="At">When it came.</param>
    /// <param name="Line">What came; null when nothing more comes, for now or for good.</param>
    /// <param name="Problem">Why not; null when it has sent everything.</param>
    private readonly record struct News(Host Host, DateTimeOffset At, PartLine? Line, string? Problem);

    private sealed class Host(LabHost host)
    {
        internal LabHost Is => host;

        internal DateTimeOffset? HeardAt { get; set; }

        /// <summary>When its program was started, by this machine's clock.</summary>
        internal DateTimeOffset StartedAt { get; set; }

        internal string? Problem { get; set; }

        internal bool HasEnded { get; set; }

        /// <summary>How far it has come, by its own clock.</summary>
        internal DateTimeOffset? Until { get; set; }

        /// <summary>By how much its clock is ahead; zero when that is next to nothing.</summary>
        internal TimeSpan Ahead { get; set; }
    }

    /// <summary>Cuts bytes into lines.</summary>
    private sealed class Lines(Action<string> take)
    {
        private readonly List<byte> _rest = [];

        internal void Add(ReadOnlySpan<byte> bytes)
        {
            while (bytes.IndexOf((byte)'\n') is >= 0 and var end)
            {
                _rest.AddRange(bytes[..end]);
                take(Encoding.UTF8.GetString(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_rest)));
                _rest.Clear();
                bytes = bytes[(end + 1)..];
            }

            _rest.AddRange(bytes);
        }
    }
}
