using PgpoolLab.Cli.Compatibility;
using PgpoolLab.Hosts;

namespace PgpoolLab.Cli;

/// <summary>How a user calls this program again: by its name when that is on PATH, else by its full path.</summary>
internal static class Invocation
{
    private static string _path = "pgpoollab";

    /// <summary>The folder of the program.</summary>
    internal static string Folder => Path.GetDirectoryName(_path) is { Length: > 0 } folder ? folder : ".";

    /// <summary>True when the name alone finds this program.</summary>
    internal static bool IsOnPath { get; private set; } = true;

    /// <summary>The word for the user's shell.</summary>
    internal static string Command => IsOnPath ? "pgpoollab" : Shell.Quote(_path);

    /// <summary>The old program this one is called as, by way of a link of that name; null when it is called by its own.</summary>
    internal static string? OldName()
    {
        const string ownCommandLine = "/proc/self/cmdline";
        var name = Path.GetFileName(File.Exists(ownCommandLine) ? File.ReadAllText(ownCommandLine).Split('\0')[0] : Environment.GetCommandLineArgs()[0]);
        return name is PgpoolSetupCommand.Name or PgpoolSetupCommand.WatchdogName ? name : null;
    }

    /// <summary>Must be called first: after root has stood down, the program's own path cannot be read any more.</summary>
    internal static void Remember()
    {
        if (Environment.ProcessPath is not { } path)
        {
            return;
        }

        _path = path;
        var first = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(f => Path.Combine(f, "pgpoollab")).FirstOrDefault(File.Exists);
        IsOnPath = first is not null && (File.ResolveLinkTarget(first, returnFinalTarget: true)?.FullName ?? first) == path;
    }
}
