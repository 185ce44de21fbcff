using PgpoolLab.Cli.Drilling;
using PgpoolLab.Drills.Files;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Tests;

/// <summary>What is refused of a drill that fills a disk, before anything is made.</summary>
public sealed class DrillDisksTests
{
    private static readonly DrillSpec Full = DrillFileReader.ReadOwn("primary-disk-full")!;

    private static DrillWish Wish(string? lab = null, bool keep = false) =>
        new(null, null, null, [], lab, keep, null, null, false, false);

    [Theory]
    [InlineData("my-lab", false, "--lab")]
    [InlineData(null, true, "--keep")]
    public void It_fills_no_disk_of_a_lab_that_stays(string? lab, bool keep, string option)
    {
        var refusal = DrillDisks.Refusal(Full, Wish(lab, keep))!;
        Assert.Equal(
            (
                ExitCode.Usage,
                "The drill primary-disk-full fills a disk that goes when the drill ends, and part of the lab with it."
            ),
            (refusal.Code, refusal.Message)
        );
        Assert.StartsWith($"Leave out {option}: ", Assert.Single(refusal.Hints), StringComparison.Ordinal);
    }

    [Fact]
    public void Who_is_not_root_or_may_not_mount_is_told_what_it_is_for()
    {
        var refusal = DrillDisks.Refusal(Full, Wish());
        if (Identity.IsRoot && OwnMounts.WhyNot() is null)
        {
            Assert.Null(refusal);
            return;
        }

        Assert.Equal(ExitCode.Missing, refusal!.Code);
        Assert.Contains("fills a disk, which it mounts for that", refusal.Message, StringComparison.Ordinal);
        Assert.Single(refusal.Hints);
    }

    [Fact]
    public void A_drill_that_fills_none_is_not_refused() =>
        Assert.Null(DrillDisks.Refusal(DrillFileReader.ReadOwn("primary-dies")!, Wish("my-lab")));
}
