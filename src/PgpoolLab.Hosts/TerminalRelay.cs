using Microsoft.Win32.SafeHandles;

namespace PgpoolLab.Hosts;

/// <summary>
/// Carries what is typed on our caller's terminal to a program in a terminal of its own, and what that writes back.
/// Linux only.
/// </summary>
/// <remarks>
/// Where input and output are the caller's terminal, every key goes to the program. Where one of them is a pipe or a
/// file, other programs of the same pipeline
/// may use the terminal: then it is left as it is, lines are taken only while nobody else has switched it to single
/// keys, and only when standard input is the
/// terminal; the keys are taken when the program itself asks for single keys or for no echo, as a pager does and a
/// question for a password.
/// </remarks>
internal sealed class TerminalRelay : IDisposable
{
    private const int Input = 0,
        Output = 1,
        Error = 2;
    private const int LookAgain = 100;
    private const byte EndOfInput = 4;
    private readonly SafeFileHandle _master;

    /// <summary>Open as long as the program runs: one that closes its streams may still open its terminal
    /// again.</summary>
    private readonly SafeFileHandle _other;
    private readonly SafeFileHandle? _ownInput;
    private readonly StandardStream _screen;
    private readonly int _input;
    private readonly bool _takesInput;
    private readonly bool _allIsTerminal;
    private readonly byte[] _buffer = new byte[1 << 14];
    private ReadOnlyMemory<byte> _typed;
    private byte[]? _before;
    private bool _isRaw;
    private bool _inputHasEnded;

    /// <param name="atTerminal">Which of the three standard streams are the caller's terminal; one at least.</param>
    /// <exception cref="Model.LabException">The system gives no terminal.</exception>
    internal TerminalRelay(IReadOnlyList<bool> atTerminal)
    {
        try
        {
            (_master, Path) = TerminalCalls.Make();
            _other = TerminalCalls.Open(Path);
        }
        catch (IOException error)
        {
            var problem = $"There is no terminal for a program that is to run as another user: {error.Message}.";
            throw new Model.LabException(Model.ExitCode.Missing, problem, error)
            {
                Hints =
                [
                    "Mount what gives them:  mount -t devpts devpts /dev/pts",
                    "Or do without, by pipes:  … </dev/null 2>&1 | cat",
                ],
            };
        }

        _takesInput = atTerminal[Input];
        _allIsTerminal = atTerminal[Input] && atTerminal[Output];
        _screen = StandardStreams.ForWriting(
            atTerminal[Output] ? Output
            : atTerminal[Error] ? Error
            : Input
        );
        _ownInput = atTerminal[Input] ? null : TerminalCalls.TryOpen("/dev/tty");
        _input = _ownInput is null ? Input : (int)_ownInput.DangerousGetHandle();
        _inputHasEnded = !atTerminal[Input] && _ownInput is null;
        if (
            TerminalCalls.ModeOf(
                atTerminal[Input] ? Input
                : atTerminal[Output] ? Output
                : Error
            ) is
            { } mode
        )
        {
            // What the caller's terminal goes on doing must not be done twice.
            var programs = _allIsTerminal ? mode : TerminalCalls.WithoutProcessing(mode, echo: !_takesInput);
            TerminalCalls.SetMode((int)_master.DangerousGetHandle(), programs);
        }

        CopySize();
    }

    /// <summary>The program's terminal.</summary>
    internal string Path { get; }

    internal static TerminalCalls.Watched ToRead(SafeFileHandle file) =>
        new() { Descriptor = (int)file.DangerousGetHandle(), Events = TerminalCalls.Watched.CanBeRead };

    /// <summary>Sets the caller's terminal; to be called before anything is passed on.</summary>
    internal void Begin() => _ = Settle();

