namespace PgpoolLab.Model;

/// <summary>Something that happens in a lab, or has happened: one shape for what logs tell of and for what this program
/// does itself.</summary>
/// <param name="At">When; null where nothing says.</param>
/// <param name="Name">What, as one word with dashes: <c>failover-begins</c>. All are listed in docs/logs.md.</param>
/// <param name="Source">Who reports it: <c>node0</c>, <c>pgpool1</c>, <c>scripts</c>, <c>pgpoollab</c>.</param>
/// <param name="Node">The node it is about; null for none.</param>
/// <param name="Arguments">The rest, by name: whole numbers (<see cref="long"/>) and texts.</param>
/// <param name="Text">The same for a reader.</param>
public record LabEvent(
    DateTimeOffset? At,
    string Name,
    string Source,
    int? Node,
    IReadOnlyDictionary<string, object> Arguments,
    string Text
)
{
    /// <summary>What this program itself reports comes from here.</summary>
    public const string Tool = "pgpoollab";

    /// <summary>Something the user is to know that is no step.</summary>
    public static LabEvent Note(DateTimeOffset at, string text) =>
        new(at, LabEventNames.Note, Tool, null, new Dictionary<string, object>(), text);

    /// <summary>Something is being undone.</summary>
    public static LabEvent Undo(DateTimeOffset at, string title) =>
        new(at, LabEventNames.Undo, Tool, null, new Dictionary<string, object> { ["step"] = title }, title);
}

/// <summary>The names of what this program reports of its own doing.</summary>
public static class LabEventNames
{
    /// <summary>Something the user is to know.</summary>
    public const string Note = "note";

    /// <summary>Something is being undone.</summary>
    public const string Undo = "undo";

    /// <summary>A server is started.</summary>
    public const string StartBegins = "start-begins";

    /// <summary>A server was started.</summary>
    public const string StartEnds = "start-ends";

    /// <summary>A server is stopped.</summary>
    public const string StopBegins = "stop-begins";

    /// <summary>A server was stopped.</summary>
    public const string StopEnds = "stop-ends";

    /// <summary>Another step begins.</summary>
    public const string StepBegins = "step-begins";

    /// <summary>Another step is done.</summary>
    public const string StepEnds = "step-ends";

    /// <summary>A step, of whatever kind, has failed or was interrupted.</summary>
    public const string StepFails = "step-fails";
}
