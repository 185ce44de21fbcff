using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Clusters;

namespace PgpoolLab.Provisioning.Tests;

public sealed class ClusterTemplateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(" it's ü");
    private readonly FakeClusters _clusters = new();

    public void Dispose() => _folder.Dispose();

    private string Data => _folder["template/cluster"];

    private Task<ClusterTemplate> MakeAsync() =>
        ClusterTemplate.MakeAsync(
            _folder["template"],
            FakeClusters.Recipe(),
            _clusters.Host,
            TimeProvider.System,
            CancellationToken.None
        );

    private void Copy(params string[] targets) =>
        ClusterTemplate
            .Find(_folder["template"])!
            .CopyTo(targets.Select(t => _folder[t]).ToArray(), CancellationToken.None);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Copies_are_what_initdb_made(int count)
    {
        await MakeAsync();
        FakeClusters.Make(_folder["fresh"]);
        var targets = Enumerable.Range(0, count).Select(i => $"data{i}").ToArray();
        Copy(targets);
        Assert.All(
            targets,
            t => Assert.Equal(FakeClusters.Contents(_folder["fresh"]), FakeClusters.Contents(_folder[t]))
        );
        Assert.Equal(FakeClusters.PrivateFolder, File.GetUnixFileMode(_folder["data0"]));
        Assert.Equal(1, _clusters.Made);
    }

    [Fact]
    public async Task Copies_are_separate_files()
    {
        await MakeAsync();
        Copy("data0", "data1");
        File.AppendAllText(_folder["data0/PG_VERSION"], "changed");
        Assert.Equal("99\n", File.ReadAllText(_folder["data1/PG_VERSION"]));
        Assert.Equal("99\n", File.ReadAllText($"{Data}/PG_VERSION"));
    }

    [Fact]
    public async Task What_is_zero_at_the_end_of_a_file_stays_a_hole_which_takes_no_room()
    {
        var template = await MakeAsync();
        Copy("data0");
        var result = await new LocalHost(TimeProvider.System).Programs.RunAsync(
            new CommandSpec("stat", "-c", "%b %s", _folder[$"data0/{FakeClusters.Segment}"]),
            CancellationToken.None
        );
        var (blocks, length) = result.Output.Trim().Split(' ') is [var b, var l]
            ? (long.Parse(b), long.Parse(l))
            : default;
        Assert.Equal(FakeClusters.SegmentLength, length);
        Assert.InRange(blocks * 512, 0, FakeClusters.SegmentLength / 4);
        // The large file has a hole of 256 KB in it.
        Assert.InRange(template.Bytes, 600_000 + 8192 - (1 << 18), 1_000_000 - (1 << 18));
    }

    [Fact]
    public async Task A_hole_in_the_middle_stays_one_whatever_somebody_wrote_into_it()
    {
        await MakeAsync();
        using (var handle = File.OpenHandle($"{Data}/base/1/1255", FileMode.Open, FileAccess.Write))
        {
            RandomAccess.Write(
                handle,
                new byte[1000]
                    .Select(_ => (byte)7)
                    .ToArray(),
                300_000
            );
        }

        FakeClusters.Make(_folder["fresh"]);
        Copy("data0");
        Assert.Equal(FakeClusters.Contents(_folder["fresh"]), FakeClusters.Contents(_folder["data0"]));
        var result = await new LocalHost(TimeProvider.System).Programs.RunAsync(
            new CommandSpec("stat", "-c", "%b", _folder["data0/base/1/1255"]),
            CancellationToken.None
        );
        Assert.InRange(long.Parse(result.Output) * 512, 1, 600_077 - (1 << 18) + 8192);
    }

    [Fact]
    public async Task What_is_known_of_a_template_is_read_again()
    {
        var made = await MakeAsync();
        var found = ClusterTemplate.Find(_folder["template"])!;
        Assert.Equal(made.Manifest.Files, found.Manifest.Files);
        Assert.Equal(["base", "base/1", "global", "pg_wal", "pg_wal/archive_status"], found.Manifest.Folders);
        Assert.Equal(
            (FakeClusters.Recipe().Key(), "99.1", "olga", made.Bytes),
            (found.Manifest.Key, found.Manifest.PostgreSql, found.Manifest.Superuser, found.Bytes)
        );
        var empty = Assert.Single(found.Manifest.Files, f => f.Path == "base/1/2604");
        Assert.Equal((0, 0), (empty.Length, empty.Content));
        var zeros = Assert.Single(found.Manifest.Files, f => f.Path == "base/1/zeros");
        Assert.Equal((16384, 0), (zeros.Length, zeros.Content));
        var large = Assert.Single(found.Manifest.Files, f => f.Path == "base/1/1255");
        Assert.Equal((600_077, 1 << 18, 2 << 18), (large.Content, large.Hole, large.HoleEnd));
    }

    public static TheoryData<string, string> Files =>
        new(
            from file in (string[])["PG_VERSION", "base/1/1255", FakeClusters.Segment]
            from damage in (string[])["changed", "cut off", "cut off in the middle", "emptied", "gone", "a folder now"]
            select (file, damage)
        );

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_file_that_is_not_what_it_was_is_noticed(string file, string damage)
    {
        var template = await MakeAsync();
        var path = $"{Data}/{file}";
        var content = template.Manifest.Files.Single(f => f.Path == file).Content;
        using (var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite))
        {
            switch (damage)
            {
                case "changed":
                    var last = new byte[1];
                    RandomAccess.Read(handle, last, content - 1);
                    last[0] ^= 1;
                    RandomAccess.Write(handle, last, content - 1);
                    break;
                case "cut off":
                    RandomAccess.SetLength(handle, content - 1);
                    break;
                case "cut off in the middle":
                    RandomAccess.SetLength(handle, content / 2);
                    break;
                case "emptied":
                    RandomAccess.SetLength(handle, 0);
                    break;
                default:
                    File.Delete(path);
                    break;
            }
        }

        if (damage == "a folder now")
        {
            Directory.CreateDirectory(path);
        }

        var error = Assert.Throws<TemplateDamagedException>(() => Copy("data0", "data1"));
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Failed, error.Code);
    }

    [Fact]
    public async Task What_somebody_adds_to_a_template_is_not_copied()
    {
        await MakeAsync();
        File.WriteAllText($"{Data}/postmaster.pid", "17\n");
        File.AppendAllText($"{Data}/PG_VERSION", "more");
        using (var hole = File.OpenHandle($"{Data}/{FakeClusters.Segment}", FileMode.Open, FileAccess.Write))
        {
            RandomAccess.Write(hole, "more"u8, FakeClusters.SegmentLength / 2);
        }

        FakeClusters.Make(_folder["fresh"]);
        Copy("data0");
        Assert.Equal(FakeClusters.Contents(_folder["fresh"]), FakeClusters.Contents(_folder["data0"]));
    }

    [Fact]
    public async Task What_lies_in_a_target_already_is_not_overwritten()
    {
        await MakeAsync();
        Directory.CreateDirectory(_folder["data0"]);
        File.WriteAllText(_folder["data0/PG_VERSION"], "mine");
        Assert.ThrowsAny<IOException>(() => Copy("data0"));
        Assert.Equal("mine", File.ReadAllText(_folder["data0/PG_VERSION"]));
    }

    [Fact]
    public async Task A_copy_can_be_cancelled()
    {
        var template = await MakeAsync();
        Assert.ThrowsAny<OperationCanceledException>(() =>
            template.CopyTo([_folder["data0"]], new CancellationToken(canceled: true))
        );
    }

    [Fact]
    public void Where_nothing_is_there_is_no_template()
    {
        Assert.Null(ClusterTemplate.Find(_folder["none"]));
        Directory.CreateDirectory(_folder["template/cluster"]);
        Assert.Null(ClusterTemplate.Find(_folder["template"]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"key\":\"k\"}")]
    [InlineData("{\"key\":null,\"files\":[],\"folders\":[]}")]
    [InlineData("\0\0\0\0")]
    [InlineData("half")]
    public async Task A_description_that_cannot_be_understood_is_damage(string text)
    {
        await MakeAsync();
        var file = _folder["template/template.json"];
        File.WriteAllText(file, text == "half" ? File.ReadAllText(file)[..300] : text);
        var error = Assert.Throws<TemplateDamagedException>(() => ClusterTemplate.Find(_folder["template"]));
        Assert.StartsWith($"The template in {_folder["template"]} ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"PG_VERSION\"", "\"../PG_VERSION\"")]
    [InlineData("\"PG_VERSION\"", "\"/tmp/PG_VERSION\"")]
    [InlineData("\"PG_VERSION\"", "\"base/../PG_VERSION\"")]
    [InlineData("\"PG_VERSION\"", "null")]
    [InlineData("\"PG_VERSION\"", "\"\\u0000\"")]
    [InlineData("\"PG_VERSION\"", "\"postgresql.conf\"")] // twice
    [InlineData("\"PG_VERSION\"", "\"nowhere/PG_VERSION\"")]
    [InlineData("\"global\"", "\"../global\"")]
    [InlineData("\"global\"", "\"base\"")]
    [InlineData("\"length\":3,", "\"length\":2,")]
    [InlineData("\"length\":3,", "\"length\":9000000000000000000,")]
    [InlineData("\"content\":3,", "\"content\":-1,")]
    [InlineData("\"mode\":384", "\"mode\":-1")]
    public async Task A_description_of_what_no_cluster_has_is_damage_and_nothing_is_written(string text, string instead)
    {
        await MakeAsync();
        var file = _folder["template/template.json"];
        Assert.Contains(text, File.ReadAllText(file), StringComparison.Ordinal);
        File.WriteAllText(file, File.ReadAllText(file).Replace(text, instead, StringComparison.Ordinal));
        Assert.Throws<TemplateDamagedException>(() => Copy("data0"));
        Assert.Equal(["template"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(e => Path.GetFileName(e)));
    }

    [Fact]
    public async Task A_template_whose_initdb_fails_is_none()
    {
        _clusters.ExitCode = 1;
        var error = await Assert.ThrowsAsync<CommandFailedException>(MakeAsync);
        Assert.Equal("Could not make a database cluster: initdb ended with exit code 1.", error.Message);
        Assert.Null(ClusterTemplate.Find(_folder["template"]));
    }
}