    /// <summary>Passes on what there is, or waits for something; ends when a bell rings, too.</summary>
    internal void Pass(SafeFileHandle bell)
    {
        var listens = Settle() && _typed.IsEmpty;
        Span<TerminalCalls.Watched> watched =
        [
            ToRead(bell),
            ToRead(_master),
            new() { Descriptor = listens ? _input : -1, Events = TerminalCalls.Watched.CanBeRead },
        ];
        watched[1].Events |= _typed.IsEmpty ? (short)0 : TerminalCalls.Watched.CanBeWritten;
        TerminalCalls.Wait(watched, _allIsTerminal && _isRaw ? -1 : LookAgain);
        if ((watched[1].Happened & ~TerminalCalls.Watched.CanBeWritten) != 0)
        {
            _ = Show();
        }

        // Somebody may have switched it while we waited.
        if (watched[2].Happened != 0 && Settle())
        {
            Listen((watched[2].Happened & TerminalCalls.Watched.HungUp) != 0);
        }

        if (!_typed.IsEmpty)
        {
            _typed = _typed[TerminalCalls.Write(_master, _typed.Span)..];
        }
    }

    /// <summary>After the program has ended: shows what it wrote last.</summary>
    internal void PassTheRest()
    {
        _other.Dispose();
        while (Show()) { }
    }

    internal void CopySize()
    {
        var from = _ownInput is null && !_takesInput ? _screen.Descriptor : _input;
        TerminalCalls.CopySize(from, (int)_master.DangerousGetHandle());
    }

    /// <summary>As Ctrl+C does where the terminal makes a signal of it.</summary>
    internal void Interrupt(int signal) => TerminalCalls.Interrupt(_master, signal);

    /// <summary>After this process was stopped: the shell may have used the terminal meanwhile.</summary>
    internal void TakeAgain()
    {
        _isRaw = false;
        CopySize();
    }

    /// <summary>Sets the caller's terminal as it was.</summary>
    internal void GiveBack()
    {
        // In the background that is the shell's business, and would stop us.
        if (_isRaw && _before is not null && TerminalCalls.IsForeground(_input))
        {
            TerminalCalls.SetMode(_input, _before);
        }

        _isRaw = false;
    }

    public void Dispose()
    {
        _other.Dispose();
        _ownInput?.Dispose();
        // What the program has left running loses its terminal with this.
        _master.Dispose();
    }

    /// <summary>Sets the caller's terminal as it must be at this moment.</summary>
    /// <returns>Whether what is typed there is the program's.</returns>
    private bool Settle()
    {
        if (_inputHasEnded)
        {
            return false;
        }

        if (!TerminalCalls.IsForeground(_input))
        {
            _isRaw = false;
            return false;
        }

        var wanted =
            _allIsTerminal
            || (
                TerminalCalls.ModeOf((int)_master.DangerousGetHandle()) is { } mode
                && !(TerminalCalls.TakesLines(mode) && (_takesInput || TerminalCalls.Echoes(mode)))
            );
        if (!wanted)
        {
            GiveBack();
            return _takesInput && TerminalCalls.ModeOf(_input) is { } callers && TerminalCalls.TakesLines(callers);
        }

        if (!_isRaw && (_before ??= TerminalCalls.ModeOf(_input)) is { } before)
        {
            TerminalCalls.SetMode(_input, TerminalCalls.Raw(before, andOutput: _allIsTerminal));
            _isRaw = true;
        }

        return true;
    }

    /// <returns>False when there is nothing more.</returns>
    private bool Show()
    {
        var read = TerminalCalls.Read((int)_master.DangerousGetHandle(), _buffer) ?? 0;
        _screen.Write(_buffer.AsSpan(0, read));
        return read > 0;
    }

    private void Listen(bool hungUp)
    {
        var typed = new byte[_buffer.Length];
        switch (TerminalCalls.Read(_input, typed))
        {
            case > 0 and var length:
                _typed = typed.AsMemory(0, length);
                break;
            case 0 when _isRaw || hungUp:
                _inputHasEnded = true;
                break;
            case 0:
                _typed = new[] { EndOfInput };
                break;
            default:
                break;
        }
    }
}
