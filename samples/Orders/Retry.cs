using Npgsql;

namespace Orders;

/// <summary>Tries again while the database fails over. What it runs must do no harm when it is run twice: a statement
/// whose connection broke may have been committed.</summary>
/// <param name="patience">How long it goes on.</param>
/// <param name="clock">The time.</param>
public sealed class Retry(TimeSpan patience, TimeProvider clock)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20),
        LongestPause = TimeSpan.FromSeconds(1);

    /// <summary>Runs an attempt, and others if need be.</summary>
    /// <param name="attempt">An attempt; it is told its number, from 1.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>What the first attempt that succeeds returns.</returns>
    /// <exception cref="NpgsqlException">The database refuses it for good, or fails for longer than the
    /// patience.</exception>
    public async Task<T> RunAsync<T>(Func<int, Task<T>> attempt, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(attempt);
        var began = clock.GetTimestamp();
        var pause = FirstPause;
        for (var number = 1; ; number++)
        {
            try
            {
                return await attempt(number);
            }
            catch (NpgsqlException error) when (MayPass(error) && clock.GetElapsedTime(began) < patience)
            {
                // Not all clients at the same moment.
                await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), clock, cancellation);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    /// <summary>A connection that broke or could not be made, a session that was ended, a node that is still a standby:
    /// all of that is over when the failover is. Any other error is the statement's own.</summary>
    private static bool MayPass(NpgsqlException error) =>
        error is not PostgresException answer
        || answer.IsTransient
        || answer.InvariantSeverity is "FATAL" or "PANIC"
        || answer.SqlState is PostgresErrorCodes.ReadOnlySqlTransaction;
}
