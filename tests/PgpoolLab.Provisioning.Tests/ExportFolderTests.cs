using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Export;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>Where an export lies: written whole or not at all, and nothing else is touched.</summary>
public sealed class ExportFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(" it's {}");
    private readonly IFiles _files = ((IHost)new LocalHost(TimeProvider.System)).Files;

    private static readonly ExportedFile[] Some =
    [
        new("a.yaml", $"# {ExportFolder.Mark} 1\n", Modes.Readable),
        new("secrets/p", "one\n", Modes.PrivateFile, IsSecret: true),
        new("README.md", $"<!-- {ExportFolder.Mark} 1 -->\n", Modes.Readable),
    ];

    private string Out => _folder["out"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_folder_is_made_with_files_of_their_modes()
    {
        var outcome = await WriteAsync(Some);
        Assert.Equal(["a.yaml", "secrets/p", "README.md"], outcome.Written);
        Assert.Empty(outcome.Kept);
        Assert.Equal(["README.md", "a.yaml", "secrets"], Names(Out));
        Assert.Equal(Modes.PrivateFolder, File.GetUnixFileMode($"{Out}/secrets"));
        Assert.All(Some, f => Assert.Equal(f.Mode, File.GetUnixFileMode($"{Out}/{f.Path}")));
    }

    [Fact]
    public async Task A_folder_with_anything_in_it_is_refused_and_force_overwrites_its_own_files_alone()
    {
        await WriteAsync(Some);
        var newer = Some.Select(f =>
            f with
            {
                Text = f.Text.Replace('1', '2').Replace("one", "two", StringComparison.Ordinal),
            }
        );
        var refused = await Assert.ThrowsAsync<LabException>(() => WriteAsync([.. newer]));
        Assert.Equal(
            (ExitCode.InTheWay, $"{Out} is not empty: README.md, a.yaml, secrets."),
            (refused.Code, refused.Message)
        );

        // A password that is there may be in use; what others have put there is theirs.
        File.WriteAllText($"{Out}/mine.txt", "mine");
        var outcome = await WriteAsync([.. newer], force: true);
        Assert.Equal(["a.yaml", "README.md"], outcome.Written);
        Assert.Equal(["secrets/p"], outcome.Kept);
        Assert.Equal("one\n", File.ReadAllText($"{Out}/secrets/p"));
        Assert.Equal($"# {ExportFolder.Mark} 2\n", File.ReadAllText($"{Out}/a.yaml"));
        Assert.Equal("mine", File.ReadAllText($"{Out}/mine.txt"));

        File.WriteAllText($"{Out}/README.md", "my own\n");
        refused = await Assert.ThrowsAsync<LabException>(() => WriteAsync(Some, force: true));
        Assert.Equal(
            $"{Out}/README.md was not written by pgpoollab export; --force does not overwrite it.",
            refused.Message
        );
        Assert.Equal($"# {ExportFolder.Mark} 2\n", File.ReadAllText($"{Out}/a.yaml"));
    }

    [Fact]
    public async Task A_link_is_not_followed_to_a_file_elsewhere()
    {
        File.WriteAllText(_folder["elsewhere"], $"# {ExportFolder.Mark} 1\n");
        Directory.CreateDirectory(Out);
        File.CreateSymbolicLink($"{Out}/a.yaml", _folder["elsewhere"]);
        var refused = await Assert.ThrowsAsync<LabException>(() => WriteAsync(Some, force: true));
        Assert.Equal(ExitCode.InTheWay, refused.Code);
        Assert.Equal($"# {ExportFolder.Mark} 1\n", File.ReadAllText(_folder["elsewhere"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_fails_half_way_leaves_everything_as_it_was(bool there)
    {
        if (there)
        {
            await WriteAsync([Some[0], Some[2]]);
        }

        // No file system takes such a name.
        ExportedFile[] failing =
        [
            Some[0] with
            {
                Text = $"# {ExportFolder.Mark} 2\n",
            },
            Some[1],
            new(new('x', 300), "", Modes.Readable),
        ];
        await Assert.ThrowsAnyAsync<IOException>(() => WriteAsync(failing, force: true));
        Assert.Equal(there ? ["README.md", "a.yaml"] : [], Names(Out));
        Assert.Equal(there, Directory.Exists(Out));
        if (there)
        {
            Assert.Equal(Some[0].Text, File.ReadAllText($"{Out}/a.yaml"));
        }
    }

    [Fact]
    public async Task A_file_or_a_missing_folder_in_the_way_is_said()
    {
        File.WriteAllText(Out, "");
        Assert.Equal($"{Out} is no folder.", (await Assert.ThrowsAsync<LabException>(() => WriteAsync(Some))).Message);
        File.Delete(Out);
        var missing = await Assert.ThrowsAsync<LabException>(() =>
            new ExportFolder(_files, $"{Out}/deeper").WriteAsync(Some, force: false, CancellationToken.None)
        );
        Assert.Equal(
            (ExitCode.NotFound, $"There is no folder {Out} in which {Out}/deeper could be made."),
            (missing.Code, missing.Message)
        );
    }

    private Task<ExportOutcome> WriteAsync(IReadOnlyList<ExportedFile> files, bool force = false) =>
        new ExportFolder(_files, Out).WriteAsync(files, force, CancellationToken.None);

    private static string[] Names(string folder) =>
        Directory.Exists(folder)
            ?
            [
                .. Directory
                    .EnumerateFileSystemEntries(folder)
                    .Select(e => Path.GetFileName(e)!)
                    .Order(StringComparer.Ordinal),
            ]
            : [];
}
