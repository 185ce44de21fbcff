using PgpoolLab.Drills.Ledger;

namespace PgpoolLab.Drills.Tests.Ledger;

public sealed class ListAuditTests
{
    private static ClientLedger Client(params (long Begin, long End, int Row)[] attempts)
    {
        var client = new ClientLedger(0);
        foreach (var (begin, end, row) in attempts)
        {
            client.Add(new Attempt(begin, end, row, 0, Outcome.Acknowledged));
        }

        return client;
    }

    private static bool[] Holds(string last, IReadOnlyList<ClientLedger> clients, params string[] seen) =>
        [
            .. ListAudit
                .Judge(seen.Select(s => new ListSeen(0, s)), new Dictionary<int, string> { [0] = last }, clients)
                .Select(c => c.Holds),
        ];

    [Fact]
    public void What_was_seen_is_the_beginning_of_what_is_there() =>
        Assert.Equal([true, true], Holds("0.0.0 0.1.0 0.2.0", [], "0.0.0", "0.0.0 0.1.0"));

    [Theory]
    [InlineData("0.1.0")] // the first has vanished
    [InlineData("0.1.0 0.0.0")] // they have changed places
    [InlineData("0.0")] // no item ends there
    [InlineData("0.0.0 0.1.0 0.2.0 0.3.0")] // the last has vanished
    public void What_vanished_or_moved_is_noticed(string seen) =>
        Assert.Equal([false, true], Holds("0.0.0 0.1.0 0.2.0", [], seen));

    [Fact]
    public void A_list_that_is_gone_is_noticed()
    {
        var judged = ListAudit.Judge([new ListSeen(4, "0.0.0")], new Dictionary<int, string>(), []);
        Assert.False(judged[0].Holds);
        Assert.Contains("list 4", judged[0].Seen, StringComparison.Ordinal);
    }

    [Fact]
    public void Items_stand_in_the_order_of_time_where_one_ended_before_the_other_began()
    {
        var client = Client((0, 10, 0), (20, 30, 1), (25, 40, 2));
        Assert.Equal([true, true], Holds("0.0.0 0.2.0 0.1.0", [client]));
        Assert.Equal([true, false], Holds("0.1.0 0.0.0", [client]));
    }
}
