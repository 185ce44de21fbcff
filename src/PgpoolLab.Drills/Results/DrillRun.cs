namespace PgpoolLab.Drills.Results;

/// <summary>One run of a drill. Moments are seconds since its first fault began, negative before it.</summary>
/// <param name="Number">The first is 1.</param>
/// <param name="From">When the load was steady: where the picture begins.</param>
/// <param name="To">When the run ended.</param>
/// <param name="Verdict">What happened, in one word: <see cref="Verdicts"/>.</param>
/// <param name="Sentence">What happened, in a sentence or two for a person.</param>
/// <param name="Steps">What was done.</param>
/// <param name="Rto">For how long nothing could be written.</param>
/// <param name="Rpo">What was lost.</param>
/// <param name="Ledger">What became of every attempt.</param>
/// <param name="Errors">What the clients saw, alike ones together, the first first.</param>
/// <param name="Primaries">Which nodes took writes, stretch by stretch, without a gap.</param>
/// <param name="TwoPrimariesFor">For how long two nodes or more took writes.</param>
/// <param name="NoPrimaryFor">For how long none did.</param>
/// <param name="Nodes">What each node was, for the picture.</param>
/// <param name="Clients">What each client lived through, for the picture.</param>
/// <param name="Events">What logs and the program itself told, in order of time.</param>
/// <param name="Why">What the time without writes was spent on, in order of time; empty when nothing tells.</param>
/// <param name="Series">Rows acknowledged, stretch by stretch.</param>
/// <param name="Expectations">What the drill expects, and whether it holds.</param>
/// <param name="Noisy">The machine was too busy for its times to mean much: see
/// <see cref="RtoFacts.NoiseFloor"/>.</param>
/// <param name="NotJudged">What could not be judged, and why: nodes that could not be read.</param>
public sealed record DrillRun(
    int Number,
    double From,
    double To,
    string Verdict,
    string Sentence,
    IReadOnlyList<StepDone> Steps,
    RtoFacts Rto,
    RpoFacts Rpo,
    LedgerFacts Ledger,
    IReadOnlyList<ErrorSeen> Errors,
    IReadOnlyList<PrimariesSeen> Primaries,
    double TwoPrimariesFor,
    double NoPrimaryFor,
    IReadOnlyList<NodeBand> Nodes,
    IReadOnlyList<ClientLane> Clients,
    IReadOnlyList<EventSeen> Events,
    IReadOnlyList<WhyPart> Why,
    WriteSeries Series,
    IReadOnlyList<ExpectationSeen> Expectations,
    bool Noisy,
    IReadOnlyList<string> NotJudged
)
{
    /// <summary>What else was checked, of loads that have rules of their own; empty for others.</summary>
    public IReadOnlyList<CheckSeen> Checks
    {
        get;
        init => field = value ?? [];
    } = [];
}

/// <summary>A rule of a load, and whether it holds: the sum of a bank stays, nothing vanishes from a list.</summary>
/// <param name="What">The rule, as a clause.</param>
/// <param name="Seen">What was seen.</param>
/// <param name="Holds">Whether it holds.</param>
public sealed record CheckSeen(string What, string Seen, bool Holds);

/// <summary>The words for <see cref="DrillRun.Verdict"/>, the worst that holds first.</summary>
public static class Verdicts
{
    /// <summary>Writes never came back.</summary>
    public const string NeverBack = "never-back";

    /// <summary>Acknowledged rows are gone.</summary>
    public const string Lost = "lost";

    /// <summary>Two nodes took writes at the same time.</summary>
    public const string TwoPrimaries = "two-primaries";

    /// <summary>Nothing was lost.</summary>
    public const string NothingLost = "nothing-lost";
}

/// <summary>A step that was done, or tried.</summary>
/// <param name="Verb">The command: <c>kill</c>.</param>
/// <param name="Asked">Its words as the drill has them: <c>primary</c>.</param>
/// <param name="Was">What that was when the step began: <c>node 0</c>; null where the words name it.</param>
/// <param name="At">When it began.</param>
/// <param name="Took">How long it took.</param>
/// <param name="Failed">Why it could not be done; null when it was.</param>
/// <param name="Kind"><c>fault</c>, <c>heal</c>, or <c>other</c>.</param>
public sealed record StepDone(
    string Verb,
    string Asked,
    string? Was,
    double At,
    double Took,
    string? Failed,
    string Kind
);

/// <summary>For how long nothing could be written.</summary>
/// <param name="Service">The longest time without an acknowledgement, of all clients together, that ended after the
/// fault; null when writes never came back.</param>
/// <param name="From">When that began: the last acknowledgement before it; null when writes never stopped.</param>
/// <param name="To">When it ended; null when it never did.</param>
/// <param name="Clients">The same for each client alone, over all clients; null when none was steady
/// before.</param>
/// <param name="NoiseFloor">The longest time without an acknowledgement before the fault: what the machine does to a
/// lab that is well.</param>
/// <param name="Never">Writes never came back.</param>
public sealed record RtoFacts(
    double? Service,
    double? From,
    double? To,
    Percentiles? Clients,
    double NoiseFloor,
    bool Never
);

/// <summary>A distribution, by nearest rank.</summary>
public sealed record Percentiles(double P50, double P95, double P99, double Max);

