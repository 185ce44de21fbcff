using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Reports.Pictures;

/// <summary>A picture while it is drawn, lane by lane from the top. It has four layers: what lies behind all, shapes,
/// lines across the lanes, and texts, which nothing may cover.</summary>
/// <param name="Run">What is drawn.</param>
/// <param name="Size">For how wide a place.</param>
/// <param name="Id">Its name in the page, for what refers to a part of it.</param>
internal sealed record Drawing(DrillRun Run, PictureSize Size, string Id)
{
    /// <summary>Size of texts.</summary>
    internal const double Font = 12;

    /// <summary>Size of texts that matter less.</summary>
    internal const double SmallFont = 11;

    /// <summary>How wide bold texts are: as if they were larger. Their font has a size of <see cref="Font"/>.</summary>
    internal const double Bold = Font * 1.09;

    /// <summary>The same of <see cref="SmallFont"/>.</summary>
    internal const double SmallBold = SmallFont * 1.09;

    private const double Margin = 8;

    /// <summary>Moments to places.</summary>
    internal TimeScale Time { get; } = new(Run.From, Run.To, Size.Gutter, Size.Width - Margin);

    /// <summary>Grid and shades.</summary>
    internal SvgText Back { get; } = new();

    /// <summary>Bands, areas, ticks.</summary>
    internal SvgText Shapes { get; } = new();

    /// <summary>Lines of steps.</summary>
    internal SvgText Lines { get; } = new();

    /// <summary>Texts.</summary>
    internal SvgText Texts { get; } = new();

    /// <summary>What the legend explains, in the order in which it was drawn.</summary>
    internal List<LegendEntry> Legend { get; } = [];

    /// <summary>Where the next lane begins.</summary>
    internal double Y { get; set; }

    /// <summary>Names a lane on its left.</summary>
    internal void Name(string name, double baseline, string style = "tl-name") =>
        Texts.Text(style, Size.Gutter - Margin, baseline, TextWidth.Cut(name, SmallFont, Size.Gutter - Margin));

    /// <summary>Has the legend explain a shape, once.</summary>
    internal void Explain(string shape, string text)
    {
        var entry = new LegendEntry(shape, text);
        if (!Legend.Contains(entry))
        {
            Legend.Add(entry);
        }
    }
}
