using PgpoolLab.Hosts;

namespace PgpoolLab.Cli.Startup;

/// <summary>All that this program changes of its own process: its user, its current folder, its variables. The
/// analyzers refuse each of these elsewhere.</summary>
internal sealed class ThisProcess : IThisProcess
{
    private ThisProcess() { }

    /// <summary>There is one.</summary>
    internal static ThisProcess Instance { get; } = new();

    /// <inheritdoc/>
    public void Become(SystemUser user, OpenFolder? folder = null)
    {
        // First the folder: the user may not be allowed to leave by the way root has come.
        if (folder is null)
        {
            Environment.CurrentDirectory = "/";
        }
        else
        {
            folder.Enter();
        }

        Identity.Become(user);
    }

    /// <inheritdoc/>
    public bool CanBecomeAnother => Identity.CanBecomeAnother;

    /// <inheritdoc/>
    public bool TryEnter(string folder)
    {
        try
        {
            Environment.CurrentDirectory = folder;
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Has another PATH from now on; null for none.</summary>
    internal static void ChangePath(string? path) => Environment.SetEnvironmentVariable("PATH", path);

    /// <summary>Forgets which servers the caller's shell leads libpq to. Npgsql takes what it is not told from these
    /// variables.</summary>
    internal static void ForgetServers()
    {
        foreach (var variable in CleanEnvironment.Libpq)
        {
            Environment.SetEnvironmentVariable(variable, null);
        }
    }
}
