using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Tests.Reports;

/// <summary>Results of drills as they have been seen, and as nobody wishes to see them.</summary>
internal static class MadeUp
{
    private static readonly Dictionary<string, string> NoSettings = [];

    /// <summary>The results of a page, by the name of its snapshot.</summary>
    internal static readonly Dictionary<string, Func<IReadOnlyList<DrillResult>>> Pages = new()
    {
        ["primary-dies"] = () => [PrimaryDies()],
        ["repeated"] = () => [Repeated()],
        ["rows-lost"] = () => [RowsLost()],
        ["never-back"] = () => [NeverBack()],
        ["two-primaries"] = () => [TwoPrimaries()],
        ["sync-of-two"] = () => [SyncOfTwo()],
        ["nothing-happens"] = () => [NothingHappens()],
        ["matrix"] = () => [Matrix()],
        ["noisy"] = () => [Noisy()],
        ["not-judged"] = () => [NotJudged()],
        ["hostile"] = () => [Hostile()],
        ["flapping"] = () => [Flapping()],
        ["no-runs"] = () => [Result("lab-fails", "The lab cannot be made", [])],
        ["all"] = All,
    };

    internal static DrillResult PrimaryDies() => Result("primary-dies", "The primary dies under load", [Dies().Run()]);

    internal static DrillResult Repeated()
    {
        double[] gaps = [2.6, 3.1, 2.4, 3.9, 2.7];
        return Result(
            "primary-dies",
            "The primary dies under load",
            [.. gaps.Select((gap, i) => (Dies() with { Number = i + 1, Gap = (0, gap) }).Run())]
        );
    }

    internal static DrillResult RowsLost() =>
        Result(
            "cut-then-die",
            "The standby is cut off, then the primary dies",
            [
                (
                    Dies() with
                    {
                        From = -8,
                        To = 12,
                        Verdict = Verdicts.Lost,
                        Sentence =
                            "The standby's link stalled, and 5 s later node 0 was killed. For 2.6 s nothing could be "
                            + "written; 881 of 2,210 acknowledged rows, 5.2 s of writing, were lost.",
                        Steps =
                        [
                            new("cut", "node 1 -> node 0, how: stall", null, 0, 0.002, null, "fault"),
                            new("kill", "primary", "node 0", 5.2, 0.004, null, "fault"),
                        ],
                        Gap = (5.26, 7.86),
                        Rpo = new(
                            881,
                            5.15,
                            0.11,
                            5.26,
                            ["client 2, row 417, acknowledged at 0.11 s", "client 0, row 421, acknowledged at 0.12 s"]
                        ),
                        Ledger = new(2240, 2210, 0, 22, 8, 0, 0, 0, 0, 0, 221),
                        Primaries = [new(-8, 5.2, [0]), new(5.2, 7.1, []), new(7.1, 12, [1])],
                        Nodes =
                        [
                            new(0, -8, 5.2, "primary"),
                            new(0, 5.2, 12, "down"),
                            new(1, -8, 7.1, "standby"),
                            new(1, 7.1, 12, "primary"),
                        ],
                        Events = Later(Dies().Events, 5.2),
                        Why = [.. Dies().Why.Take(3).Select(w => new WhyPart(w.What, w.From + 5.2, w.To + 5.2))],
                        Expectations =
                        [
                            new("lost > 0", "881", true),
                            new("lost-seconds < 6s", "5.2 s", true),
                            new("rto < 2s", "2.6 s", false),
                        ],
                        Errors =
                        [
                            new("unknown", null, "Connection reset by peer", 8, 5.22, 4),
                            new("not-sent", "08006", "failed to connect to backend", 22, 5.4, 4),
                        ],
                    }
                ).Run(),
            ]
        );

