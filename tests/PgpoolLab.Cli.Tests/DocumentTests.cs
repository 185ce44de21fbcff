using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Cli.Tests;

/// <summary>What the documents say is proved must be.</summary>
public sealed partial class DocumentTests
{
    [Fact]
    public void Every_test_that_the_table_of_faults_names_exists_and_every_story_is_in_the_table()
    {
        var named = TestName()
            .Matches(File.ReadAllText(Path.Combine(Repository(), "docs/faults.md")))
            .Select(m => m.Groups[1].Value)
            .ToHashSet(StringComparer.Ordinal);
        var tests = Directory
            .EnumerateFiles(Path.Combine(Repository(), "tests"), "*Tests.cs", SearchOption.AllDirectories)
            .Concat(
                Directory.EnumerateFiles(
                    Path.Combine(Repository(), "tests/PgpoolLab.Integration.Tests/Failures"),
                    "*.cs"
                )
            )
            .SelectMany(f => Method().Matches(File.ReadAllText(f)).Select(m => m.Groups[1].Value))
            .ToHashSet(StringComparer.Ordinal);
        Assert.True(named.Count > 30);
        Assert.Empty(named.Except(tests));
        Assert.Empty(tests.Where(t => t.StartsWith("Story_", StringComparison.Ordinal)).Except(named));
    }

    [Fact]
    public void Every_finding_has_its_section_in_the_document_and_no_section_is_of_none()
    {
        var sections = File.ReadAllLines(Path.Combine(Repository(), "docs/status.md"))
            .Where(l => l.StartsWith("### ", StringComparison.Ordinal))
            .Select(l => l["### ".Length..])
            .ToArray();
        Assert.Equal(FindingKinds.All.Select(k => k.Id), sections);
        Assert.Equal(sections, sections.Distinct());
        // A kind that is not in the list would be shown before the worst, and have no section.
        Assert.Equal(
            typeof(FindingKinds)
                .GetProperties()
                .Where(p => p.PropertyType == typeof(FindingKind))
                .Select(p => (FindingKind)p.GetValue(null)!)
                .OrderBy(k => k.Id, StringComparer.Ordinal),
            FindingKinds.All.OrderBy(k => k.Id, StringComparer.Ordinal)
        );
        // They are listed the worst first.
        Assert.Equal(FindingKinds.All.OrderByDescending(k => k.Severity), FindingKinds.All);
    }

    private static string Repository([CallerFilePath] string self = "") =>
        Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(self)))!;

    /// <summary>In the table names of tests stand in backquotes; they are sentences.</summary>
    [GeneratedRegex("`([A-Z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+)`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"public (?:async )?(?:Task|void) (\w+)\(")]
    private static partial Regex Method();
}
