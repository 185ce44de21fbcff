using Spectre.Console;
using Spectre.Console.Rendering;

namespace PgpoolLab.Cli.Rendering;

/// <summary>A line of markup that is broken at spaces where the window ends; the lines below the first are
/// indented.</summary>
/// <param name="markup">The line.</param>
/// <param name="indent">How far the lines below the first are indented.</param>
internal sealed class WrappedLine(string markup, int indent) : IRenderable
{
    private const int Unlimited = 10_000;
    private const int Narrowest = 40;

    /// <inheritdoc/>
    public Measurement Measure(RenderOptions options, int maxWidth) => new(Math.Min(1, maxWidth), maxWidth);

    /// <inheritdoc/>
    public IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        ArgumentNullException.ThrowIfNull(options);
        var room = Math.Max(Narrowest, maxWidth);
        var used = 0;
        // The spaces in front of a word fall away where the line is broken before it.
        var spaces = new List<Segment>();
        foreach (var word in Words(options))
        {
            if (word[0].IsWhiteSpace)
            {
                spaces.AddRange(word);
                continue;
            }

            var (gap, length) = (Segment.CellCount(spaces), Segment.CellCount(word));
            if (used > indent && used + gap + length > room)
            {
                yield return Segment.LineBreak;
                yield return new Segment(new string(' ', indent));
                used = indent;
            }
            else
            {
                foreach (var space in spaces)
                {
                    yield return space;
                }

                used += gap;
            }

            spaces.Clear();
            foreach (var part in word)
            {
                yield return part;
            }

            used += length;
        }

        yield return Segment.LineBreak;
    }

    /// <summary>Runs of spaces, and of what is none; one word may be of several colours.</summary>
    private List<List<Segment>> Words(RenderOptions options)
    {
        var words = new List<List<Segment>>();
        foreach (var segment in ((IRenderable)new Markup(markup)).Render(options, Unlimited))
        {
            if (segment.IsLineBreak || segment.Text.Length == 0)
            {
                continue;
            }

            foreach (var text in Runs(segment.Text))
            {
                var piece = new Segment(text, segment.Style);
                if (words.Count > 0 && words[^1][0].IsWhiteSpace == piece.IsWhiteSpace)
                {
                    words[^1].Add(piece);
                }
                else
                {
                    words.Add([piece]);
                }
            }
        }

        return words;
    }

    private static IEnumerable<string> Runs(string text)
    {
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = start + 1;
            while (end < text.Length && text[end] == ' ' == (text[start] == ' '))
            {
                end++;
            }

            yield return text[start..end];
        }
    }
}
