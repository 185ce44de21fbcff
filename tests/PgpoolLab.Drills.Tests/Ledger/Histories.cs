using PgpoolLab.Drills.Ledger;
using PgpoolLab.Drills.Measuring;

namespace PgpoolLab.Drills.Tests.Ledger;

/// <summary>Made-up histories: a tick is a millisecond.</summary>
internal static class Histories
{
    /// <summary>The load is steady from 0, the fault is at 1 s, the end at 4 s.</summary>
    internal static RunClock Clock { get; } = new(1, 1000, 4000, 1000);

    /// <summary>A client with a row every so many milliseconds, but for a pause.</summary>
    internal static ClientLedger Client(int number, int every, long pauseFrom = 0, long pauseTo = 0, long until = 4000)
    {
        var ledger = new ClientLedger(number);
        var row = 0;
        for (long at = every; at <= until; at += every)
        {
            if (at <= pauseFrom || at >= pauseTo)
            {
                ledger.Add(new Attempt(at - 1, at, row++, 0, Outcome.Acknowledged));
            }
        }

        return ledger;
    }

    /// <summary>All rows of attempts with an outcome.</summary>
    internal static IEnumerable<RowId> Rows(ClientLedger client, Outcome outcome)
    {
        List<RowId> rows = [];
        foreach (ref readonly var attempt in client.Attempts)
        {
            if (attempt.Outcome == outcome)
            {
                rows.Add(new RowId(client.Client, attempt.Row, attempt.Number));
            }
        }

        return rows;
    }
}
