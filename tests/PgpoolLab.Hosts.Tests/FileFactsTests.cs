using PgpoolLab.Hosts.Local;

namespace PgpoolLab.Hosts.Tests;

/// <summary>A look at a path, as every host gives it.</summary>
public abstract class FileFactsTests(HostUnderTest under) : IDisposable
{
    private readonly TemporaryFolder _folder = new(" it's");
    private readonly IHost _host = under.Host;

    public void Dispose()
    {
        under.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private ValueTask<FileFacts?> LookAsync(string name) => _host.Files.LookAsync(_folder[name], default);

    [Fact]
    public async Task A_look_tells_what_lies_there_and_follows_no_link()
    {
        File.WriteAllText(_folder["file"], "12345");
        Directory.CreateDirectory(_folder["folder"]);
        File.CreateSymbolicLink(_folder["link"], _folder["folder"]);
        File.CreateSymbolicLink(_folder["dead"], "nowhere");
        Assert.Null(await LookAsync("nothing"));
        var file = await LookAsync("file");
        Assert.Equal((FileKind.File, 5, null), (file!.Kind, file.Length, file.LinkTarget));
        Assert.Equal(Identity.Current.UserId, file.User);
        Assert.Equal(FileKind.Folder, (await LookAsync("folder"))!.Kind);
        Assert.Equal((FileKind.Link, _folder["folder"]), await KindAndTargetAsync("link"));
        Assert.Equal((FileKind.Link, "nowhere"), await KindAndTargetAsync("dead"));
        Assert.Equal(FileKind.Other, (await _host.Files.LookAsync("/dev/null", default))!.Kind);

        async Task<(FileKind, string?)> KindAndTargetAsync(string name) =>
            await LookAsync(name) is { } facts ? (facts.Kind, facts.LinkTarget) : throw new InvalidOperationException();
    }

    [Fact]
    public async Task A_link_to_a_folder_is_one_too_and_a_link_to_nothing_is_none()
    {
        Directory.CreateDirectory(_folder["folder"]);
        File.WriteAllText(_folder["file"], "");
        File.CreateSymbolicLink(_folder["link"], "folder");
        File.CreateSymbolicLink(_folder["dead"], "nowhere");
        File.CreateSymbolicLink(_folder["tofile"], "file");
        Assert.True(await IsFolderAsync("folder"));
        Assert.True(await IsFolderAsync("link"));
        Assert.False(await IsFolderAsync("file"));
        Assert.False(await IsFolderAsync("tofile"));
        Assert.False(await IsFolderAsync("dead"));
        Assert.False(await IsFolderAsync("nothing"));

        ValueTask<bool> IsFolderAsync(string name) => _host.Files.IsFolderAsync(_folder[name], default);
    }

    [Fact]
    public async Task Of_many_paths_those_are_told_of_which_something_holds_in_their_order()
    {
        Directory.CreateDirectory(_folder["folder"]);
        Executable.Write(_folder["program"], "#!/bin/sh\n");
        File.WriteAllText(_folder["file"], "");
        File.CreateSymbolicLink(_folder["link"], "file");
        File.CreateSymbolicLink(_folder["dead"], "nowhere");
        File.CreateSymbolicLink(_folder["to folder"], "folder");
        string[] all = ["nothing", "dead", "folder", "to folder", "link", "file", "program"];
        var paths = all.Select(n => _folder[n]).ToArray();
        Assert.Equal(_folder["link"], await _host.Files.FirstFileAsync(paths, default));
        Assert.Null(await _host.Files.FirstFileAsync(paths[..4], default));
        Assert.Equal([_folder["folder"], _folder["to folder"]], await _host.Files.FoldersAsync(paths, default));
        Assert.Equal([_folder["program"]], await _host.Files.ExecutablesAsync(paths, default));
    }

    [Fact]
    public async Task A_file_that_is_replaced_is_another_one()
    {
        File.WriteAllText(_folder["a"], "1");
        File.WriteAllText(_folder["b"], "1");
        Assert.NotEqual((await LookAsync("a"))!.Id, (await LookAsync("b"))!.Id);
        Assert.Equal((await LookAsync("a"))!.Id, (await LookAsync("a"))!.Id);
    }

    [Fact]
    public async Task Bytes_are_read_as_they_are()
    {
        byte[] bytes = [0, 0x7f, 0xff, 0x80, 10];
        File.WriteAllBytes(_folder["program"], bytes);
        Assert.Equal(bytes, await _host.Files.ReadBytesAsync(_folder["program"], default));
        Assert.Null(await _host.Files.ReadBytesAsync(_folder["nothing"], default));
    }
}
