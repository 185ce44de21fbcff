using PgpoolLab.Cli.Rendering;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Doctor;
using PgpoolLab.Provisioning.Tools;

namespace PgpoolLab.Cli.Tests;

/// <summary>Machines that are well, and machines that are not: facts in, a report out.</summary>
public sealed class DoctorViewTests
{
    private static readonly Toolset Chosen = new(
        "/usr/lib/postgresql/15/bin",
        new PostgresVersion(15, 18),
        "/usr/sbin/pgpool",
        "/usr/sbin",
        new PgpoolVersion(4, 3, 5)
    );

    private static readonly Volume Roomy = new(250_000_000_000, 70_000_000_000, 16_000_000, false);

    private static readonly MachineFacts Healthy = new()
    {
        LabUser = "olga",
        Tools = new ToolSurvey(
            [
                new(Chosen.PostgresBin, Chosen.Postgres, [], true),
                new("/usr/local/pgsql/bin", new PostgresVersion(9, 6), ["extension pgpool_recovery"], false),
            ],
            [new(Chosen.PgpoolProgram, Chosen.Pgpool, Chosen.PcpBin), new("/usr/local/bin/pgpool", null, null)]
        ),
        Chosen = Chosen,
        FixedPgpools = [Chosen.PgpoolProgram],
        Platform = new Platform("debian", 15),
        Programs = new Dictionary<string, string?>
        {
            ["bash"] = "/bin/bash",
            ["setsid"] = "/usr/bin/setsid",
            ["flock"] = "/usr/bin/flock",
            ["ps"] = "/bin/ps",
            ["perl"] = null,
        },
        Semaphores = new SemaphoreFacts(32000, 1024000000, 32000, 18, 2),
        SharedMemory = new SharedMemoryFacts(18446744073692774399m, 18446744073692774399m * 4096, 4096, 9_000_000, 6),
        PosixSharedMemory = new Volume(8_000_000_000, 7_900_000_000, null, false),
        OpenFiles = 20000,
        UserProcesses = null,
        Places =
        [
            new(PlaceUse.Lab, "/home/olga/labs", true, Roomy),
            new(PlaceUse.State, "/home/olga/.local/state/pgpoollab", true, Roomy),
            new(PlaceUse.Cache, "/home/olga/.cache/pgpoollab/clusters", true, Roomy with { FreeFiles = null }),
        ],
        SocketFolders = [("/var/run/postgresql", false), ("/tmp", true)],
        LentPorts = (32768, 60999),
        TakenAutomaticPorts = 5,
    };

    /// <summary>Everything that can be wrong at once.</summary>
    private static readonly MachineFacts Bad = new()
    {
        LabUser = null,
        CalledByRoot = true,
        Tools = new ToolSurvey(
            [
                new(
                    "/usr/lib/postgresql/15/bin",
                    new PostgresVersion(15, 18),
                    ["extension pgpool_recovery", "extension pgpool_regclass"],
                    false
                ),
            ],
            []
        ),
        Missing = new ToolsMissingException("What a lab is made of is not all on this machine.", ["pgpool2"])
        {
            Details = ["Pgpool-II (pgpool and pcp_*): not in /usr/sbin."],
            Hints = ["Install it:  apt-get install pgpool2 'postgresql-15-pgpool2'", "Or say where it is."],
        },
        Platform = new Platform("debian", 15),
        Programs = new Dictionary<string, string?>
        {
            ["bash"] = null,
            ["setsid"] = null,
            ["flock"] = null,
            ["ps"] = null,
            ["perl"] = null,
        },
        HasProc = false,
        LocaleComplaint = "locale: Cannot set LC_ALL to default locale: No such file or directory",
        Semaphores = new SemaphoreFacts(250, 32000, 128, 1152, 128),
        SharedMemory = new SharedMemoryFacts(18446744073692774399m, 18446744073692774399m, 4096, 9_000_000, 4095),
        PosixSharedMemory = new Volume(67_108_864, 1_000_000, null, false),
        OpenFiles = 128,
        UserProcesses = 200,
        UserProcessesNow = 190,
        GroupProcesses = 100,
        GroupProcessesNow = 1,
        Places =
        [
            new(PlaceUse.Lab, "/mnt/it's [full]", true, Roomy with { FreeBytes = 20_000_000, FreeFiles = 17 }),
            new(PlaceUse.State, "/root", false, Roomy),
            new(PlaceUse.Cache, "/cd", true, Roomy with { ReadOnly = true }),
        ],
        SocketFolders = [("/var/run/postgresql", false), ("/tmp", false)],
        LentPorts = (1024, 65535),
        TakenPorts = [(11000, "used by pgpool (pid 12: pgpool -n)")],
        TakenAutomaticPorts = 19_999,
        Leftovers = new Leftovers
        {
            Orphans = ["The setup of the lab 'x' in /srv/x was killed."],
            Sockets = ["/tmp/.s.PGSQL.11000", "/tmp/.s.PGSQL.11001", "/tmp/.s.PGSQL.11002", "/tmp/.s.PGSQL.11002.lock"],
            Segments = [(3342337, 137_000_000), (7, 56)],
            Semaphores = [98304],
            Strays = [(4711, "pgpool", "/srv/y"), (4712, "postgres", "/srv/y/data0")],
            RecoveryFolders = ["/srv/z/data1.recovery"],
            CacheFolders = ["/home/olga/.cache/pgpoollab/clusters/0123.unfinished"],
        },
    };

