namespace PgpoolLab.Servers.Logs;

/// <summary>Who writes a log.</summary>
public enum LogKind
{
    /// <summary>A PostgreSQL server.</summary>
    Node,

    /// <summary>A Pgpool-II.</summary>
    Pgpool,

    /// <summary>The scripts that Pgpool-II runs: failover.log, recovery.log.</summary>
    Script,

    /// <summary>This program.</summary>
    Tool,

    /// <summary>The scripts' events.jsonl: one JSON object for each run.</summary>
    ScriptEvents,
}

/// <summary>One log of a lab.</summary>
/// <param name="Kind">Who writes it.</param>
/// <param name="Number">Number of the node or of the Pgpool-II; null for others.</param>
/// <param name="Label">How it is called on the screen: <c>node0</c>, <c>pgpool</c>, <c>failover</c>.</param>
/// <param name="Path">The file.</param>
public sealed record LogSource(LogKind Kind, int? Number, string Label, string Path)
{
    /// <summary>True for one that is written no more: what a Pgpool-II printed before the last start.</summary>
    public bool IsFormer { get; init; }
}
