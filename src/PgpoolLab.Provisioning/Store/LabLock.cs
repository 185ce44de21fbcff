using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Store;

/// <summary>One command at a time changes a lab. The system frees the lock of a command that was killed.</summary>
public sealed class LabLock : IDisposable
{
    private readonly FileStream _file;

    private LabLock(FileStream file) => _file = file;

    /// <summary>Takes the lock.</summary>
    /// <exception cref="LabException">Another command has it (<see cref="ExitCode.Busy"/>).</exception>
    public static LabLock Take(string root)
    {
        try
        {
            return new LabLock(Open(new LabPaths(root).Lock));
        }
        catch (IOException error) when (IsTaken(error))
        {
            throw new LabException(ExitCode.Busy, $"Another pgpoollab command is at work on the lab in {root}.", error)
            {
                Hints = ["Wait until it has ended, then try again."],
            };
        }
    }

    private static FileStream Open(string file)
    {
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (ReadOnlyDisk.IsReasonFor(error))
        {
            // A lab on a disk that has become read-only can still be stopped. A file that is open for reading can be
            // locked just as well.
            return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.None);
        }
    }

    /// <summary>Whether somebody else has the lock, rather than that there can be none: on a full disk, say.</summary>
    /// <remarks>.NET has no exception of its own for that, but tells the system's number: EWOULDBLOCK of Linux, that of
    /// BSD and macOS, ERROR_SHARING_VIOLATION.</remarks>
    internal static bool IsTaken(IOException error) => (error.HResult & 0xFFFF) is 11 or 35 or 32;

    /// <summary>True when a command is at work on the lab right now.</summary>
    public static bool IsTaken(string root) => FileLocks.HolderOf(new LabPaths(root).Lock) is not null;

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
