using System.Text.Json.Nodes;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>One of a few words.</summary>
/// <param name="words">The words.</param>
internal sealed class WordShape(params string[] words) : Shape
{
    internal override string Expected => string.Join(" or ", words);

    internal override bool IsKindOf(YamlNode node) => node is YamlText { IsNothing: false, IsNumber: false };

    internal override void Check(YamlNode node, string path, LabFileProblems problems)
    {
        if (node is not YamlText text || !words.Contains(text.Text))
        {
            var near = node is YamlText { IsNothing: false } word ? Nearest(word.Text, words) : null;
            Refuse(node, path, problems, near is null ? "" : $" Did you mean {near}?");
        }
    }

    internal override JsonObject Schema() => new() { ["enum"] = new JsonArray([.. words.Select(w => (JsonNode)w)]) };
}