    private static (DoctorReport Report, Screen Screen) Examine(MachineFacts facts)
    {
        var (report, screen) = (Diagnosis.Of(facts), new Screen(80));
        DoctorView.Print(screen.Terminal, report);
        return (report, screen);
    }

    [Fact]
    public void A_machine_that_is_well()
    {
        var (report, screen) = Examine(Healthy);
        Assert.Equal(ExitCode.Done, report.ExitCode);
        Snapshot.Approve("doctor-healthy", screen.Out + "-- standard error:\n" + screen.Error);
    }

    [Fact]
    public void A_machine_on_which_everything_is_wrong()
    {
        var (report, screen) = Examine(Bad);
        Assert.Equal(ExitCode.Missing, report.ExitCode);
        Snapshot.Approve("doctor-bad", screen.Out + "-- standard error:\n" + screen.Error);
    }

    [Fact]
    public void A_report_as_JSON() =>
        Snapshot.Approve("doctor-json", new DoctorReport(Diagnosis.Of(Bad).Findings.Take(3).ToArray()).ToJson() + "\n");

    public static TheoryData<string, Severity, ExitCode> Cases =>
        new()
        {
            { "a full disk where a lab would lie", Severity.Problem, ExitCode.InTheWay },
            { "a read-only folder where a lab would lie", Severity.Note, ExitCode.Done },
            { "no place for the list of labs", Severity.Problem, ExitCode.InTheWay },
            { "no cache", Severity.Note, ExitCode.Done },
            { "few semaphores", Severity.Problem, ExitCode.Missing },
            { "little /dev/shm", Severity.Note, ExitCode.Done },
            { "lent ports", Severity.Note, ExitCode.Done },
            { "default ports taken", Severity.Note, ExitCode.Done },
            { "a small shmmax", Severity.Problem, ExitCode.Missing },
            { "some open files", Severity.Note, ExitCode.Done },
            { "room for one more lab's processes", Severity.Note, ExitCode.Done },
            { "an old Pgpool-II alone", Severity.Problem, ExitCode.Missing },
            { "leftovers", Severity.Note, ExitCode.Done },
            { "a long folder", Severity.Note, ExitCode.Done },
            { "a folder whose programs cannot be run", Severity.Note, ExitCode.Done },
            { "no 127.0.0.1", Severity.Problem, ExitCode.Missing },
            { "no localhost", Severity.Problem, ExitCode.Missing },
            { "no setsid, but perl", Severity.Note, ExitCode.Done },
        };