    internal static DrillResult NeverBack() =>
        Result(
            "hang-of-the-receiver",
            "The standby's WAL receiver hangs, then the primary dies",
            [
                (
                    Dies() with
                    {
                        To = 24,
                        Gap = (0, 99),
                        Verdict = Verdicts.NeverBack,
                        Sentence =
                            "The WAL receiver of node 1 was stopped, and 4 s later node 0 was killed. Writes did not "
                            + "come back in 24 s: no node was a primary.",
                        Steps =
                        [
                            new("pause", "walreceiver of node 1", null, -2, 0.001, null, "fault"),
                            new("kill", "primary", "node 0", 0, 0.004, null, "fault"),
                        ],
                        Primaries = [new(-3, 0.01, [0]), new(0.01, 24, [])],
                        Nodes = [new(0, -3, 0.01, "primary"), new(0, 0.01, 24, "down"), new(1, -3, 24, "standby")],
                        Why = [],
                        Events = [.. Dies().Events.Take(4)],
                        Expectations = [new("never-back", "never back in 24 s", true)],
                        Ledger = new(470, 400, 0, 66, 4, 0, 0, 0, 0, 0, 40),
                    }
                ).Run(),
            ]
        );

    internal static DrillResult TwoPrimaries() =>
        Result(
            "primary-hangs",
            "The primary hangs, then comes back",
            [
                (
                    Dies() with
                    {
                        To = 42,
                        Gap = (0.02, 29.7),
                        Verdict = Verdicts.TwoPrimaries,
                        Sentence =
                            "Node 0 hung for 26 s. For 29.7 s nothing could be written, and for 6.9 s two nodes took "
                            + "writes; none of 6,120 acknowledged rows was lost.",
                        Steps =
                        [
                            new("pause", "primary", "node 0", 0, 0.001, null, "fault"),
                            new("resume", "node 0", null, 26, 0.001, null, "heal"),
                            new("attach", "node 0", null, 36, 1.4, "node 0 is not a standby yet", "other"),
                        ],
                        Primaries =
                        [
                            new(-3, 0.05, [0]),
                            new(0.05, 12.1, []),
                            new(12.1, 26, [1]),
                            new(26, 32.9, [0, 1]),
                            new(32.9, 42, [1]),
                        ],
                        Nodes =
                        [
                            new(0, -3, 0.05, "primary"),
                            new(0, 0.05, 26, "hung"),
                            new(0, 26, 32.9, "primary"),
                            new(0, 32.9, 35, "down"),
                            new(0, 35, 42, "standby"),
                            new(1, -3, 12.1, "standby"),
                            new(1, 12.1, 42, "primary"),
                        ],
                        Events =
                        [
                            new(10, "health-check-failed", 0, "pgpool", "the health check of node 0 failed"),
                            new(10.1, "failover-begins", 0, "pgpool", "Pgpool-II gives up node 0"),
                            new(12.1, "promotion-ends", 1, "node1", "node 1 is a primary, on timeline 2"),
                            new(29.6, "primary", 1, "pgpool", "Pgpool-II takes node 1 for the primary"),
                            new(29.7, "failover-ends", 0, "pgpool", "the failover of node 0 is done"),
                            new(30.2, "follow-begins", 0, "pgpool", "follow_primary.sh copies node 1 to node 0"),
                            new(35, "streaming-begins", 0, "node0", "node 0 streams from node 1"),
                        ],
                        Why =
                        [
                            new("until Pgpool-II noticed (health_check_timeout)", 0.02, 10.1),
                            new("promotion", 10.1, 12.1),
                            new("until Pgpool-II knew the primary: it asks the hung node, too", 12.1, 29.6),
                            new("until a client was connected again", 29.6, 29.7),
                        ],
                        Expectations = [new("two-primaries < 1s", "6.9 s", false), new("lost: 0", "0", true)],
                    }
                ).Run(),
            ]
        );

    internal static DrillResult SyncOfTwo() =>
        Result("sync-of-two", "Synchronous replication with two nodes: the primary dies", []) with
        {
            Variants = [Variant([SyncRun()], null, new() { ["postgresql.synchronous_standby_names"] = "*" })],
        };

    internal static DrillResult NothingHappens() =>
        Result(
            "pgpool-dies",
            "Pgpool-II's main process is killed",
            [
                new MadeUpRun
                {
                    Gap = null,
                    Sentence = "Pgpool-II's main process was killed. No client noticed.",
                    Steps = [new("kill", "pgpool", "Pgpool-II", 0, 0.001, null, "fault")],
                    Errors = [],
                    Events = [],
                    Why = [],
                    Expectations = [],
                    Primaries = [new(-3, 9, [0])],
                    Nodes = [new(0, -3, 9, "primary"), new(1, -3, 9, "standby")],
                    Ledger = new(4800, 4800, 0, 0, 0, 0, 0, 0, 0, 0, 480),
                }.Run(),
            ]
        );

