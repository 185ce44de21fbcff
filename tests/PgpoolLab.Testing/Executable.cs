using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace PgpoolLab.Testing;

/// <summary>
/// Programs that a test writes and then runs. A file that this process has open for writing is open, too, in every
/// program that another test starts at this moment, until that has become another program; and nobody can run a file
/// that somebody has open for writing ("Text file busy", ETXTBSY). So each is given to the test only when nobody has it
/// open for writing any more, and nobody ever will again: tests that write programs may run beside all others.
/// </summary>
public static partial class Executable
{
    private const int SetLease = 1024,
        ReadLease = 0,
        NoLease = 2,
        TryAgain = 11;

    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Writes a program.</summary>
    public static void Write(string path, string text) => Write(path, Encoding.UTF8.GetBytes(text), Mode);

    /// <summary>Writes a program, or a file of this mode that may be one.</summary>
    public static void Write(string path, string text, UnixFileMode mode) =>
        Write(path, Encoding.UTF8.GetBytes(text), mode);

    /// <summary>Copies a program, over another one if there is one.</summary>
    public static void Copy(string from, string path) => Write(path, File.ReadAllBytes(from), Mode);

    private static void Write(string path, byte[] content, UnixFileMode mode)
    {
        File.WriteAllBytes(path, content);
        File.SetUnixFileMode(path, mode | UnixFileMode.UserRead);
        Settle(path);
        File.SetUnixFileMode(path, mode);
    }

    /// <summary>Waits until a program that was just written can be run.</summary>
    /// <remarks>fcntl(2): there is a lease for reading only on what nobody has open for writing, and that is what
    /// execve(2) asks for, too.</remarks>
    public static void Settle(string path)
    {
        using var file = File.OpenHandle(path);
        var waited = Stopwatch.StartNew();
        while (Control(file, SetLease, ReadLease) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != TryAgain || waited.Elapsed > Patience)
            {
                throw new IOException($"Cannot find out whether {path} can be run.", new Win32Exception(error));
            }

            Thread.Yield();
        }

        _ = Control(file, SetLease, NoLease);
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeHandle file, int command, nint value);
}
