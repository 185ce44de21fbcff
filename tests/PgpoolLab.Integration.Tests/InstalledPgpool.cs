using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using PgpoolLab.Model;

namespace PgpoolLab.Integration.Tests;

/// <summary>The Pgpool-II these tests run with: what older ones cannot do, or say otherwise, is asked of newer ones
/// alone.</summary>
internal static class InstalledPgpool
{
    internal static PgpoolVersion Version { get; } = Ask();

    /// <summary>Snapshot isolation, <c>pgpool_node_id</c>, <c>logging_collector</c>; and a primary is no longer called
    /// master.</summary>
    internal static bool Is42 => Version.CompareTo(new PgpoolVersion(4, 2, 0)) >= 0;

    /// <summary>A switchover: <c>pcp_promote_node --switchover</c>.</summary>
    internal static bool Is43 => Version.CompareTo(new PgpoolVersion(4, 3, 0)) >= 0;

    /// <summary><c>logdir</c> is called <c>work_dir</c>, and nothing is shown under its old name.</summary>
    internal static bool Is47 => Version.CompareTo(new PgpoolVersion(4, 7, 0)) >= 0;

    /// <summary>A command that makes another node the primary: <c>pcp_promote_node --switchover</c>, or what comes to
    /// the same. With Pgpool-II before 4.3 that is to detach the primary, and the next node follows.</summary>
    /// <param name="options">How pcp is reached.</param>
    /// <param name="wanted">The node to promote.</param>
    /// <param name="promoted">The one that is.</param>
    internal static string Switchover(string options, int wanted, out int promoted)
    {
        promoted = Is43 ? wanted : 1;
        return Is43 ? $"pcp_promote_node -w -s {options} -n {wanted}" : $"pcp_detach_node -w {options} -n 0";
    }

    /// <summary>CVE-2025-46801: where it keeps a connection of a role open that is not in <c>pool_passwd</c>, it takes
    /// any password. So does the 4.1 that Debian 11 came with; the update of the security team does not.</summary>
    internal static bool HasPasswordBypass { get; } =
        !Is42
        && Shells.Run(
            "/bin/sh",
            "version=$(dpkg-query -W -f '${Version}' pgpool2) || version=0\n"
                + "! dpkg --compare-versions $version lt 4.1.4-3+deb11u2 || printf 'has it\\0'"
        )
            is [_];

    private static PgpoolVersion Ask()
    {
        using var process = Process.Start(
            new ProcessStartInfo("/usr/sbin/pgpool", "--version")
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            }
        )!;
        var (said, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEnd());
        var numbers = Regex
            .Match(said.Result + error, @"(\d+)\.(\d+)\.(\d+)")
            .Groups.Values.Skip(1)
            .Select(g => int.Parse(g.Value, CultureInfo.InvariantCulture))
            .ToArray();
        return new PgpoolVersion(numbers[0], numbers[1], numbers[2]);
    }
}
