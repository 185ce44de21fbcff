using System.ComponentModel;

namespace PgpoolLab.Hosts;

/// <summary>
/// Where a program is, by its name: on PATH, and nowhere else. .NET's own <see cref="System.Diagnostics.Process"/>
/// looks beside this program and in the
/// current folder first; in a folder of another user root would run what that user has put there.
/// </summary>
internal static class ProgramPath
{
    /// <summary>Where POSIX's own programs are when there is no PATH.</summary>
    private const string Default = "/usr/bin:/bin";

    /// <summary>The program's path; a path stays as it is.</summary>
    /// <exception cref="ProgramNotFoundException">There is no such program on PATH.</exception>
    internal static string Of(string program) =>
        Find(program) ?? throw new ProgramNotFoundException(program, new Win32Exception(Posix.NoSuchFile));

    /// <summary>The program's path; null when there is none on PATH.</summary>
    /// <remarks>A folder of PATH that is not absolute depends on where one happens to be: it is passed
    /// over.</remarks>
    internal static string? Find(string program) =>
        OperatingSystem.IsWindows() || program.Contains('/')
            ? program
            : (Environment.GetEnvironmentVariable("PATH") ?? Default)
                .Split(':')
                .Where(f => f.StartsWith('/'))
                .Select(f => Path.Combine(f, program))
                .FirstOrDefault(Identity.CanExecute);
}
