using PgpoolLab.Drills.Reports.Pictures;

namespace PgpoolLab.Drills.Tests.Reports;

/// <summary>Pictures of runs, as they were looked at and found good.</summary>
public sealed class TimelineTests
{
    public static TheoryData<string> Names => [.. MadeUp.Pages.Keys.Except(["all", "no-runs"])];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_run_is_drawn_as_approved(string name)
    {
        var run = MadeUp.Pages[name]()[0].Variants[0].Runs[0];
        Snapshot.Approve($"timeline/{name}", Timeline.File(run));
        Snapshot.Approve($"timeline/{name}-narrow", Timeline.File(run, narrow: true));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_picture_is_well_formed_and_its_texts_are_inside(string name)
    {
        foreach (var result in MadeUp.Pages[name]())
        {
            foreach (var run in result.Variants.SelectMany(v => v.Runs))
            {
                Picture.AssertGood(Timeline.File(run));
                Picture.AssertGood(Timeline.File(run, narrow: true));
            }
        }
    }
}
