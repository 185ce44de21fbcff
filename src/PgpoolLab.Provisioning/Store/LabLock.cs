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
            return new LabLock(new FileStream($"{new LabPaths(root).Hidden}/lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
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
    public static bool IsTaken(string root)
    {
        try
        {
            Take(root).Dispose();
            return false;
        }
        catch (LabException)
        {
            return true;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
