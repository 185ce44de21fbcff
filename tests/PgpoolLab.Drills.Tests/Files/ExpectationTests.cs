using PgpoolLab.Drills.Files;
using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Tests.Files;

public sealed class ExpectationTests
{
    private static DrillRun Run(double? service, int lost = 0) =>
        new(
            1,
            -1,
            4,
            Verdicts.NothingLost,
            "",
            [],
            new RtoFacts(service, 0, service, null, 0.01, service is null),
            new RpoFacts(lost, 0, null, null, []),
            new LedgerFacts(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
            [],
            [],
            0,
            0,
            [],
            [],
            [],
            [],
            new WriteSeries(0.1, [], []),
            [],
            false,
            []
        );

    [Theory]
    [InlineData("rto", "< 1s", 0.5, true, "0.5 s")]
    [InlineData("rto", "< 1s", 1.0, false, "1 s")]
    [InlineData("rto", "<= 1000ms", 1.0, true, "1 s")]
    [InlineData("rto", "> 3s", null, true, "never")]
    [InlineData("rto", "< 60s", null, false, "never")]
    [InlineData("rto", "never", null, true, "never")]
    [InlineData("rto", "never", 2.0, false, "2 s")]
    [InlineData("rto", "0", 0.0, true, "0 s")]
    public void Times(string measure, string text, double? service, bool holds, string seen)
    {
        var judged = Expectation.Parse(Measure.All.First(m => m.Name == measure), text)!.Judge(Run(service));
        Assert.Equal((holds, seen), (judged.Holds, judged.Seen));
    }

    [Theory]
    [InlineData("0", 0, true)]
    [InlineData("0", 1, false)]
    [InlineData("= 3", 3, true)]
    [InlineData("> 0", 1, true)]
    [InlineData(">= 2", 1, false)]
    [InlineData("<= 2", 2, true)]
    public void Numbers(string text, int lost, bool holds) =>
        Assert.Equal(
            holds,
            Expectation.Parse(Measure.All.First(m => m.Name == "lost"), text)!.Judge(Run(1, lost)).Holds
        );

    [Theory]
    [InlineData("rto", "5")]
    [InlineData("rto", "<> 1s")]
    [InlineData("lost", "1s")]
    [InlineData("lost", "never")]
    [InlineData("lost", "-1")]
    public void What_is_none(string measure, string text) =>
        Assert.Null(Expectation.Parse(Measure.All.First(m => m.Name == measure), text));
}
