using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Tests;

public sealed class LabFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static LabException Refused(string folder) => Assert.Throws<LabException>(() => LabFolder.RequireUsable(folder));

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
        Assert.Equal((ExitCode.InTheWay, $"The folder {_folder.Path} is not empty: it holds .hidden, b, c, …."), (error.Code, error.Message));
    }

    [Fact]
    public void A_file_is_no_folder()
    {
        File.WriteAllText(_folder["file"], "");
        Assert.Equal((ExitCode.InTheWay, $"{_folder["file"]} is a file, not a folder."), (Refused(_folder["file"]).Code, Refused(_folder["file"]).Message));
    }

    [Theory]
    [InlineData(LabState.Ready, "is the lab 'mine' already.", "startall")]
    [InlineData(LabState.Creating, "holds a lab whose setup was killed before it was done (state: creating).", "made anew")]
    [InlineData(LabState.Failed, "holds what a failed setup was told to keep.", "made anew")]
    public void A_lab_is_not_made_over_another(LabState state, string message, string hint)
    {
        Directory.CreateDirectory(_folder[".pgpoollab"]);
        LabStore.Save(new LabManifest { ToolVersion = "1", CommandLine = [], State = state, Lab = Labs.Fixed(root: _folder.Path) with { Name = "mine" } });
        var error = Refused(_folder.Path);
        Assert.Equal((ExitCode.InTheWay, $"{_folder.Path} {message}"), (error.Code, error.Message));
        Assert.Contains(hint, error.Hints[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_was_made_is_given_back_with_those_above_it()
    {
        var lab = _folder["a/b/c"];
        Directory.CreateDirectory(_folder["a"]);
        var origin = LabFolder.Prepare(lab, null);
        Assert.Equal(new FolderOrigin(_folder["a/b"]), origin);
        Assert.True(Directory.Exists(lab));
        Assert.True(LabFolder.GiveBack(lab, origin));
        Assert.Equal([_folder["a"]], Directory.GetFileSystemEntries(_folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_folder_that_was_there_stays()
    {
        var origin = LabFolder.Prepare(_folder.Path, null);
        Assert.Equal(new FolderOrigin(null), origin);
        Assert.True(LabFolder.GiveBack(_folder.Path, origin));
        Assert.True(Directory.Exists(_folder.Path));
    }

    [Fact]
    public void A_folder_with_something_of_the_users_in_it_stays()
    {
        var origin = LabFolder.Prepare(_folder["a/b"], null);
        File.WriteAllText(_folder["a/b/mine"], "");
        Assert.False(LabFolder.GiveBack(_folder["a/b"], origin));
        Assert.True(File.Exists(_folder["a/b/mine"]));
    }
}
