using System.Globalization;
using System.Text;
using Spectre.Console.Rendering;

namespace PgpoolLab.Cli.Rendering;

/// <summary>Which characters can be shown.</summary>
internal enum Glyphs
{
    /// <summary>Whatever is no control character.</summary>
    All,

    /// <summary>Our own signs are spelled out in ASCII; what comes from elsewhere stays, as the bytes it is.</summary>
    Ascii,
}

/// <summary>
/// The one place where text becomes fit for a terminal: a lab's name, a path, what a server has said must not move the
/// cursor, change the window's title or, by marks of writing direction, read as what it is not.
/// </summary>
internal static class Printable
{
    private static readonly Dictionary<char, string> Ascii = new()
    {
        ['→'] = "->",
        ['✓'] = "+",
        ['✗'] = "x",
        ['•'] = "*",
        ['↶'] = "<",
        ['…'] = "...",
    };

    /// <summary>The text with each control character, but tabs and ends of lines, as <c>\x1B</c> or
    /// <c>\u202E</c>.</summary>
    internal static string Of(string text, Glyphs glyphs = Glyphs.All)
    {
        if (!text.Any(c => IsControl(c) || (glyphs is Glyphs.Ascii && Ascii.ContainsKey(c))))
        {
            return text;
        }

        var clean = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            _ =
                IsControl(c)
                    ? clean.Append(CultureInfo.InvariantCulture, $"\\{(c < 0x100 ? $"x{(int)c:X2}" : $"u{(int)c:X4}")}")
                : glyphs is Glyphs.Ascii && Ascii.TryGetValue(c, out var plain) ? clean.Append(plain)
                : clean.Append(c);
        }

        return clean.ToString();
    }

    /// <summary>For a rendering: the text as it will be shown and measured, with nothing in it that is
    /// markup.</summary>
    internal static string Escape(string text) => Spectre.Console.Markup.Escape(Of(text));

    private static bool IsControl(char c) =>
        (char.IsControl(c) && c is not ('\n' or '\t'))
        || c is '\u061C' or '\u200E' or '\u200F' or (>= '\u2028' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
}

/// <summary>Plain text for a terminal, a pipe or a file.</summary>
internal sealed class PrintableWriter(TextWriter to, Glyphs glyphs) : TextWriter
{
    public override Encoding Encoding => to.Encoding;

    public override void Write(char value) => to.Write(Printable.Of(value.ToString(), glyphs));

    public override void Write(char[] buffer, int index, int count) =>
        to.Write(Printable.Of(new string(buffer, index, count), glyphs));

    public override void Write(string? value) => to.Write(Printable.Of(value ?? "", glyphs));

    // One call, so that two that write at once do not mix their lines.
    public override void WriteLine(string? value) => to.Write(Printable.Of(value ?? "", glyphs) + "\n");

    public override void Flush() => to.Flush();
}

/// <summary>The same for what is rendered: the escape sequences of a rendering are its own, its text may be
/// anybody's.</summary>
internal sealed class PrintableRendering(Glyphs glyphs) : IRenderHook
{
    public IEnumerable<IRenderable> Process(RenderOptions options, IEnumerable<IRenderable> renderables) =>
        renderables.Select(r => new Clean(r, glyphs));

    private sealed class Clean(IRenderable of, Glyphs glyphs) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => of.Measure(options, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
            of.Render(options, maxWidth)
                .Select(s =>
                    s.IsControlCode || s.IsLineBreak || Printable.Of(s.Text, glyphs) is var text && text == s.Text
                        ? s
                        : new Segment(text, s.Style)
                );
    }
}
