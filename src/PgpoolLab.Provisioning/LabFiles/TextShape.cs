using System.Text.Json.Nodes;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>A text.</summary>
/// <param name="expected">What it is, with its article: <c>a folder</c>.</param>
/// <param name="whyNot">Why a text is none, as a clause; null for any text but an empty one.</param>
/// <param name="pattern">The same as far as a regular expression of ECMAScript says it; null for none.</param>
internal sealed class TextShape(string expected, Func<string, string?>? whyNot = null, string? pattern = null) : Shape
{
    internal override string Expected => expected;

    internal override bool IsKindOf(YamlNode node) => node is YamlText { IsNothing: false };

    internal override void Check(YamlNode node, string path, LabFileProblems problems)
    {
        if (node is not YamlText text || text.IsNothing || text.Text.Length == 0)
        {
            Refuse(node, path, problems);
        }
        else if (text.IsNumber || text.Truth is not null)
        {
            problems.Add(
                text.Place,
                $"{path} must be {Expected}; {text.Text} is {(text.IsNumber ? "a number" : "a truth value")} in YAML. "
                    + $"If you mean it, write it in quotes: '{text.Text}'"
            );
        }
        else if (whyNot?.Invoke(text.Text) is { } why)
        {
            problems.Add(text.Place, $"{path} {Shown(text)}: {why}");
        }
    }

    internal override JsonObject Schema() =>
        pattern is null
            ? new JsonObject { ["type"] = "string", ["minLength"] = 1 }
            : new JsonObject { ["type"] = "string", ["pattern"] = pattern };
}
