using System.Net.Sockets;
using Npgsql;
using PgpoolLab.Drills.Files;
using PgpoolLab.Drills.Ledger;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Drills.Load;

/// <summary>One client: it writes row after row at its pace, each until it is acknowledged, connects again when its
/// connection has broken, and notes what became of every attempt.</summary>
/// <param name="ledger">Its notes.</param>
/// <param name="spec">Its pace.</param>
/// <param name="statements">What it sends.</param>
/// <param name="target">Where to.</param>
/// <param name="probes">Waits.</param>
/// <param name="time">The clock.</param>
internal sealed class LoadClient(
    ClientLedger ledger,
    LoadSpec spec,
    Statements statements,
    LoadTarget target,
    ProbeRunner probes,
    TimeProvider time
)
{
    /// <summary>A client that is late catches up as long as it is not later than this, in seconds: what it was kept
    /// from writing for longer nobody would have asked for.</summary>
    private const double MayCatchUp = 0.05;

    private readonly List<ListSeen> _lists = [];
    private NpgsqlConnection? _connection;
    private int _pgpool = ledger.Client;

    /// <summary>Its notes.</summary>
    internal ClientLedger Ledger => ledger;

    /// <summary>The lists that it saw.</summary>
    internal IReadOnlyList<ListSeen> Lists => _lists;

    /// <summary>Writes until it is told to stop.</summary>
    /// <param name="stop">No more rows.</param>
    /// <param name="abort">Not even the end of the attempt under way is waited for.</param>
    internal async Task RunAsync(CancellationToken stop, CancellationToken abort)
    {
        var interval = (long)(time.TimestampFrequency * spec.Clients / spec.Rate);
        // Spread over the first interval: all at once they would write in step.
        var due = time.GetTimestamp() + (interval * ledger.Client / spec.Clients);
        var (row, attempt, acknowledged) = (0, 0, 0);
        while (await WaitAsync(due, stop))
        {
            var (sql, list) = statements.Write(ledger.Client, row, attempt);
            var begin = time.GetTimestamp();
            var outcome = await TryAsync(sql, row, attempt, begin, list, abort);
            if (outcome is Outcome.Acknowledged)
            {
                acknowledged++;
                if (acknowledged * spec.ReadShare / 100 > (acknowledged - 1) * spec.ReadShare / 100)
                {
                    await ReadAsync(statements.Read(ledger.Client, row, attempt, list), list, abort);
                }

                (row, attempt) = (row + 1, 0);
                due += interval;
                var late = time.GetTimestamp() - due;
                due = late > time.TimestampFrequency * MayCatchUp ? time.GetTimestamp() : due;
            }
            else
            {
                attempt++;
                due = time.GetTimestamp() + (long)(time.TimestampFrequency * spec.Reconnect);
            }
        }

        await CloseAsync();
    }

    /// <returns>False when it is time to stop.</returns>
    private async Task<bool> WaitAsync(long due, CancellationToken stop)
    {
        var left = time.GetElapsedTime(time.GetTimestamp(), due);
        if (left > TimeSpan.FromMilliseconds(1))
        {
            try
            {
                await probes.PauseAsync(left, stop);
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }

        return !stop.IsCancellationRequested;
    }

    private async Task<Outcome> TryAsync(
        string sql,
        int row,
        int attempt,
        long begin,
        int list,
        CancellationToken abort
    )
    {
        var sent = false;
        try
        {
            _connection ??= await target.OpenAsync(_pgpool, abort);
            sent = true;
            await using var command = new NpgsqlCommand(sql, _connection);
            if (await command.ExecuteScalarAsync(abort) is string items)
            {
                _lists.Add(new ListSeen(list, items));
            }

            ledger.Add(new Attempt(begin, time.GetTimestamp(), row, attempt, Outcome.Acknowledged));
            return Outcome.Acknowledged;
        }
        catch (Exception error) when (IsExpected(error))
        {
            var outcome = sent ? OutcomeOf(error) : Outcome.NotSent;
            ledger.Add(
                new Attempt(begin, time.GetTimestamp(), row, attempt, outcome),
                (error as PostgresException)?.SqlState,
                Words(error)
            );
            if (outcome is not Outcome.Refused || _connection?.FullState is not System.Data.ConnectionState.Open)
            {
                await CloseAsync();
                _pgpool++;
            }

            return outcome;
        }
    }

    private async Task ReadAsync(string sql, int list, CancellationToken abort)
    {
        try
        {
            await using var command = new NpgsqlCommand(sql, _connection);
            var value = await command.ExecuteScalarAsync(abort);
            if (value is string items)
            {
                _lists.Add(new ListSeen(list, items));
            }

            ledger.Add(new OwnRead(time.GetTimestamp(), value is not null));
        }
        catch (Exception error) when (IsExpected(error))
        {
            // The next write tells of it.
            await CloseAsync();
        }
    }

    private async Task CloseAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }

    private static bool IsExpected(Exception error) =>
        error
            is NpgsqlException
                or IOException
                or SocketException
                or TimeoutException
                or OperationCanceledException
                or InvalidOperationException;

    /// <summary>What an error says of a statement that was sent.</summary>
    /// <remarks>PostgreSQL manual, "PostgreSQL Error Codes": classes 08 and 57P end the session, 40003 is "statement
    /// completion unknown".</remarks>
    internal static Outcome OutcomeOf(Exception error) =>
        error is PostgresException { Severity: "ERROR" } known
        && !known.SqlState.StartsWith("08", StringComparison.Ordinal)
        && !known.SqlState.StartsWith("57P", StringComparison.Ordinal)
        && known.SqlState != PostgresErrorCodes.StatementCompletionUnknown
            ? Outcome.Refused
            : Outcome.Unknown;

    private static string Words(Exception error) =>
        error is PostgresException known ? known.MessageText
        : error is OperationCanceledException ? "no answer until the end of the drill"
        : error.InnerException is { } inner and not PostgresException ? $"{error.Message}: {inner.Message}"
        : error.Message;
}
