using System.Globalization;
using PgpoolLab.Drills.Files;
using PgpoolLab.Drills.Measuring;

namespace PgpoolLab.Drills.Running;

/// <summary>What the words of a step are when it begins.</summary>
internal static class Roles
{
    private const string Primary = "primary",
        Standby = "standby";

    /// <summary>Verbs that know nodes by their number alone.</summary>
    private static readonly string[] OnOneNode = ["promote", "switchover", "attach", "detach", "recover", "lag"];

    /// <summary>Roles become nodes.</summary>
    /// <returns>The words for the command line, and what they were for a person; null where they say it
    /// themselves.</returns>
    internal static (IReadOnlyList<string> Words, string? Was) Resolve(StepSpec step, NodeWatch watch) =>
        Resolve(step, watch.Now(NodeState.Primary), watch.Now(NodeState.Standby));

    /// <inheritdoc cref="Resolve(StepSpec, NodeWatch)"/>
    internal static (IReadOnlyList<string> Words, string? Was) Resolve(
        StepSpec step,
        IReadOnlyList<int> primaries,
        IReadOnlyList<int> standbys
    )
    {
        var verb = StepVerb.Find(step.Verb)!;
        if (verb.Name is "exec" or "config" or "wait" or "sync" or "reload" or "heal")
        {
            return (step.Words, null);
        }

        if (verb.IsOnLinks)
        {
            string[] ends = [.. step.Words.Select(w => EndOf(w, primaries, standbys))];
            return (ends, $"{ends[0]} → {ends[1]}".Replace("node", "node ", StringComparison.Ordinal));
        }

        if (step.Words.Count == 0)
        {
            // Of switchover: the first standby.
            return verb.Name == "switchover" && standbys.Count > 0
                ? ([Number(standbys[0])], $"node {standbys[0]}")
                : (step.Words, null);
        }

        return step.Words[0] switch
        {
            // One, and known: the command would ask for it anew, of servers that may be broken.
            Primary when primaries.Count == 1 => (
                [Number(primaries[0]), .. step.Words.Skip(1)],
                $"node {primaries[0]}"
            ),
            Standby when standbys.Count > 0 && OnOneNode.Contains(verb.Name) => (
                [Number(standbys[0]), .. step.Words.Skip(1)],
                $"node {standbys[0]}"
            ),
            Standby when standbys.Count > 0 => (step.Words, string.Join(" and ", standbys.Select(s => $"node {s}"))),
            "pgpool" => (step.Words, "Pgpool-II"),
            var word when int.TryParse(word, out var number) => (step.Words, $"node {number}"),
            _ => (step.Words, null),
        };
    }

    private static string EndOf(string word, IReadOnlyList<int> primaries, IReadOnlyList<int> standbys) =>
        word switch
        {
            Primary when primaries.Count == 1 => $"node{primaries[0]}",
            Standby when standbys.Count > 0 => $"node{standbys[0]}",
            _ when int.TryParse(word, out var number) => $"node{number}",
            _ => word,
        };

    private static string Number(int node) => node.ToString(CultureInfo.InvariantCulture);
}
