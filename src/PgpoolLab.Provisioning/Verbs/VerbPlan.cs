using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;

namespace PgpoolLab.Provisioning.Verbs;

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

    /// <summary>A plan of these stages; those in which there is nothing to do are left out.</summary>
    public static VerbPlan Of(params IReadOnlyList<Stage> stages) => new([.. stages.Where(s => s.Lanes.Count > 0)]);

    /// <summary>A plan that does nothing, and says why.</summary>
    public static VerbPlan Nothing(string because) => new([]) { Before = [because] };

    /// <summary>This one, then another one.</summary>
    public VerbPlan Then(VerbPlan next)
    {
        ArgumentNullException.ThrowIfNull(next);
        return new([.. Stages, .. next.Stages])
        {
            Before = [.. Before, .. next.Before],
            After = [.. After, .. next.After],
        };
    }

    /// <summary>The plan for programs.</summary>
    public string ToJson(Lab lab) =>
        JsonSerializer.Serialize(
            new PlannedVerb(
                Before,
                [
                    .. Stages.Select(s =>
                        (PlannedStep[][])
                            [
                                .. s.Lanes.Select(l =>
                                    (PlannedStep[])[.. l.Select(p => new PlannedStep(p.Title, [.. p.Preview(lab)]))]
                                ),
                            ]
                    ),
                ],
                After
            ),
            Json.PlannedVerb
        );

    /// <inheritdoc/>
    public bool Equals(VerbPlan? other) =>
        other is not null
        && Stages.SequenceEqual(other.Stages)
        && Before.SequenceEqual(other.Before)
        && After.SequenceEqual(other.After);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Stages.Count, Before.Count, After.Count);
}

/// <summary>One step of a plan.</summary>
/// <param name="Title">What it does.</param>
/// <param name="Does">The commands it runs, the files it writes, the facts it waits for.</param>
public sealed record PlannedStep(string Title, IReadOnlyList<string> Does);

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
