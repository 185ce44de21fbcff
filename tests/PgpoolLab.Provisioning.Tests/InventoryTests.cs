using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests;

public sealed class InventoryTests
{
    public static TheoryData<string> Shapes => [.. Labs.Keys];

    private static readonly Dictionary<string, Lab> Labs = new()
    {
        ["one"] = Testing.Labs.Fixed() with { UseTls = true },
        ["archiving"] = Testing.Labs.Former(slots: false),
        ["watchdog"] = Testing.Labs.Nasty(pgpools: 2),
        ["pgpool_setup"] = Testing.Labs.Old(),
        ["watchdog_setup"] = Testing.Labs.Old(pgpools: 2),
        ["part"] = Testing.Labs.Part(1),
        ["others-nodes"] = Testing.Labs.Old() with { OwnsNodes = false },
    };

    private static string Line(LabItem item) =>
        $"{item.Kind, -6} {item.Use, -13} {item.Owner + (item.Number is { } n ? $" {n}" : ""), -8} {item.MadeBy, -12} "
        + $"{item.Proof, -7} {(item.Place is LabItemPlace.Lab or LabItemPlace.Elsewhere ? "" : $"{item.Place}: ")}"
        + item.Path
        + $"{(item.Target is { } target ? $" -> {target}" : "")}{(item.IsShared ? "   (shared)" : "")}";

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Everything_that_belongs_to_a_lab_is_in_one_list(string shape)
    {
        var inventory = LabInventory.Of(Labs[shape]);
        Snapshot.Approve(
            $"inventory-{shape}",
            string.Join('\n', inventory.Items.Select(Line))
                + "\n\ndeleted:\n"
                + string.Join('\n', inventory.Deleted.Select(i => i.Path))
                + "\n"
        );
        Assert.Equal(inventory.Items.Count, inventory.Items.Select(i => (i.Place, i.Kind, i.Path)).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task What_the_steps_of_setup_write_is_in_the_inventory_and_nothing_else_is(string shape)
    {
        var (host, lab) = (new FakeHost(), Labs[shape]);
        var secrets = Testing.Labs.SecretsOf(lab);
        var steps = new StepContext(
            host,
            lab,
            Testing.Labs.Renderer(),
            new ProbeRunner(host, TimeProvider.System),
            lab.Asks ? secrets : secrets with { DatabaseUsers = [] },
            new UndoStack(),
            Serilog.Core.Logger.None,
            TimeProvider.System
        );
        await new CreateFolders().ExecuteAsync(steps, CancellationToken.None);
        await new WriteLabFiles().ExecuteAsync(steps, CancellationToken.None);
        var inventory = LabInventory.Of(lab);
        Assert.Equal(
            inventory.MadeBy(LabItemMaker.Files).Select(i => i.Path).Order(StringComparer.Ordinal),
            host.Files.Keys.Order(StringComparer.Ordinal)
        );
        // What of it is not deleted as such lies in a folder that is.
        Assert.All(
            host.Files.Keys,
            f =>
                Assert.Contains(
                    inventory.Deleted,
                    d => d.Path == f || (d.Kind is LabItemKind.Folder && f.StartsWith(d.Path + "/"))
                )
        );
    }

    [Fact]
    public void It_tells_a_nodes_data_from_the_labs_files_and_the_tools()
    {
        var lasting = LabInventory.Of(Labs["watchdog_setup"]).Items.Where(i => i.IsLasting).ToArray();
        Assert.Equal(
            ["/srv/lab/pgpool0/data0"],
            lasting.Where(i => i is { Owner: LabItemOwner.Node, Use: LabItemUse.Data, Number: 0 }).Select(i => i.Path)
        );
        Assert.Equal(
            [
                "/srv/lab/.pgpoollab",
                "/srv/lab/.pgpoollab/lab.json",
                "/srv/lab/.pgpoollab/lock",
                "/srv/lab/.pgpoollab/template",
                "/srv/lab/pgpool_setup.log",
            ],
            lasting.Where(i => i.Owner is LabItemOwner.Tool).Select(i => i.Path)
        );
        Assert.DoesNotContain(lasting, i => i.Kind is LabItemKind.Socket || i.MadeBy is LabItemMaker.Recovery);
        Assert.Contains(lasting, i => i.Path == "/srv/lab/pgpool1/etc/pgpool_node_id");
    }

    [Fact]
    public async Task What_users_put_beside_the_sockets_of_a_watchdog_is_theirs()
    {
        var (host, lab) = (new FakeHost(), Testing.Labs.Fixed(pgpools: 2));
        host.Files["/srv/lab/run/.s.PGSQL.11000"] = "";
        host.Files["/srv/lab/run/notes"] = "";
        Assert.Equal(["/srv/lab/run/notes"], await new UsersFiles(host).FindAsync(lab, CancellationToken.None));
    }

    [Fact]
    public async Task A_copy_of_which_no_node_is_certainly_its_own_can_be_destroyed()
    {
        // Every data folder of it is a link: perhaps into the original.
        var (host, lab) = (new FakeHost(), Testing.Labs.Fixed());
        var reached = lab with { Nodes = [] };
        host.Files["/srv/lab/log/notes"] = "";
        Assert.Equal(["/srv/lab/log/notes"], await new UsersFiles(host).FindAsync(reached, CancellationToken.None));
        Assert.DoesNotContain(LabInventory.Of(reached).Items, i => i.Use is LabItemUse.Data);
        var plans = DestroyPlans.Of(new DestroyLook(lab, reached, []) { Lab = lab with { Former = Moved } }, false);
        Assert.Equal(2, plans[0].Before.Count);
        Assert.Equal(
            ["Stop Pgpool-II"],
            plans[0].Stages.SelectMany(s => s.Lanes).SelectMany(l => l).SelectMany(s => s.Preview(lab))
        );
    }

    private static readonly FormerPlace Moved = new("/srv/original", FormerPlaceState.ThisLab, null, IsSetups: true);

    [Fact]
    public void A_folder_of_a_node_that_is_another_labs_is_not_deleted()
    {
        var deleted = LabInventory.Of(Labs["others-nodes"]).Deleted.Select(i => i.Path).ToArray();
        Assert.DoesNotContain("/srv/lab/data0", deleted);
        Assert.Contains("/srv/lab/etc", deleted);
    }

    [Fact]
    public void What_the_inventory_names_is_recognized_by_its_name()
    {
        foreach (var lab in Labs.Values)
        {
            foreach (var item in LabInventory.Of(lab).Items)
            {
                var name = Path.GetFileName(item.Path);
                _ = item switch
                {
                    { Kind: LabItemKind.Socket } or { Kind: LabItemKind.Link, Use: LabItemUse.Runtime } => Require(
                        LabNames.IsSocket(name)
                    ),
                    { MadeBy: LabItemMaker.Recovery } => Require(LabNames.IsOfRecovery(name)),
                    { Use: LabItemUse.Data, Owner: LabItemOwner.Node } => Require(
                        LabNames.IsDataFolderOf(lab.Root, item.Path) && LabNames.NodeOf(name) == item.Number
                    ),
                    { IsShared: true } => Require(
                        LabNames.IsPgpoolFolderOf(lab.Root, item.Path) && LabNames.PgpoolOf(name) == item.Number
                    ),
                    _ => true,
                };

                bool Require(bool holds)
                {
                    Assert.True(holds, item.Path);
                    return holds;
                }
            }
        }
    }
}
