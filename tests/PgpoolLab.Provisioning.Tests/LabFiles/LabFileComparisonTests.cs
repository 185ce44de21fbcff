using PgpoolLab.Model;
using PgpoolLab.Provisioning.Export;
using PgpoolLab.Provisioning.LabFiles;

namespace PgpoolLab.Provisioning.Tests.LabFiles;

public sealed class LabFileComparisonTests
{
    private static readonly Lab Lab = Labs.Fixed(slots: true) with
    {
        PostgresSettings = new Dictionary<string, string> { ["work_mem"] = "8MB" },
        SqlRuns = [new SqlFile("/srv/a.sql", "test", "SELECT 1").Run],
    };

    private static readonly LabContents Contents = new(
        new Dictionary<string, LabRole> { ["app"] = new("app") { MemberOf = ["pg_monitor"] } },
        new Dictionary<string, string> { ["test"] = "olga", ["shop"] = "olga" }
    );

    private static LabDifferences Compare(LabFile said, params SqlFile[] sql) =>
        new LabFileComparison(Lab, LabSettings.OfSetup(Lab), Contents, "make it again").Compare(
            said,
            said.ToSpec(Lab.Root, true) with
            {
                SqlFiles = sql,
            }
        );

    private static string Said(LabDifferences differences) =>
        string.Join(
            '\n',
            differences.All.Select(d => $"{d.What}: {d.Is} -> {d.Wanted}{(d.WhyNot is null ? "" : $" no: {d.WhyNot}")}")
        );

    [Fact]
    public void Of_what_nobody_has_said_anything_nothing_is_said()
    {
        Assert.Empty(Compare(new LabFile()).All);
        Assert.Empty(
            Compare(
                new LabFile
                {
                    Name = Lab.Name,
                    Nodes = 2,
                    Slots = true,
                    Port = 11000,
                    Mode = ClusteringMode.StreamingReplication,
                    Settings = ["postgresql.work_mem=8192kB"],
                    Roles = [new LabRole("app")],
                    Databases = [new LabDatabase("shop")],
                },
                new SqlFile("/elsewhere/a.sql", "test", "SELECT 1")
            ).All
        );
    }

    [Fact]
    public void Settings_nodes_roles_databases_and_new_SQL_can_be_changed()
    {
        var differences = Compare(
            new LabFile
            {
                Nodes = 3,
                Settings = ["postgresql.work_mem=16MB", "pgpool.num_init_children=8"],
                Roles = [new LabRole("app") { CreatesDatabases = true }, new LabRole("new")],
                Databases = [new LabDatabase("shop", "app"), new LabDatabase("other")],
            },
            new SqlFile("/srv/b.sql", "test", "SELECT 2")
        );
        Assert.Equal(
            """
            nodes: 2 -> 3
            postgresql.settings.work_mem: '8MB' -> '16MB'
            pgpool.settings.num_init_children: not set -> '8'
            roles.app: member-of=pg_monitor -> createdb
            roles.new: not there -> there, with nothing but a login
            databases.shop: owned by olga -> owned by app
            databases.other: not there -> there
            sql /srv/b.sql: not run -> run in test
            """,
            Said(differences)
        );
        Assert.True(differences is { CanChange: true, SomethingStays: false, Nodes: 3 });
        Assert.Equal(2, differences.Settings.Count);
        Assert.Equal(2, differences.Roles.Count);
        Assert.Equal(2, differences.Databases.Count);
        Assert.Single(differences.SqlFiles);
    }

    [Fact]
    public void What_a_lab_has_from_its_beginning_is_said_with_what_would_do_it()
    {
        var differences = Compare(
            new LabFile
            {
                Name = "other",
                Mode = ClusteringMode.Raw,
                Watchdog = 3,
                Port = 9999,
                PostgresPort = 5432,
                PostgresVersion = 17,
                Auth = AuthMethod.Md5,
                Tls = true,
                Listen = ["*"],
                InitDbArguments = ["-k"],
                Hosts = [new HostRequest("a")],
                RunAs = "somebody",
            }
        );
        Assert.Equal(12, differences.All.Count);
        Assert.All(
            differences.All,
            d =>
                Assert.EndsWith(
                    "What would do it, without the data in it:  make it again",
                    d.WhyNot,
                    StringComparison.Ordinal
                )
        );
        Assert.True(differences is { CanChange: false, SomethingStays: true });
    }

