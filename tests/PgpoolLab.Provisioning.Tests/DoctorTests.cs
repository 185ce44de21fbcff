using PgpoolLab.Model;
using PgpoolLab.Provisioning.Doctor;
using PgpoolLab.Provisioning.Tools;

namespace PgpoolLab.Provisioning.Tests;

public sealed class DoctorTests
{
    private const string Segments =
        "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid"
        + "  cgid      atime      dtime      ctime                   rss                  swap\n"
        + "         0    6553600   600                  1680 31325 31327      0 65534 65534 65534"
        + " 65534 1795429792 1795429807 1795429792                  4096                     0\n"
        + "  11658148    3342337   600                    56 31497 31526      3 65534 65534 65534"
        + " 65534 1795416354 1795416354 1795416353                  4096                     0\n"
        + "         0    3342338   600               5000000    12 31526      0 65534 65534 65534"
        + " 65534 1795416354 1795416354 1795416353                  4096                     0\n"
        + "         0    3342339   600               5000000 31325 31526      0   101   101   101"
        + "   101 1795416354 1795416354 1795416353                  4096                     0\n";

    private const string Semaphores = """
               key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime
                 0      98304   600          9 65534 65534 65534 65534 1795407371 1795407371
                 0      98305   600          9 65534 65534 65534 65534 1795407372 1795407380
                 0      98306   600         17   101   101   101   101 1795407372 1795407380

        """;

    [Fact]
    public void A_segment_is_abandoned_when_nobody_uses_it_and_who_made_it_has_ended()
    {
        var segments = SystemVIpc.Segments(Segments);
        Assert.Equal(4, segments.Count);
        Assert.Equal(new Segment(6553600, 1680, 31325, 0, 65534), segments[0]);
        Assert.Equal([6553600], SystemVIpc.Abandoned(segments, 65534, id => id == 12).Select(s => s.Id));
    }

    [Fact]
    public void Semaphores_are_abandoned_when_no_server_began_just_before_they_were_made()
    {
        var sets = SystemVIpc.SemaphoreSets(Semaphores);
        Assert.Equal(new SemaphoreSet(98305, 9, 65534, 1795407380), sets[1]);
        Assert.Equal([98304, 98305], SystemVIpc.Abandoned(sets, 65534, []).Select(s => s.Id));
        // It began between the two, or long before both.
        Assert.Equal([98304], SystemVIpc.Abandoned(sets, 65534, [1795407375]).Select(s => s.Id));
        Assert.Equal([98304, 98305], SystemVIpc.Abandoned(sets, 65534, [1795400000]).Select(s => s.Id));
    }

    [Fact]
    public void Empty_tables_hold_nothing()
    {
        Assert.Empty(SystemVIpc.Segments(""));
        Assert.Empty(SystemVIpc.SemaphoreSets("key semid\n"));
    }

    [Theory]
    [InlineData("Max open files", 1024L)]
    [InlineData("Max processes", null)]
    [InlineData("Max nonsense", null)]
    public void Soft_limits_count(string name, long? limit) =>
        Assert.Equal(
            limit,
            KernelFacts.LimitIn(
                """
                Limit                     Soft Limit           Hard Limit           Units
                Max processes             unlimited            unlimited            processes
                Max open files            1024                 1048576              files
                """,
                name
            )
        );

    [Fact]
    public void A_port_on_which_several_listen_counts_once_and_connections_do_not() =>
        Assert.Equal(
            2,
            KernelFacts.ListenersIn(
                """
                  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
                   0: 0100007F:2EE0 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
                   1: 00000000000000000000000001000000:2EE0 00000000000000000000000000000000:0000 0A 0
                   2: 0100007F:2EE1 00000000:0000 0A 0
                   3: 0100007F:2EE2 0100007F:1234 01 0
                   4: 0100007F:2EDF 00000000:0000 0A 0
                """,
                12000,
                32000
            )
        );

    [Theory]
    [InlineData(ExitCode.Done)]
    [InlineData(ExitCode.Missing, ExitCode.Missing)]
    [InlineData(ExitCode.InTheWay, ExitCode.InTheWay)]
    [InlineData(ExitCode.Missing, ExitCode.InTheWay, ExitCode.Missing)]
    public void The_exit_code_is_that_of_the_weightiest_problem(ExitCode expected, params ExitCode[] problems)
    {
        var report = new DoctorReport([
            new DoctorFinding("x", Severity.Ok, ""),
            new DoctorFinding("x", Severity.Note, ""),
            .. problems.Select(p => new DoctorFinding("x", Severity.Problem, "") { Code = p }),
        ]);
        Assert.Equal(expected, report.ExitCode);
        Assert.Equal(expected is ExitCode.Done, report.CanMakeLabs);
    }

    [Theory]
    [InlineData("4.1.15", true)]
    [InlineData("4.2.21", true)]
    [InlineData("4.2.22", false)]
    [InlineData("4.3.5", true)]
    [InlineData("4.3.15", false)]
    [InlineData("4.4.11", true)]
    [InlineData("4.4.12", false)]
    [InlineData("4.5.6", true)]
    [InlineData("4.5.7", false)]
    [InlineData("4.6.0", true)]
    [InlineData("4.6.1", false)]
    [InlineData("4.7.0", false)]
    public void A_Pgpool_that_takes_any_password_is_pointed_out_unless_its_distribution_has_fixed_it(
        string version,
        bool flawed
    )
    {
        var parsed = PgpoolVersion.Parse($"pgpool-II version {version}")!.Value;
        var facts = new MachineFacts
        {
            LabUser = "olga",
            Tools = new ToolSurvey([], [new("/usr/sbin/pgpool", parsed, "/usr/sbin")]),
            Programs = new Dictionary<string, string?>(),
            Places = [],
            SocketFolders = [],
        };
        bool Reports(MachineFacts machine) =>
            Diagnosis.Of(machine).Findings.Any(f => f.Seen.Contains("CVE-2025-46801", StringComparison.Ordinal));
        Assert.Equal(flawed, Reports(facts));
        Assert.False(Reports(facts with { FixedPgpools = ["/usr/sbin/pgpool"] }));
    }
}
