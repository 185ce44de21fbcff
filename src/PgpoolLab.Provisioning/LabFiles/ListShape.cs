using System.Text.Json.Nodes;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>A list.</summary>
/// <param name="what">What it is a list of: <c>addresses</c>.</param>
/// <param name="items">What each of them is.</param>
/// <param name="least">How many there must be.</param>
internal sealed class ListShape(string what, Shape items, int least = 0) : Shape
{
    internal override string Expected => $"a list of {what}";

    internal override bool IsKindOf(YamlNode node) => node is YamlList;

    internal override IEnumerable<(string Star, IReadOnlyList<LabFileKey> Keys)> Maps() =>
        items.Maps().Select(m => ("*." + m.Star, m.Keys));

    internal override void Check(YamlNode node, string path, LabFileProblems problems)
    {
        if (node is not YamlList list)
        {
            Refuse(node, path, problems, node is YamlText { IsNothing: false } one ? $" Write [{one.Text}]." : "");
            return;
        }

        if (list.Items.Count < least)
        {
            problems.Add(node.Place, $"{path} must have at least {least} of its {what}; it has {list.Items.Count}.");
        }

        for (var i = 0; i < list.Items.Count; i++)
        {
            items.Check(list.Items[i], $"{path}[{i}]", problems);
        }
    }

    internal override JsonObject Schema()
    {
        var schema = new JsonObject { ["type"] = "array", ["items"] = items.Schema() };
        if (least > 0)
        {
            schema["minItems"] = least;
        }

        return schema;
    }
}
