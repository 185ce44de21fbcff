using System.Text.Json.Nodes;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>What may stand in a place of a lab file. The reader's errors and the schema for editors are both made of
/// it.</summary>
internal abstract class Shape
{
    /// <summary>What is expected, with its article: <c>a whole number from 1 to 128</c>.</summary>
    internal abstract string Expected { get; }

    /// <summary>True when a value is of this kind at all, right or wrong: of several shapes the first is taken of whose
    /// kind it is.</summary>
    internal abstract bool IsKindOf(YamlNode node);

    /// <summary>Finds everything that is wrong with a value.</summary>
    /// <param name="node">The value.</param>
    /// <param name="path">Where it is, by its keys: <c>postgresql.version</c>.</param>
    /// <param name="problems">Takes what is wrong.</param>
    internal abstract void Check(YamlNode node, string path, LabFileProblems problems);

    /// <summary>The same as JSON Schema (2020-12) has it.</summary>
    internal abstract JsonObject Schema();

    /// <summary>The maps in it that have known keys; <c>*.</c> before those of a map of names, or of a list.</summary>
    internal virtual IEnumerable<(string Star, IReadOnlyList<LabFileKey> Keys)> Maps() => [];

    /// <summary>"X must be Y; it is Z".</summary>
    private protected void Refuse(YamlNode node, string path, LabFileProblems problems, string advice = "") =>
        problems.Add(node.Place, $"{path} must be {Expected}; it is {Shown(node)}.{advice}");

    /// <summary>A value in a message.</summary>
    internal static string Shown(YamlNode node)
    {
        const int most = 40;
        return node switch
        {
            YamlText { IsNothing: true } => "empty",
            YamlText text => $"'{(text.Text.Length <= most ? text.Text : text.Text[..most] + "…")}'",
            YamlList => "a list",
            _ => "a map",
        };
    }

    /// <summary>The word that may have been meant.</summary>
    internal static string? Nearest(string word, IEnumerable<string> known)
    {
        var near = known
            .Select(k => (Word: k, Distance: Words.Distance(k, word)))
            .OrderBy(k => k.Distance)
            .FirstOrDefault();
        return near.Word is { } found && near.Distance <= Math.Max(1, Math.Min(found.Length, word.Length) / 3)
            ? found
            : null;
    }
}
