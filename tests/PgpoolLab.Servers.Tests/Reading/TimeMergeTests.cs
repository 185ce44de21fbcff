using PgpoolLab.Servers.Logs;

namespace PgpoolLab.Servers.Tests.Reading;

/// <summary>Lines of several hosts in one order.</summary>
public sealed class TimeMergeTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    private static DateTimeOffset At(double seconds) => Noon.AddSeconds(seconds);

    private static string Taken(TimeMerge<string> merge, DateTimeOffset? late = null) =>
        string.Join(' ', merge.Take(late).Select(t => t.Item));

    [Fact]
    public void What_is_there_is_given_out_by_time_when_nothing_more_can_come()
    {
        var merge = new TimeMerge<string>(3);
        merge.Add(0, At(1), "a1");
        merge.Add(0, At(4), "a4");
        merge.Add(1, At(2), "b2");
        merge.Add(2, At(3), "c3");
        // Of b nothing more may come, or something from before c3.
        Assert.Equal("a1 b2", Taken(merge));
        foreach (var source in (int[])[0, 1, 2])
        {
            merge.Leave(source);
        }

        Assert.False(merge.IsOver);
        Assert.Equal("c3 a4", Taken(merge));
        Assert.True(merge.IsOver);
    }

    [Fact]
    public void A_source_that_has_not_come_so_far_is_waited_for()
    {
        var merge = new TimeMerge<string>(2);
        merge.Add(0, At(5), "a5");
        Assert.Equal("", Taken(merge));
        merge.Reach(1, At(4));
        Assert.Equal("", Taken(merge));
        merge.Add(1, At(4.5), "b4");
        Assert.Equal("b4", Taken(merge));
        // Of its moment itself more may come.
        merge.Reach(1, At(5));
        Assert.Equal("", Taken(merge));
        merge.Reach(1, At(5.1));
        Assert.Equal("a5", Taken(merge));
    }

    [Fact]
    public void One_that_is_left_keeps_nobody_waiting_until_it_is_back()
    {
        var merge = new TimeMerge<string>(2);
        merge.Reach(0, At(0));
        merge.Reach(1, At(0));
        merge.Add(0, At(5), "a5");
        merge.Leave(1);
        Assert.Equal("a5", Taken(merge));
        merge.Return(1);
        merge.Add(0, At(6), "a6");
        Assert.Equal("", Taken(merge));
        merge.Add(1, At(4), "b4");
        Assert.Equal("b4", Taken(merge));
    }

    [Fact]
    public void A_clock_that_is_wrong_does_not_hold_a_line_back_for_good()
    {
        var merge = new TimeMerge<string>(2);
        merge.Reach(1, At(0));
        merge.Add(0, At(5), "a5");
        Assert.Equal("", Taken(merge, late: At(4)));
        Assert.Equal("a5", Taken(merge, late: At(5)));
        // Who has said nothing yet may have much to say of before.
        var begun = new TimeMerge<string>(2);
        begun.Add(0, At(5), "a5");
        Assert.Equal("", Taken(begun, late: At(9)));
    }

    [Fact]
    public void A_source_keeps_its_own_order_whatever_its_clock_does()
    {
        var merge = new TimeMerge<string>(2);
        merge.Add(0, At(5), "a5");
        merge.Add(0, At(3), "a3");
        merge.Add(0, null, "a?");
        merge.Add(1, At(4), "b4");
        merge.Add(1, At(6), "b6");
        merge.Leave(0);
        merge.Leave(1);
        Assert.Equal("b4 a5 a3 a? b6", Taken(merge));
    }
}
