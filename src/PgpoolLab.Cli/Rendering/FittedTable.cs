using Spectre.Console;
using Spectre.Console.Rendering;

namespace PgpoolLab.Cli.Rendering;

/// <summary>The head of a column.</summary>
/// <param name="Title">Above its cells.</param>
/// <param name="Right">Whether they are aligned to the right, as numbers are.</param>
internal readonly record struct Heading(string Title, bool Right = false);

/// <summary>
/// A table of which no cell is ever broken or cut: cells are words to read and folders to paste. Columns that do not
/// fit into the window follow in a further table below, beside the key columns again; those that are empty are left out
/// then.
/// </summary>
/// <param name="Headings">Of its columns.</param>
/// <param name="Rows">Their cells, as markup.</param>
internal sealed record FittedTable(IReadOnlyList<Heading> Headings, IReadOnlyList<string[]> Rows)
{
    private const int Unlimited = 10_000;

    /// <summary>How many columns, from the left, say what a row is about.</summary>
    internal int Keys { get; init; } = 1;

    /// <summary>Spaces between two columns.</summary>
    internal int Gap { get; init; } = 1;

    /// <summary>The lines around its cells.</summary>
    internal TableBorder Border { get; init; } = TableBorder.None;

    /// <summary>Whether the window has room for all its columns side by side.</summary>
    internal bool Fits(IAnsiConsole console) => WidthOf(console, All) <= console.Profile.Width;

    /// <summary>Prints it, in as many parts as the window needs.</summary>
    internal void Print(IAnsiConsole console)
    {
        foreach (var part in Parts(console))
        {
            var width = console.Profile.Width;
            console.Profile.Width = Unlimited;
            console.Write(Of(part));
            console.Profile.Width = width;
        }
    }

    private int[] All => [.. Enumerable.Range(0, Headings.Count)];

    private IEnumerable<int[]> Parts(IAnsiConsole console)
    {
        if (Fits(console))
        {
            yield return All;
            yield break;
        }

        int[] keys = [.. All.Take(Keys)];
        var part = keys;
        foreach (var column in All.Skip(Keys).Where(c => Rows.Any(r => r[c].Length > 0)))
        {
            if (part.Length > Keys && WidthOf(console, [.. part, column]) > console.Profile.Width)
            {
                yield return part;
                part = keys;
            }

            part = [.. part, column];
        }

        yield return part;
    }

    private int WidthOf(IAnsiConsole console, int[] columns)
    {
        IRenderable table = Of(columns);
        var behindTheLast = Border == TableBorder.None ? Gap : 0;
        return table.Measure(RenderOptions.Create(console), Unlimited).Max - behindTheLast;
    }

    private Table Of(int[] columns)
    {
        var table = new Table().Border(Border).BorderStyle(Style.Parse("grey"));
        foreach (var index in columns)
        {
            var column = new TableColumn(Headings[index].Title).NoWrap();
            if (Border == TableBorder.None)
            {
                column.Padding(0, 0, Gap, 0);
            }

            table.AddColumn(Headings[index].Right ? column.RightAligned() : column);
        }

        foreach (var row in Rows)
        {
            table.AddRow([.. columns.Select(c => row[c])]);
        }

        return table;
    }
}
