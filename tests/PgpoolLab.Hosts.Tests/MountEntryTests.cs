namespace PgpoolLab.Hosts.Tests;

/// <summary>The table of mounts, as the system writes it.</summary>
public sealed class MountEntryTests
{
    [Fact]
    public void Blanks_in_names_are_read_and_letters_are_what_they_are() =>
        Assert.Equal(
            [new MountEntry("/labs/a b\\ü/pg_wal", "tmpfs", "pgpoollab-drill", (0ul << 32) | 39)],
            MountEntry.Parse(
                "44 27 0:39 / /labs/a\\040b\\134ü/pg_wal rw,nosuid shared:7 - tmpfs pgpoollab-drill rw,size=1k\n"
            )
        );

    [Fact]
    public void Devices_are_compared_as_the_system_tells_them_of_files() =>
        Assert.Equal(
            (254ul << 32) | 3,
            Assert.Single(MountEntry.Parse("21 1 254:3 / / rw - ext4 /dev/vda3 rw")).Device
        );

    [Theory]
    [InlineData("")]
    [InlineData("44 27 0:39 / /labs rw,relatime")]
    [InlineData("44 27 0-39 / /labs rw,relatime - tmpfs tmpfs rw")]
    [InlineData("44 27 0:x / /labs rw,relatime - tmpfs tmpfs rw")]
    [InlineData("44 27 0:39 - tmpfs tmpfs rw")]
    [InlineData("44 27 0:39 / /labs rw - tmpfs")]
    public void A_line_that_is_something_else_is_left_out(string line) =>
        Assert.Equal(
            ["/proc"],
            MountEntry.Parse($"{line}\n24 22 0:22 / /proc rw - proc proc rw\n").Select(e => e.Point)
        );

    [Fact]
    public void Our_own_table_can_be_read()
    {
        if (OperatingSystem.IsLinux())
        {
            Assert.Contains(MountEntry.Parse(File.ReadAllText("/proc/self/mountinfo")), e => e.Point == "/");
        }
    }
}
