using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Doctor;
using PgpoolLab.Provisioning.Machines;
using PgpoolLab.Provisioning.Tools;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>What is said of several machines.</summary>
public sealed class MachinesTests
{
    private static readonly Toolset Tools = Labs.Fixed().Tools;

    private static MachineView Machine(string name) =>
        new(name)
        {
            Login = $"lab@{name}:22",
            User = "lab",
            Home = "/home/lab",
            Architecture = "x86_64",
            System = "Debian GNU/Linux 12 (bookworm)",
            CLibrary = "glibc 2.36",
            Icu = "72",
            Tools = Tools,
            ClockAhead = 0.01,
            RoundTrip = 0.4,
            Volume = new Volume(20_000_000_000, 10_000_000_000, null, false),
            OwnAddresses = ["192.0.2.1"],
        };

    private static Toolset With(int postgres, int minor, int pgpoolMinor = 3) =>
        Tools with
        {
            Postgres = new PostgresVersion(postgres, minor),
            Pgpool = new PgpoolVersion(4, pgpoolMinor, 5),
        };

    private static DoctorFinding? Only(params MachineView[] machines) =>
        MachinesDiagnosis.Of(machines, []).Findings.SingleOrDefault();

    [Fact]
    public void Of_machines_that_are_alike_and_well_nothing_is_said()
    {
        var report = MachinesDiagnosis.Of(
            [Machine("a"), Machine("b")],
            [new WayView("a", "b", "192.0.2.2", 11000, null)]
        );
        Assert.Empty(report.Findings);
        Assert.True(report.CanMakeLabs);
        Assert.Contains("\"canMakeLabs\": true", report.ToJson(), StringComparison.Ordinal);
        Assert.Contains("\"postgreSql\": \"", report.ToJson(), StringComparison.Ordinal);
    }

    public static TheoryData<string, string, string> Situations =>
        new()
        {
            { "root", "Problem", "The login is root, as whom PostgreSQL does not run." },
            { "full", "Problem", "90 MB are free in /home/lab." },
            { "nearly full", "Note", "500 MB are free in /home/lab." },
            { "noexec", "Problem", "No program can be run in /home/lab: its file system is mounted with noexec." },
            { "read-only", "Problem", "lab may not write in /home/lab, the login's home folder." },
            { "ahead", "Note", "Its clock is 2.5 s ahead of this machine's." },
            { "behind", "Problem", "Its clock is 31 s behind this machine's." },
            { "taken", "Note", "Port 11000 (Pgpool-II): used by pgpool (pid 7)." },
            {
                "elsewhere",
                "Note",
                "The address it was reached at is none of its own (a jump, a forwarded port, or another network)."
            },
            { "no loopback", "Problem", "No server can be reached at 127.0.0.1 on this machine." },
            { "missing", "Problem", "PostgreSQL is missing." },
            { "major", "Problem", "The major versions differ: 15 (a), 17 (b)." },
            { "minor", "Note", "The minor versions differ: 15.4 (a), 15.9 (b)." },
            { "pgpool", "Problem", "The versions differ: 4.3 (a), 4.6 (b)." },
            { "processor", "Problem", "They differ: x86_64 (a), aarch64 (b)." },
            { "glibc", "Note", "They differ: glibc 2.36 (a), glibc 2.41 (b)." },
            { "icu", "Note", "The versions differ: 72 (a), 76 (b)." },
            { "silent", "Problem", "Host b does not answer." },
        };

    [Theory]
    [MemberData(nameof(Situations))]
    public void Each_situation_is_called_by_its_name(string situation, string severity, string seen)
    {
        var b = Machine("b");
        b = situation switch
        {
            "root" => b with { User = "root" },
            "full" => b with { Volume = b.Volume! with { FreeBytes = 90_000_000 } },
            "nearly full" => b with { Volume = b.Volume! with { FreeBytes = 500_000_000 } },
            "noexec" => b with { Volume = b.Volume! with { NoPrograms = true } },
            "read-only" => b with { CanWrite = false },
            "ahead" => b with { ClockAhead = 2.5 },
            "behind" => b with { ClockAhead = -31 },
            "taken" => b with { TakenPorts = ["11000 (Pgpool-II): used by pgpool (pid 7)"] },
            "elsewhere" => b with { OwnAddresses = [] },
            "no loopback" => b with { HasLoopback = false },
            "missing" => b with
            {
                Tools = null,
                Missing = new LabException(ExitCode.Missing, "PostgreSQL is missing."),
            },
            "major" => b with { Tools = With(17, 4) },
            "minor" => b with { Tools = With(15, 9) },
            "pgpool" => b with { Tools = With(15, 4, 6) },
            "processor" => b with { Architecture = "aarch64" },
            "glibc" => b with { CLibrary = "glibc 2.41" },
            "icu" => b with { Icu = "76" },
            _ => new MachineView("b") { Error = new LabException(ExitCode.NotHealthy, "Host b does not answer.") },
        };
        var finding = Only(
            Machine("a") with
            {
                Tools = With(15, 4),
            },
            b.Tools == Tools ? b with { Tools = With(15, 4) } : b
        );
        Assert.Equal((severity, seen), (finding?.Severity.ToString(), finding?.Seen));
    }

    [Fact]
    public void A_way_that_is_closed_is_a_problem_of_its_own()
    {
        var report = MachinesDiagnosis.Of(
            [Machine("a"), Machine("b")],
            [
                new WayView("a", "b", "192.0.2.2", 11000, "Connection refused"),
                new WayView("b", "a", "192.0.2.1", 11000, null),
            ]
        );
        var finding = Assert.Single(report.Findings);
        Assert.Equal(
            ("a to b", "a does not reach 192.0.2.2 port 11000: Connection refused", ExitCode.InTheWay),
            (finding.Check, finding.Seen, report.ExitCode)
        );
    }

    /// <summary>This machine itself, as one of several.</summary>
    [Fact]
    public async Task A_machine_is_looked_at_by_few_questions_and_reaches_itself()
    {
        var host = new Hosts.Local.LocalHost(TimeProvider.System);
        var machine = new ReachedMachine("here", "me@localhost:22", "127.0.0.1", host);
        var view = await new MachineSurvey(TimeProvider.System).LookAsync(
            machine,
            new ToolRequest(null, null, null, null),
            default
        );
        Assert.NotNull(view.Architecture);
        Assert.NotNull(view.CLibrary);
        Assert.InRange(view.ClockAhead!.Value, -30, 30);
        Assert.True(view.FreeBytes > 0 && view.RoundTrip > 0);
        Assert.Equal(["127.0.0.1"], view.OwnAddresses);

        int port;
        using (var free = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0))
        {
            free.Start();
            port = ((System.Net.IPEndPoint)free.LocalEndpoint).Port;
        }

        var there = machine with { Name = "there" };
        var ways = await new WaySurvey(new Servers.Waiting.ProbeRunner(host, TimeProvider.System)).LookAsync(
            [(machine, "127.0.0.1"), (there, "127.0.0.2")],
            port,
            default
        );
        Assert.Equal(
            [
                new WayView("there", "here", "127.0.0.1", port, null),
                new WayView("here", "there", "127.0.0.2", port, null),
            ],
            ways
        );
    }
}
