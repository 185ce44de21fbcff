using System.Text.Json.Nodes;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>One of several shapes.</summary>
/// <param name="shapes">The shapes; of whose kind a value is, as that it is checked.</param>
internal sealed class EitherShape(params Shape[] shapes) : Shape
{
    internal override string Expected => string.Join(", or ", shapes.Select(s => s.Expected));

    internal override bool IsKindOf(YamlNode node) => shapes.Any(s => s.IsKindOf(node));

    internal override IEnumerable<(string Star, IReadOnlyList<LabFileKey> Keys)> Maps() =>
        shapes.SelectMany(s => s.Maps());

    internal override void Check(YamlNode node, string path, LabFileProblems problems)
    {
        if (Array.Find(shapes, s => s.IsKindOf(node)) is { } shape)
        {
            shape.Check(node, path, problems);
        }
        else
        {
            Refuse(node, path, problems);
        }
    }

    internal override JsonObject Schema() =>
        new() { ["anyOf"] = new JsonArray([.. shapes.Select(s => (JsonNode)s.Schema())]) };
}
