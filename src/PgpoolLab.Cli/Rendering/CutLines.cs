using Spectre.Console;
using Spectre.Console.Rendering;

namespace PgpoolLab.Cli.Rendering;

/// <summary>Lines of markup that are cut off where the window ends, so that a screen keeps its height.</summary>
/// <param name="lines">The lines.</param>
internal sealed class CutLines(IReadOnlyList<string> lines) : IRenderable
{
    private const int Unlimited = 10_000;

    /// <inheritdoc/>
    public Measurement Measure(RenderOptions options, int maxWidth) => new(Math.Min(1, maxWidth), maxWidth);

    /// <inheritdoc/>
    public IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        ArgumentNullException.ThrowIfNull(options);
        foreach (var line in lines)
        {
            var whole = ((IRenderable)new Markup(line)).Render(options, Unlimited).Where(s => !s.IsLineBreak).ToArray();
            if (Segment.CellCount(whole) <= maxWidth)
            {
                foreach (var segment in whole)
                {
                    yield return segment;
                }
            }
            else
            {
                foreach (var segment in Segment.Truncate(whole, maxWidth - 1))
                {
                    yield return segment;
                }

                yield return new Segment(options.Unicode ? "…" : ">");
            }

            yield return Segment.LineBreak;
        }
    }
}
