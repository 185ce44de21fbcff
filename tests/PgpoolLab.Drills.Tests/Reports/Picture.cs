using System.Globalization;
using System.Xml.Linq;
using PgpoolLab.Drills.Reports.Pictures;

namespace PgpoolLab.Drills.Tests.Reports;

/// <summary>What holds of every picture.</summary>
internal static class Picture
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    /// <summary>It is XML; every shape and text lies inside; nothing but shapes and texts is in it; and no two labels
    /// lie on each other.</summary>
    internal static void AssertGood(string svg)
    {
        var root = XDocument.Parse(svg).Root!;
        Assert.Equal(Svg + "svg", root.Name);
        var (width, height) = (Number(root, "width"), Number(root, "height"));
        Assert.Equal($"0 0 {root.Attribute("width")!.Value} {root.Attribute("height")!.Value}", Of(root, "viewBox"));
        string[] known = ["svg", "g", "title", "desc", "style", "rect", "line", "path", "circle", "text"];
        Assert.Empty(root.Descendants().Select(e => e.Name.LocalName).Distinct().Except(known));
        foreach (var rect in root.Descendants(Svg + "rect"))
        {
            Inside(rect, Number(rect, "x"), Number(rect, "y"), Number(rect, "width"), Number(rect, "height"));
        }

        foreach (var line in root.Descendants(Svg + "line"))
        {
            Inside(line, Number(line, "x1"), Number(line, "y1"), 0, 0);
            Inside(line, Number(line, "x2"), Number(line, "y2"), 0, 0);
        }

        Box[] boxes = [.. root.Descendants(Svg + "text").Select(BoxOf)];
        Assert.All(boxes, b => Inside(b.Element, b.Left, b.Top, b.Right - b.Left, b.Bottom - b.Top));
        foreach (var box in boxes)
        {
            var other = boxes.FirstOrDefault(b => b != box && b.Overlaps(box));
            Assert.True(other is null, $"{box.Element}\nlies on\n{other?.Element}");
        }

        void Inside(XElement element, double x, double y, double w, double h) =>
            Assert.True(
                w >= 0 && h >= 0 && x >= -0.01 && y >= -0.01 && x + w <= width + 0.01 && y + h <= height + 0.01,
                $"{element}\nis not inside {width} × {height}"
            );
    }

    private static Box BoxOf(XElement text)
    {
        var style = Of(text, "class").Split(' ');
        string[] small =
        [
            "tl-name",
            "tl-scale",
            "tl-tick",
            "tl-legend",
            "tl-event-text",
            "tl-two-text",
            "tl-primary-text",
            "tl-standby-text",
            "tl-down-text",
            "tl-hung-text",
            "tl-unknown-state-text",
            "tl-badge-text",
        ];
        var size =
            style.Intersect(["tl-step", "tl-gap-text"]).Any() ? Drawing.Bold
            : style.Intersect(["tl-two-text", "tl-primary-text"]).Any() ? Drawing.SmallBold
            : style.Intersect(small).Any() ? Drawing.SmallFont
            : Drawing.Font;
        var shown = string.Concat(text.Nodes().OfType<XText>().Select(t => t.Value));
        var (x, y, width) = (Number(text, "x"), Number(text, "y"), TextWidth.Of(shown, size));
        var left =
            style.Intersect(["tl-end", "tl-name", "tl-scale"]).Any() ? x - width
            : style.Intersect(["tl-middle", "tl-tick", "tl-badge-text"]).Any() ? x - (width / 2)
            : x;
        return new(text, left, y - 9, left + width, y + 3);
    }

    private static string Of(XElement element, string attribute) => element.Attribute(attribute)?.Value ?? "";

    private static double Number(XElement element, string attribute) =>
        double.Parse(Of(element, attribute), CultureInfo.InvariantCulture);

    private sealed record Box(XElement Element, double Left, double Top, double Right, double Bottom)
    {
        internal bool Overlaps(Box other) =>
            Left < other.Right - 0.5
            && other.Left < Right - 0.5
            && Top < other.Bottom - 0.5
            && other.Top < Bottom - 0.5;
    }
}
