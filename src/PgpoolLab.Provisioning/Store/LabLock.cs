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
            return new LabLock(new FileStream(FileOf(root), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException error) when (error is not (FileNotFoundException or DirectoryNotFoundException))
        {
            throw new LabException(ExitCode.Busy, $"Another pgpoollab command is at work on the lab in {root}.", error)
            {
                Hints = ["Wait until it has ended, then try again."],
            };
        }
    }

    /// <summary>True when a command is at work on the lab right now.</summary>
    public static bool IsTaken(string root) => Hosts.FileLocks.HolderOf(FileOf(root)) is not null;

    /// <summary>The file that is locked.</summary>
    public static string FileOf(string root) => $"{new LabPaths(root).Hidden}/lock";

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
