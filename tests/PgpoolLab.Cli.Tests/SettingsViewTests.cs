using System.Text.Json;
using PgpoolLab.Cli.Commands;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Settings;
using PgpoolLab.Provisioning.Steps;

namespace PgpoolLab.Cli.Tests;

/// <summary>What <c>config</c> and <c>reload</c> print.</summary>
public sealed class SettingsViewTests
{
    private static readonly SettingsReport Report = new(
        "lab",
        "/srv/lab",
        [
            new(
                "pgpool",
                "num_init_children",
                "32",
                "restart",
                [new("Pgpool-II", "32", "etc/pgpool.conf line 90", "20", null)]
            ),
            new(
                "postgresql",
                "port",
                "5432",
                "restart",
                [
                    new("node 0", "11002", "data0/postgresql.conf line 824", null, null),
                    new("node 1", "11003", "data1/postgresql.conf line 824", null, null),
                ]
            ),
            new(
                "postgresql",
                "archive_command",
                "",
                "reload",
                [
                    new("node 0", "cp \"%p\" [x]", "data0/postgresql.conf line 826", null, null),
                    new("node 1", null, null, "cp", "it does not run"),
                ]
            ),
        ],
        ["node 1: it does not run."]
    );

    private static readonly SettingOutcome[] Outcomes =
    [
        new(
            new("postgresql", "work_mem", "8MB"),
            [
                new("node 0", SettingState.InEffect, "8MB", "data0/postgresql.conf line 900"),
                new("node 1", SettingState.Overridden, "64MB", "data1/postgresql.auto.conf line 3"),
                new("node 2", SettingState.NotRunning, null, "it does not run"),
            ]
        ),
        new(
            new("pgpool", "num_init_children", "20"),
            [new("Pgpool-II", SettingState.NeedsRestart, "32", "etc/pgpool.conf line 90")]
        ),
        new(new("pgpool", "sr_check_password", ""), [new("Pgpool-II", SettingState.NotShown, null, null)]),
    ];

    private static readonly ReloadResult Reloaded = new(
        ["node 0", "Pgpool-II"],
        ["node 1"],
        [
            new("postgresql", "node 0", "max_connections", "100", "150"),
            new("pgpool", "Pgpool-II", "num_init_children", "32", "20"),
        ],
        ["node 0: data0/postgresql.conf line 901: the value of work_mem is not taken"]
    );

    [Theory]
    [InlineData(60)]
    [InlineData(200)]
    public void Settings_are_shown_a_line_each(int width)
    {
        var screen = new Screen(width);
        SettingsView.PrintGet(screen.Terminal.Data, Report);
        screen.Terminal.Out.WriteLine("---");
        SettingsView.PrintDiff(screen.Terminal.Data, Report);
        screen.Terminal.Out.WriteLine("---");
        SettingsView.PrintSet(screen.Terminal.Data, Outcomes, restarted: false);
        screen.Terminal.Out.WriteLine("---");
        SettingsView.PrintSet(screen.Terminal.Data, Outcomes[1..], restarted: true);
        screen.Terminal.Out.WriteLine("---");
        SettingsView.PrintReload(screen.Terminal.Data, Reloaded, restarted: false);
        // Lines are never broken: what is in them may be pasted.
        Snapshot.Approve("settings", screen.Out);
    }

    [Fact]
    public void The_json_has_the_same() => Snapshot.Approve("settings-json", Report.ToJson() + "\n");

    /// <summary>What commands did, for programs. The shapes only grow.</summary>
    [Fact]
    public void What_a_command_did_is_shown_as_json()
    {
        var lab = Labs.Fixed();
        (string Command, string Json)[] outcomes =
        [
            ("config set", ConfigSetInfo.Of(lab, Outcomes).ToJson()),
            ("reload", ReloadInfo.Of(lab, Reloaded).ToJson()),
            ("lag 1 5s", LagInfo.Of(lab, lab.Nodes[1], "5s").ToJson()),
            ("lag 1 off", LagInfo.Of(lab, lab.Nodes[1], "0").ToJson()),
            ("sync on", new SyncInfo(lab.Name, lab.Root, true, false, 0, ["server1"], "A warning.").ToJson()),
            ("sync off", new SyncInfo(lab.Name, lab.Root, false, false, null, [], null).ToJson()),
            ("destroy", new DestroyedInfo("lab", "/srv/lab", false, ["notes.txt"]).ToJson()),
            ("cache clear", new CacheClearedInfo(2, 1).ToJson()),
        ];
        Snapshot.Approve(
            "outcomes-json",
            string.Concat(outcomes.Select(o => $"$ pgpoollab {o.Command} --json\n{o.Json}\n"))
        );
    }

    [Fact]
    public void The_plan_of_a_setup_is_shown_as_json()
    {
        var lab = Labs.Fixed();
        var planned = JsonDocument
            .Parse(PlannedSetup.Of(new LabPlan(lab, [Stage.ForEach(lab.Nodes, n => [new StartNode(n)])])).ToJson())
            .RootElement;
        Assert.Equal(11000, planned.GetProperty("lab").GetProperty("pgpoolPort").GetInt32());
        var lanes = Assert.Single(planned.GetProperty("stages").EnumerateArray());
        Assert.Equal(
            ["Start node 0", "Start node 1"],
            lanes.EnumerateArray().Select(l => l[0].GetProperty("title").GetString()!)
        );
    }

    [Fact]
    public void What_did_not_come_into_effect_is_no_success()
    {
        Assert.Equal(ExitCode.Failed, SettingsView.CodeOf(Outcomes, restarted: false));
        Assert.Equal(ExitCode.Done, SettingsView.CodeOf(Outcomes[1..], restarted: false));
        Assert.Equal(ExitCode.Failed, SettingsView.CodeOf(Outcomes[1..], restarted: true));
    }

    [Fact]
    public void Arguments_that_are_no_settings_are_named() =>
        Assert.Equal(
            [
                "config set 'work_mem=8MB' is not understood; write pgpool.NAME=VALUE or postgresql.NAME=VALUE.",
                "config set 'pgpool.port' is not understood; write pgpool.NAME=VALUE or postgresql.NAME=VALUE.",
            ],
            Assert
                .Throws<InvalidSpecException>(() =>
                    ConfigCommand.Parse(["work_mem=8MB", "pgpool.max_pool=1", "pgpool.port"])
                )
                .Problems
        );
}
