namespace PgpoolLab.Drills.Reports.Pictures;

/// <summary>For how wide a place a picture is drawn. Scaling one picture to every place would make its texts
/// unreadable.</summary>
/// <param name="Name">As class names have it.</param>
/// <param name="Width">Of the whole picture, in CSS pixels at its natural size.</param>
/// <param name="Gutter">What names of lanes take on the left.</param>
/// <param name="WritesHeight">Height of the lane of rows.</param>
/// <param name="EventRows">How many rows of events have a text.</param>
/// <param name="TickApart">The least distance of two ticks.</param>
internal sealed record PictureSize(
    string Name,
    double Width,
    double Gutter,
    double WritesHeight,
    int EventRows,
    double TickApart
)
{
    /// <summary>A desk's screen, and paper.</summary>
    internal static readonly PictureSize Wide = new("wide", 1000, 76, 104, 6, 64);

    /// <summary>A telephone.</summary>
    internal static readonly PictureSize Narrow = new("narrow", 368, 62, 84, 6, 44);
}
