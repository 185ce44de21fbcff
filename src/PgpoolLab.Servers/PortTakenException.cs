using PgpoolLab.Model;

namespace PgpoolLab.Servers;

/// <summary>A port of a lab is somebody else's. Nothing but the port is wrong: with other ports the same lab can be
/// made.</summary>
/// <param name="what">What was attempted, which port it is, and who has it.</param>
/// <param name="ports">The ports.</param>
/// <param name="inner">What a server said of it.</param>
public sealed class PortTakenException(string what, IReadOnlyList<int> ports, Exception? inner = null)
    : LabException(ExitCode.InTheWay, what, inner)
{
    /// <summary>The ports.</summary>
    public IReadOnlyList<int> Ports { get; } = ports;

    /// <summary>The same with other advice.</summary>
    internal PortTakenException With(IReadOnlyList<string> hints) =>
        new(Message, Ports, InnerException)
        {
            Details = Details,
            LogFile = LogFile,
            LogTail = LogTail,
            Hints = hints,
        };
}
