using System.Globalization;
using System.Text.Json.Nodes;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>A whole number.</summary>
/// <param name="least">The least it can be.</param>
/// <param name="most">The most it can be.</param>
internal sealed class WholeShape(int least, int most) : Shape
{
    internal override string Expected => $"a whole number from {least} to {most}";

    internal override bool IsKindOf(YamlNode node) => node is YamlText { IsNumber: true };

    internal override void Check(YamlNode node, string path, LabFileProblems problems)
    {
        if (NumberOf(node) is not { } number || number < least || number > most)
        {
            var advice =
                node is YamlText { IsPlain: false } text && int.TryParse(text.Text, out _)
                    ? " Write it without quotes."
                    : "";
            Refuse(node, path, problems, advice);
        }
    }

    /// <summary>The number; null when it is none.</summary>
    internal static int? NumberOf(YamlNode? node) =>
        node is YamlText { IsPlain: true } text
        && int.TryParse(text.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    internal override JsonObject Schema() =>
        new()
        {
            ["type"] = "integer",
            ["minimum"] = least,
            ["maximum"] = most,
        };
}
