using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Plans;

/// <summary>What a command does with a lab that exists. A plain value: two plans are equal when they do the
/// same.</summary>
/// <param name="Stages">What to do, in order; none when there is nothing to do.</param>
public sealed record VerbPlan(IReadOnlyList<Stage> Stages)
{
    private static readonly PlanJson Json = new(
        new JsonSerializerOptions(PlanJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }
    );

    /// <summary>What the user is to know before anything is touched.</summary>
    public IReadOnlyList<string> Before { get; init; } = [];

    /// <summary>What the user is to know when it is done.</summary>
    public IReadOnlyList<string> After { get; init; } = [];

    /// <summary>The lab the steps are about, when it is not the one that was looked at.</summary>
    public Lab? Lab { get; init; }

    /// <summary>Secrets that its steps need; null for none.</summary>
    public Configuration.LabSecrets? Secrets { get; init; }

    /// <summary>True when what its steps have done is undone if one of them fails, or on Ctrl+C; also what plans before
    /// it in the same call have done.</summary>
    public bool IsTakenBack { get; init; }

    /// <summary>True when what its steps have done is undone on Ctrl+C alone; also what plans before it in the same
    /// call have done. What was done when a step fails stays.</summary>
    public bool IsTakenBackOnCancel { get; init; }

    /// <summary>True when Ctrl+C does not end it: half of it would be worse than all or nothing.</summary>
    public bool RunsToItsEnd { get; init; }

    /// <summary>A plan of these stages; those in which there is nothing to do are left out.</summary>
    public static VerbPlan Of(params IReadOnlyList<Stage> stages) => new([.. stages.Where(s => s.Lanes.Count > 0)]);

    /// <summary>A plan that does nothing, and says why.</summary>
    public static VerbPlan Nothing(string because) => new([]) { Before = [because] };

    /// <summary>Plans for programs.</summary>
    /// <param name="plans">One after the other.</param>
    /// <param name="lab">The lab that was looked at.</param>
    public static string ToJson(IReadOnlyList<VerbPlan> plans, Lab lab)
    {
        ArgumentNullException.ThrowIfNull(plans);
        return JsonSerializer.Serialize(
            new PlannedVerb(
                [.. plans.SelectMany(p => p.Before)],
                [.. plans.SelectMany(p => p.Stages.Select(s => PlannedStep.Of(s, p.Lab ?? lab)))],
                [.. plans.SelectMany(p => p.After)]
            ),
            Json.PlannedVerb
        );
    }

    /// <summary>The same of steps that nobody looks into: each is done by another host.</summary>
    /// <param name="titles">What they do, one after the other.</param>
    public static string ToJson(IReadOnlyList<string> titles)
    {
        ArgumentNullException.ThrowIfNull(titles);
        return JsonSerializer.Serialize(
            new PlannedVerb(
                [],
                [
                    .. titles.Select(t =>
                        (PlannedStep[][])
                            [
                                [new PlannedStep(t, [])],
                            ]
                    ),
                ],
                []
            ),
            Json.PlannedVerb
        );
    }

    /// <inheritdoc/>
    public bool Equals(VerbPlan? other) =>
        other is not null
        && Stages.SequenceEqual(other.Stages)
        && Before.SequenceEqual(other.Before)
        && After.SequenceEqual(other.After)
        && Lab?.Nodes.Count == other.Lab?.Nodes.Count
        && (IsTakenBack, IsTakenBackOnCancel, RunsToItsEnd)
            == (other.IsTakenBack, other.IsTakenBackOnCancel, other.RunsToItsEnd);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Stages.Count, Before.Count, After.Count);
}

/// <summary>One step of a plan.</summary>
/// <param name="Title">What it does.</param>
/// <param name="Does">The commands it runs, the files it writes, the facts it waits for.</param>
public sealed record PlannedStep(string Title, IReadOnlyList<string> Does)
{
    /// <summary>The steps of a stage: its lanes, and the steps of each.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="lab">The lab as it is then.</param>
    public static PlannedStep[][] Of(Stage stage, Lab lab)
    {
        ArgumentNullException.ThrowIfNull(stage);
        return [.. stage.Lanes.Select(l => l.Select(s => new PlannedStep(s.Title, [.. s.Preview(lab)])).ToArray())];
    }
}

/// <summary>A plan, for programs.</summary>
/// <param name="Before">What the user is to know before anything is touched.</param>
/// <param name="Stages">One after the other; in each the lanes, which run side by side, and the steps of each.</param>
/// <param name="After">What the user is to know when it is done.</param>
public sealed record PlannedVerb(
    IReadOnlyList<string> Before,
    IReadOnlyList<PlannedStep[][]> Stages,
    IReadOnlyList<string> After
);

/// <summary>The shape of <c>--dry-run --json</c>, without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(PlannedVerb))]
internal sealed partial class PlanJson : JsonSerializerContext;
