using System.ComponentModel;
using System.Runtime.InteropServices;

namespace PgpoolLab.Hosts;

/// <summary>The system calls .NET has no face for: a file for each subject. Here: errors, signals,
/// descriptors.</summary>
internal static partial class Posix
{
    private const string C = "libc";

    [LibraryImport(C, EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);

    [LibraryImport(C, EntryPoint = "fcntl", SetLastError = true)]
    private static partial int ControlDescriptor(int descriptor, int command, int argument);

    /// <summary>Closes every open file but the standard three in children that are started from now on.</summary>
    internal static void InheritNothing()
    {
        if (OperatingSystem.IsMacOS())
        {
            // fcntl has a variable number of arguments; Apple's processors pass those another way than this declaration
            // does.
            return;
        }

        const int setFlags = 2;
        const int closeOnExec = 1;
        foreach (var entry in Directory.EnumerateFileSystemEntries("/dev/fd"))
        {
            if (int.TryParse(Path.GetFileName(entry), out var descriptor) && descriptor > 2)
            {
                // One that was closed meanwhile is no error.
                _ = ControlDescriptor(descriptor, setFlags, closeOnExec);
            }
        }
    }

    private static Exception Failure(string path)
    {
        const int notPermitted = 1,
            denied = 13,
            loop = 40,
            noReader = 6;
        return Marshal.GetLastPInvokeError() switch
        {
            denied or notPermitted => new UnauthorizedAccessException($"Access to the path '{path}' is denied."),
            loop or NotAFolder => new IOException(
                $"{path} is a link, or not what it must be; links are not followed there."
            ),
            NoSuchFile => new DirectoryNotFoundException($"Could not find a part of the path '{path}'."),
            noReader => new IOException($"{path} is not a regular file."),
            _ => new IOException($"{new Win32Exception().Message} : '{path}'", Marshal.GetLastPInvokeError()),
        };
    }

    internal const int NoSuchFile = 2;
    internal const int NotAFolder = 20;
    private const int Exists = 17;

    /// <returns>False when there is no such process.</returns>
    internal static bool Signal(int pid, int signal)
    {
        const int noSuchProcess = 3;
        if (Kill(pid, signal) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() == noSuchProcess ? false : throw new Win32Exception();
    }

    private static void Check(int result)
    {
        if (result != 0)
        {
            throw new Win32Exception();
        }
    }
}
