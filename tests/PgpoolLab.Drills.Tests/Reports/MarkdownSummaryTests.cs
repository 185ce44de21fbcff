using PgpoolLab.Drills.Reports;

namespace PgpoolLab.Drills.Tests.Reports;

/// <summary>The table for GitHub.</summary>
public sealed class MarkdownSummaryTests
{
    [Theory]
    [InlineData("primary-dies")]
    [InlineData("repeated")]
    [InlineData("rows-lost")]
    [InlineData("matrix")]
    [InlineData("hostile")]
    [InlineData("not-judged")]
    [InlineData("all")]
    public void A_summary_is_as_approved(string name) =>
        Snapshot.Approve($"markdown/{name}", MarkdownSummary.Of(MadeUp.Pages[name]()));

    [Fact]
    public void A_line_of_the_table_is_one_line_whatever_its_texts_are()
    {
        var result = MadeUp.Hostile();
        var lines = MarkdownSummary.Of([result with { Drill = "a|b\nc | `d` <b>" }]).Split('\n');
        var rows = lines.Where(l => l.StartsWith('|')).ToArray();
        Assert.Equal(3, rows.Length);
        Assert.StartsWith("| a\\|b c \\| \\`d\\` &lt;b&gt; |", rows[2], StringComparison.Ordinal);
    }
}
