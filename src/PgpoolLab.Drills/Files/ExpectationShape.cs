using System.Text.Json.Nodes;
using PgpoolLab.Provisioning.LabFiles;

namespace PgpoolLab.Drills.Files;

/// <summary>What is expected of a measure: <c>&lt; 1s</c>, <c>0</c>, <c>never</c>.</summary>
/// <param name="measure">The measure.</param>
internal sealed class ExpectationShape(Measure measure) : Shape
{
    internal override string Expected => Expectation.ExpectedFor(measure);

    internal override bool IsKindOf(YamlNode node) => node is YamlText { IsNothing: false };

    internal override void Check(YamlNode node, string path, LabFileProblems problems)
    {
        if (node is not YamlText text || Expectation.Parse(measure, text.Text) is null)
        {
            Refuse(node, path, problems);
        }
    }

    internal override JsonObject Schema() => new() { ["type"] = new JsonArray("string", "integer") };
}
