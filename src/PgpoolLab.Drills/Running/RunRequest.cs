using System.Text.Json.Serialization;
using PgpoolLab.Drills.Files;
using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Running;

/// <summary>One run of a drill, as the process is told that does it: it runs as the lab's user.</summary>
/// <param name="Number">Which run; the first is 1.</param>
/// <param name="Load">What clients do.</param>
/// <param name="Steps">What is done.</param>
/// <param name="Until">When it is over.</param>
/// <param name="CleansUp">The lab stays: what the drill has made in it goes.</param>
public sealed record RunRequest(
    int Number,
    LoadSpec Load,
    IReadOnlyList<StepSpec> Steps,
    UntilSpec Until,
    bool CleansUp
);

/// <summary>A line of what it answers.</summary>
public sealed record RunReply
{
    /// <summary>What happens right now, for a person.</summary>
    public string? Said { get; init; }

    /// <summary>The load is steady: a load of the user's own may begin.</summary>
    public bool Steady { get; init; }

    /// <summary>What would take back all that is broken so far, a command each; whoever reads this does it should the
    /// process be killed.</summary>
    public IReadOnlyList<string>? Undo { get; init; }

    /// <summary>What was measured; in the last line.</summary>
    public DrillRun? Run { get; init; }
}

/// <summary>What goes from one process to the other: each a line.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault
)]
[JsonSerializable(typeof(RunRequest))]
[JsonSerializable(typeof(RunReply))]
public sealed partial class RunJson : JsonSerializerContext;
