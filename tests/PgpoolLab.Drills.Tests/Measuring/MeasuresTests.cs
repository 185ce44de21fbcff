using CsCheck;
using PgpoolLab.Drills.Ledger;
using PgpoolLab.Drills.Measuring;
using PgpoolLab.Drills.Results;
using PgpoolLab.Drills.Tests.Ledger;

namespace PgpoolLab.Drills.Tests.Measuring;

public sealed class MeasuresTests
{
    [Fact]
    public void The_longest_pause_that_ends_after_the_fault_is_the_services()
    {
        ClientLedger[] clients = [Histories.Client(0, 10, 990, 1500), Histories.Client(1, 10, 1100, 1800)];
        var rto = Measures.Rto(clients, Histories.Clock, cameBack: true);
        // From the last row of the second client to the first of the first.
        Assert.Equal((0.4, 0.1, 0.5), (rto.Service, rto.From, rto.To));
        Assert.Equal(new Percentiles(0.51, 0.7, 0.7, 0.7), rto.Clients);
        Assert.Equal(0.01, rto.NoiseFloor);
        Assert.False(rto.Never);
    }

    [Fact]
    public void Writes_that_did_not_come_back_have_no_time()
    {
        var rto = Measures.Rto([Histories.Client(0, 10, until: 1200)], Histories.Clock, cameBack: false);
        Assert.Equal((null, 0.2, null, true), (rto.Service, rto.From, rto.To, rto.Never));
        Assert.Equal(2.8, rto.Clients!.Max);
    }

    [Fact]
    public void A_row_now_and_then_is_no_coming_back()
    {
        ClientLedger[] clients = [Histories.Client(0, 10, 1010, 3000)];
        Assert.True(Measures.Rto(clients, Histories.Clock, cameBack: false).Never);
    }

    [Fact]
    public void Pauses_before_the_fault_are_the_noise_floor()
    {
        var rto = Measures.Rto([Histories.Client(0, 10, 200, 500)], Histories.Clock, cameBack: true);
        Assert.Equal(0.3, rto.NoiseFloor);
        Assert.Equal(0.01, rto.Service);
    }

    [Fact]
    public void The_series_has_every_row_in_its_stretch()
    {
        var series = Measures.Series([Histories.Client(0, 10), Histories.Client(1, 50)], Histories.Clock);
        Assert.Equal(40, series.Acknowledged.Count);
        Assert.InRange(series.Acknowledged[5], 11, 13);
        Assert.Equal(1, series.LatencyP99[5]);
    }

    [Fact]
    public void A_lane_has_the_pauses_that_one_would_notice()
    {
        var client = Histories.Client(0, 10, 1000, 1400);
        client.Add(new Attempt(1001, 1002, 900, 0, Outcome.Unknown), null, "broken\npipe");
        var lane = Assert.Single(Measures.Lanes([client], Histories.Clock));
        Assert.Equal([new Stretch(0, 0.4)], lane.Pauses);
        Assert.Equal([new ClientError(0.002, "unknown", "broken pipe")], lane.Errors);
    }

    [Fact]
    public void Errors_that_differ_in_a_number_are_one_kind()
    {
        var (first, second) = (new ClientLedger(0), new ClientLedger(1));
        first.Add(new Attempt(0, 1100, 0, 0, Outcome.NotSent), null, "connection to port 5000 refused");
        second.Add(new Attempt(0, 1200, 0, 0, Outcome.NotSent), null, "connection to port 5001 refused");
        second.Add(new Attempt(0, 1300, 0, 1, Outcome.Refused), "25006", "read-only");
        var errors = Measures.Errors([first, second], Histories.Clock);
        Assert.Equal(
            [
                new ErrorSeen("not-sent", null, "connection to port 5000 refused", 2, 0.1, 2),
                new ErrorSeen("refused", "25006", "read-only", 1, 0.3, 1),
            ],
            errors
        );
    }

    [Fact]
    public void No_client_waits_less_than_the_service() =>
        Gen.Int[5, 60]
            .Array[1, 5]
            .Select(Gen.Int[1000, 2000], Gen.Int[0, 1500])
            .Sample(made =>
            {
                var (paces, from, length) = made;
                ClientLedger[] clients = [.. paces.Select((pace, i) => Histories.Client(i, pace, from, from + length))];
                var rto = Measures.Rto(clients, Histories.Clock, cameBack: true);
                Assert.True(rto.Clients!.Max >= rto.Service);
                Assert.True(rto.Clients.P50 <= rto.Clients.P95 && rto.Clients.P99 <= rto.Clients.Max);
            });
}
