using System.Runtime.Versioning;

namespace PgpoolLab.Hosts;

/// <summary>The keys of the terminal at standard input, one by one, without an echo; Ctrl+C stays a signal. The
/// terminal is as it was when this is disposed of.</summary>
/// <remarks>termios(3), "Canonical and noncanonical mode".</remarks>
[SupportedOSPlatform("linux")]
public sealed class Keyboard : IDisposable
{
    private const int StandardInput = 0;
    private readonly byte[] _before;

    private Keyboard(byte[] before) => _before = before;

    /// <summary>Takes the keyboard.</summary>
    /// <returns>Null when standard input is no terminal, or one that another program reads from.</returns>
    public static Keyboard? TryTake()
    {
        if (
            !StandardStreams.IsTerminal(StandardInput)
            || !TerminalCalls.IsForeground(StandardInput)
            || TerminalCalls.ModeOf(StandardInput) is not { } mode
        )
        {
            return null;
        }

        TerminalCalls.SetMode(StandardInput, TerminalCalls.WithoutLines(mode));
        return new Keyboard(mode);
    }

    /// <summary>The keys that have been pressed since it was last asked. Never waits.</summary>
    public string Pressed()
    {
        // In the background nothing may be read; and a shell that had us there has set the terminal for itself.
        if (!TerminalCalls.IsForeground(StandardInput) || TerminalCalls.ModeOf(StandardInput) is not { } mode)
        {
            return "";
        }

        if (TerminalCalls.TakesLines(mode))
        {
            TerminalCalls.SetMode(StandardInput, TerminalCalls.WithoutLines(mode));
        }

        Span<TerminalCalls.Watched> input =
        [
            new TerminalCalls.Watched { Descriptor = StandardInput, Events = TerminalCalls.Watched.CanBeRead },
        ];
        TerminalCalls.Wait(input, milliseconds: 0);
        if ((input[0].Happened & TerminalCalls.Watched.CanBeRead) == 0)
        {
            return "";
        }

        Span<byte> bytes = stackalloc byte[64];
        return TerminalCalls.Read(StandardInput, bytes) is { } read
            ? System.Text.Encoding.ASCII.GetString(bytes[..read])
            : "";
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
