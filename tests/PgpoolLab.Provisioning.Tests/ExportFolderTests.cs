using System.Collections;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Export;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>Where an export lies: written whole or not at all, and nothing else is touched.</summary>
public sealed class ExportFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(" it's {}");

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
            new ExportFolder($"{Out}/deeper").WriteAsync(Some, force: false, CancellationToken.None)
        );
        Assert.Equal(
            (ExitCode.NotFound, $"There is no folder {Out} in which {Out}/deeper could be made."),
            (missing.Code, missing.Message)
        );
    }

    /// <summary>Who could exchange the folder could have other servers started, with other passwords.</summary>
    [Fact]
    public async Task A_folder_that_others_could_exchange_is_refused_with_what_to_do()
    {
        Directory.CreateDirectory(_folder["shared"]);
        Directory.CreateSymbolicLink(_folder["link"], _folder["shared"]);
        File.SetUnixFileMode(_folder["shared"], Modes.Script | UnixFileMode.OtherWrite);
        foreach (var place in new[] { _folder["shared"], _folder["shared/out"], _folder["link/out"] })
        {
            var refused = await Assert.ThrowsAsync<LabException>(() =>
                new ExportFolder(place).WriteAsync(Some, force: true, CancellationToken.None)
            );
            Assert.Equal(
                $"{place} is no safe place for an export: others can write in {_folder["shared"]}. "
                    + "Its files could be exchanged there.",
                refused.Message
            );
            Assert.Equal(
                $"Or let nobody else write there:  chmod go-w {Shell.Quote(_folder["shared"])}",
                refused.Hints[^1]
            );
            Assert.Empty(Names(_folder["shared"]));
        }

        // As in /tmp nobody can exchange what is another's.
        File.SetUnixFileMode(_folder["shared"], Modes.Script | UnixFileMode.OtherWrite | UnixFileMode.StickyBit);
        await new ExportFolder(_folder["link/out"]).WriteAsync(Some, force: false, CancellationToken.None);
        Assert.Equal(["out"], Names(_folder["shared"]));
    }

    [Fact]
    public async Task Anothers_folder_and_anothers_password_are_refused()
    {
        Assert.SkipUnless(Identity.IsRoot, "only root can give files away");
        const int stranger = 54321;
        await WriteAsync(Some);
        Identity.Own($"{Out}/secrets/p", stranger, stranger);
        Assert.Equal(
            $"{Out}/secrets/p holds a password and is not kept: it belongs to the user {stranger}.",
            (await Assert.ThrowsAsync<LabException>(() => WriteAsync(Some, force: true))).Message
        );
        Identity.Own($"{Out}/secrets", stranger, stranger);
        Assert.Equal(
            $"{Out}/secrets is not used for passwords: it belongs to the user {stranger}.",
            (await Assert.ThrowsAsync<LabException>(() => WriteAsync(Some, force: true))).Message
        );
        Directory.Delete($"{Out}/secrets", recursive: true);
        Identity.Own(Out, stranger, stranger);
        var refused = await Assert.ThrowsAsync<LabException>(() => WriteAsync(Some, force: true));
        Assert.StartsWith($"{Out} is no safe place for an export: {Out} belongs to ", refused.Message);
        Assert.False(Directory.Exists($"{Out}/secrets"));
    }

    [Fact]
    public async Task A_folder_for_secrets_that_is_a_link_or_that_others_can_write_is_not_used()
    {
        Directory.CreateDirectory(Out);
        Directory.CreateDirectory(_folder["elsewhere"]);
        Directory.CreateSymbolicLink($"{Out}/secrets", _folder["elsewhere"]);
        var refused = await Assert.ThrowsAsync<LabException>(() => WriteAsync(Some, force: true));
        Assert.Equal(
            $"{Out}/secrets is a link, or no folder; an export follows no links in its folder.",
            refused.Message
        );
        Assert.Throws<LabException>(() => new ExportFolder(Out).Present(["secrets/p"]));
        Assert.Empty(Names(_folder["elsewhere"]));
        Assert.Equal(["secrets"], Names(Out));

        Directory.Delete($"{Out}/secrets");
        await WriteAsync(Some, force: true);
        File.SetUnixFileMode($"{Out}/secrets/p", Modes.PrivateFile | UnixFileMode.OtherWrite);
        refused = await Assert.ThrowsAsync<LabException>(() => WriteAsync(Some, force: true));
        Assert.Equal($"{Out}/secrets/p holds a password and is not kept: others can write it.", refused.Message);
        File.SetUnixFileMode($"{Out}/secrets", Modes.PrivateFolder | UnixFileMode.OtherWrite);
        refused = await Assert.ThrowsAsync<LabException>(() => WriteAsync(Some, force: true));
        Assert.Equal($"{Out}/secrets is not used for passwords: others can write it.", refused.Message);
    }

    /// <summary>Whoever made one by hand may have had another umask.</summary>
    [Fact]
    public async Task A_password_that_is_kept_is_for_its_owner_alone()
    {
        await WriteAsync(Some);
        File.SetUnixFileMode($"{Out}/secrets/p", Modes.Readable);
        File.SetUnixFileMode($"{Out}/secrets", Modes.Script);
        Assert.Equal(["secrets/p"], new ExportFolder(Out).Present(["secrets/p", "secrets/q", "none/p"]));
        Assert.Equal(["secrets/p"], (await WriteAsync(Some, force: true)).Kept);
        Assert.Equal(Modes.PrivateFile, File.GetUnixFileMode($"{Out}/secrets/p"));
        Assert.Equal(Modes.PrivateFolder, File.GetUnixFileMode($"{Out}/secrets"));
    }

    [Fact]
    public async Task A_password_of_another_lab_is_not_kept()
    {
        await WriteAsync(Some);
        var mine = Some.Select(f => f with { KeptFor = f.IsSecret ? "one" : null }).ToArray();
        await WriteAsync(mine, force: true);
        var others = Some.Select(f => f with { KeptFor = f.IsSecret ? "name: b-app" : null }).ToArray();
        Assert.Equal(
            $"{Out}/secrets/p is another lab's: it has no \"name: b-app\".",
            (await Assert.ThrowsAsync<LabException>(() => WriteAsync(others, force: true))).Message
        );
    }

    /// <summary>What cannot be taken back keeps nothing else, and is named.</summary>
    [Fact]
    public async Task Each_file_is_taken_back_by_itself_and_what_stays_is_named()
    {
        await WriteAsync([Some[0], Some[2]]);
        Directory.CreateDirectory(_folder["elsewhere"]);
        File.WriteAllText(_folder["elsewhere/p"], "somebody's");
        ExportedFile[] failing =
        [
            Some[0] with
            {
                Text = $"# {ExportFolder.Mark} 2\n",
            },
            Some[1],
            new(new('x', 300), "", Modes.Readable),
        ];
        var error = await Assert.ThrowsAsync<LabException>(() =>
            WriteAsync(
                new Watched(
                    failing,
                    () =>
                    {
                        if (File.Exists($"{Out}/secrets/p"))
                        {
                            Directory.Delete($"{Out}/secrets", recursive: true);
                            Directory.CreateSymbolicLink($"{Out}/secrets", _folder["elsewhere"]);
                        }
                    }
                ),
                force: true
            )
        );
        Assert.Equal(ExitCode.UndoFailed, error.Code);
        Assert.Contains("not everything it had written could be undone", error.Message, StringComparison.Ordinal);
        Assert.Equal(
            [$"{Out}/secrets/p: {Out}/secrets is a link", $"{Out}/secrets: "],
            error.Details.Select((d, i) => d[..(i == 0 ? d.IndexOf(',') : d.IndexOf(": ") + 2)])
        );
        Assert.Equal("somebody's", File.ReadAllText(_folder["elsewhere/p"]));
        Assert.Equal(Some[0].Text, File.ReadAllText($"{Out}/a.yaml"));
    }

    /// <summary>Files of an export, and what somebody else does before the last one is taken.</summary>
    private sealed class Watched(ExportedFile[] files, Action before) : IReadOnlyList<ExportedFile>
    {
        public ExportedFile this[int index] => files[index];

        public int Count => files.Length;

        public IEnumerator<ExportedFile> GetEnumerator()
        {
            for (var i = 0; i < files.Length; i++)
            {
                if (i == files.Length - 1)
                {
                    before();
                }

                yield return files[i];
            }
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    private Task<ExportOutcome> WriteAsync(IReadOnlyList<ExportedFile> files, bool force = false) =>
        new ExportFolder(Out).WriteAsync(files, force, CancellationToken.None);

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
