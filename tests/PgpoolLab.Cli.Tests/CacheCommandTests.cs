using System.Text.Json;
using PgpoolLab.Cli.Commands;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Clusters;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Cli.Tests;

/// <summary>Caches of the tests' own: those of whoever runs them are not their business.</summary>
public sealed class CacheCommandTests : IDisposable
{
    private const UnixFileMode PrivateFolder =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private static readonly DateTimeOffset Made = new(2026, 11, 23, 10, 16, 3, TimeSpan.Zero);
    private static readonly DateTimeOffset Used = new(2026, 11, 24, 8, 5, 59, TimeSpan.Zero);

    private static readonly CachedTemplate[] Templates =
    [
        new(
            "0123456789abcdef0123456789abcdef",
            "/home/olga/.cache/pgpoollab/clusters/0123456789abcdef0123456789abcdef",
            "17.2",
            "olga",
            24_900_000,
            Made,
            Used
        ),
        new(
            "fedcba9876543210fedcba9876543210",
            "/var/lib/postgresql/.cache/[pgpoollab]/clusters/fedcba9876543210fedcba9876543210",
            null,
            null,
            0,
            null,
            Used.AddDays(-1)
        ),
    ];

    private readonly TemporaryFolder _folder = new(" it's");

    public void Dispose() => _folder.Dispose();

    /// <summary>Whatever the time zone of the machine.</summary>
    private static string WithoutZone(string text) =>
        new[] { Made, Used, Used.AddDays(-1) }.Aggregate(
            text,
            (t, time) => t.Replace(Local(time), time.ToString("yyyy-MM-dd HH:mm"), StringComparison.Ordinal)
        );

    private static string Local(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm");

    private ClusterCache Cache(string name)
    {
        Directory.CreateDirectory(_folder[name], PrivateFolder);
        var host = new LocalHost(TimeProvider.System);
        return new ClusterCache(_folder[name], host, new ProbeRunner(host, TimeProvider.System), TimeProvider.System);
    }

    private string Put(string cache, char digit, bool damaged = false)
    {
        var key = new string(digit, 32);
        Directory.CreateDirectory(_folder[$"{cache}/{key}"]);
        var manifest = JsonSerializer.Serialize(
            new
            {
                key,
                postgreSql = "17.2",
                superuser = "olga",
                created = Made,
                folders = Array.Empty<string>(),
                files = new[]
                {
                    new
                    {
                        path = "x",
                        length = 30_000_000,
                        content = 24_900_000,
                        hash = 0,
                        mode = 384,
                    },
                },
            }
        );
        File.WriteAllText(_folder[$"{cache}/{key}/template.json"], damaged ? manifest[..50] : manifest);
        File.WriteAllText(_folder[$"{cache}/{key}.lock"], "");
        File.SetLastWriteTimeUtc(_folder[$"{cache}/{key}.lock"], Used.UtcDateTime.AddMinutes(-digit));
        return key;
    }

    private static async Task<(int Code, string Out, string Error)> RunAsync(
        ClusterCache[] caches,
        params string[] arguments
    )
    {
        var screen = new Screen();
        var code = await CacheCommand.Create(screen.Terminal, () => caches).Parse(arguments).InvokeAsync();
        return (code, screen.Out, screen.Error);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(80)]
    public void Clusters_are_listed_in_a_table(int width)
    {
        var screen = new Screen(width);
        CacheCommand.Show(screen.Terminal, Templates);
        Assert.Equal("", screen.Error);
        Snapshot.Approve($"cache-list-{width}", WithoutZone(screen.Out));
    }

    [Fact]
    public void Clusters_are_listed_as_JSON() =>
        Snapshot.Approve("cache-list-json", CacheCommand.ToJson(Templates) + "\n");

    [Fact]
    public void No_clusters_are_an_empty_list() => Assert.Equal("[]", CacheCommand.ToJson([]));

    [Fact]
    public async Task An_empty_cache_is_told_and_is_no_data()
    {
        Assert.Equal(
            (0, "", "The cache is empty: the next setup fills it.\n"),
            await RunAsync([Cache("one"), Cache("two")], "list")
        );
        Assert.Equal((0, "", "The cache is empty: the next setup fills it.\n"), await RunAsync([], "list"));
        Assert.Equal((0, "[]\n", ""), await RunAsync([], "list", "--json"));
    }

    [Fact]
    public async Task Every_cache_there_is_is_listed_and_damaged_clusters_too()
    {
        ClusterCache[] caches = [Cache("one"), Cache("two")];
        var (one, two, damaged) = (Put("one", '1'), Put("two", '2'), Put("one", '3', damaged: true));
        var (code, output, error) = await RunAsync(caches, "list", "--json");
        Assert.Equal((0, ""), (code, error));
        var listed = JsonDocument.Parse(output).RootElement.EnumerateArray().ToArray();
        Assert.Equal([one, damaged, two], listed.Select(t => t.GetProperty("key").GetString()));
        Assert.Equal(
            [_folder[$"one/{one}"], _folder[$"one/{damaged}"], _folder[$"two/{two}"]],
            listed.Select(t => t.GetProperty("folder").GetString())
        );
        Assert.Equal(["17.2", null, "17.2"], listed.Select(t => t.GetProperty("postgreSql").GetString()));
        Assert.Equal([24_900_000, 0, 24_900_000], listed.Select(t => t.GetProperty("bytes").GetInt64()));
        Assert.Contains("damaged", (await RunAsync(caches, "list")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clearing_tells_how_many_there_were()
    {
        ClusterCache[] caches = [Cache("one"), Cache("two")];
        Assert.Equal((0, "", "0 clusters deleted.\n"), await RunAsync(caches, "clear"));
        Put("one", '1');
        Assert.Equal((0, "", "1 cluster deleted.\n"), await RunAsync(caches, "clear"));
        Put("one", '1');
        Put("one", '2', damaged: true);
        Put("two", '3');
        Assert.Equal((0, "", "3 clusters deleted.\n"), await RunAsync(caches, "clear"));
        Assert.Empty(caches.SelectMany(c => c.List()));
    }

    [Fact]
    public async Task What_is_in_use_is_left_and_told_with_an_exit_code_of_its_own()
    {
        ClusterCache[] caches = [Cache("one")];
        var used = Put("one", '1');
        Put("one", '2');
        using (new FileStream(_folder[$"one/{used}.lock"], FileMode.Open, FileAccess.Read, FileShare.Read))
        {
            Assert.Equal(
                ((int)ExitCode.Busy, "", "1 cluster deleted.\n1 in use at this moment: not deleted.\n"),
                await RunAsync(caches, "clear")
            );
        }

        Assert.Equal(used, Assert.Single(caches[0].List()).Key);
    }
}
