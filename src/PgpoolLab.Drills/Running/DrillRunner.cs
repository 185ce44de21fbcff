using System.Globalization;
using Npgsql;
using PgpoolLab.Drills.Files;
using PgpoolLab.Drills.Ledger;
using PgpoolLab.Drills.Load;
using PgpoolLab.Drills.Measuring;
using PgpoolLab.Drills.Results;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Drills.Running;

/// <summary>One run of a drill on a lab that is there: the load begins, the steps are done, and when it is over every
/// node is read and judged.</summary>
/// <param name="host">Where the lab is.</param>
/// <param name="lab">The lab.</param>
/// <param name="probes">Waits.</param>
/// <param name="time">The clock.</param>
/// <param name="command">Runs commands of this program on the lab.</param>
/// <param name="say">Is told what happens.</param>
public sealed class DrillRunner(
    IHost host,
    Lab lab,
    ProbeRunner probes,
    TimeProvider time,
    StepCommand command,
    Action<RunReply> say
)
{
    /// <summary>How long the load may take to become steady.</summary>
    private static readonly TimeSpan MayBegin = TimeSpan.FromSeconds(60);

    /// <summary>How long an event may be waited for.</summary>
    private static readonly TimeSpan MayHappen = TimeSpan.FromSeconds(120);

    /// <summary>How long a node may take to come back when it is to be read, and its rows to be read.</summary>
    private static readonly TimeSpan MayAnswer = TimeSpan.FromSeconds(10);

    /// <summary>How long logs are waited for that a busy machine writes late.</summary>
    private static readonly TimeSpan MayRead = TimeSpan.FromSeconds(5);

    private const string LongestFault = "10m";

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private readonly List<(StepSpec Spec, string? Was, long At, long Took, string? Failed)> _done = [];
    private readonly HashSet<string> _paused = [];
    private readonly DiskSteps _disks = new(lab, probes, time);
    private bool _linksTouched;

    /// <summary>Does it.</summary>
    /// <exception cref="LabException">It could not even begin.</exception>
    public async Task<DrillRun> RunAsync(RunRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (lab.Mode is not ClusteringMode.StreamingReplication)
        {
            throw new LabException(
                ExitCode.Usage,
                $"A drill asks which node takes writes; in {lab.Mode.Title()} mode all do. It needs a lab of mode s."
            );
        }

        await using var target = LoadTarget.Of(lab, ClientAddresses.Of(lab), request.Load.Timeout);
        await using var load = new LoadRunner(request.Load, target, probes, time);
        await using var watch = new NodeWatch(lab, probes, time);
        await using var events = new EventsReader(host, lab, probes, time);
        await PrepareAsync(target, load.Preparation, cancellationToken);
        watch.Start();
        events.Start();
        load.Start();
        await UntilSteadyAtFirstAsync(load, watch, cancellationToken);
        var steady = time.GetTimestamp();
        say(new RunReply { Steady = true });
        bool cameBack;
        try
        {
            var complete = await DoStepsAsync(request, load, watch, events, steady, cancellationToken);
            cameBack = await UntilOverAsync(request.Until, load, complete, cancellationToken);
        }
        finally
        {
            await UndoAsync();
        }

        var end = time.GetTimestamp();
        await load.StopAsync();
        var zero = _done.Where(d => d.Spec.Kind == StepVerb.Fault).Select(d => d.At).DefaultIfEmpty(steady).First();
        var clock = new RunClock(steady, zero, end, time.TimestampFrequency);
        say(new RunReply { Said = "reading what every node has" });
        // One that is down has nothing to say: nobody can write to it.
        var down = watch.Now(NodeState.Down);
        var rows = await Task.WhenAll(
            lab.Nodes.Where(n => !down.Contains(n.Id)).Select(n => ReadAsync(n, cancellationToken))
        );
        await UntilAsync(() => events.HasReadUntil(end), MayRead, cancellationToken);
        var run = await JudgeAsync(request, load, watch, events, clock, cameBack, rows, cancellationToken);
        if (request.CleansUp)
        {
            await TryCleanUpAsync(target, cancellationToken);
        }

        return run;
    }

    /// <summary>Removes the drill's tables; where writes did not come back they stay.</summary>
    private static async Task TryCleanUpAsync(LoadTarget target, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(MayAnswer);
        for (var pgpool = 0; pgpool < target.Count; pgpool++)
        {
            try
            {
                await using var connection = await target.OpenAsync(pgpool, limit.Token);
                await using var sql = new NpgsqlCommand(Statements.Removal, connection);
                await sql.ExecuteNonQueryAsync(limit.Token);
                return;
            }
            catch (Exception error)
                when (error is NpgsqlException or IOException or TimeoutException or OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    private async Task<DrillRun> JudgeAsync(
        RunRequest request,
        LoadRunner load,
        NodeWatch watch,
        EventsReader events,
        RunClock clock,
        bool cameBack,
        NodeRows[] rows,
        CancellationToken cancellationToken
    )
    {
        var ledgers = load.Ledgers;
        var audit = LedgerAudit.Judge(ledgers, rows, clock.Seconds);
        var rto = Measures.Rto(ledgers, clock, cameBack);
        var primaries = PrimaryTimes.Of(watch.Histories, clock);
        var two = PrimaryTimes.Total(primaries, n => n > 1);
        var happened = events.Of(clock);
        StepDone[] steps =
        [
            .. _done.Select(d => new StepDone(
                d.Spec.Verb,
                string.Join(' ', d.Spec.Words.Concat(d.Spec.Options)),
                d.Was,
                clock.Seconds(d.At),
                clock.Between(0, d.Took),
                d.Failed,
                d.Spec.Kind
            )),
        ];
        var end = clock.Seconds(clock.End);
        return new DrillRun(
            request.Number,
            clock.Seconds(clock.Steady),
            end,
            Verdict.Word(rto, audit.Rpo, two),
            Verdict.Sentence(steps, rto, audit.Rpo, audit.Ledger, two, audit.Rightful is not null, end),
            steps,
            rto,
            audit.Rpo,
            audit.Ledger,
            Measures.Errors(ledgers, clock),
            primaries,
            two,
            PrimaryTimes.Total(primaries, n => n == 0),
            PrimaryTimes.Bands(watch.Histories, clock),
            Measures.Lanes(ledgers, clock),
            happened,
            WhySoLong.Of(rto, happened, end),
            Measures.Series(ledgers, clock),
            [],
            Verdict.IsNoisy(rto),
            audit.NotJudged
        )
        {
            Checks = audit.Rightful is { } rightful
                ? await ChecksAsync(request.Load.Kind, rightful, load, cancellationToken)
                : [],
        };
    }

    /// <summary>The rules of a load that has some.</summary>
    private async Task<IReadOnlyList<CheckSeen>> ChecksAsync(
        string kind,
        int rightful,
        LoadRunner load,
        CancellationToken cancellationToken
    )
    {
        var node = lab.Nodes[rightful];
        switch (kind)
        {
            case LoadSpec.Bank:
                const int whole = Statements.Accounts * Statements.Opening;
                var sum = (await AskAsync(node, Statements.Sum, cancellationToken))[0][0];
                return
                [
                    new CheckSeen(
                        "no money is made or lost",
                        $"{sum} of {whole}",
                        sum == whole.ToString(CultureInfo.InvariantCulture)
                    ),
                ];
            case LoadSpec.Append:
                var lists = await AskAsync(node, Statements.Lists, cancellationToken);
                return ListAudit.Judge(
                    load.Lists,
                    lists.ToDictionary(l => int.Parse(l[0]!, CultureInfo.InvariantCulture), l => l[1]!),
                    load.Ledgers
                );
            default:
                return [];
        }
    }

    private static async Task PrepareAsync(
        LoadTarget target,
        IReadOnlyList<string> statements,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await using var connection = await target.OpenAsync(0, cancellationToken);
            foreach (var statement in statements)
            {
                await using var sql = new NpgsqlCommand(statement, connection);
                await sql.ExecuteNonQueryAsync(cancellationToken);
            }
        }
        catch (Exception error) when (error is NpgsqlException or IOException or TimeoutException)
        {
            throw new LabException(
                ExitCode.NotHealthy,
                $"The drill could not make its tables through Pgpool-II: {error.Message}",
                error
            )
            {
                Hints = ["See how the lab is:  pgpoollab status"],
            };
        }
    }

    private async Task UntilSteadyAtFirstAsync(LoadRunner load, NodeWatch watch, CancellationToken cancellationToken)
    {
        if (await UntilAsync(() => load.AllWrite && watch.KnowsAll, MayBegin, cancellationToken))
        {
            return;
        }

        var words = load
            .Ledgers.SelectMany(l => l.Problems)
            .GroupBy(p => p.Text)
            .OrderByDescending(g => g.Count())
            .Select(g => $"{g.Count()} × {g.Key}")
            .Take(3);
        throw new LabException(
            ExitCode.NotHealthy,
            $"Not every client could write within {MayBegin.TotalSeconds:0} s, before anything was broken."
        )
        {
            Details = [.. words],
            Hints = ["Fewer clients may do:  --clients 4"],
        };
    }

    /// <returns>False when a step could not be done: those after it are left out.</returns>
    private async Task<bool> DoStepsAsync(
        RunRequest request,
        LoadRunner load,
        NodeWatch watch,
        EventsReader events,
        long steady,
        CancellationToken cancellationToken
    )
    {
        var before = steady;
        foreach (var step in request.Steps)
        {
            if (step.When is { } name)
            {
                var since = before;
                var came = await UntilAsync(
                    () =>
                        name switch
                        {
                            DrillEvents.NewPrimary => HasNewPrimary(watch, since),
                            DrillEvents.WritesStop => load.NobodyWrites,
                            DrillEvents.WritesSteady => load.AllWrite,
                            _ => events.Has(name, since),
                        },
                    MayHappen,
                    cancellationToken
                );
                if (!came)
                {
                    Note(
                        step,
                        null,
                        time.GetTimestamp(),
                        0,
                        $"'{name}' did not happen within {MayHappen.TotalSeconds:0} s"
                    );
                    return false;
                }
            }

            await PauseUntilAsync(
                step.At is { } at ? steady + Ticks(at) : time.GetTimestamp() + Ticks(step.After),
                cancellationToken
            );
            for (var i = 0; i < step.Times; i++)
            {
                var began = time.GetTimestamp();
                if (!await DoAsync(step, watch, steady, cancellationToken))
                {
                    return false;
                }

                if (i + 1 < step.Times)
                {
                    await PauseUntilAsync(began + Ticks(step.Every), cancellationToken);
                }
            }

            before = _done[^1].At;
        }

        return true;
    }

    /// <summary>A node that was none when the step before began takes writes.</summary>
    private static bool HasNewPrimary(NodeWatch watch, long since) =>
        watch.Histories.Any(h =>
            h.Samples.Count > 1 && h.Samples[^1] is { State: NodeState.Primary } last && last.At >= since
        );

    private async Task<bool> DoAsync(StepSpec step, NodeWatch watch, long steady, CancellationToken cancellationToken)
    {
        var (words, was) = Roles.Resolve(step, watch);
        var at = time.GetTimestamp();
        var what = string.Join(' ', step.Words.Prepend(step.Verb).Concat(step.Options));
        var since = (at - steady) / (double)time.TimestampFrequency;
        say(
            new RunReply
            {
                Said = string.Create(
                    CultureInfo.InvariantCulture,
                    $"{since, 6:0.00} s  {what}{(was is null ? "" : $" ({was})")}"
                ),
            }
        );
        // Noted before it is done: whatever happens now, it may have been.
        _linksTouched |= StepVerb.Find(step.Verb)!.IsOnLinks;
        if (step.Verb == "pause")
        {
            // By number: when all standbys are frozen, nobody says that he is one.
            _paused.UnionWith(
                words[0] == "standby"
                    ? watch.Now(NodeState.Standby).Select(n => n.ToString(CultureInfo.InvariantCulture))
                    : [words[0]]
            );
        }

        say(new RunReply { Undo = [.. Undo] });

        var end = StepVerb.Find(step.Verb)!.IsOnDisks
            ? await _disks.DoAsync(step.Verb, words[0], cancellationToken)
            : await command(CommandLineOf(step, words), cancellationToken);
        // What was done is done, also when its outcome did not come in the verb's time.
        var failed = end.Code is (int)ExitCode.Done or (int)ExitCode.NotHealthy ? null : end.Message;
        Note(step, was, at, time.GetTimestamp() - at, failed);
        return failed is null;
    }

    private static string[] CommandLineOf(StepSpec step, IReadOnlyList<string> words) =>
        step.Verb switch
        {
            "exec" => [step.Verb, .. step.Options, "--", .. words],
            // Should nobody be left to heal it, it heals by itself; a reset is over at once.
            "cut" or "slow" when !step.Options.Contains("reset") =>
            [
                step.Verb,
                .. words,
                .. step.Options,
                "--for",
                LongestFault,
            ],
            "heal" when words is ["all"] => [step.Verb],
            "wait" => [step.Verb, "--for", string.Join(' ', words), .. step.Options],
            _ => [step.Verb, .. words, .. step.Options],
        };

    private void Note(StepSpec step, string? was, long at, long took, string? failed) =>
        _done.Add((step, was, at, took, failed));

    private async Task<bool> UntilOverAsync(
        UntilSpec until,
        LoadRunner load,
        bool complete,
        CancellationToken cancellationToken
    )
    {
        var began = time.GetTimestamp();
        long? since = null;
        var limit = complete ? until.AtMost : Math.Min(until.AtMost, until.WritesSteady + 1);
        while (time.GetElapsedTime(began).TotalSeconds < limit)
        {
            since = load.AllWrite ? since ?? time.GetTimestamp() : null;
            if (since is { } from && time.GetElapsedTime(from).TotalSeconds >= until.WritesSteady)
            {
                return true;
            }

            await probes.PauseAsync(Look, cancellationToken);
        }

        return load.AllWrite;
    }

    private IEnumerable<string> Undo =>
        ((string[])(_linksTouched ? ["heal"] : [])).Concat(_paused.Select(target => $"resume {target}"));

    /// <summary>Takes back what would keep the lab from being read: nothing stays frozen, and no link cut.</summary>
    private async Task UndoAsync()
    {
        foreach (var words in Undo)
        {
            await command(words.Split(' '), CancellationToken.None);
        }
    }

    private async Task<NodeRows> ReadAsync(PostgresNode node, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(MayAnswer);
        try
        {
            var isPrimary = (await AskAsync(node, "SELECT pg_is_in_recovery()::text", limit.Token))[0][0] == "false";
            var rows = await AskAsync(node, Statements.Rows, limit.Token);
            return new NodeRows(
                node.Id,
                isPrimary,
                [
                    .. rows.Select(r => new RowId(
                        int.Parse(r[0]!, CultureInfo.InvariantCulture),
                        int.Parse(r[1]!, CultureInfo.InvariantCulture),
                        int.Parse(r[2]!, CultureInfo.InvariantCulture)
                    )),
                ],
                null
            );
        }
        catch (Exception error)
            when (error is NpgsqlException or IOException or TimeoutException
                || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            )
        {
            return new NodeRows(
                node.Id,
                false,
                null,
                error is OperationCanceledException ? "it does not answer" : error.Message
            );
        }
    }

    private async Task<IReadOnlyList<string?[]>> AskAsync(
        PostgresNode node,
        string sql,
        CancellationToken cancellationToken
    )
    {
        await using var client = await PostgresClient.ConnectAsync(lab, node.Port, Lab.Database, cancellationToken);
        return await client.RowsAsync(sql, cancellationToken);
    }

    private long Ticks(double seconds) => (long)(seconds * time.TimestampFrequency);

    private async Task PauseUntilAsync(long ticks, CancellationToken cancellationToken)
    {
        if (time.GetElapsedTime(time.GetTimestamp(), ticks) is { Ticks: > 0 } left)
        {
            await probes.PauseAsync(left, cancellationToken);
        }
    }

    private async Task<bool> UntilAsync(Func<bool> holds, TimeSpan limit, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (!holds())
        {
            if (time.GetElapsedTime(began) >= limit)
            {
                return false;
            }

            await probes.PauseAsync(Look, cancellationToken);
        }

        return true;
    }
}
