using System.Collections.Concurrent;
using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace PgpoolLab.Hosts;

/// <summary>
/// A program on our caller's terminal that runs as another user: in a session of its own, and with a terminal of its
/// own wherever it would have had the
/// caller's. It can neither type into that one nor read there what is typed after it has ended. Linux only.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class SeparateProgram : IDisposable
{
    private static readonly PosixSignal[] Endings =
    [
        PosixSignal.SIGINT,
        PosixSignal.SIGQUIT,
        PosixSignal.SIGTERM,
        PosixSignal.SIGHUP,
    ];
    private readonly SafeFileHandle _bell = TerminalCalls.MakeBell();
    private readonly ConcurrentQueue<PosixSignal> _signals = new();
    private readonly TerminalRelay? _relay;
    private readonly int _process;
    private int? _exitCode;
    private bool _isOver;

    private SeparateProgram(CommandSpec command)
    {
        bool[] atTerminal = [.. Enumerable.Range(0, 3).Select(StandardStreams.IsTerminal)];
        _relay = atTerminal.Contains(true) ? new TerminalRelay(atTerminal) : null;
        // What our caller has left open for us beyond the usual three is not the program's.
        Posix.InheritNothing();
        var environment = ChildProcess.InfoOf(command, redirect: false).Environment.Select(v => $"{v.Key}={v.Value}");
        try
        {
            var program = ProgramPath.Of(command.Program);
            _process = DetachedProcess.StartOnTerminal(
                program,
                command.Arguments,
                environment,
                ChildProcess.FolderFor(command),
                _relay?.Path,
                atTerminal
            );
        }
        catch (Win32Exception error)
        {
            throw new ProgramNotFoundException(command.Program, error);
        }
    }

    /// <summary>Runs one to its end.</summary>
    /// <returns>Its exit code; 128 plus the signal when a signal ended it.</returns>
    /// <exception cref="Model.LabException">There is no such program, or no terminal for it.</exception>
    internal static Task<int> RunAsync(CommandSpec command) =>
        Task.Factory.StartNew(
            () =>
            {
                using var program = new SeparateProgram(command);
                return program.ToItsEnd();
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );

    public void Dispose()
    {
        _relay?.Dispose();
        lock (_signals)
        {
            _isOver = true;
            _bell.Dispose();
        }
    }

    /// <summary>A signal may come when all is over, and the bell's number be another file's.</summary>
    private void Ring()
    {
        lock (_signals)
        {
            if (!_isOver)
            {
                TerminalCalls.Ring(_bell);
            }
        }
    }

    private int ToItsEnd()
    {
        // Those that are ignored stay so, here and in the program.
        PosixSignal[] wanted = [.. Endings.Except(IgnoredSignals.Endings()), PosixSignal.SIGWINCH, PosixSignal.SIGCONT];
        var registrations = wanted.Select(s => PosixSignalRegistration.Create(s, Receive)).ToArray();
        var waiting = new Thread(() =>
        {
            _exitCode = DetachedProcess.WaitFor(_process);
            Ring();
        });
        waiting.Start();
        try
        {
            _relay?.Begin();
            Span<byte> rings = stackalloc byte[sizeof(ulong)];
            while (_exitCode is null)
            {
                if (_relay is null)
                {
                    Span<TerminalCalls.Watched> bell = [TerminalRelay.ToRead(_bell)];
                    TerminalCalls.Wait(bell, -1);
                }
                else
                {
                    _relay.Pass(_bell);
                }

                _ = TerminalCalls.Read((int)_bell.DangerousGetHandle(), rings);
                while (_signals.TryDequeue(out var signal))
                {
                    Forward(signal);
                }
            }

            _relay?.PassTheRest();
        }
        finally
        {
            _relay?.GiveBack();
            foreach (var registration in registrations)
            {
                registration.Dispose();
            }
        }

        waiting.Join();
        return _exitCode.Value;
    }

    private void Receive(PosixSignalContext context)
    {
        context.Cancel = true;
        _signals.Enqueue(context.Signal);
        Ring();
    }

    /// <summary>The program is in another session: what its caller's terminal or somebody else sends to us does not
    /// reach it by itself.</summary>
    private void Forward(PosixSignal signal)
    {
        const int interrupt = 2,
            quit = 3,
            hangup = 1;
        switch (signal)
        {
            case PosixSignal.SIGWINCH:
                _relay?.CopySize();
                break;
            case PosixSignal.SIGCONT:
                _relay?.TakeAgain();
                break;
            case PosixSignal.SIGINT or PosixSignal.SIGQUIT when _relay is not null:
                _relay.Interrupt(signal is PosixSignal.SIGINT ? interrupt : quit);
                break;
            default:
                Send(
                    signal switch
                    {
                        PosixSignal.SIGINT => interrupt,
                        PosixSignal.SIGQUIT => quit,
                        PosixSignal.SIGHUP => hangup,
                        _ => (int)ProcessSignal.Terminate,
                    }
                );
                break;
        }
    }

    private void Send(int signal)
    {
        try
        {
            _ = _exitCode is null && Posix.Signal(-_process, signal);
        }
        catch (Win32Exception)
        {
            // It has become another user's, as sudo does.
        }
    }
}
