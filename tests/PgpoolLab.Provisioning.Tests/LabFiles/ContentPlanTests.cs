using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Spread;

namespace PgpoolLab.Provisioning.Tests.LabFiles;

/// <summary>Users' own roles, databases and SQL, as setup plans them.</summary>
public sealed class ContentPlanTests
{
    private static LabSpec Spec(ClusteringMode mode) =>
        new()
        {
            Directory = "/srv/lab",
            Mode = mode,
            Roles = [new LabRole("app") { CreatesDatabases = true, MemberOf = ["it's"] }, new LabRole("it's")],
            Databases = [new LabDatabase("shop", "app"), new LabDatabase("a \"b\"")],
            SqlFiles = [new SqlFile("/srv/it's.sql", "shop", "SELECT 1;")],
        };

    private static string Shown(LabPlan plan) =>
        string.Join(
            '\n',
            plan.Steps.SkipWhile(s => !s.Title.StartsWith("Create 2 roles", StringComparison.Ordinal))
                .SelectMany(s => s.Preview(plan.Lab).Select(l => $"  {l}").Prepend(s.Title))
        );

    [Theory]
    [InlineData(ClusteringMode.StreamingReplication)]
    [InlineData(ClusteringMode.NativeReplication)]
    [InlineData(ClusteringMode.LogicalReplication)]
    [InlineData(ClusteringMode.Raw)]
    public void They_are_made_where_the_mode_keeps_them(ClusteringMode mode) =>
        Snapshot.Approve(
            $"contents-{mode.Letter()}",
            Shown(LabPlanner.Plan(Spec(mode) with { Setup = new() { LeaveRunning = true } }, Labs.Facts))
        );

    [Fact]
    public void Who_asks_for_none_has_the_plan_as_before() =>
        Assert.DoesNotContain(
            LabPlanner.Plan(new LabSpec { Directory = "/srv/lab" }, Labs.Facts).Steps,
            s => s.GetType().Name is "CreateRoles" or "CreateDatabases" or "RunSqlFile" or "AwaitReplay"
        );

    /// <summary>The standbys of other hosts are copies of the primary: they come with it.</summary>
    [Fact]
    public void On_several_hosts_the_primarys_host_makes_them_before_it_is_copied()
    {
        var part = new PartOfLab("0123abcd", [new(0, "a", "192.0.2.1"), new(1, "b", "192.0.2.2")], 0);
        var spec = Spec(ClusteringMode.StreamingReplication) with
        {
            Name = "lab",
            Nodes = 3,
            PgpoolNodes = 2,
            Part = part,
        };
        var request = PartRequest.Of(spec, part, LabSecrets.For(LabPlanner.Resolve(spec, Labs.Facts)));
        request = PartRequest.FromJson(request.ToJson());
        var titles = LabPlanner.Plan(request.ToSpec("/srv/lab"), Labs.Facts).Steps.Select(s => s.Title).ToList();
        Assert.InRange(
            titles.FindIndex(t => t.StartsWith("Run it's.sql in shop", StringComparison.Ordinal)),
            titles.IndexOf("Set passwords on node 0"),
            titles.Count - 3
        );
        Assert.DoesNotContain("Wait until it can be read on every node", titles);
        Assert.Equal(["app", "it's"], request.Secrets!.RoleUsers.Select(u => u.Name));
        Assert.Empty(PartRequest.Of(spec, part with { Here = 1 }, null).SqlFiles);
    }

    [Fact]
    public void A_role_that_can_log_in_gets_a_password_given_or_made_up()
    {
        var lab = Labs.Fixed() with { Roles = [new("app"), new("members") { CanLogin = false }, new("other")] };
        var secrets = LabSecrets.For(lab, new Dictionary<string, string> { ["app"] = "given" });
        Assert.Equal(["app", "other"], secrets.RoleUsers.Select(u => u.Name));
        Assert.Equal("given", secrets.RoleUsers[0].Password);
        Assert.Equal(16, secrets.RoleUsers[1].Password.Length);
        Assert.Contains(
            "localhost:11000:*:app:given\n",
            Labs.Renderer().Render("pgpool/pgpass", lab, lab.Pgpool, secrets),
            StringComparison.Ordinal
        );
        Assert.Empty(LabSecrets.For(lab with { Auth = AuthMethod.Trust }).RoleUsers);
    }
}