    internal static DrillResult Matrix()
    {
        int[] timeouts = [2, 5, 10];
        return Result("primary-hangs", "The primary hangs, then comes back", []) with
        {
            File = "drills/how long may a hang last?.yaml",
            Variants =
            [
                .. timeouts.Select(timeout =>
                    Variant(
                        [
                            .. Enumerable
                                .Range(1, 3)
                                .Select(n =>
                                    (Dies() with { Number = n, To = 16, Gap = (0, timeout + (n * 0.3)) }).Run()
                                ),
                        ],
                        $"pgpool.health_check_timeout={timeout}",
                        new() { ["pgpool.health_check_timeout"] = $"{timeout}" }
                    )
                ),
            ],
        };
    }

    internal static DrillResult Noisy() =>
        Result("primary-dies", "The primary dies under load", [(Dies() with { Noisy = true, NoiseFloor = 1.4 }).Run()]);

    internal static DrillResult NotJudged() =>
        Result(
            "primary-dies",
            "The primary dies under load",
            [(Dies() with { NotJudged = ["node 1 could not be read: Connection refused (127.0.0.1:5433)"] }).Run()]
        );

    /// <summary>Texts that would like to be more than texts.</summary>
    internal static DrillResult Hostile()
    {
        const string script = "<script>alert(1)</script>\"'&amp;]]>\u0000\u0001\u001b[31m\u202Eevil\uFFFE\ud800 -->";
        var @long = new string('m', 3000);
        const string words = "Gefährliche Größenänderung: »Füße« 中文 🐘 é e\u0301";
        return Result(
            script,
            $"{words} {script}",
            [
                (
                    Dies() with
                    {
                        Sentence = $"{script} {words}",
                        Steps =
                        [
                            new("kill", script, words, 0, 0.1, script, "fault"),
                            new(@long, "x", null, 3, 0.1, null, script),
                        ],
                        Nodes = [new(0, -3, 9, script), new(1, -3, 9, words), new(2, -3, 9, @long)],
                        Events = [new(1, script, 0, script, script), new(2, @long, 1, @long, @long)],
                        Errors = [new("unknown", script, script, 4, 0.1, 4), new(script, "57P01", @long, 4, 0.2, 4)],
                        Why = [new(script, 0, 2), new(@long, 2, 3.9)],
                        Expectations = [new(script, script, false), new(@long, words, true)],
                        NotJudged = [script, @long],
                        Rpo = new(3, 1, 1, 2, [script, @long]),
                        Verdict = script,
                    }
                ).Run(),
            ]
        ) with
        {
            File = $"/tmp/{words}/{script}.yaml",
            Text = $"drill: {script}\n{@long}\r\n\t{words}",
            Tool = script,
            Versions = new(script, @long),
        };
    }

    internal static DrillResult Flapping() =>
        Result(
            "flapping",
            "The link flaps, twenty times",
            [
                (
                    Dies() with
                    {
                        To = 60,
                        Clients = 8,
                        Sentence = "The link from Pgpool-II to the primary was refused twenty times for 0.4 s.",
                        Steps =
                        [
                            .. Enumerable
                                .Range(0, 20)
                                .SelectMany(i =>
                                    (StepDone[])
                                        [
                                            new("cut", "pgpool0 -> primary", "node 0", i * 1.4, 0, null, "fault"),
                                            new("heal", "pgpool0 -> primary", null, (i * 1.4) + 0.4, 0, null, "heal"),
                                        ]
                                ),
                        ],
                        Events =
                        [
                            .. Enumerable
                                .Range(0, 60)
                                .Select(i => new EventSeen(
                                    i * 0.7,
                                    i % 2 == 0 ? "failover-begins" : "attach-ends",
                                    0,
                                    "pgpool",
                                    i % 2 == 0 ? "Pgpool-II gives up node 0" : "node 0 is attached"
                                )),
                        ],
                        Primaries =
                        [
                            .. Enumerable
                                .Range(0, 10)
                                .SelectMany(i =>
                                    (PrimariesSeen[])
                                        [new(i * 6, (i * 6) + 2, [0, 1]), new((i * 6) + 2, (i * 6) + 6, [1])]
                                ),
                        ],
                        Nodes = [new(0, -3, 60, "primary"), new(1, -3, 60, "primary"), new(2, -3, 60, "hung")],
                    }
                ).Run(),
            ]
        );

