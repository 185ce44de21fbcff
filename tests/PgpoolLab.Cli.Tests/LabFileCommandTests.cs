using System.CommandLine;
using PgpoolLab.Cli.Commands;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.LabFiles;
using PgpoolLab.Provisioning.Spread;

namespace PgpoolLab.Cli.Tests;

/// <summary>Lab files on the command line.</summary>
public sealed class LabFileCommandTests
{
    /// <summary>What is the terminal's business, and the file itself.</summary>
    private static readonly string[] Terminals =
    [
        "--dry-run",
        "--json",
        "--yes",
        "--file",
        "--help",
        "--quiet",
        "--verbose",
    ];

    private static ParseResult Parse(params string[] arguments) =>
        AllCommands.Root(new Screen().Terminal, []).Parse(arguments, CommandLine.Literally);

    private static SetupRequest Request(params string[] arguments) =>
        SetupRequest.Read(Parse(arguments), SetupCommand.Said(Parse(arguments)), leaveRunning: false);

    [Fact]
    public void Nothing_can_be_said_by_options_alone_or_by_a_file_alone()
    {
        foreach (var name in (string[])["setup", "up"])
        {
            var options = Parse(name).CommandResult.Command.Options.Select(o => o.Name).Except(Terminals).ToArray();
            Assert.Equal(options.Order(StringComparer.Ordinal), LabFileSchema.Options.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void A_file_is_a_request_and_options_win()
    {
        using var folder = new TemporaryFolder();
        var file = $"{folder.Path}/lab.yaml";
        File.WriteAllText(
            file,
            "name: x\nnodes: 3\ndirectory: made\npgpool: { port: 9999 }\npostgresql: { settings: { work_mem: 8MB } }\n"
        );
        var spec = Request("setup", "-f", file).Spec;
        Assert.Equal(("x", 3, 9999, $"{folder.Path}/made"), (spec.Name, spec.Nodes, spec.Port, spec.Directory));
        spec = Request(
            "setup",
            "-f",
            file,
            "-n",
            "2",
            "--set",
            "postgresql.work_mem=1MB",
            "-p",
            "auto",
            $"{folder.Path}/here"
        ).Spec;
        Assert.Equal(("x", 2, null, $"{folder.Path}/here"), (spec.Name, spec.Nodes, spec.Port, spec.Directory));
        Assert.Equal("1MB", spec.SettingsOf("postgresql")["work_mem"]);
    }

    [Fact]
    public void A_problem_is_named_by_whoever_said_it()
    {
        using var folder = new TemporaryFolder();
        var file = $"{folder.Path}/lab.yaml";
        File.WriteAllText(file, "mode: raw\npostgresql:\n  slots: true\n");
        var request = Request("setup", "-f", file, "-r");
        Assert.Equal(
            [
                $"postgresql.slots ({file}:3:3) belongs to streaming replication; in raw mode nothing would use them.",
                "--rewind belongs to streaming replication; in raw mode the nodes' histories are not each other's, and "
                    + "pg_rewind cannot compare them.",
            ],
            request.Spec.Validate().Select(p => p.Say(request.NameOf))
        );
    }

    [Fact]
    public async Task Every_error_of_a_file_is_an_error_line()
    {
        using var folder = new TemporaryFolder();
        var file = $"{folder.Path}/lab.yaml";
        File.WriteAllText(file, "nods: 3\nstart: yes\n");
        var (code, output, error) = await Screen.RunAsync("up", "-f", file);
        Assert.Equal((2, ""), (code, output));
        Assert.Equal(
            $"error: {file}:1:1: there is no key 'nods' in a lab file. Did you mean nodes?\n"
                + $"error: {file}:2:8: start must be true or false; it is 'yes'. Did you mean true?\n",
            error
        );
        (code, _, error) = await Screen.RunAsync("up", "-f", $"{folder.Path}/none");
        Assert.Equal((2, $"error: There is no lab file {folder.Path}/none.\n"), (code, error));
    }

    [Fact]
    public void Files_that_a_request_names_must_be_there_and_all_are_named()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText($"{folder.Path}/two", "a\nb\n");
        File.WriteAllText(
            $"{folder.Path}/lab.yaml",
            "sql: [none.sql]\nroles: { app: { password-file: two } }\npgpool: { settings-from: none.conf }\n"
        );
        var request = Request("setup", "-f", $"{folder.Path}/lab.yaml", "--sql", folder.Path);
        var problems = Assert
            .Throws<InvalidSpecException>(request.ReadFiles)
            .Problems.Select(p => p.Say(request.NameOf));
        Assert.Equal(
            [
                $"--sql: there is no file {folder.Path}/none.sql.",
                $"--sql: {folder.Path} is a folder, not a file.",
                $"roles ({folder.Path}/lab.yaml:2:1) 'app': {folder.Path}/two must hold one line, the password.",
                $"pgpool.settings-from ({folder.Path}/lab.yaml:3:11): there is no file {folder.Path}/none.conf.",
            ],
            problems
        );
    }

    [Fact]
    public void A_password_is_read_and_is_nowhere_else()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText($"{folder.Path}/app", "s3cret word\n");
        File.WriteAllText($"{folder.Path}/a.sql", "SELECT 'in it';\n");
        var spec = Request(
                "setup",
                "--role",
                $"app,createdb,password-file={folder.Path}/app",
                "--database",
                "shop,owner=app",
                "--sql",
                $"{folder.Path}/a.sql"
            )
            .ReadFiles();
        Assert.Equal("s3cret word", spec.Setup.RolePasswords["app"]);
        Assert.Equal(("shop", "SELECT 'in it';\n"), (spec.SqlFiles[0].Database, spec.SqlFiles[0].Text));
        Assert.True(spec.Roles[0].CreatesDatabases);
        Assert.DoesNotContain("s3cret", $"{spec} {spec.Setup}", StringComparison.Ordinal);
        Assert.DoesNotContain("in it", spec.SqlFiles[0].ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--role", "app,superusr", "--role app,superusr: there is no 'superusr'; there are superuser, ")]
    [InlineData("--role", "app,member-of", "--role app,member-of: member-of needs a value.")]
    [InlineData("--role", "app,createdb=1", "--role app,createdb=1: createdb takes no value.")]
    [InlineData("--role", "pg_x", "names that begin with pg_ are PostgreSQL's.")]
    [InlineData("--database", "shop,ower=x", "'ower' is not understood; write NAME or NAME,owner=ROLE.")]
    [InlineData("--database", "", "a name cannot be empty.")]
    [InlineData("--sql", "shop=", "it names no file.")]
    [InlineData("-f", "", "--file is empty; it must be a file.")]
    public async Task What_is_no_database_role_or_file_is_refused(string option, string value, string problem)
    {
        var (code, _, error) = await Screen.RunAsync("setup", option, value);
        Assert.Equal(2, code);
        Assert.Contains(problem, error, StringComparison.Ordinal);
    }

    [Fact]
    public void SQL_may_name_its_database() =>
        Assert.Equal(
            [("/a.sql", "shop"), ("/x/b=c.sql", null)],
            SetupFileOptions.SqlOf(Parse("setup", "--sql", "shop=/a.sql", "--sql", "/x/b=c.sql"))
        );

    [Fact]
    public async Task What_does_not_go_with_hosts_is_named_by_its_place()
    {
        using var folder = new TemporaryFolder();
        var file = $"{folder.Path}/lab.yaml";
        File.WriteAllText(file, "hosts: [a, b]\npgpool: { watchdog: 3 }\naccess: { listen: ['*'] }\n");
        var (code, _, error) = await Screen.RunAsync("up", "-f", file);
        Assert.Equal(2, code);
        Assert.Equal(
            $"error: pgpool.watchdog ({file}:2:11) and hosts ({file}:1:1) do not go together.\n"
                + $"error: access.listen ({file}:3:11) and hosts ({file}:1:1) do not go together.\n",
            error
        );
        File.WriteAllText(file, "ssh: { accept-new: true }\n");
        (_, _, error) = await Screen.RunAsync("up", "-f", file);
        Assert.Equal($"error: ssh.accept-new ({file}:1:8) goes with hosts, and there are none.\n", error);
    }

    [Fact]
    public async Task Schema_prints_the_schema()
    {
        var (code, output, _) = await Screen.RunAsync("schema");
        Assert.Equal(0, code);
        Assert.StartsWith(
            "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",",
            output,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task An_engine_needs_a_folder_and_a_file_does_not_take_one()
    {
        Assert.Contains(
            "--output DIR is missing",
            (await Screen.RunAsync("export", "--to", "compose")).Error,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "--output and --to file do not go together",
            (await Screen.RunAsync("export", "--to", "file", "-o", "x")).Error,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Differences_are_a_line_each()
    {
        var screen = new Screen();
        LabDifferencesView.Print(
            screen.Terminal,
            Lab,
            "lab.yaml",
            new LabDifferences
            {
                All =
                [
                    new LabDifference("mode", "a", "b") { WhyNot = "it cannot." },
                    new LabDifference("nodes", "2", "3"),
                ],
            }
        );
        LabDifferencesView.Print(screen.Terminal, Lab, "lab.yaml", new LabDifferences());
        Assert.Equal("nodes: 2 -> 3\nmode: a, not b: it cannot.\n", screen.Out);
        Assert.Equal("The lab 'three' is as lab.yaml says.\n", screen.Error);
    }

    [Fact]
    public void What_each_host_would_do_is_a_section_each()
    {
        var facts = new PartFacts("/home/olga/.pgpoollab/labs/three-0123ab00", "olga", Lab.Tools)
        {
            Steps = [new PartStep("Create folders", ["mkdir x"]), new PartStep("Start node 0", [])],
        };
        var plan = new SpreadPlan(
            Lab,
            [.. Lab.Hosts.Select(h => new HostPlan(h, facts, "/home/olga/.pgpoollab/agent/x/pgpoollab", 420))]
        );
        var output = new StringWriter();
        SpreadPlanView.Print(output, plan);
        Snapshot.Approve("plan-of-hosts", output.ToString());
        Snapshot.Approve("plan-of-hosts-json", plan.ToJson());
    }

    private static Lab Lab { get; } = SpreadLab();

    private static Lab SpreadLab()
    {
        LabHost[] hosts = [new(0, "a", "192.0.2.1"), new(1, "b", "192.0.2.2")];
        return new Lab
        {
            Id = "0123abcd",
            Name = "three",
            Root = "/srv/lab",
            Mode = ClusteringMode.StreamingReplication,
            Owner = "olga",
            Folder = new FolderOrigin(null),
            Tools = new Toolset(
                "/usr/lib/postgresql/15/bin",
                new PostgresVersion(15, 4),
                "/usr/sbin/pgpool",
                "/usr/sbin",
                new PgpoolVersion(4, 3, 5)
            ),
            Hosts = hosts,
            Pgpools =
            [
                new(0, "", "", 11000, 11001, new WatchdogPorts(11002, 11003), [], "") { Host = 0 },
                new(1, "", "", 11004, 11005, new WatchdogPorts(11006, 11007), [], "") { Host = 1 },
            ],
            Nodes = [new(0, 11008, "", "") { Host = 0 }, new(1, 11009, "", "") { Host = 1 }],
        }.WithOwnFolders();
    }
}
