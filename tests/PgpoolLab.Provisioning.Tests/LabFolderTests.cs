using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Tests;

public sealed class LabFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static LabException Refused(string folder) =>
        Assert.Throws<LabException>(() => LabFolder.RequireUsable(folder));

    [Fact]
    public void A_folder_that_is_empty_or_not_there_yet_will_do()
    {
        LabFolder.RequireUsable(_folder.Path);
        LabFolder.RequireUsable(_folder["a/b/c"]);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_folder_with_something_in_it_is_refused()
    {
        foreach (var name in new[] { "d", "c", "b", ".hidden" })
        {
            File.WriteAllText(_folder[name], "");
        }

        var error = Refused(_folder.Path);
        Assert.Equal(
            (ExitCode.InTheWay, $"The folder {_folder.Path} is not empty: it holds .hidden, b, c, …."),
            (error.Code, error.Message)
        );
    }

    [Fact]
    public void What_a_killed_command_has_left_before_there_was_a_lab_is_not_in_the_way()
    {
        Assert.False(LabRemains.AreIn(_folder.Path));
        Directory.CreateDirectory(_folder[".pgpoollab"]);
        foreach (var name in new[] { null, "lock", "lab.json.4711.tmp" })
        {
            if (name is not null)
            {
                File.WriteAllText(_folder[".pgpoollab/" + name], "");
            }

            Assert.True(LabRemains.AreIn(_folder.Path));
            LabFolder.RequireUsable(_folder.Path);
        }

        using (LabLock.Take(_folder.Path))
        {
            Assert.False(LabRemains.AreIn(_folder.Path));
            Assert.Contains("it holds .pgpoollab.", Refused(_folder.Path).Message, StringComparison.Ordinal);
        }

        LabRemains.Remove(_folder.Path, null);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("lab.json")]
    [InlineData("notes.txt")]
    [InlineData("lock/file")]
    public void What_is_more_than_that_is_not_taken_for_it(string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[".pgpoollab/" + name])!);
        File.WriteAllText(_folder[".pgpoollab/" + name], "");
        Assert.False(LabRemains.AreIn(_folder.Path));
    }

    [Fact]
    public void A_link_is_no_remains_of_ours()
    {
        Directory.CreateDirectory(_folder["elsewhere"]);
        File.CreateSymbolicLink(_folder[".pgpoollab"], _folder["elsewhere"]);
        Assert.False(LabRemains.AreIn(_folder.Path));
        File.Delete(_folder[".pgpoollab"]);
        Directory.CreateDirectory(_folder[".pgpoollab"]);
        File.WriteAllText(_folder["elsewhere/lock"], "");
        File.CreateSymbolicLink(_folder[".pgpoollab/lock"], _folder["elsewhere/lock"]);
        Assert.False(LabRemains.AreIn(_folder.Path));
    }

    [Fact]
    public void A_file_is_no_folder()
    {
        File.WriteAllText(_folder["file"], "");
        Assert.Equal(
            (ExitCode.InTheWay, $"{_folder["file"]} is a file, not a folder."),
            (Refused(_folder["file"]).Code, Refused(_folder["file"]).Message)
        );
    }

    [Theory]
    [InlineData(LabState.Ready, "is the lab 'mine' already.", "startall")]
    [InlineData(
        LabState.Creating,
        "holds a lab whose setup was killed before it was done (state: creating).",
        "made anew"
    )]
    [InlineData(LabState.Failed, "holds what a failed setup was told to keep.", "made anew")]
    [InlineData(LabState.Destroying, "holds what is left of the lab 'mine': destroying it has not ended.", "made anew")]
    public void A_lab_is_not_made_over_another(LabState state, string message, string hint)
    {
        Directory.CreateDirectory(_folder[".pgpoollab"]);
        LabStore.Save(
            new LabManifest
            {
                ToolVersion = "1",
                CommandLine = [],
                State = state,
                Lab = Labs.Fixed(root: _folder.Path) with { Name = "mine" },
            }
        );
        var error = Refused(_folder.Path);
        Assert.Equal((ExitCode.InTheWay, $"{_folder.Path} {message}"), (error.Code, error.Message));
        Assert.Contains(hint, error.Hints[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_was_made_is_given_back_with_those_above_it()
    {
        var lab = _folder["a/b/c"];
        Directory.CreateDirectory(_folder["a"]);
        var origin = LabFolder.Prepare(lab, null, new SameProcess());
        Assert.Equal(new FolderOrigin(_folder["a/b"]), origin);
        Assert.True(Directory.Exists(lab));
        Assert.True(LabFolder.GiveBack(lab, origin));
        Assert.Equal([_folder["a"]], Directory.GetFileSystemEntries(_folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_folder_that_was_made_by_way_of_a_link_is_given_back_too()
    {
        Directory.CreateDirectory(_folder["real"]);
        Directory.CreateSymbolicLink(_folder["link"], _folder["real"]);
        foreach (var named in (string[])["link/a/lab", "real/a/lab"])
        {
            var origin = LabFolder.Prepare(_folder["link/a/lab"], null, new SameProcess());
            Assert.True(Directory.Exists(_folder["real/a/lab"]));
            Assert.True(LabFolder.GiveBack(_folder[named], origin));
            Assert.Empty(Directory.GetFileSystemEntries(_folder["real"]));
        }
    }

    [Fact]
    public void A_folder_that_was_there_stays()
    {
        var origin = LabFolder.Prepare(_folder.Path, null, new SameProcess());
        Assert.Equal(new FolderOrigin(null), origin);
        Assert.True(LabFolder.GiveBack(_folder.Path, origin));
        Assert.True(Directory.Exists(_folder.Path));
    }

    [Fact]
    public void A_folder_with_something_of_the_users_in_it_stays()
    {
        var origin = LabFolder.Prepare(_folder["a/b"], null, new SameProcess());
        File.WriteAllText(_folder["a/b/mine"], "");
        Assert.False(LabFolder.GiveBack(_folder["a/b"], origin));
        Assert.True(File.Exists(_folder["a/b/mine"]));
    }
}
