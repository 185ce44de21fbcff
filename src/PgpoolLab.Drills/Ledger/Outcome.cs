namespace PgpoolLab.Drills.Ledger;

/// <summary>What became of an attempt to write, as far as its client can know.</summary>
public enum Outcome
{
    /// <summary>The server said it is committed.</summary>
    Acknowledged,

    /// <summary>The server said it is not: the statement was rolled back.</summary>
    Refused,

    /// <summary>There was no connection to send it by.</summary>
    NotSent,

    /// <summary>It was sent, and no answer came: the row may be there or not.</summary>
    Unknown,
}

/// <summary>The words for outcomes in results.</summary>
public static class Outcomes
{
    /// <summary><c>not-sent</c>, for <see cref="Outcome.NotSent"/>.</summary>
    public static string Word(this Outcome outcome) =>
        outcome is Outcome.NotSent ? "not-sent" : outcome.ToString().ToLowerInvariant();
}