    /// <summary>It would be no superuser any more.</summary>
    [Fact]
    public void The_labs_own_roles_stay_what_they_are()
    {
        var difference = Assert.Single(Compare(new LabFile { Roles = [new LabRole("olga")] }).All);
        Assert.Equal("that is the lab's own role. Choose another name.", difference.WhyNot);
        Assert.StartsWith(
            "Roles 'olga': that is the lab's own superuser.",
            Assert
                .Throws<InvalidSpecException>(() =>
                    PgpoolLab.Provisioning.Planning.LabPlanner.Plan(
                        new LabSpec { Directory = "/srv/lab", Roles = [new LabRole("olga")] },
                        Labs.Facts
                    )
                )
                .Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void SQL_that_was_run_and_has_changed_since_is_not_run_again()
    {
        var differences = Compare(new LabFile(), new SqlFile("/srv/a.sql", "test", "SELECT 2"));
        Assert.StartsWith(
            "it was run, and has changed since",
            Assert.Single(differences.All).WhyNot,
            StringComparison.Ordinal
        );
        Assert.Empty(differences.SqlFiles);
    }

    [Fact]
    public void Options_win_over_the_file()
    {
        var file = new LabFile
        {
            Nodes = 3,
            PostgresVersion = 15,
            Port = 9999,
            Settings = ["postgresql.a=1", "postgresql.b=1"],
            Listen = ["192.0.2.1"],
            Roles = [new LabRole("app"), new LabRole("other")],
            PasswordFiles = new Dictionary<string, string> { ["app"] = "/srv/app" },
            Databases = [new LabDatabase("shop", "app")],
            Sql = [("/srv/a.sql", null)],
        };
        var options = new LabFile
        {
            PostgresBin = "/opt/bin",
            AutomaticPort = true,
            Settings = ["postgresql.b=2"],
            Listen = [],
            Roles = [new LabRole("app") { IsSuperuser = true }],
            Sql = [("/srv/b.sql", "shop")],
        };
        var both = options.Over(file);
        Assert.Equal((3, (int?)null, "/opt/bin"), (both.Nodes, both.PostgresVersion, both.PostgresBin));
        Assert.True(both is { Port: null, AutomaticPort: true, Listen.Count: 0 });
        Assert.Equal("2", both.ToSpec("/srv/lab", false).SettingsOf("postgresql")["b"]);
        Assert.Equal(["other", "app"], both.Roles.Select(r => r.Name));
        Assert.True(both.Roles[1].IsSuperuser);
        Assert.Empty(both.PasswordFiles);
        Assert.Equal(["shop", "shop"], both.Sql.Select(both.DatabaseOf));
        Assert.Equal(
            1,
            new LabFile { Port = 1 }
                .Over(options)
                .ToSpec("/srv/lab", false)
                .Port
        );
    }

    [Fact]
    public void Contents_that_cannot_be_are_refused()
    {
        var spec = new LabFile
        {
            Auth = AuthMethod.Trust,
            Roles = [new LabRole("a"), new LabRole("a"), new LabRole("b") { MemberOf = ["nobody", "pg_monitor"] }],
            Databases = [new LabDatabase("x", "nobody"), new LabDatabase("x")],
        }.ToSpec("/srv/lab", false) with
        {
            SqlFiles = [new SqlFile("/srv/a.sql", "elsewhere", "")],
        };
        spec = spec with
        {
            Setup = spec.Setup with { RolePasswords = new Dictionary<string, string> { ["a"] = "secret" } },
        };
        Assert.Equal(
            """
            Roles 'b' is to be a member of 'nobody', which is not among the roles.
            Roles 'a' is there twice.
            Databases 'x' is to belong to 'nobody', which is not among the roles.
            Databases 'x' is there twice.
            Sql /srv/a.sql is to run in 'elsewhere', which is not among the databases.
            Roles 'a' has a password, and with Auth trust nobody is asked for one.
            """,
            string.Join('\n', spec.Validate())
        );
        Assert.DoesNotContain("secret", $"{spec} {spec.Setup}", StringComparison.Ordinal);
    }

    [Fact]
    public void What_ssh_is_told_says_again_what_was_asked_for()
    {
        foreach (
            var host in (HostRequest[])
                [
                    new("a"),
                    new("a") { Address = "192.0.2.1" },
                    new("a") { User = "u" },
                    new("a") { Port = 22 },
                    new("a")
                    {
                        Address = "2001:db8::1",
                        Port = 22,
                        User = "u@x",
                    },
                    new("a") { Address = "2001:db8::1" },
                ]
        )
        {
            Assert.Equal(host, HostRequest.OfLogin("a", host.Login == "a" ? null : host.Login));
        }
    }

    [Fact]
    public void A_password_stands_wherever_the_owner_has_one()
    {
        var text = "# of the lab\nlocalhost:11000:*:olga:x\nlocalhost:11002:*:olga:x\nlocalhost:11000:*:repl:y\n";
        Assert.Equal(
            "# of the lab\nlocalhost:11000:*:olga:x\nlocalhost:11000:*:a\\:b:p\nlocalhost:11002:*:olga:x\n"
                + "localhost:11002:*:a\\:b:p\nlocalhost:11000:*:repl:y\n",
            PasswordEntries.With(text, "olga", new("a:b", "p"))
        );
    }
}
