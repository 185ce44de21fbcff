using System.Runtime.InteropServices;

namespace PgpoolLab.Drills.Ledger;

/// <summary>An error that a client saw.</summary>
/// <param name="At">When, in ticks of the monotonic clock.</param>
/// <param name="Outcome">What it says of the attempt.</param>
/// <param name="Sqlstate">The server's code; null where no server said anything.</param>
/// <param name="Text">The error's text.</param>
public sealed record ClientProblem(long At, Outcome Outcome, string? Sqlstate, string Text);

/// <summary>A read by a client of a row that it had written.</summary>
/// <param name="At">When it was answered.</param>
/// <param name="Seen">The row was there.</param>
public readonly record struct OwnRead(long At, bool Seen);

/// <summary>Everything that one client did. One thread writes; who reads meanwhile reads <see cref="LastAcknowledged"/>
/// and <see cref="Acknowledged"/> alone.</summary>
/// <param name="client">The client's number.</param>
public sealed class ClientLedger(int client)
{
    private readonly List<Attempt> _attempts = [];
    private readonly List<ClientProblem> _problems = [];
    private readonly List<OwnRead> _reads = [];
    private long _lastAcknowledged;
    private int _acknowledged;

    /// <summary>The client's number.</summary>
    public int Client => client;

    /// <summary>Every attempt, in order.</summary>
    public ReadOnlySpan<Attempt> Attempts => CollectionsMarshal.AsSpan(_attempts);

    /// <summary>Every error, in order.</summary>
    public IReadOnlyList<ClientProblem> Problems => _problems;

    /// <summary>Every read of an own row, in order.</summary>
    public IReadOnlyList<OwnRead> Reads => _reads;

    /// <summary>When the last row was acknowledged; 0 before the first.</summary>
    public long LastAcknowledged => Interlocked.Read(ref _lastAcknowledged);

    /// <summary>How many rows were acknowledged.</summary>
    public int Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>One more attempt.</summary>
    public void Add(in Attempt attempt)
    {
        _attempts.Add(attempt);
        if (attempt.Outcome is Outcome.Acknowledged)
        {
            Interlocked.Exchange(ref _lastAcknowledged, attempt.End);
            Interlocked.Increment(ref _acknowledged);
        }
    }

    /// <summary>One more attempt, that failed.</summary>
    public void Add(in Attempt attempt, string? sqlstate, string text)
    {
        Add(attempt);
        _problems.Add(new ClientProblem(attempt.End, attempt.Outcome, sqlstate, text));
    }

    /// <summary>One more read.</summary>
    public void Add(OwnRead read) => _reads.Add(read);
}
