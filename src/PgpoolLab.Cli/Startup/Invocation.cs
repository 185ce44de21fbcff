using PgpoolLab.Hosts;
using PgpoolLab.Provisioning.Configuration;

namespace PgpoolLab.Cli.Startup;

/// <summary>How a user calls this program again: by its name when that is on PATH, else by its full path.</summary>
internal static class Invocation
{
    /// <summary>The name of this program's file.</summary>
    internal const string Name = "pgpoollab";

    private static string _path = Name;

    /// <summary>Run as <c>dotnet pgpoollab.dll</c>, as <c>dotnet tool exec</c> does where it has no native program:
    /// there is no file to call.</summary>
    private static bool _byDotnet;

    /// <summary>What must be on PATH for the name alone to find this program; null when it is there, or when no folder
    /// has it.</summary>
    internal static string? FolderToAdd =>
        IsOnPath || _byDotnet ? null
        : Path.GetDirectoryName(_path) is { Length: > 0 } folder ? folder
        : ".";

    private static string Library => Path.Combine(AppContext.BaseDirectory, Name + ".dll");

    /// <summary>The word or words for the user's shell.</summary>
    internal static string Command =>
        IsOnPath ? Name
        : _byDotnet ? $"dotnet {Shell.Quote(Library)}"
        : Shell.Quote(_path);

    /// <summary>True when the name alone finds this program.</summary>
    private static bool IsOnPath { get; set; } = true;

    /// <summary>How a script calls this program: its file, and the library it runs when the file is dotnet's. The file
    /// is the one on PATH, as an update of a dotnet tool moves what that leads to.</summary>
    internal static IReadOnlyList<string> ForScripts()
    {
        var path = Environment.ProcessPath ?? _path;
        return _byDotnet ? [path, Library] : [IsOnPath && OnPath() is { } first ? Path.GetFullPath(first) : path];
    }

    /// <summary>How the scripts of a lab call this program.</summary>
    internal static ScriptProgram ForLabs()
    {
        var words = ForScripts();
        // Elsewhere it takes a program to ask.
        var owner = OperatingSystem.IsLinux() ? Identity.OwnerOf(words[^1])?.User : null;
        return new ScriptProgram(words[0], words.Count > 1 ? words[1] : null, owner);
    }

    /// <summary>True when these words, as <see cref="ForScripts"/> makes them, call this very program.</summary>
    internal static bool IsThis(IReadOnlyList<string> words) =>
        Identity.RealPath(words[0]) == Environment.ProcessPath
        && (!_byDotnet || (words.Count > 1 && Identity.RealPath(words[1]) == Identity.RealPath(Library)));

    /// <summary>The name this program is called by: another one by way of a link, as users make them.</summary>
    internal static string CalledAs()
    {
        const string ownCommandLine = "/proc/self/cmdline";
        return Path.GetFileName(
            File.Exists(ownCommandLine)
                ? File.ReadAllText(ownCommandLine).Split('\0')[0]
                : Environment.GetCommandLineArgs()[0]
        );
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

    /// <summary>The current folder, where a lab is to be made: it must be there.</summary>
    /// <exception cref="IOException">It was deleted.</exception>
    internal static string ExistingCurrentFolder => Environment.CurrentDirectory;

    /// <summary>Must be called first: after root has stood down, the program's own path cannot be read any
    /// more.</summary>
    internal static void Remember()
    {
        if (Environment.ProcessPath is not { } path)
        {
            return;
        }

        _path = path;
        _byDotnet = Path.GetFileNameWithoutExtension(path) == "dotnet";
        IsOnPath =
            OnPath() is { } first
            && (File.ResolveLinkTarget(first, returnFinalTarget: true)?.FullName ?? first) == path;
    }

    private static string? OnPath() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(':')
            .Select(f => Path.Combine(f, Name))
            .FirstOrDefault(File.Exists);
}
