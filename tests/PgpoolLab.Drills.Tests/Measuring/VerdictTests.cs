using PgpoolLab.Drills.Measuring;
using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Tests.Measuring;

public sealed class VerdictTests
{
    private static readonly StepDone Kill = new("kill", "primary", "node 0", 0, 0.03, null, "fault");
    private static readonly RpoFacts Nothing = new(0, 0, null, null, []);
    private static readonly RtoFacts Short = new(0.11, 0.01, 0.12, null, 0.01, false);

    private static LedgerFacts Ledger(int doubled = 0, int elsewhere = 0) =>
        new(4012, 3980, 0, 24, 8, 3, doubled, 0, elsewhere, 0, 0);

    private static string Sentence(
        RtoFacts? rto = null,
        RpoFacts? rpo = null,
        LedgerFacts? ledger = null,
        double two = 0,
        bool judged = true,
        params StepDone[] steps
    ) =>
        Verdict.Sentence(
            steps.Length == 0 ? [Kill] : steps,
            rto ?? Short,
            rpo ?? Nothing,
            ledger ?? Ledger(),
            two,
            judged,
            20
        );

    [Fact]
    public void Nothing_lost() =>
        Assert.Equal(
            "Node 0 was killed. For 0.11 s nothing could be written; none of 3,980 acknowledged rows was lost.",
            Sentence()
        );

    [Fact]
    public void A_disk_became_full_and_that_it_has_room_again_is_no_fault() =>
        Assert.StartsWith(
            "Node 0's disk became full. For 0.11 s nothing could be written;",
            Sentence(
                steps:
                [
                    new StepDone("fill", "primary", "node 0", 0, 0.2, null, "fault"),
                    new StepDone("free", "0", "node 0", 9, 0, null, "heal"),
                ]
            ),
            StringComparison.Ordinal
        );

    [Fact]
    public void Rows_are_gone() =>
        Assert.Equal(
            "The link node 1 → node 0 was cut, 5.00 s later node 0 was killed. For 2.60 s nothing could be written; "
                + "881 of 3,980 acknowledged rows are gone, 5.15 s of writing.",
            Sentence(
                new RtoFacts(2.6, 0, 2.6, null, 0.01, false),
                new RpoFacts(881, 5.15, 0.11, 5.26, []),
                steps:
                [
                    new StepDone("cut", "node1 node0", "node 1 → node 0", 0, 0, null, "fault"),
                    Kill with
                    {
                        At = 5,
                    },
                ]
            )
        );

    [Fact]
    public void Writes_did_not_come_back() =>
        Assert.Equal(
            "Node 0 was killed. Writes did not come back in the 20.0 s that followed; none of 3,980 acknowledged rows "
                + "was lost. 4 rows are there twice.",
            Sentence(new RtoFacts(null, 0, null, null, 0.01, true), ledger: Ledger(doubled: 4))
        );

    [Fact]
    public void Two_primaries() =>
        Assert.Equal(
            "Node 0 was frozen. For 12.8 s nothing could be written; none of 3,980 acknowledged rows was lost. "
                + "Two nodes took writes for 1.80 s. 1 row only the other one has.",
            Sentence(
                new RtoFacts(12.8, 0, 12.8, null, 0.01, false),
                ledger: Ledger(elsewhere: 1),
                two: 1.8,
                steps: Kill with
                {
                    Verb = "pause",
                }
            )
        );

    [Fact]
    public void Writes_went_on() =>
        Assert.Equal(
            "The main process of Pgpool-II was killed. Writes went on: the longest pause was 0.02 s; none of 3,980 "
                + "acknowledged rows was lost.",
            Sentence(
                new RtoFacts(0.02, 1, 1.02, null, 0.01, false),
                steps: Kill with
                {
                    Asked = "pgpool --process main",
                    Was = "Pgpool-II",
                }
            )
        );

    [Fact]
    public void What_cannot_be_judged_is_not_said_to_be_well() =>
        Assert.EndsWith("; what was lost is not known.", Sentence(judged: false), StringComparison.Ordinal);

    [Theory]
    [InlineData(0, 0, false, Verdicts.NothingLost)]
    [InlineData(0, 1.5, false, Verdicts.TwoPrimaries)]
    [InlineData(3, 1.5, false, Verdicts.Lost)]
    [InlineData(3, 1.5, true, Verdicts.NeverBack)]
    public void The_worst_gives_the_word(int lost, double two, bool never, string word) =>
        Assert.Equal(word, Verdict.Word(Short with { Never = never }, Nothing with { LostAcknowledged = lost }, two));

    [Theory]
    [InlineData(0.9, 0.05, false)]
    [InlineData(0.31, 0.25, false)] // no pause that anybody would blame on the fault, and a machine that is all right
    [InlineData(0.9, 0.31, true)] // what would be a pause is lost among others
    public void Busy_machines_are_said_to_be_busy(double service, double floor, bool noisy) =>
        Assert.Equal(noisy, Verdict.IsNoisy(new RtoFacts(service, 0, service, null, floor, false)));
}
