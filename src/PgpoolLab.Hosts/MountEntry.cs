using System.Globalization;
using System.Text.RegularExpressions;

namespace PgpoolLab.Hosts;

/// <summary>A line of a process's table of mounts.</summary>
/// <param name="Point">The folder that it is mounted on.</param>
/// <param name="Type">The kind of file system.</param>
/// <param name="Source">What whoever has mounted it calls it.</param>
/// <param name="Device">The file system's device, as <see cref="FileStatus.Device"/> has it.</param>
internal sealed partial record MountEntry(string Point, string Type, string Source, ulong Device)
{
    /// <summary>Reads such a table.</summary>
    /// <remarks>proc(5), /proc/PID/mountinfo: "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw"; blanks,
    /// tabs, newlines and backslashes in names are written as three octal digits.</remarks>
    internal static IReadOnlyList<MountEntry> Parse(string text) =>
        [.. text.Split('\n').Select(OfLine).OfType<MountEntry>()];

    private static MountEntry? OfLine(string line)
    {
        var halves = line.Split(" - ", 2);
        if (
            halves is not [var mount, var system]
            || mount.Split(' ') is not { Length: >= 6 } fields
            || system.Split(' ') is not { Length: >= 2 } kind
            || fields[2].Split(':') is not [var major, var minor]
            || !ulong.TryParse(major, NumberStyles.None, CultureInfo.InvariantCulture, out var high)
            || !ulong.TryParse(minor, NumberStyles.None, CultureInfo.InvariantCulture, out var low)
        )
        {
            return null;
        }

        return new MountEntry(Name(fields[4]), Name(kind[0]), Name(kind[1]), (high << 32) | low);
    }

    private static string Name(string escaped) =>
        Octal().Replace(escaped, m => ((char)Convert.ToInt32(m.Groups[1].Value, 8)).ToString());

    [GeneratedRegex(@"\\([0-7]{3})")]
    private static partial Regex Octal();
}
