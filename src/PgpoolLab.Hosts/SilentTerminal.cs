using System.Runtime.Versioning;

namespace PgpoolLab.Hosts;

/// <summary>The terminal at standard input, which shows nothing of what is typed. It is as it was when this is disposed
/// of.</summary>
/// <remarks>termios(3), ECHO and VSUSP.</remarks>
[SupportedOSPlatform("linux")]
public sealed class SilentTerminal : IDisposable
{
    private const int StandardInput = 0;
    private readonly byte[] _before;

    private SilentTerminal(byte[] before) => _before = before;

    /// <summary>Silences it.</summary>
    /// <returns>Null when standard input is no terminal, or one that another program reads from.</returns>
    public static SilentTerminal? TryTake()
    {
        if (
            !StandardStreams.IsTerminal(StandardInput)
            || !TerminalCalls.IsForeground(StandardInput)
            || TerminalCalls.ModeOf(StandardInput) is not { } mode
        )
        {
            return null;
        }

        TerminalCalls.SetMode(StandardInput, TerminalCalls.ForSecrets(mode));
        return new SilentTerminal(mode);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (TerminalCalls.IsForeground(StandardInput))
        {
            TerminalCalls.SetMode(StandardInput, _before);
        }
    }
}
