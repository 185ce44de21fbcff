using System.Text.Json;
using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Tests.Results;

/// <summary>The shape of what <c>drill --json</c> prints.</summary>
public sealed class ResultTests
{
    [Fact]
    public void A_result_is_read_as_it_was_written()
    {
        var run = new DrillRun(
            1,
            -1,
            4,
            Verdicts.NothingLost,
            "Node 0 was killed.",
            [new StepDone("kill", "primary", "node 0", 0, 0.03, null, "fault")],
            new RtoFacts(0.11, 0.01, 0.12, new Percentiles(0.1, 0.2, 0.2, 0.2), 0.02, false),
            new RpoFacts(0, 0, null, null, []),
            new LedgerFacts(10, 9, 0, 0, 1, 0, 0, 0, 0, 0, 0),
            [],
            [new PrimariesSeen(-1, 4, [0])],
            0,
            0,
            [],
            [],
            [],
            [],
            new WriteSeries(0.1, [1, 0], [0.5, null]),
            [new ExpectationSeen("rto < 1s", "0.11 s", true)],
            false,
            []
        );
        var json = JsonSerializer.Serialize(run, DrillJson.Readable.DrillRun);
        var again = JsonSerializer.Deserialize(json, DrillJson.Readable.DrillRun)!;
        Assert.Equal(json, JsonSerializer.Serialize(again, DrillJson.Readable.DrillRun));
        Assert.Contains("\"rto < 1s\"", json, StringComparison.Ordinal);
    }
}