    /// <summary>Twenty drills, as <c>drill --all</c> has them.</summary>
    internal static IReadOnlyList<DrillResult> All()
    {
        DrillResult[] kinds = [PrimaryDies(), RowsLost(), NeverBack(), TwoPrimaries(), SyncOfTwo(), NothingHappens()];
        return
        [
            .. Enumerable.Range(0, 18).Select(i => kinds[i % 6] with { Drill = $"{kinds[i % 6].Drill}-{(i / 6) + 1}" }),
            Matrix(),
            Noisy(),
        ];
    }

    private static MadeUpRun Dies() =>
        new()
        {
            Sentence =
                "Node 0 was killed. For 3.9 s nothing could be written; none of 3,980 acknowledged rows was lost.",
        };

    private static DrillRun SyncRun() =>
        (
            Dies() with
            {
                To = 20,
                Gap = (0, 99),
                Verdict = Verdicts.NeverBack,
                Sentence =
                    "Node 0 was killed. Writes did not come back in 20 s: the new primary waits for a standby that is "
                    + "not there. No acknowledged row was lost; 4 rows were written twice.",
                Primaries = [new(-3, 0.01, [0]), new(0.01, 2.2, []), new(2.2, 20, [1])],
                Nodes =
                [
                    new(0, -3, 0.01, "primary"),
                    new(0, 0.01, 20, "down"),
                    new(1, -3, 2.2, "standby"),
                    new(1, 2.2, 20, "primary"),
                ],
                Ledger = new(440, 402, 3, 23, 12, 8, 4, 0, 0, 0, 40),
                Errors =
                [
                    new("unknown", null, "Timeout during reading attempt", 12, 2.9, 4),
                    new("refused", "57P01", "terminating connection due to administrator command", 3, 0.02, 3),
                    new("not-sent", "57P03", "the database system is starting up", 23, 0.3, 4),
                ],
                Why = [],
                Expectations = [new("never-back", "never back in 20 s", true), new("lost: 0", "0", true)],
            }
        ).Run();

    private static EventSeen[] Later(IEnumerable<EventSeen> events, double by) =>
        [.. events.Select(e => e with { At = e.At + by })];

    private static DrillResult Result(string name, string title, IReadOnlyList<DrillRun> runs) =>
        new(
            1,
            name,
            title,
            null,
            """
            drill: The primary dies under load
            lab:    { nodes: 2, slots: true }
            load:   { clients: 4, rate: 400/s, read-own-writes: 10%, timeout: 10s, reconnect: 10ms }
            steps:  [ { at: 3s, kill: primary } ]
            until:  { writes-steady: 3s, at-most: 60s }
            expect: { rto: < 10s, lost: 0, primaries: 1 }

            """,
            new DateTimeOffset(2026, 11, 30, 9, 12, 0, TimeSpan.Zero),
            "0.2.0",
            new("15.18", "4.3.5"),
            new(2, 0.3),
            [Variant(runs, null, NoSettings)],
            runs.All(r => r.Expectations.All(e => e.Holds))
        );

    private static DrillVariant Variant(
        IReadOnlyList<DrillRun> runs,
        string? setting,
        Dictionary<string, string> settings
    )
    {
        double?[] gaps = [.. runs.Select(r => r.Rto.Service).Order()];
        var never = runs.Any(r => r.Rto.Never);
        return new(
            setting,
            new("s", 2, 1, settings),
            new("rows", 4, 400),
            runs,
            new(
                never || runs.Count == 0 ? null : gaps[gaps.Length / 2],
                never || runs.Count == 0 ? null : gaps[^1],
                runs.Select(r => r.Rpo.LostAcknowledged).DefaultIfEmpty(0).Max(),
                runs.Select(r => r.Ledger.Doubled).DefaultIfEmpty(0).Max(),
                runs.Select(r => r.TwoPrimariesFor).DefaultIfEmpty(0).Max(),
                runs.All(r => r.Expectations.All(e => e.Holds))
            )
        );
    }
}