/// <summary>What was lost: rows that a client was told are committed, and that the primary at the end lacks.</summary>
/// <param name="LostAcknowledged">How many.</param>
/// <param name="LostSeconds">From the first of them to the last: seconds of writing.</param>
/// <param name="First">When the first was acknowledged.</param>
/// <param name="Last">When the last was.</param>
/// <param name="Samples">Up to five: <c>client 2, row 417, acknowledged at 1.204 s</c>.</param>
public sealed record RpoFacts(
    int LostAcknowledged,
    double LostSeconds,
    double? First,
    double? Last,
    IReadOnlyList<string> Samples
);

/// <summary>What became of every attempt to write.</summary>
/// <param name="Attempts">All of them.</param>
/// <param name="Acknowledged">The server said it is committed.</param>
/// <param name="Refused">The server said it is not.</param>
/// <param name="NotSent">There was no connection to send it by.</param>
/// <param name="Unknown">It was sent, and no answer came.</param>
/// <param name="UnknownPresent">Of those, how many had been written all the same.</param>
/// <param name="Doubled">Rows that are there more than once.</param>
/// <param name="RefusedPresent">Refused, and there all the same: must be 0.</param>
/// <param name="OnlyElsewhere">Rows that another node that takes writes has, and the rightful primary lacks.</param>
/// <param name="StaleReads">Reads that did not see the client's own row.</param>
/// <param name="Reads">All reads of a row the client had written.</param>
public sealed record LedgerFacts(
    int Attempts,
    int Acknowledged,
    int Refused,
    int NotSent,
    int Unknown,
    int UnknownPresent,
    int Doubled,
    int RefusedPresent,
    int OnlyElsewhere,
    int StaleReads,
    int Reads
);

/// <summary>Errors of one kind that the clients saw.</summary>
/// <param name="Outcome"><c>refused</c>, <c>not-sent</c>, or <c>unknown</c>.</param>
/// <param name="Sqlstate">The server's code; null where no server said anything.</param>
/// <param name="Text">The first one's text.</param>
/// <param name="Count">How many.</param>
/// <param name="First">When the first came.</param>
/// <param name="Clients">How many clients saw it.</param>
public sealed record ErrorSeen(string Outcome, string? Sqlstate, string Text, int Count, double First, int Clients);

/// <summary>Which nodes took writes from one moment to another.</summary>
public sealed record PrimariesSeen(double From, double To, IReadOnlyList<int> Nodes);

/// <summary>What a node was from one moment to another.</summary>
/// <param name="Node">Its number.</param>
/// <param name="From">Since when.</param>
/// <param name="To">Until when.</param>
/// <param name="State"><c>primary</c>, <c>standby</c>, <c>down</c>, or <c>hung</c>: it is there and does not
/// answer.</param>
public sealed record NodeBand(int Node, double From, double To, string State);

/// <summary>What a client lived through.</summary>
/// <param name="Client">Its number; the first is 0.</param>
/// <param name="Pauses">When nothing of it was acknowledged for longer than the noise floor allows.</param>
/// <param name="Errors">Its errors.</param>
public sealed record ClientLane(int Client, IReadOnlyList<Stretch> Pauses, IReadOnlyList<ClientError> Errors);

/// <summary>From one moment to another.</summary>
public sealed record Stretch(double From, double To);

/// <summary>An error of a client.</summary>
/// <param name="At">When.</param>
/// <param name="Outcome">As <see cref="ErrorSeen.Outcome"/>.</param>
/// <param name="Text">The error's text, of one line.</param>
public sealed record ClientError(double At, string Outcome, string Text);

/// <summary>An event of the lab.</summary>
/// <param name="At">When.</param>
/// <param name="Kind">Its name, as in docs/logs.md: <c>failover-begins</c>.</param>
/// <param name="Node">The node it is about; null for none.</param>
/// <param name="Source">Who reports it.</param>
/// <param name="Text">The same for a reader.</param>
public sealed record EventSeen(double At, string Kind, int? Node, string Source, string Text);

/// <summary>What a part of the time without writes was spent on.</summary>
/// <param name="What">In a few words: <c>until Pgpool-II noticed</c>.</param>
/// <param name="From">Since when.</param>
/// <param name="To">Until when.</param>
public sealed record WhyPart(string What, double From, double To);

/// <summary>Rows acknowledged in stretches of the same length; the first begins at
/// <see cref="DrillRun.From"/>.</summary>
/// <param name="Step">The length of a stretch, in seconds: 0.1.</param>
/// <param name="Acknowledged">Rows in each.</param>
/// <param name="LatencyP99">How long 99 % of the attempts acknowledged in it took at most, in milliseconds; null where
/// none was.</param>
public sealed record WriteSeries(double Step, IReadOnlyList<int> Acknowledged, IReadOnlyList<double?> LatencyP99);

/// <summary>An expectation of a drill.</summary>
/// <param name="What">As the drill has it: <c>rto &lt; 1s</c>.</param>
/// <param name="Seen">What was seen: <c>0.11 s</c>.</param>
/// <param name="Holds">Whether it holds.</param>
public sealed record ExpectationSeen(string What, string Seen, bool Holds);
