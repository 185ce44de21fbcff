using CsCheck;
using PgpoolLab.Drills.Ledger;

namespace PgpoolLab.Drills.Tests.Ledger;

public sealed class LedgerAuditTests
{
    private static AuditResult Judge(IReadOnlyList<ClientLedger> clients, params NodeRows[] nodes) =>
        LedgerAudit.Judge(clients, nodes, Histories.Clock.Seconds);

    [Fact]
    public void Rows_that_were_acknowledged_and_are_not_there_are_lost()
    {
        var client = Histories.Client(2, 100);
        var there = Histories.Rows(client, Outcome.Acknowledged).Where(r => r.Row is < 10 or > 14).ToArray();
        var judged = Judge([client], new NodeRows(0, false, null, "it is down"), new NodeRows(1, true, there, null));
        Assert.Equal(1, judged.Rightful);
        Assert.Equal(5, judged.Rpo.LostAcknowledged);
        // Rows 10 to 14 were acknowledged at 1.1 s to 1.5 s; the fault is at 1 s.
        Assert.Equal(0.4, judged.Rpo.LostSeconds);
        Assert.Equal(0.1, judged.Rpo.First);
        Assert.Equal(0.5, judged.Rpo.Last);
        Assert.Equal("client 2, row 10, acknowledged at 0.100 s", judged.Rpo.Samples[0]);
        Assert.Equal(["node 0 could not be read: it is down"], judged.NotJudged);
    }

    [Fact]
    public void A_row_whose_attempt_had_no_answer_and_that_was_written_again_is_there_twice()
    {
        var client = new ClientLedger(0);
        client.Add(new Attempt(1, 2, 0, 0, Outcome.Unknown), null, "Connection reset by peer");
        client.Add(new Attempt(3, 4, 0, 1, Outcome.NotSent), null, "Connection refused");
        client.Add(
            new Attempt(5, 6, 0, 2, Outcome.Refused),
            "25006",
            "cannot execute INSERT in a read-only transaction"
        );
        client.Add(new Attempt(7, 8, 0, 3, Outcome.Acknowledged));
        var judged = Judge([client], new NodeRows(0, true, [new RowId(0, 0, 0), new RowId(0, 0, 3)], null));
        Assert.Equal((4, 1, 1, 1, 1), Counts(judged));
        Assert.Equal(1, judged.Ledger.UnknownPresent);
        Assert.Equal(1, judged.Ledger.Doubled);
        Assert.Equal(0, judged.Ledger.RefusedPresent);
        Assert.Equal(0, judged.Rpo.LostAcknowledged);
    }

    [Fact]
    public void A_refused_row_that_is_there_is_counted()
    {
        var client = new ClientLedger(0);
        client.Add(new Attempt(5, 6, 0, 0, Outcome.Refused), "40001", "could not serialize access");
        Assert.Equal(1, Judge([client], new NodeRows(0, true, [new RowId(0, 0, 0)], null)).Ledger.RefusedPresent);
    }

    [Fact]
    public void Of_two_primaries_the_one_that_clients_wrote_to_last_is_the_rightful_one()
    {
        var client = Histories.Client(0, 10);
        var all = Histories.Rows(client, Outcome.Acknowledged).ToArray();
        var old = all.Where(r => r.Row < 150).Append(new RowId(7, 7, 7)).ToArray();
        var judged = Judge(
            [client],
            new NodeRows(0, true, old, null),
            new NodeRows(1, true, all.Where(r => r.Row != 3).ToArray(), null)
        );
        Assert.Equal(1, judged.Rightful);
        Assert.Equal(1, judged.Rpo.LostAcknowledged);
        Assert.Equal(2, judged.Ledger.OnlyElsewhere);
    }

    [Fact]
    public void Without_a_node_that_takes_writes_nothing_is_said_to_be_lost()
    {
        var judged = Judge([Histories.Client(0, 100)], new NodeRows(0, false, [], null));
        Assert.Null(judged.Rightful);
        Assert.Equal(0, judged.Rpo.LostAcknowledged);
        Assert.Equal(["no node that takes writes could be read: what is lost is not known"], judged.NotJudged);
    }

    [Fact]
    public void Reads_that_did_not_see_the_own_row_are_counted()
    {
        var client = Histories.Client(0, 100);
        client.Add(new OwnRead(5, true));
        client.Add(new OwnRead(6, false));
        var ledger = Judge([client]).Ledger;
        Assert.Equal((1, 2), (ledger.StaleReads, ledger.Reads));
    }

    [Fact]
    public void Whatever_happened_the_numbers_add_up() =>
        Gen.Select(Gen.Int[0, 3].Array[0, 60], Gen.Bool.Array[60], Gen.Int[0, 2].Array[60])
            .Sample(made =>
            {
                var (outcomes, present, copies) = made;
                var client = new ClientLedger(0);
                List<RowId> there = [];
                var (row, number) = (0, 0);
                for (var i = 0; i < outcomes.Length; i++)
                {
                    var outcome = (Outcome)outcomes[i];
                    client.Add(new Attempt(i, i + 1, row, number, outcome));
                    if (present[i])
                    {
                        there.AddRange(Enumerable.Repeat(new RowId(0, row, number), 1 + copies[i]));
                    }

                    (row, number) = outcome is Outcome.Acknowledged ? (row + 1, 0) : (row, number + 1);
                }

                var judged = Judge([client], new NodeRows(0, true, there, null));
                var ledger = judged.Ledger;
                Assert.Equal(outcomes.Length, ledger.Attempts);
                Assert.Equal(ledger.Attempts, ledger.Acknowledged + ledger.Refused + ledger.NotSent + ledger.Unknown);
                Assert.Equal(
                    outcomes.Where((o, i) => o == (int)Outcome.Acknowledged && !present[i]).Count(),
                    judged.Rpo.LostAcknowledged
                );
                Assert.Equal(
                    there.Distinct().Count(),
                    ledger.Acknowledged - judged.Rpo.LostAcknowledged + ledger.UnknownPresent + ledger.RefusedPresent
                );
                Assert.Equal(there.GroupBy(r => r.Row).Count(g => g.Count() > 1), ledger.Doubled);
            });

    private static (int, int, int, int, int) Counts(AuditResult judged) =>
        (
            judged.Ledger.Attempts,
            judged.Ledger.Acknowledged,
            judged.Ledger.Refused,
            judged.Ledger.NotSent,
            judged.Ledger.Unknown
        );

    [Fact]
    public void An_attempt_takes_24_bytes() =>
        Assert.Equal(24, System.Runtime.CompilerServices.Unsafe.SizeOf<Attempt>());
}
