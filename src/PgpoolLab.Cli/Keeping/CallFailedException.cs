using PgpoolLab.Model;

namespace PgpoolLab.Cli.Keeping;

/// <summary>A command failed that was called for somebody else.</summary>
/// <param name="error">As the command has told it.</param>
internal sealed class CallFailedException(HostError error) : LabException((ExitCode)error.Code, error.Message)
{
    /// <summary>As the command has told it.</summary>
    internal HostError Error => error;
}
