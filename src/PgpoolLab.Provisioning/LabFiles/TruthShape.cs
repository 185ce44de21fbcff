using System.Text.Json.Nodes;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>True or false.</summary>
internal sealed class TruthShape : Shape
{
    internal override string Expected => "true or false";

    internal override bool IsKindOf(YamlNode node) => node is YamlText { Truth: not null };

    internal override void Check(YamlNode node, string path, LabFileProblems problems)
    {
        if (node is YamlText { Truth: not null })
        {
            return;
        }

        // What it was in YAML 1.1, and still is to many.
        var meant = (node as YamlText)?.Text.ToLowerInvariant() switch
        {
            "yes" or "on" or "y" or "1" or "true" => " Did you mean true?",
            "no" or "off" or "n" or "0" or "false" => " Did you mean false?",
            _ => "",
        };
        Refuse(node, path, problems, meant);
    }

    internal override JsonObject Schema() => new() { ["type"] = "boolean" };
}
