using System.Text.Json;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Remote;
using PgpoolLab.Model;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>A lab's hosts, asked how they are as often as one likes: all at once, one question each. One that says
/// nothing costs its time limit once; after that nobody waits for it, and it is connected to again beside the
/// others.</summary>
/// <param name="lab">The whole lab.</param>
/// <param name="connect">Connects to a host. It does not throw for one that cannot be reached; it has a limit of its
/// own.</param>
/// <param name="time">The clock.</param>
/// <param name="known">Since when hosts do not answer, as was known before, by number.</param>
public sealed class HostLooks(
    Lab lab,
    Func<LabHost, CancellationToken, Task<ReachedHost>> connect,
    TimeProvider time,
    IReadOnlyDictionary<int, DateTimeOffset>? known = null
)
{
    /// <summary>For how long a machine may say nothing. Its servers may take their time; it says that it is
    /// there.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>For how long one that is there may take to say how its servers are.</summary>
    private static readonly TimeSpan MostForLooking = TimeSpan.FromMinutes(1);

    private readonly Line[] _lines =
    [
        .. lab.Hosts.Select(h => new Line(h)
        {
            SilentSince = known?.TryGetValue(h.Id, out var since) is true ? since : null,
        }),
    ];

    /// <summary>Since when hosts do not answer, by number.</summary>
    public IReadOnlyDictionary<int, DateTimeOffset> Silences =>
        _lines.Where(l => l.SilentSince is not null).ToDictionary(l => l.Host.Id, l => l.SilentSince!.Value);

    /// <summary>The lab.</summary>
    public Lab Lab => lab;

    /// <summary>Asks all of them.</summary>
    /// <param name="withDetails">True to ask for what <c>status</c> explains by, too.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What became of it, by the host's number.</returns>
    public async Task<IReadOnlyList<HostLook>> LookAsync(bool withDetails, CancellationToken cancellationToken)
    {
        var pace = new Pace(time);
        return await Task.WhenAll(_lines.Select(l => LookAsync(l, pace, withDetails, cancellationToken)));
    }

    /// <summary>How all nodes are.</summary>
    public async Task<NodesReport> NodesAsync(CancellationToken cancellationToken) =>
        SpreadNodes.Merge(lab, await LookAsync(withDetails: false, cancellationToken));

    /// <summary>Connects to a host if that is needed.</summary>
    /// <returns>It, or one with the reason why not.</returns>
    public async Task<ReachedHost> ReachAsync(LabHost host, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        var line = _lines[host.Id];
        try
        {
            return await ReachAsync(line, null, waits: true, cancellationToken);
        }
        catch (LabException error)
        {
            return new ReachedHost(host, null, "", error);
        }
    }

    /// <summary>A connection is of no use any more.</summary>
    public void Drop(ReachedHost reached)
    {
        ArgumentNullException.ThrowIfNull(reached);
        var line = _lines[reached.Host.Id];
        lock (line)
        {
            line.Reached = ReferenceEquals(line.Reached, reached) ? null : line.Reached;
        }
    }

    private async Task<HostLook> LookAsync(Line line, Pace pace, bool withDetails, CancellationToken cancellationToken)
    {
        var askedAt = time.GetLocalNow();
        string problem;
        try
        {
            var part = PartLook.FromJson(await AskAsync(line, pace, withDetails, cancellationToken));
            (line.SilentSince, line.Problem, line.WasAsked) = (null, null, true);
            return new HostLook(line.Host, askedAt, part, null);
        }
        catch (JsonException error)
        {
            problem = $"its answer is not understood: {error.Message}";
        }
        catch (LabException error)
        {
            problem = HostLook.ProblemOf(line.Host, error.Message);
        }

        line.SilentSince ??= askedAt;
        (line.Problem, line.WasAsked) = (problem, true);
        return new HostLook(line.Host, askedAt, null, problem) { SilentSince = line.SilentSince };
    }

    private async Task<string> AskAsync(Line line, Pace pace, bool withDetails, CancellationToken cancellationToken)
    {
        if (line.Pending is { } pending)
        {
            if (!pending.IsCompleted)
            {
                throw Silent(line);
            }

            // What it says now was asked long ago.
            line.Pending = null;
            if (pending.Exception?.InnerException is HostLostException && line.Reached is { } lost)
            {
                Drop(lost);
            }
        }

        var waits = !line.WasAsked || line.SilentSince is null;
        var reached = await ReachAsync(line, pace, waits, cancellationToken);
        pace.Reached();
        string[] details = withDetails ? ["--details"] : [];
        try
        {
            var asking = reached.Machine!.Programs.RunAsync(
                new CommandSpec(reached.Program, ["part", "look", .. details, "--lab", line.Host.Root!])
                {
                    Timeout = MostForLooking,
                },
                cancellationToken
            );
            Observe(asking);
            var result = await WhileItIsThereAsync(line, reached.Machine, asking, cancellationToken);
            return result.ExitCode == 0
                ? result.Output
                : throw new LabException(
                    ExitCode.NotHealthy,
                    result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries) is [.., var last]
                        ? last
                        : $"pgpoollab there ended with exit code {result.ExitCode}"
                );
        }
        catch (HostLostException)
        {
            Drop(reached);
            throw;
        }
    }

    /// <summary>Waits for an answer as long as the machine is there.</summary>
    private async Task<CommandResult> WhileItIsThereAsync(
        Line line,
        IHost machine,
        Task<CommandResult> asking,
        CancellationToken cancellationToken
    )
    {
        while (true)
        {
            try
            {
                return await asking.WaitAsync(Patience / 2, time, cancellationToken);
            }
            catch (TimeoutException) when (!asking.IsCompleted)
            {
                // Its servers take their time, or it is gone.
            }

            var there = machine.Users.CurrentAsync(cancellationToken).AsTask();
            Observe(there);
            try
            {
                // Where connecting takes long, so does everything else.
                await there.WaitAsync(line.Took > Patience / 2 ? line.Took : Patience / 2, time, cancellationToken);
            }
            catch (TimeoutException) when (!there.IsCompleted)
            {
                line.Pending = asking;
                throw new LabException(ExitCode.NotHealthy, $"it has said nothing for {Patience.TotalSeconds:0} s");
            }
        }
    }

    private async Task<ReachedHost> ReachAsync(Line line, Pace? pace, bool waits, CancellationToken cancellationToken)
    {
        Task<ReachedHost> connecting;
        lock (line)
        {
            if (line.Reached is { } known)
            {
                return known;
            }

            connecting = line.Connecting ??= connect(line.Host, cancellationToken);
        }

        Observe(connecting);
        if (!waits && !connecting.IsCompleted)
        {
            throw Silent(line);
        }

        if (pace is not null && await pace.ExceededByAsync(connecting, cancellationToken) is { } limit)
        {
            throw new LabException(ExitCode.NotHealthy, $"it has not answered within {limit.TotalSeconds:0} s");
        }

        ReachedHost? reached = null;
        try
        {
            reached = await connecting.WaitAsync(cancellationToken);
            line.Took = pace?.Elapsed ?? line.Took;
        }
        finally
        {
            lock (line)
            {
                if (connecting.IsCompleted && line.Connecting == connecting)
                {
                    line.Connecting = null;
                    line.Reached = reached?.Machine is null ? null : reached;
                }
            }
        }

        return reached.Machine is null ? throw reached.Problem ?? Silent(line) : reached;
    }

    private static LabException Silent(Line line) =>
        new(ExitCode.NotHealthy, line.Problem ?? "it has said nothing yet");

    /// <summary>Nobody may be left to hear that it failed.</summary>
    private static void Observe(Task task) =>
        _ = task.ContinueWith(
            static t => _ = t.Exception,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted,
            TaskScheduler.Default
        );

    /// <summary>How long a look waits for connections. The first one shows how fast this machine and the network are:
    /// the others get <see cref="Patience"/>, or twice as long as that has taken. When none comes, each has the limit
    /// of ssh's configuration.</summary>
    private sealed class Pace(TimeProvider time)
    {
        private readonly long _began = time.GetTimestamp();
        private readonly TaskCompletionSource<TimeSpan> _first = new(
            TaskCreationOptions.RunContinuationsAsynchronously
        );

        internal TimeSpan Elapsed => time.GetElapsedTime(_began);

        internal void Reached() => _first.TrySetResult(Elapsed);

        /// <summary>Waits for a connection.</summary>
        /// <returns>The limit, when it has not come in time; null when it has, or has failed.</returns>
        internal async Task<TimeSpan?> ExceededByAsync(Task connecting, CancellationToken cancellationToken)
        {
            await Task.WhenAny(connecting, _first.Task).WaitAsync(cancellationToken);
            if (connecting.IsCompleted)
            {
                return null;
            }

            var twice = 2 * await _first.Task;
            var limit = twice > Patience ? twice : Patience;
            try
            {
                if (limit - Elapsed is { Ticks: > 0 } rest)
                {
                    await Task.WhenAny(connecting).WaitAsync(rest, time, cancellationToken);
                }
            }
            catch (TimeoutException)
            {
                // It may have come at this moment.
            }

            return connecting.IsCompleted ? null : limit;
        }
    }

    private sealed class Line(LabHost host)
    {
        internal LabHost Host => host;

        /// <summary>How long it took to connect to it.</summary>
        internal TimeSpan Took { get; set; }

        internal Task<ReachedHost>? Connecting { get; set; }

        internal ReachedHost? Reached { get; set; }

        /// <summary>A question that it has not answered.</summary>
        internal Task<CommandResult>? Pending { get; set; }

        internal bool WasAsked { get; set; }

        internal DateTimeOffset? SilentSince { get; set; }

        internal string? Problem { get; set; }
    }
}
