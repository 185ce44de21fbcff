using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Tests.Reports;

/// <summary>Runs as real ones look: clients that write at a steady rate but for one gap, the same each time.</summary>
internal sealed record MadeUpRun
{
    public int Number { get; init; } = 1;
    public double From { get; init; } = -3;
    public double To { get; init; } = 9;
    public string Verdict { get; init; } = Verdicts.NothingLost;
    public string Sentence { get; init; } = "";
    public IReadOnlyList<StepDone> Steps { get; init; } = [new("kill", "primary", "node 0", 0, 0.004, null, "fault")];

    /// <summary>When no row was acknowledged; an end beyond the run's is never.</summary>
    public (double From, double To)? Gap { get; init; } = (0, 3.9);

    public int Clients { get; init; } = 4;
    public int Rate { get; init; } = 400;
    public double NoiseFloor { get; init; } = 0.02;
    public RpoFacts Rpo { get; init; } = new(0, 0, null, null, []);
    public LedgerFacts? Ledger { get; init; }
    public IReadOnlyList<ErrorSeen> Errors { get; init; } =
    [
        new("unknown", null, "Exception while reading from stream: Connection reset by peer", 4, 0.01, 4),
        new("not-sent", "57P03", "the database system is starting up", 4, 0.3, 4),
    ];
    public IReadOnlyList<PrimariesSeen> Primaries { get; init; } =
    [new(-3, 0.01, [0]), new(0.01, 2.2, []), new(2.2, 9, [1])];
    public IReadOnlyList<NodeBand> Nodes { get; init; } =
    [new(0, -3, 0.01, "primary"), new(0, 0.01, 9, "down"), new(1, -3, 2.2, "standby"), new(1, 2.2, 9, "primary")];
    public IReadOnlyList<EventSeen> Events { get; init; } =
    [
        new(0.02, "server-died", 0, "node0", "node 0 died"),
        new(1.1, "failover-begins", 0, "pgpool", "Pgpool-II gives up node 0"),
        new(1.2, "script-begins", 0, "pgpool", "failover.sh begins"),
        new(1.3, "promotion-begins", 1, "node1", "node 1 is being promoted"),
        new(2.2, "promotion-ends", 1, "node1", "node 1 is a primary, on timeline 2"),
        new(2.4, "script-ends", 0, "pgpool", "failover.sh is done"),
        new(2.6, "primary", 1, "pgpool", "Pgpool-II takes node 1 for the primary"),
        new(2.7, "failover-ends", 0, "pgpool", "the failover of node 0 is done"),
    ];
    public IReadOnlyList<WhyPart> Why { get; init; } =
    [
        new("until Pgpool-II noticed", 0, 1.1),
        new("until failover.sh ran", 1.1, 1.3),
        new("promotion", 1.3, 2.2),
        new("until Pgpool-II knew the primary", 2.2, 2.7),
        new("until a client was connected again", 2.7, 3.9),
    ];
    public IReadOnlyList<ExpectationSeen> Expectations { get; init; } =
    [new("rto < 10s", "3.9 s", true), new("lost: 0", "0", true), new("primaries: 1", "1", true)];
    public bool Noisy { get; init; }
    public IReadOnlyList<string> NotJudged { get; init; } = [];

    public DrillRun Run()
    {
        var never = Gap is { } open && open.To >= To;
        var ledger = Ledger ?? new(4012, 3980, 0, 24, 4, 0, 0, 0, 0, 13, 398);
        return new(
            Number,
            From,
            To,
            Verdict,
            Sentence,
            Steps,
            new(
                Gap is { } gap && !never ? gap.To - gap.From : null,
                Gap?.From,
                never ? null : Gap?.To,
                never || Gap is null ? null : Around(Gap.Value.To - Gap.Value.From),
                NoiseFloor,
                never
            ),
            Rpo,
            ledger,
            Errors,
            Primaries,
            Primaries.Where(p => p.Nodes.Count > 1).Sum(p => p.To - p.From),
            Primaries.Where(p => p.Nodes.Count == 0).Sum(p => p.To - p.From),
            Nodes,
            [.. Enumerable.Range(0, Clients).Select(Lane)],
            Events,
            Why,
            Series(),
            Expectations,
            Noisy,
            NotJudged
        );
    }

    private static Percentiles Around(double gap) => new(gap, gap + 0.1, gap + 0.2, gap + 0.2);

    private ClientLane Lane(int client)
    {
        if (Gap is not { } gap)
        {
            return new(client, [], []);
        }

        var (from, to) = (gap.From + (client * 0.01), Math.Min(To, gap.To + (client * 0.05)));
        ClientError[] errors =
        [
            .. Errors
                .SelectMany((e, i) => Enumerable.Range(0, Math.Max(1, e.Count / Clients)).Select(n => (e, i, n)))
                .Select(e => new ClientError(e.e.First + (client * 0.02) + (e.n * 0.7), e.e.Outcome, e.e.Text)),
        ];
        return new(client, [new(from, to)], errors);
    }

    // Neither flat nor random.
    private WriteSeries Series()
    {
        const double step = 0.1;
        var count = (int)Math.Ceiling((To - From) / step);
        var moments = Enumerable.Range(0, count).Select(i => From + (i * step)).ToArray();
        bool InGap(double at) => Gap is { } gap && at + (step / 2) > gap.From && at + (step / 2) < gap.To;
        int[] rows = [.. moments.Select((at, i) => InGap(at) ? 0 : (int)(Rate * step) - (i * 7 % 5) + (i * 3 % 4))];
        double?[] latency =
        [
            .. moments.Select(
                (at, i) =>
                    InGap(at) ? (double?)null
                    : Gap is { } gap && at > gap.To && at < gap.To + 0.3 ? (gap.To - gap.From) * 1000
                    : 6 + (i * 5 % 7)
            ),
        ];
        return new(step, rows, latency);
    }
}
