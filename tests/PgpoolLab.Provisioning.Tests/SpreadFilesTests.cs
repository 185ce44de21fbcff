using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>The generated files of one host's part of a lab on several.</summary>
public sealed class SpreadFilesTests
{
    private static readonly string[] OfNetwork =
    [
        "etc/pgpool.conf",
        "etc/pool_hba.conf",
        "etc/failover.sh",
        "etc/follow_primary.sh",
        "data1/postgresql.conf",
        "data1/pg_hba.conf",
        "data1/myrecovery.conf",
    ];

    /// <summary>Which files of which part.</summary>
    private static readonly Dictionary<string, (Lab Lab, string[] Files)> Cases = new()
    {
        ["spread-pg15-pgpool4.3"] = (
            Labs.Part(1),
            [
                .. OfNetwork,
                "etc/pgpool_node_id",
                "startall",
                "stopall",
                "pgpool_reload",
                "pgpass",
                "pcppass",
                "README.port",
                "bashrc.ports",
            ]
        ),
        ["spread-pg15-pgpool4.3-virtual-ip"] = (
            Labs.Part(1, virtualIp: "192.0.2.100/24"),
            ["etc/pgpool.conf", "etc/pool_hba.conf", "data1/pg_hba.conf", "pgpass"]
        ),
        ["spread-pg12-pgpool4.1"] = (
            Labs.Part(1, 12, 1, virtualIp: "192.0.2.100/24"),
            ["etc/pgpool.conf", "data1/postgresql.conf"]
        ),
        ["spread-pg18-pgpool4.7-primary"] = (
            Labs.Part(0, 18, 7, virtualIp: "192.0.2.100/24") with
            {
                ListenAddresses = ["192.0.2.1", "198.51.100.1"],
            },
            ["etc/pgpool.conf", "etc/pool_hba.conf", "data0/postgresql.conf", "data0/pg_hba.conf"]
        ),
    };

    public static TheoryData<string, string> Files => new(Cases.SelectMany(c => c.Value.Files.Select(f => (c.Key, f))));

    public static TheoryData<string> Parts => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_generated_file_is_as_approved(string part, string file) =>
        Snapshot.Approve($"{part}/{file}", RenderedFiles.Of(Cases[part].Lab)[file]);

    [Theory]
    [MemberData(nameof(Parts))]
    public Task Every_script_can_be_read_by_sh(string part) =>
        ScriptSyntax.RequireValidAsync(RenderedFiles.Of(Cases[part].Lab).Where(f => RenderedFiles.IsScript(f.Key)));

    [Theory]
    [MemberData(nameof(Parts))]
    public void What_takes_a_folder_that_all_nodes_reach_is_not_there(string part)
    {
        var files = RenderedFiles.Of(Cases[part].Lab);
        Assert.DoesNotContain(files.Keys, f => Path.GetFileName(f) is "basebackup.sh" or "pgpool_remote_start");
        Assert.DoesNotContain(files.Values, f => f.Contains("archivedir", StringComparison.Ordinal));
    }

    [Fact]
    public void Nobody_is_let_in_but_the_hosts_of_the_lab()
    {
        foreach (var file in (string[])["etc/pool_hba.conf", "data1/pg_hba.conf"])
        {
            var rules = RenderedFiles.Of(Labs.Part(1))[file].Split('\n').Where(l => l.StartsWith("host"));
            Assert.All(
                rules.Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)),
                r =>
                {
                    Assert.Contains(
                        r[3],
                        (string[])["127.0.0.1/32", "::1/128", "192.0.2.1/32", "192.0.2.2/32", "192.0.2.3/32"]
                    );
                    Assert.Equal(r[3].StartsWith("192", StringComparison.Ordinal) ? "hostssl" : "host", r[0]);
                }
            );
        }
    }

    [Fact]
    public void An_address_of_another_kind_is_written_as_its_own_kind_is()
    {
        var lab = Labs.Part(1);
        lab = lab with { Hosts = [lab.Hosts[0] with { Address = "2001:db8::1" }, .. lab.Hosts.Skip(1)] };
        var files = RenderedFiles.Of(lab);
        Assert.Contains(" 2001:db8::1/128 ", files["data1/pg_hba.conf"], StringComparison.Ordinal);
        Assert.Contains("\n2001\\:db8\\:\\:1:11012:*:repl:", files["pgpass"], StringComparison.Ordinal);
        Assert.Contains("host=2001:db8::1,192.0.2.3 ", files["data1/myrecovery.conf"], StringComparison.Ordinal);
    }
}
