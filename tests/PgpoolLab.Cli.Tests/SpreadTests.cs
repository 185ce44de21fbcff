using System.CommandLine;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Commands;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Tests;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Cli.Tests;

/// <summary>What commands do with a lab on several hosts, where it was made.</summary>
public sealed class SpreadTests
{
    private static readonly Lab Whole = SpreadParts.Whole with
    {
        Hosts =
        [
            .. SpreadParts.Whole.Hosts.Select(h => h with { Program = "/opt/pgpoollab", Root = $"/home/u/part{h.Id}" }),
        ],
    };

    /// <summary>The commands on a lab that work on one on several hosts.</summary>
    private static readonly string[] Work =
    [
        "startall",
        "stopall",
        "destroy",
        "nodes",
        "status",
        "watch",
        "reload",
        "lag",
        "logs",
        "events",
        "env",
        "psql",
        "exec",
        "stop",
        "start",
        "restart",
        "kill",
        "pause",
        "resume",
        "attach",
        "detach",
        "promote",
        "recover",
        "switchover",
        "config",
        "sync",
        "wait",
        "partition",
        "heal",
    ];

    /// <summary>Those that do not, with arguments.</summary>
    private static readonly Dictionary<string, string[]> Refused = new()
    {
        ["add-node"] = [],
        ["remove-node"] = ["2"],
        ["snapshot"] = ["save"],
        ["faults"] = ["on"],
        ["cut"] = ["pgpool", "node0"],
        ["slow"] = ["pgpool", "node0", "--latency", "50ms"],
        ["flap"] = ["pgpool", "node0"],
        ["links"] = [],
        ["export"] = ["--to", "compose", "-o", "/nonexistent/folder"],
    };

    private static TemporaryFolder Saved()
    {
        var folder = new TemporaryFolder();
        var lab = Whole with { Root = folder.Path };
        Directory.CreateDirectory(
            lab.Paths.Hidden,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        );
        LabStore.Save(
            new LabManifest
            {
                ToolVersion = "1.2.3",
                CommandLine = [],
                State = LabState.Ready,
                Lab = lab,
            }
        );
        return folder;
    }

    /// <summary>A command that nobody has thought of here says what to do with such a lab.</summary>
    [Fact]
    public void Every_command_on_a_lab_works_on_several_hosts_or_is_refused_with_a_way_out()
    {
        var commands = AllCommands
            .Root(new Screen().Terminal, [])
            .Subcommands.Where(c => !c.Hidden)
            .Where(c =>
                c.Options.Contains(CommandLine.Lab) || c.Subcommands.Any(s => s.Options.Contains(CommandLine.Lab))
            )
            .Select(c => c.Name);
        Assert.Equal(commands.Order(), Work.Concat(Refused.Keys).Order());
    }

    [Fact]
    public async Task What_does_not_work_on_several_hosts_says_what_to_do_instead()
    {
        using var folder = Saved();
        var said = new List<string>();
        foreach (var (command, arguments) in Refused)
        {
            var (code, output, error) = await Screen.RunAsync([command, .. arguments, "--lab", folder.Path]);
            Assert.Equal(((int)ExitCode.Usage, ""), (code, output));
            said.Add($"$ pgpoollab {string.Join(' ', [command, .. arguments])}\n{error}");
        }

        Snapshot.Approve("refused-on-several-hosts", string.Join('\n', said));
    }

    /// <summary>Words of options are no targets, wherever they stand.</summary>
    [Theory]
    [InlineData("stop --mode immediate standby --lab x --dry-run", "standby", null, "--mode immediate")]
    [InlineData("kill 1 --process walreceiver --json", "1", null, "--process walreceiver")]
    [InlineData("kill host b", "host", "b", "")]
    [InlineData("recover -a --rewind", null, null, "--all --rewind")]
    public void What_was_called_for_goes_to_the_hosts_as_it_was_said(
        string line,
        string? target,
        string? host,
        string options
    )
    {
        var parsed = AllCommands.Root(new Screen().Terminal, []).Parse(line);
        Assert.Empty(parsed.Errors);
        var call = SpreadCall.Of(line.Split(' ')[0], parsed);
        Assert.Equal((target, host, options), (call.Target, call.Host, string.Join(' ', call.Options)));
    }

