using PgpoolLab.Cli.Compatibility;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Cli;

/// <summary>How a user calls this program again: by its name when that is on PATH, else by its full path.</summary>
internal static class Invocation
{
    private const string Name = "pgpoollab";
    private static string _path = Name;

    /// <summary>Run as <c>dotnet pgpoollab.dll</c>, as <c>dotnet tool exec</c> does where it has no native program: there is no file to call.</summary>
    private static bool _byDotnet;

    /// <summary>What must be on PATH for the name alone to find this program; null when it is there, or when no folder has it.</summary>
    internal static string? FolderToAdd => IsOnPath || _byDotnet ? null : Path.GetDirectoryName(_path) is { Length: > 0 } folder ? folder : ".";

    /// <summary>The word or words for the user's shell.</summary>
    internal static string Command => IsOnPath ? Name : _byDotnet ? $"dotnet {Shell.Quote(Path.Combine(AppContext.BaseDirectory, Name + ".dll"))}" : Shell.Quote(_path);

    /// <summary>True when the name alone finds this program.</summary>
    private static bool IsOnPath { get; set; } = true;

    /// <summary>The file that links to this program should name: the one on PATH, as an update of a dotnet tool moves what that leads to.</summary>
    /// <exception cref="LabException">There is no such file.</exception>
    internal static string LinkTarget() => _byDotnet
        ? throw new LabException(ExitCode.Missing, "Run by way of dotnet, this program has no file that a link could name.") { Hints = ["Install it:  dotnet tool install --global PgpoolLab"] }
        : IsOnPath && OnPath() is { } path ? Path.GetFullPath(path) : Environment.ProcessPath ?? _path;

    /// <summary>The old program this one is called as, by way of a link of that name; null when it is called by its own.</summary>
    internal static string? OldName()
    {
        const string ownCommandLine = "/proc/self/cmdline";
        var name = Path.GetFileName(File.Exists(ownCommandLine) ? File.ReadAllText(ownCommandLine).Split('\0')[0] : Environment.GetCommandLineArgs()[0]);
        return name is PgpoolSetupCommand.Name or PgpoolSetupCommand.WatchdogName ? name : null;
    }

    /// <summary>The current folder; the topmost one where that is gone, as after destroy in the lab's own.</summary>
    internal static string CurrentFolder
    {
        get
        {
            try
            {
                return Environment.CurrentDirectory;
            }
            catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
            {
                return "/";
            }
        }
    }

    /// <summary>Must be called first: after root has stood down, the program's own path cannot be read any more.</summary>
    internal static void Remember()
    {
        if (Environment.ProcessPath is not { } path)
        {
            return;
        }

        _path = path;
        _byDotnet = Path.GetFileNameWithoutExtension(path) == "dotnet";
        IsOnPath = OnPath() is { } first && (File.ResolveLinkTarget(first, returnFinalTarget: true)?.FullName ?? first) == path;
    }

    private static string? OnPath() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(f => Path.Combine(f, Name)).FirstOrDefault(File.Exists);
}
