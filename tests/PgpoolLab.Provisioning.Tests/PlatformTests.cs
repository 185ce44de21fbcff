using PgpoolLab.Hosts;
using PgpoolLab.Provisioning.Tools;

namespace PgpoolLab.Provisioning.Tests;

public sealed class PlatformTests
{
    private const string Debian12 =
        "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian "
        + "GNU/Linux\"\nVERSION_ID=\"12\"\nVERSION=\"12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\n";

    [Theory]
    [InlineData(Debian12, "debian", 15)]
    [InlineData("ID=debian\nVERSION_ID=\"11\"\n", "debian", 13)]
    [InlineData("ID=debian\nVERSION_ID=\"13\"\n", "debian", 17)]
    [InlineData("PRETTY_NAME=\"Debian GNU/Linux forky/sid\"\nVERSION_CODENAME=forky\nID=debian\n", "debian", 18)]
    [InlineData("NAME=\"Ubuntu\"\nVERSION_ID=\"24.04\"\nID=ubuntu\nID_LIKE=debian\n", "debian", 16)]
    [InlineData("VERSION_ID=\"22.04\"\nID=ubuntu\nID_LIKE=debian\n", "debian", 14)]
    [InlineData("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=\"22\"\n", "debian", null)]
    [InlineData(
        "NAME=\"Rocky Linux\"\nID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.4\"\n",
        "redhat",
        null
    )]
    [InlineData("ID=\"rhel\"\nID_LIKE=\"fedora\"\nVERSION_ID=\"9.2\"\n", "redhat", null)]
    [InlineData("ID=fedora\nVERSION_ID=40\n", "redhat", null)]
    [InlineData("ID=alpine\nVERSION_ID=3.20.1\n", "other", null)]
    [InlineData("", "other", null)]
    [InlineData("# a comment with = in it\n\nnonsense\nID=debian\r\nVERSION_ID=\"12\"\r\n", "debian", 15)]
    [InlineData("ID='debian'\nVERSION_ID='12'\n", "debian", 15)]
    [InlineData("# x=1\n# x=2\nID=debian\nVERSION_ID=12\n", "debian", 15)]
    public void It_understands_os_release(string text, string family, int? major) =>
        Assert.Equal(new Platform(family, major), Platform.Parse(text));

    [Fact]
    public void Debian_has_a_package_for_each()
    {
        var platform = new Platform("debian", 15);
        Assert.Equal(
            ["postgresql-15", "pgpool2", "postgresql-15-pgpool2"],
            platform.InstallPackages(null, postgres: true, pgpool: true, extension: true)
        );
        Assert.Equal(
            ["postgresql-13-pgpool2"],
            platform.InstallPackages(13, postgres: false, pgpool: false, extension: true)
        );
        Assert.Equal(["pgpool2"], platform.InstallPackages(15, postgres: false, pgpool: true, extension: false));
        Assert.Equal(
            "apt-get update && apt-get install postgresql-15 pgpool2",
            platform.InstallCommand(["postgresql-15", "pgpool2"])
        );
    }

    [Fact]
    public void A_Debian_nobody_knows_installs_whatever_version_it_has() =>
        Assert.Equal(
            ["postgresql", "pgpool2", "postgresql-*-pgpool2"],
            new Platform("debian", null).InstallPackages(null, postgres: true, pgpool: true, extension: true)
        );

    [Fact]
    public void A_pattern_among_the_packages_is_quoted_for_the_shell() =>
        Assert.Equal(
            "apt-get update && apt-get install pgpool2 'postgresql-*-pgpool2'",
            new Platform("debian", null).InstallCommand(["pgpool2", "postgresql-*-pgpool2"])
        );

    [Fact]
    public void PGDG_has_packages_for_each_major_version()
    {
        var platform = new Platform("redhat", null);
        Assert.Equal(
            ["postgresql16-server", "pgpool-II-pg16", "pgpool-II-pg16-extensions"],
            platform.InstallPackages(16, postgres: true, pgpool: true, extension: true)
        );
        Assert.Equal("dnf install pgpool-II-pg16", platform.InstallCommand(["pgpool-II-pg16"]));
    }

    [Fact]
    public void Homebrew_has_pgpool_and_its_extension_in_one()
    {
        var platform = new Platform("macos", null);
        Assert.Equal(
            ["postgresql@16", "pgpool-ii"],
            platform.InstallPackages(16, postgres: true, pgpool: true, extension: true)
        );
        Assert.Equal("brew install pgpool-ii", platform.InstallCommand(["pgpool-ii"]));
    }

    [Fact]
    public void Packages_of_another_system_are_not_made_up() =>
        Assert.Null(new Platform("other", null).InstallPackages(15, postgres: true, pgpool: true, extension: true));

    [Fact]
    public void Who_may_not_install_packages_is_told_the_command_with_sudo()
    {
        Assert.Equal(
            "sudo apt-get update && sudo apt-get install pgpool2",
            new Platform("debian", 15) { NeedsSudo = true }.InstallCommand(["pgpool2"])
        );
        Assert.Equal(
            "sudo dnf install pgpool-II-pg17",
            new Platform("redhat", null) { NeedsSudo = true }.InstallCommand(["pgpool-II-pg17"])
        );
    }

    private static FakeHost Debian(bool lists)
    {
        var host = new FakeHost
        {
            Run = c => new CommandResult(
                c,
                0,
                c.Arguments[1] == "pgpool2"
                    ? "pgpool2\n"
                    : "postgresql-16\npostgresql-17\npostgresql-common\npostgresql-16-pgpool2\n",
                "",
                TimeSpan.Zero
            ),
        };
        host.Files[
            "/var/lib/apt/lists/" + (lists ? "deb.debian.org_debian_dists_sid_main_binary-amd64_Packages.lz4" : "lock")
        ] = "";
        return host;
    }

    [Theory]
    [InlineData(true, "pgpool2 postgresql-16 postgresql-16-pgpool2 postgresql-17 postgresql-common")]
    [InlineData(false, "pgpool2 postgresql-15 postgresql-15-pgpool2")]
    public async Task Packages_are_those_apt_knows_or_where_it_has_no_lists_those_of_the_release(
        bool lists,
        string expected
    )
    {
        var available = await new AptPackages(Debian(lists), 15).AvailableAsync(CancellationToken.None);
        Assert.Equal(expected.Split(' '), available!.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Of_the_PostgreSQLs_apt_knows_the_newest_with_an_extension_is_installed()
    {
        var available = await new AptPackages(Debian(lists: true), 15).AvailableAsync(CancellationToken.None);
        Assert.Equal(
            ["postgresql-16", "pgpool2", "postgresql-16-pgpool2"],
            new Platform("debian", 15).InstallPackages(null, postgres: true, pgpool: true, extension: true, available)
        );
    }

    [Fact]
    public async Task Without_lists_a_release_nobody_knows_has_unknown_packages() =>
        Assert.Null(await new AptPackages(Debian(lists: false), null).AvailableAsync(CancellationToken.None));
}
