using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Tests;

public sealed class LabPlacesTests : IDisposable
{
    private readonly TemporaryFolder _outer = new(" it's ü");

    private readonly Lab _lab;

    public LabPlacesTests()
    {
        _lab = Labs.Fixed(root: _outer["lab"], alias: _outer["alias"]);
        Save(_lab);
    }

    public void Dispose() => _outer.Dispose();

    private static void Save(Lab lab)
    {
        Directory.CreateDirectory(lab.Paths.Hidden);
        LabStore.Save(
            new LabManifest
            {
                ToolVersion = "1.2.3",
                CommandLine = [],
                State = LabState.Ready,
                Lab = lab,
            }
        );
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(new LabPaths(to).Hidden);
        File.Copy(new LabPaths(from).Manifest, new LabPaths(to).Manifest);
    }

    private LabException Refused(string root) =>
        Assert.Throws<LabException>(() => LabLocator.RequireReady(LabStore.Load(root)!));

    [Fact]
    public void A_copy_is_told_from_its_original_and_there_is_no_advice_to_move_it()
    {
        Copy(_lab.Root, _outer["copy"]);
        var error = Refused(_outer["copy"]);
        Assert.Equal(ExitCode.Failed, error.Code);
        Assert.Equal(
            $"{_outer["copy"]} is a copy of the lab 'lab' in {_lab.Root}; its configuration names that folder, "
                + "so it cannot be used.",
            error.Message
        );
        Assert.Equal(
            [
                $"Use the lab itself:  cd {Shell.Quote(_lab.Root)}",
                "Or make another:  pgpoollab setup DIR",
                $"Delete the copy; the lab itself is not touched:  pgpoollab destroy {Shell.Quote(_outer["copy"])}",
            ],
            error.Hints
        );
        Assert.Null(LabStore.Load(_lab.Root)!.Lab.Former);
        // Nor to start it, or to make a lab in its place.
        Assert.Equal(error.Message, Assert.Throws<LabException>(() => LabFolder.RequireUsable(_outer["copy"])).Message);
    }

    [Theory]
    [InlineData("nothing", "Move it back:  mv {0} {1}")]
    [InlineData("an empty folder", "Move it back:  rmdir {1} && mv {0} {1}")]
    [InlineData("a file", "To move it back, first move away what is in {2} now.")]
    [InlineData("a link to nowhere", "To move it back, first move away what is in {2} now.")]
    [InlineData("a damaged manifest", "To move it back, first move away what is in {2} now.")]
    [InlineData("another lab", "To move it back, first move away what is in {2} now.")]
    public void A_moved_lab_can_be_moved_back_by_the_command_that_is_named(string what, string advice)
    {
        Directory.Move(_lab.Root, _outer["moved"]);
        switch (what)
        {
            case "an empty folder":
                Directory.CreateDirectory(_lab.Root);
                break;
            case "a file":
                File.WriteAllText(_lab.Root, "");
                break;
            case "a link to nowhere":
                File.CreateSymbolicLink(_lab.Root, "/nonexistent");
                break;
            case "a damaged manifest":
                Directory.CreateDirectory(_lab.Paths.Hidden);
                File.WriteAllText(_lab.Paths.Manifest, "{");
                break;
            case "another lab":
                Save(_lab with { Id = "89abcdef" });
                break;
        }

        var error = Refused(_outer["moved"]);
        Assert.Equal(
            $"The lab 'lab' was made in {_lab.Root} and moved to {_outer["moved"]}; its configuration still "
                + "names the old folder.",
            error.Message
        );
        Assert.Equal(
            string.Format(null, advice, Shell.Quote(_outer["moved"]), Shell.Quote(_lab.Root), _lab.Root),
            error.Hints[0]
        );
        Assert.Equal($"Or delete it:  pgpoollab destroy {Shell.Quote(_outer["moved"])}", error.Hints[1]);
    }

    [Fact]
    public void Where_the_folder_above_is_gone_as_well_it_is_made_first()
    {
        var lab = Labs.Fixed(root: _outer["above/lab"]);
        Save(lab);
        Directory.Move(lab.Root, _outer["moved"]);
        Directory.Delete(_outer["above"]);
        Assert.StartsWith(
            $"Move it back:  mkdir -p {Shell.Quote(_outer["above"])} && mv ",
            Refused(_outer["moved"]).Hints[0],
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Copies_that_name_each_other_for_the_original_end_nobodys_reading()
    {
        Copy(_lab.Root, _outer["one"]);
        File.WriteAllText(
            _lab.Paths.Manifest,
            File.ReadAllText(_lab.Paths.Manifest)
                .Replace($"\"root\": \"{_lab.Root}\"", $"\"root\": \"{_outer["one"]}\"", StringComparison.Ordinal)
        );
        Assert.True(LabStore.Load(_outer["one"])!.Lab.Former!.HasOriginal);
        Assert.True(LabStore.Load(_lab.Root)!.Lab.Former!.HasOriginal);
    }

    [Theory]
    [InlineData("lab")]
    [InlineData("above/lab")]
    public void A_lab_that_was_moved_and_left_a_link_in_its_place_works_where_it_is(string name)
    {
        var lab = Labs.Fixed(root: _outer[name]);
        Save(lab);
        var (moved, link) = name == "lab" ? (_outer["larger"], lab.Root) : (_outer["larger/lab"], _outer["above"]);
        Directory.Move(link, _outer["larger"]);
        Directory.CreateSymbolicLink(link, _outer["larger"]);
        foreach (var way in (string[])[lab.Root, moved])
        {
            var found = LabLocator.RequireReady(LabStore.Load(way)!);
            Assert.Equal((moved, lab.Root, new FolderOrigin(moved)), (found.Root, found.SafeAlias, found.Folder));
            // Its processes work in the real folder, and its sockets have the names its configuration has.
            Assert.Equal(($"{moved}/data1", $"{lab.Root}/run"), (found.Nodes[1].DataDirectory, found.SocketFolder));
        }
    }
}