    [Theory]
    [MemberData(nameof(Cases))]
    public void One_thing_at_a_time_is_as_bad_as_it_is(string what, Severity severity, ExitCode code)
    {
        var facts = what switch
        {
            "a full disk where a lab would lie" => With(PlaceUse.Lab, true, Roomy with { FreeBytes = 1 }),
            "a read-only folder where a lab would lie" => With(PlaceUse.Lab, false, Roomy with { ReadOnly = true }),
            "no place for the list of labs" => With(PlaceUse.State, false, Roomy),
            "no cache" => With(PlaceUse.Cache, false, Roomy),
            "few semaphores" => Healthy with { Semaphores = new SemaphoreFacts(250, 32, 128, 30, 4) },
            "little /dev/shm" => Healthy with { PosixSharedMemory = new Volume(64_000_000, 60_000_000, null, false) },
            "lent ports" => Healthy with { LentPorts = (16384, 60999) },
            "default ports taken" => Healthy with { TakenPorts = [(11000, "used by x")] },
            "a small shmmax" => Healthy with
            {
                SharedMemory = Healthy.SharedMemory! with { LargestSegment = 1_000_000 },
            },
            "some open files" => Healthy with { OpenFiles = 512 },
            "room for one more lab's processes" => Healthy with { UserProcesses = 200, UserProcessesNow = 100 },
            "an old Pgpool-II alone" => Healthy with
            {
                Chosen = null,
                Missing = new LabException(ExitCode.Missing, "Pgpool-II 4.0.1 (/usr/sbin/pgpool) was found, but …"),
                Tools = Healthy.Tools with
                {
                    Pgpool = [new("/usr/sbin/pgpool", new PgpoolVersion(4, 0, 1), "/usr/sbin")],
                },
            },
            "leftovers" => Healthy with { Leftovers = Bad.Leftovers },
            "a long folder" => Healthy with { Places = [Healthy.Places[0] with { Path = "/" + new string('x', 100) }] },
            "a folder whose programs cannot be run" => With(PlaceUse.Lab, true, Roomy with { NoPrograms = true }),
            "no 127.0.0.1" => Healthy with { HasLoopback = false },
            "no localhost" => Healthy with { KnowsLocalhost = false },
            "no setsid, but perl" => Healthy with
            {
                Programs = new Dictionary<string, string?> { ["setsid"] = null, ["perl"] = "/usr/bin/perl" },
            },
            _ => throw new ArgumentException(what, nameof(what)),
        };
        var report = Diagnosis.Of(facts);
        var worse = report
            .Findings.Except(Diagnosis.Of(Healthy).Findings)
            .Where(f => f.Severity is not Severity.Ok)
            .ToArray();
        Assert.NotEmpty(worse);
        Assert.Equal((severity, code), (worse.Max(f => f.Severity), report.ExitCode));
        // Whoever reads it knows what to do.
        Assert.All(worse, f => Assert.True(f.Cause is not null || f.Fix is not null, f.Seen));

        static MachineFacts With(PlaceUse use, bool canWrite, Volume volume) =>
            Healthy with
            {
                Places = Healthy
                    .Places.Select(p => p.Use == use ? p with { CanWrite = canWrite, Volume = volume } : p)
                    .ToArray(),
            };
    }

    [Fact]
    public void What_a_variable_chooses_is_told_by_its_name() =>
        Assert.Contains(
            Diagnosis.Of(Healthy with { ChosenBy = "PGBIN" }).Findings,
            f => f.Seen.EndsWith("Pgpool-II 4.3.5: PGBIN says so.", StringComparison.Ordinal)
        );

    [Fact]
    public void Many_leftovers_are_named_as_many_at_a_time_as_can_be_read()
    {
        var finding = Diagnosis
            .Of(Healthy with { Leftovers = new Leftovers { Semaphores = Enumerable.Range(1, 60).ToArray() } })
            .Findings[^1];
        Assert.Equal("ipcrm " + string.Join(' ', Enumerable.Range(1, 50).Select(i => $"-s {i}")), finding.Fix);
        Assert.Contains("the first 50", finding.Cause, StringComparison.Ordinal);
    }
}
