namespace PgpoolLab.Hosts.Tests;

/// <summary>Whether another user could put something else in a path's place.</summary>
public sealed class TrustedPathTests : IDisposable
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly TemporaryFolder _folder = new();

    public TrustedPathTests()
    {
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && Is(""),
            "needs a folder for temporary files that nobody can exchange"
        );
        Directory.CreateDirectory(_folder["a/b"]);
    }

    public void Dispose() => _folder.Dispose();

    private bool Is(string name) => TrustedPath.Is(_folder[name], Identity.Current.UserId);

    [Fact]
    public void What_only_its_user_and_root_can_change_is_trusted_also_before_it_is_there()
    {
        Assert.True(Is("a/b"));
        Assert.True(Is("a/none/below"));
    }

    [Theory]
    [InlineData(UnixFileMode.OtherWrite, false)]
    [InlineData(UnixFileMode.GroupWrite, false)]
    [InlineData(UnixFileMode.OtherWrite | UnixFileMode.StickyBit, true)]
    [InlineData(UnixFileMode.OtherRead | UnixFileMode.OtherExecute, true)]
    public void A_folder_on_the_way_in_which_others_can_write_is_not_unless_it_is_sticky(
        UnixFileMode mode,
        bool expected
    )
    {
        File.SetUnixFileMode(_folder["a"], Owner | mode);
        Assert.Equal(expected, Is("a/b"));
        Assert.Equal(expected, Is("a/none"));
    }

    [Fact]
    public void A_link_is_trusted_as_far_as_where_it_leads()
    {
        Directory.CreateSymbolicLink(_folder["link"], _folder["a"]);
        Assert.True(Is("link/b"));
        File.SetUnixFileMode(_folder["a"], Owner | UnixFileMode.OtherWrite);
        Assert.False(Is("link/b"));
    }

    [Fact]
    public void Another_users_folder_is_not()
    {
        var stranger = Identity.Current.UserId + 1;
        Assert.Equal(Identity.Current.UserId == 0, TrustedPath.Is(_folder["a"], stranger));
        Assert.True(TrustedPath.Is("/", stranger));
    }
}
