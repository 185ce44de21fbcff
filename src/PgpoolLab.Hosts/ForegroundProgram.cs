using System.Collections.Concurrent;
using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PgpoolLab.Hosts;

/// <summary>
/// A program of the caller's own, which is run in the caller's place: as the caller, with our streams, in a process
/// group of its own. Signals that would end this process are passed on to the group, and the terminal is the group's as
/// long as it runs.
/// </summary>
public sealed class ForegroundProgram
{
    private static readonly (PosixSignal Signal, int Number)[] Endings =
    [
        (PosixSignal.SIGHUP, 1),
        (PosixSignal.SIGINT, 2),
        (PosixSignal.SIGQUIT, 3),
        (PosixSignal.SIGTERM, 15),
    ];

    private readonly Lock _gate = new();
    private readonly ConcurrentQueue<int> _early = new();
    private int _group;
    private bool _isOver;

    private ForegroundProgram() { }

    /// <summary>Runs one to its end.</summary>
    /// <param name="command">The program, by its path. It has our whole environment, and what is said here.</param>
    /// <param name="started">Is told the number of its process group as soon as there is one. It is not called where
    /// programs cannot be given one.</param>
    /// <returns>Its exit code; 128 plus the signal when a signal ended it.</returns>
    /// <exception cref="ProgramNotFoundException">There is no such program, or it cannot be run.</exception>
    public static Task<int> RunAsync(CommandSpec command, Action<int> started)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(started);
        return OperatingSystem.IsLinux()
            ? Task.Factory.StartNew(
                () => new ForegroundProgram().ToItsEnd(command, started),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default
            )
            : ChildProcess.RunInteractiveAsync(command);
    }

    private int ToItsEnd(CommandSpec command, Action<int> started)
    {
        // Those that are ignored stay so, here and in the program.
        var ignored = IgnoredSignals.Endings();
        var registrations = Endings
            .Where(e => !ignored.Contains(e.Signal))
            .Select(e =>
                PosixSignalRegistration.Create(
                    e.Signal,
                    context =>
                    {
                        context.Cancel = true;
                        PassOn(e.Number);
                    }
                )
            )
            .ToArray();
        using var terminal = TerminalCalls.TryOpen("/dev/tty");
        try
        {
            var group = Start(command);
            started(group);
            lock (_gate)
            {
                _group = group;
                while (_early.TryDequeue(out var signal))
                {
                    JobControl.Send(group, signal);
                }
            }

            JobControl.HandOver(terminal, group);
            return WaitFor(group, terminal);
        }
        finally
        {
            foreach (var registration in registrations)
            {
                registration.Dispose();
            }
        }
    }

    private int WaitFor(int group, SafeFileHandle? terminal)
    {
        while (true)
        {
            var code = JobControl.WaitFor(group);
            if (code is not null)
            {
                // From here on the number may be another's.
                lock (_gate)
                {
                    _isOver = true;
                }
            }

            if (terminal is not null)
            {
                JobControl.TakeBack(terminal, group);
            }

            if (code is not null)
            {
                return code.Value;
            }

            if (terminal is not null)
            {
                // Ctrl+Z: the shell that has started us sees us suspended, and has us go on.
                JobControl.Suspend();
                JobControl.HandOver(terminal, group);
            }
        }
    }

    private static int Start(CommandSpec command)
    {
        try
        {
            var info = ChildProcess.InfoOf(command, redirect: false);
            return DetachedProcess.StartInGroup(
                info.FileName,
                command.Arguments,
                info.Environment.Select(v => $"{v.Key}={v.Value}"),
                command.WorkingDirectory
            );
        }
        catch (Win32Exception error)
        {
            throw new ProgramNotFoundException(command.Program, error);
        }
    }

    private void PassOn(int signal)
    {
        lock (_gate)
        {
            if (_group == 0)
            {
                _early.Enqueue(signal);
            }
            else if (!_isOver)
            {
                JobControl.Send(_group, signal);
            }
        }
    }
}
