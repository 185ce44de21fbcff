using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>A dry run tells what would be done: every file, and no other.</summary>
public sealed class PreviewTests
{
    private static StepContext Context(FakeHost host, Lab lab, UndoStack? undo = null) =>
        new(
            host,
            lab,
            Labs.Renderer(),
            new ProbeRunner(host, TimeProvider.System),
            Labs.SecretsOf(lab),
            undo ?? new UndoStack(),
            Serilog.Core.Logger.None,
            TimeProvider.System
        );

    private static async Task TellsEveryFileAsync(IStep step, Lab lab)
    {
        var host = new FakeHost();
        await step.ExecuteAsync(Context(host, lab), CancellationToken.None);
        var told = step.Preview(lab)
            .Select(l => l[(l.IndexOf('/', StringComparison.Ordinal))..])
            .Order(StringComparer.Ordinal);
        Assert.Equal(host.Files.Keys.Order(StringComparer.Ordinal), told);
    }

    /// <summary>Both conventions, every mode, with and without a watchdog.</summary>
    public static TheoryData<bool, ClusteringMode, int> Labs_ =>
        new(
            from old in (bool[])[false, true]
            from mode in Enum.GetValues<ClusteringMode>()
            from pgpools in (int[])[1, 3]
            select (old, mode, pgpools)
        );

    private static Lab Of(bool old, ClusteringMode mode, int pgpools) =>
        old ? Labs.Old(mode, pgpools: pgpools) : Labs.Fixed(mode: mode, pgpools: pgpools);

    [Theory]
    [MemberData(nameof(Labs_))]
    public Task The_labs_files_are_told(bool old, ClusteringMode mode, int pgpools) =>
        TellsEveryFileAsync(new WriteLabFiles(), Of(old, mode, pgpools));

    [Theory]
    [MemberData(nameof(Labs_))]
    public Task The_first_nodes_files_are_told(bool old, ClusteringMode mode, int pgpools)
    {
        var lab = Of(old, mode, pgpools);
        return TellsEveryFileAsync(new ConfigureNode(lab.Nodes[0]), lab);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(10)]
    public Task A_standbys_files_are_told_and_not_those_it_has_from_the_copy(int major)
    {
        var lab = Labs.Fixed(major);
        return TellsEveryFileAsync(new ConfigureStandby(lab.Nodes[1], lab.Nodes[0]), lab);
    }

    [Fact]
    public Task A_standby_that_is_no_backup_keeps_its_settings()
    {
        var lab = Labs.Fixed();
        return TellsEveryFileAsync(new ConfigureStandby(lab.Nodes[1], lab.Nodes[0], HasOwnSettings: true), lab);
    }

    [Fact]
    public Task Whose_watchdog_is_added_is_told()
    {
        var lab = Labs.Old(pgpools: 3);
        return TellsEveryFileAsync(new AddWatchdog(), lab);
    }

    [Fact]
    public Task Roots_files_are_told() =>
        TellsEveryFileAsync(new WriteLabFiles(), Labs.Fixed() with { Invoker = "root" });

    /// <summary>A node that dies while the lab is proved is failed over from, and its recovery begins.</summary>
    [Fact]
    public async Task What_a_recovery_makes_beside_a_node_goes_with_it_when_setup_is_undone()
    {
        var (host, undo) = (new FakeHost(), new UndoStack());
        var lab = Labs.Fixed();
        var data = lab.Nodes[1].DataDirectory;
        await new CopyNode(lab.Nodes[1], lab.Nodes[0]).ExecuteAsync(Context(host, lab, undo), CancellationToken.None);
        host.Folders.AddRange([data, $"{data}.recovery", $"{data}.kept", "/srv/lab/mine"]);
        host.Processes.Add(
            new ProcessFacts(7, "1", "pg_basebackup", $"pg_basebackup -D {data}.recovery", "/", 7)
            {
                UserId = Identity.Current.UserId,
            }
        );
        Assert.Empty(await undo.UnwindAsync(_ => { }));
        Assert.Equal(["/srv/lab/mine"], host.Folders);
        Assert.Equal(["Kill 7"], host.Signals);
    }

    [Theory]
    [MemberData(nameof(Labs_))]
    public async Task Whatever_a_step_writes_it_can_take_back(bool old, ClusteringMode mode, int pgpools)
    {
        var (host, undo) = (new FakeHost(), new UndoStack());
        await new WriteLabFiles().ExecuteAsync(
            Context(host, Of(old, mode, pgpools) with { Invoker = "root" }, undo),
            CancellationToken.None
        );
        Assert.NotEmpty(host.Files);
        Assert.Empty(await undo.UnwindAsync(_ => { }));
        Assert.Empty(host.Files);
    }

    [Theory]
    [MemberData(nameof(Labs_))]
    public async Task Every_folder_and_link_is_told_and_can_be_taken_back(bool old, ClusteringMode mode, int pgpools)
    {
        var (host, undo, lab) = (
            new FakeHost(),
            new UndoStack(),
            Of(old, mode, pgpools) with
            {
                SafeAlias = "/home/olga/alias",
            }
        );
        await new CreateFolders().ExecuteAsync(Context(host, lab, undo), CancellationToken.None);
        Assert.Equal(
            host.Folders.Select(f => $"mkdir {f}").Concat(host.Links.Select(l => $"ln -s {l.Value} {l.Key}")),
            new CreateFolders().Preview(lab)
        );
        Assert.Equal(1 + (2 * (pgpools - 1)), host.Links.Count);
        Assert.Empty(await undo.UnwindAsync(_ => { }));
        Assert.Empty(host.Folders);
        Assert.Empty(host.Links);
    }

    [Theory]
    [MemberData(nameof(Labs_))]
    public async Task No_file_is_written_twice(bool old, ClusteringMode mode, int pgpools)
    {
        var host = new FakeHost();
        await new WriteLabFiles().ExecuteAsync(Context(host, Of(old, mode, pgpools)), CancellationToken.None);
        Assert.Equal(host.Files.Count, host.Written.Count);
    }
}
