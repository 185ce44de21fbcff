using System.Globalization;
using System.Text;
using PgpoolLab.Drills.Reports.Words;

namespace PgpoolLab.Drills.Reports.Pictures;

/// <summary>Writes the few elements of SVG that a picture needs. Every text is escaped here and nowhere else.</summary>
internal sealed class SvgText
{
    private readonly StringBuilder _text = new();

    /// <summary>What was written.</summary>
    public override string ToString() => _text.ToString();

    /// <summary>A number as an attribute has it: two digits are finer than any screen.</summary>
    internal static string Number(double number) => number.ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>A rectangle; what it means when somebody points at it.</summary>
    internal void Rect(string style, double x, double y, double width, double height, string? title = null)
    {
        var shape = $"<rect class=\"{style}\" x=\"{Number(x)}\" y=\"{Number(y)}\" width=\"{Number(width)}\" ";
        Titled(_text.Append(shape).Append("height=\"").Append(Number(height)).Append('"'), "rect", title);
    }

    /// <summary>A line.</summary>
    internal void Line(string style, double x1, double y1, double x2, double y2) =>
        _text.Append(
            $"<line class=\"{style}\" x1=\"{Number(x1)}\" y1=\"{Number(y1)}\" x2=\"{Number(x2)}\" "
                + $"y2=\"{Number(y2)}\"/>\n"
        );

    /// <summary>A path of any shape.</summary>
    internal void Path(string style, string data, string? title = null) =>
        Titled(_text.Append($"<path class=\"{style}\" d=\"").Append(data).Append('"'), "path", title);

    /// <summary>A circle.</summary>
    internal void Circle(string style, double x, double y, double radius, string? title = null) =>
        Titled(
            _text.Append($"<circle class=\"{style}\" cx=\"{Number(x)}\" cy=\"{Number(y)}\" r=\"{Number(radius)}\""),
            "circle",
            title
        );

    /// <summary>A text.</summary>
    internal void Text(string style, double x, double y, string text, string? title = null)
    {
        _text.Append($"<text class=\"{style}\" x=\"{Number(x)}\" y=\"{Number(y)}\">");
        _text.Append(ShownText.Escape(ShownText.Line(text)));
        Title(title);
        _text.Append("</text>\n");
    }

    /// <summary>What is SVG already.</summary>
    internal void Add(string svg) => _text.Append(svg);

    private void Titled(StringBuilder open, string element, string? title)
    {
        if (title is null)
        {
            open.Append("/>\n");
            return;
        }

        open.Append('>');
        Title(title);
        open.Append($"</{element}>\n");
    }

    private void Title(string? title)
    {
        if (title is not null)
        {
            var shown = ShownText.Cut(ShownText.Line(title), ShownText.Longest);
            _text.Append("<title>").Append(ShownText.Escape(shown)).Append("</title>");
        }
    }
}