    [Fact]
    public async Task The_programs_of_pcp_are_run_on_a_host()
    {
        using var folder = Saved();
        var (code, _, error) = await Screen.RunAsync("exec", "--lab", folder.Path, "--", "pcp_node_count");
        Assert.Equal((int)ExitCode.Usage, code);
        Assert.Contains(
            "ssh -t b 'cd /home/u/part1 && /opt/pgpoollab exec -- pcp_node_count",
            error,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Quorum_and_nodes_that_are_not_there_are_not_waited_for()
    {
        using var folder = Saved();
        var (code, _, error) = await Screen.RunAsync("wait", "--for", "node 7 up", "--lab", folder.Path);
        Assert.Equal((int)ExitCode.NotFound, code);
        Assert.Contains("has no node 7", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_target_of_logs_goes_to_the_hosts_that_have_it()
    {
        static string Words(string target, NodesReport? look = null) =>
            string.Join(
                " | ",
                SpreadLogs.Words(Whole, Target.Of(target), look).Select(w => w is null ? "-" : string.Join(' ', w))
            );

        Assert.Equal("all | all | all", Words("all"));
        Assert.Equal("scripts | scripts | scripts", Words("scripts"));
        Assert.Equal("- | 1 | -", Words("1"));
        Assert.Equal("pgpool0 | pgpool1 | pgpool2", Words("pgpool"));
        Assert.Equal("- | - | pgpool2", Words("pgpool2"));
        var look = SpreadNodes.Merge(Whole, SpreadParts.Well());
        Assert.Equal("0 | - | -", Words("primary", look));
        Assert.Equal("- | 1 | 2", Words("standby", look));
        Assert.Equal("pgpool0 | - | -", Words("leader", look));
        Assert.Throws<LabException>(() => Words("nobody"));
    }

    [Fact]
    public void A_session_goes_to_the_leader_or_to_any_that_answers_or_where_it_is_told()
    {
        static string Found(string target, HostLook[] looks)
        {
            var (host, port) = SpreadShell.Find(Whole, Target.Of(target), looks);
            return $"{host.Host.Name}:{port}";
        }

        var well = SpreadParts.Well();
        Assert.Equal($"a:{Whole.Pgpools[0].Port}", Found("pgpool", well));
        Assert.Equal($"b:{Whole.Nodes[1].Port}", Found("1", well));
        Assert.Equal($"a:{Whole.Nodes[0].Port}", Found("primary", well));
        Assert.Equal($"c:{Whole.Pgpools[2].Port}", Found("pgpool2", well));
        well[0] = SpreadParts.Silent(0);
        Assert.Equal($"b:{Whole.Pgpools[1].Port}", Found("pgpool", well));
        // One that is busy is better than none.
        Assert.Equal(
            $"c:{Whole.Pgpools[2].Port}",
            Found("pgpool", [SpreadParts.Silent(0), Mute(1, runs: false), Mute(2, runs: true)])
        );
        Assert.Equal($"b:{Whole.Pgpools[1].Port}", Found("pgpool", [Mute(0, runs: true), well[1], well[2]]));
        Assert.Throws<LabException>(() =>
            Found("pgpool", [Mute(0, runs: false), Mute(1, runs: false), SpreadParts.Silent(2)])
        );
        Assert.Throws<LabException>(() =>
            Found("pgpool", [SpreadParts.Silent(0), SpreadParts.Silent(1), SpreadParts.Silent(2)])
        );

        static HostLook Mute(int host, bool runs)
        {
            var look = SpreadParts.Well()[host];
            return look with
            {
                Part = look.Part! with { Pgpool = new PgpoolSays(false, "no answer within 2 s") { Runs = runs } },
            };
        }
    }

    [Fact]
    public void Connection_strings_have_all_hosts_and_no_password()
    {
        var lab = Whole with { Root = "/home/olga/lab" };
        var endpoints = SpreadEnv.Endpoints(lab, "u");
        var said = string.Concat(
            ((string[])["uri", "jdbc", "npgsql", "service"]).Select(f =>
                $"-- {f}\n{ConnectionStrings.Text(endpoints, f, isOne: false)}"
            )
        );
        Snapshot.Approve(
            "env-several-hosts",
            said + "-- variables\n" + string.Concat(SpreadEnv.Variables(lab, "u").Select(v => $"{v.Key}={v.Value}\n"))
        );
    }

    [Fact]
    public void The_status_of_several_hosts_names_them()
    {
        HostLook[] hosts =
        [
            SpreadParts.Host(
                0,
                Looks.Primary(0),
                [Looks.Pool(1, "standby", "down"), Looks.Pool(2, "standby", "down")],
                "LEADER",
                quorum: false
            ),
            SpreadParts.Host(1, Looks.Primary(1, timeline: 2), [Looks.Pool(0, "standby", "down")], "LEADER"),
            SpreadParts.Silent(2),
        ];
        var screen = new Screen(width: 110);
        StatusView.Print(screen.Terminal.Data, SpreadNodes.Status(Whole, hosts));
        screen.Terminal.Out.WriteLine();
        NodesView.Print(screen.Terminal.Data, SpreadNodes.Merge(Whole, hosts));
        Snapshot.Approve("status-several-hosts", screen.Out);
    }

    [Fact]
    public void Each_remedy_on_a_server_is_a_command_of_the_whole()
    {
        Remedy[] remedies =
        [
            new Remedy.RestartPgpool(1),
            new Remedy.ResumePgpool(1),
            new Remedy.StartNode(1),
            new Remedy.Attach(1),
            new Remedy.Recover(1),
            new Remedy.ResumeNode(1),
            new Remedy.KillNode(1),
        ];
        Assert.All(
            remedies,
            r =>
            {
                var (verb, target) = SpreadFix.Verb(r)!.Value;
                Assert.Equal(RemedyWords.Command(Whole, r), $"pgpoollab {verb} {target}");
                Assert.Contains(verb, Work);
            }
        );
        Assert.Null(SpreadFix.Verb(new Remedy.StartAll()));
    }
}
