using System.Text.Json.Serialization;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>How bad a finding is.</summary>
public enum FindingSeverity
{
    /// <summary>Worth knowing; all is well.</summary>
    [JsonStringEnumMemberName("note")]
    Note,

    /// <summary>The lab works, with less than it should have.</summary>
    [JsonStringEnumMemberName("warning")]
    Warning,

    /// <summary>Clients get errors, wait, or lose data.</summary>
    [JsonStringEnumMemberName("broken")]
    Broken,
}

/// <summary>Something that is not as it should be.</summary>
/// <param name="Kind">What kind of thing it is.</param>
/// <param name="Node">The node it is about; null for the lab.</param>
/// <param name="Problem">What is wrong, one sentence.</param>
public sealed record Finding([property: JsonIgnore] FindingKind Kind, int? Node, string Problem)
{
    /// <summary>The command that ends it; null when it ends by itself, or when no command ends it.</summary>
    public string? Fix { get; init; }

    /// <summary>The stable name of its kind.</summary>
    public string Id => Kind.Id;

    /// <summary>How bad it is.</summary>
    public FindingSeverity Severity { get; init; } = Kind.Severity;

    /// <summary>The host it is on, in a lab on several; null in one on one machine, and when it is about the
    /// lab.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Host { get; init; }

    /// <summary>Why it is so, as far as that can be seen; null when the problem says it already.</summary>
    public string? Cause { get; init; }

    /// <summary>What follows from it.</summary>
    public string? Consequence { get; init; } = Kind.Consequence;

    /// <summary>What ends it, in order; empty when nothing that a command does.</summary>
    [JsonIgnore]
    public IReadOnlyList<Remedy> Remedies { get; init; } = [];

    /// <summary>The same with other remedies.</summary>
    internal Finding With(Lab lab, params IReadOnlyList<Remedy> remedies) =>
        this with
        {
            Remedies = remedies,
            Fix = RemedyWords.Line(lab, remedies),
        };

    /// <summary>A finding with its remedies, shown as the command line to paste.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="kind">What kind of thing it is.</param>
    /// <param name="node">The node it is about; null for the lab.</param>
    /// <param name="problem">What is wrong, one sentence.</param>
    /// <param name="remedies">What ends it, in order.</param>
    internal static Finding Of(
        Lab lab,
        FindingKind kind,
        int? node,
        string problem,
        params IReadOnlyList<Remedy> remedies
    ) => new(kind, node, problem) { Remedies = remedies, Fix = RemedyWords.Line(lab, remedies) };
}
