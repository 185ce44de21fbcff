using PgpoolLab.Hosts;

namespace PgpoolLab.Servers.Programs;

/// <summary>Programs for a system's administration: an ordinary user's PATH may lack their folders.</summary>
public static class AdminProgram
{
    /// <summary>What sudo looks through as well, in Debian's order (<c>secure_path</c>).</summary>
    private const string Places = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>How the shell ends when there is no such program.</summary>
    public const int NotFound = 127;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>A program as the caller. Its messages are in English.</summary>
    /// <param name="words">The program's name, and its arguments.</param>
    public static CommandSpec Of(params IReadOnlyList<string> words) =>
        new CommandSpec("/bin/sh", ["-c", "exec \"$@\"", "sh", .. words]) { Timeout = Patience }
            .With("PATH", Places)
            .With("LC_ALL", "C");

    /// <summary>A program as root, without a password: sudo has to let the caller.</summary>
    /// <param name="words">The program's name, and its arguments.</param>
    public static CommandSpec AsRoot(params IReadOnlyList<string> words) => Of(["sudo", "-n", .. words]);

    /// <summary>Where a program is.</summary>
    /// <returns>Its path; null when there is none.</returns>
    public static async Task<string?> FindAsync(IHost host, string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        var says = await host.Programs.RunAsync(
            Of("/bin/sh", "-c", "command -v \"$1\"", "sh", name),
            cancellationToken
        );
        return says.ExitCode == 0 && says.Output.Trim() is { Length: > 0 } path ? path : null;
    }
}
