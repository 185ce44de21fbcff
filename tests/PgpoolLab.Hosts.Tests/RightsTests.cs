using System.ComponentModel;

namespace PgpoolLab.Hosts.Tests;

public sealed class RightsTests
{
    private const uint Keep = uint.MaxValue;

    /// <summary>A kernel that refuses one of the calls.</summary>
    private sealed class Kernel(int refused) : IRightsCalls
    {
        private int _calls;

        internal (uint Real, uint Effective, uint Saved) Ids { get; set; } = (1001, 1001, 0);

        public GroupRights Groups { get; set; } = new(101, 101, 0, [101, 7]);

        internal bool RefusesAllFurther { get; init; }

        internal string? Ended { get; private set; }

        public uint User => Ids.Effective;

        private void Call()
        {
            if (++_calls == refused || (RefusesAllFurther && _calls > refused))
            {
                throw new Win32Exception(11);
            }
        }

        public void SetUsers(uint real, uint effective, uint saved)
        {
            Call();
            Ids = (
                real == Keep ? Ids.Real : real,
                effective == Keep ? Ids.Effective : effective,
                saved == Keep ? Ids.Saved : saved
            );
        }

        private void AsRoot()
        {
            Call();
            Assert.Equal(0u, Ids.Effective);
        }

        public void SetGroups(uint real, uint effective, uint saved)
        {
            AsRoot();
            Groups = Groups with
            {
                Real = real == Keep ? Groups.Real : real,
                Effective = effective == Keep ? Groups.Effective : effective,
                Saved = saved == Keep ? Groups.Saved : saved,
            };
        }

        public void InitGroups(string user, uint group)
        {
            AsRoot();
            Groups = Groups with { Further = [group, 8, 9] };
        }

        public void SetFurther(IReadOnlyList<uint> groups)
        {
            AsRoot();
            Groups = Groups with { Further = groups };
        }

        public void End(string why) => Ended = why;
    }

    [Fact]
    public void A_user_becomes_another_one_by_way_of_root()
    {
        var kernel = new Kernel(0);
        new Rights(kernel).Become("ben", 1002, 102);
        Assert.Equal((1002u, 1002u, 0u), kernel.Ids);
        Assert.Equal((102u, 102u, 0u), (kernel.Groups.Real, kernel.Groups.Effective, kernel.Groups.Saved));
        Assert.Equal([102u, 8, 9], kernel.Groups.Further);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, false)]
    [InlineData(4, false)]
    [InlineData(5, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, true)]
    [InlineData(4, true)]
    [InlineData(5, true)]
    public void Whatever_fails_on_the_way_to_another_user_all_rights_are_those_of_before(int refused, bool fromRoot)
    {
        var kernel = new Kernel(refused);
        if (fromRoot)
        {
            kernel.Ids = (0, 0, 0);
            kernel.Groups = new GroupRights(0, 0, 0, [0, 4]);
        }

        var (ids, groups) = (kernel.Ids, kernel.Groups);
        Assert.Throws<Win32Exception>(() => new Rights(kernel).Become("ben", 1002, 102));
        Assert.Equal(ids, kernel.Ids);
        Assert.Equal(groups with { Further = [] }, kernel.Groups with { Further = [] });
        Assert.Equal(groups.Further, kernel.Groups.Further);
        Assert.Null(kernel.Ended);
    }

    [Fact]
    public void A_process_that_cannot_give_roots_rights_up_again_ends()
    {
        var kernel = new Kernel(4) { RefusesAllFurther = true };
        Assert.Throws<Win32Exception>(() => new Rights(kernel).Become("ben", 1002, 102));
        Assert.StartsWith("Could not give root's rights up again", kernel.Ended, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void Root_is_only_for_a_moment(int refused, bool can)
    {
        var kernel = new Kernel(refused);
        var (ids, groups) = (kernel.Ids, kernel.Groups);
        var seen = ids;
        Assert.Equal(can, new Rights(kernel).TryWithRoot(() => seen = kernel.Ids));
        Assert.Equal(can ? 0u : 1001u, seen.Effective);
        Assert.Equal((ids, groups), (kernel.Ids, kernel.Groups));
        Assert.Throws<IOException>(() => new Rights(new Kernel(0)).TryWithRoot(() => throw new IOException()));
    }
}
