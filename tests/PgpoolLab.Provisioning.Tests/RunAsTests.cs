using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Tests;

public sealed class RunAsTests
{
    private static readonly SystemUser[] Users =
    [
        new("root", 0, 0, "/root"),
        new("postgres", 101, 101, "/var/lib/postgresql"),
        new("olga", 1000, 1000, "/home/olga"),
    ];

    private static SystemUser? Find(string nameOrId) =>
        Users.FirstOrDefault(u => u.Name == nameOrId || u.UserId.ToString() == nameOrId);

    private sealed class Found(Func<string, SystemUser?> find) : IUsers
    {
        public ValueTask<SystemUser> CurrentAsync(CancellationToken cancellationToken) => new(Identity.Current);

        public ValueTask<SystemUser?> FindAsync(string nameOrId, CancellationToken cancellationToken) =>
            new(find(nameOrId));
    }

    /// <summary>Users in memory are found without a wait.</summary>
    private static SystemUser? Choose(string? asked, int? owner, bool isRoot, Func<string, SystemUser?> find) =>
        RunAs.ChooseAsync(new Found(find), asked, owner, isRoot, default).AsTask().GetAwaiter().GetResult();

    private static string? AsRoot(string? asked, int? owner, Func<string, SystemUser?>? find = null) =>
        Choose(asked, owner, isRoot: true, find ?? Find)?.Name;

    private static InvalidSpecException Refused(string? asked, int? owner, Func<string, SystemUser?> find) =>
        Assert.Throws<InvalidSpecException>(() => Choose(asked, owner, isRoot: true, find));

    [Fact]
    public void Who_is_not_root_stays_who_he_is() => Assert.Null(Choose(null, 101, isRoot: false, Find));

    [Fact]
    public void Who_is_not_root_may_name_himself()
    {
        var me = Identity.Current;
        Assert.Null(Choose(me.Name, null, isRoot: false, n => n == me.Name ? me : null));
    }

    [Fact]
    public void Who_is_not_root_cannot_become_another()
    {
        var other = new SystemUser("other", Identity.Current.UserId + 1, 1, "/");
        var error = Assert.Throws<InvalidSpecException>(() => Choose("other", null, isRoot: false, _ => other));
        Assert.Equal(
            (ExitCode.Usage, "RunAs other: only root can run servers as another user."),
            (error.Code, error.Message)
        );
    }

    [Fact]
    public void Root_becomes_whom_he_names() => Assert.Equal("olga", AsRoot("olga", 101));

    [Fact]
    public void Root_becomes_the_folders_owner() => Assert.Equal("olga", AsRoot(null, 1000));

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    [InlineData(4242)]
    public void Root_becomes_postgres_where_the_folder_names_nobody(int? owner) =>
        Assert.Equal("postgres", AsRoot(null, owner));

    [Fact]
    public void Root_cannot_become_nobody_knows_whom()
    {
        var error = Refused("ghost", 1000, Find);
        Assert.Equal((ExitCode.Usage, "RunAs ghost: this machine has no such user."), (error.Code, error.Message));
    }

    [Fact]
    public void Root_cannot_stay_root() => Assert.Equal(ExitCode.Usage, Refused("root", 1000, Find).Code);

    [Fact]
    public void Without_a_user_postgres_one_must_be_named()
    {
        var error = Refused(null, null, _ => null);
        Assert.Equal(ExitCode.Missing, error.Code);
        Assert.Equal(
            "PostgreSQL refuses to run as root, and this machine has no user postgres; name another with RunAs.",
            error.Message
        );
    }
}
