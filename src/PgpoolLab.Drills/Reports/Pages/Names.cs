using PgpoolLab.Drills.Reports.Words;
using PgpoolLab.Provisioning.Configuration;
using Scriban.Runtime;

namespace PgpoolLab.Drills.Reports.Pages;

/// <summary>What templates of pages can name. Every text is escaped here, so that no template can forget to.</summary>
internal static class Names
{
    /// <summary>A text of one line.</summary>
    internal static string Text(string text) => ShownText.Escape(ShownText.Line(text));

    /// <summary>A text of one line that somebody else wrote, however long.</summary>
    internal static string Short(string text, int characters = ShownText.Longest) =>
        ShownText.Escape(ShownText.Cut(ShownText.Line(text), characters));

    /// <summary>A list of objects.</summary>
    internal static ScriptArray List<T>(IEnumerable<T> items, Func<T, ScriptObject> names) => new(items.Select(names));

    /// <summary>A verdict.</summary>
    internal static ScriptObject Of(Verdict verdict) =>
        new StrictObject("verdict")
        {
            ["word"] = Text(verdict.Word),
            ["tone"] = verdict.Tone,
            ["sign"] = verdict.Sign,
            ["text"] = Text(verdict.Text),
        };
}
