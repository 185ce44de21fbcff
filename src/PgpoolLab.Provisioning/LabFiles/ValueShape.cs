using System.Text.Json.Nodes;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>The value of a setting of PostgreSQL or Pgpool-II: a text, whatever YAML would make of it. <c>on</c>,
/// <c>8MB</c> and <c>0.50</c> stay what they are.</summary>
internal sealed class ValueShape : Shape
{
    internal override string Expected => "a value";

    internal override bool IsKindOf(YamlNode node) => node is YamlText;

    internal override void Check(YamlNode node, string path, LabFileProblems problems)
    {
        if (node is not YamlText text)
        {
            Refuse(node, path, problems);
        }
        else if (text.IsNothing)
        {
            problems.Add(node.Place, $"{path} has no value. An empty one is written ''.");
        }
    }

    internal override JsonObject Schema() => new() { ["type"] = new JsonArray("string", "number", "boolean") };
}
