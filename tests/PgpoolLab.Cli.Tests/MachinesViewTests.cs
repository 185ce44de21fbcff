using PgpoolLab.Cli.Rendering;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Machines;

namespace PgpoolLab.Cli.Tests;

public sealed class MachinesViewTests
{
    private static readonly MachineView Well = new("a")
    {
        Login = "postgres@192.0.2.1:22",
        User = "postgres",
        Home = "/var/lib/postgresql",
        Architecture = "x86_64",
        System = "Debian GNU/Linux 12 (bookworm)",
        CLibrary = "glibc 2.36",
        Icu = "72",
        Tools = new Toolset(
            "/usr/lib/postgresql/15/bin",
            new PostgresVersion(15, 18),
            "/usr/sbin/pgpool",
            "/usr/sbin",
            new PgpoolVersion(4, 3, 5)
        ),
        ClockAhead = -0.0004,
        RoundTrip = 0.42,
        Volume = new Volume(20_000_000_000, 4_294_877_184, null, false),
        OwnAddresses = ["192.0.2.1"],
    };

    private static readonly MachinesReport Report = MachinesDiagnosis.Of(
        [
            Well,
            Well with
            {
                Name = "[b]",
                Login = "postgres@192.0.2.2:22",
                ClockAhead = 40.5,
                TakenPorts = ["11000 (Pgpool-II): used by pgpool (pid 7)"],
            },
            new MachineView("c")
            {
                Error = new LabException(ExitCode.NotHealthy, "Host c (olga@c:22) cannot be reached: No route to host.")
                {
                    Hints = ["See what ssh says:  ssh -v c"],
                },
            },
        ],
        [
            new WayView("a", "[b]", "192.0.2.2", 11000, null),
            new WayView("[b]", "a", "192.0.2.1", 11000, "No answer within 5 s."),
        ]
    );

    [Theory]
    [InlineData(200)]
    [InlineData(80)]
    [InlineData(60)]
    public void Hosts_are_shown_in_a_table_and_what_was_found_below(int width)
    {
        var screen = new Screen(width);
        MachinesView.Print(screen.Terminal, Report);
        Snapshot.Approve($"hosts-{width}", screen.Out + "---\n" + screen.Error);
    }

    [Fact]
    public void Hosts_are_reported_as_JSON() => Snapshot.Approve("hosts-json", Report.ToJson() + "\n");
}
