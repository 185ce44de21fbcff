using System.ComponentModel;
using System.IO.Pipes;
using System.Text;

namespace PgpoolLab.Hosts;

/// <summary>Processes that are suspended together for a moment, and go on in any case: when they are told, when this
/// program ends in whatever way, and when it takes too long.</summary>
/// <remarks>A guard sees to that, a shell in a session of its own that holds the other end of a pipe. It is told each
/// process before that one is suspended. When the pipe ends, as it does with this program, the guard has them go
/// on.</remarks>
public sealed class ProcessFreeze : IDisposable
{
    // "add PID…" is answered with "ok" when they are sure to go on; after "done" all of the guard's processes end.
    private const string Guard = """
        exec 3<&0
        (
            trap '' HUP INT TERM QUIT
            all=
            while read -r word ids <&3; do
                case $word in
                add)
                    all="$all $ids"
                    (exec 3<&- >/dev/null; sleep "$0"; kill -CONT $ids) 2>/dev/null &
                    echo ok ;;
                done) kill -KILL 0 ;;
                esac
            done
            [ -z "$all" ] || kill -CONT $all
            kill -KILL 0
        ) 2>/dev/null &
        """;

    private readonly AnonymousPipeServerStream _words;
    private readonly AnonymousPipeServerStream _answers;
    private readonly StreamReader _reader;
    private readonly TimeSpan _longest;
    private readonly TimeProvider _time;
    private readonly List<ProcessFacts> _processes = [];
    private long? _began;

    private ProcessFreeze(TimeSpan longest, TimeProvider time)
    {
        (_longest, _time) = (longest, time);
        _words = new AnonymousPipeServerStream(PipeDirection.Out, HandleInheritability.None);
        _answers = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.None);
        _reader = new StreamReader(_answers, Encoding.ASCII);
    }

    /// <summary>What is suspended by this, in the order in which it was.</summary>
    public IReadOnlyList<ProcessFacts> Processes => _processes;

    /// <summary>True when they went on by themselves, or may have: it took too long.</summary>
    public bool IsLate => _began is { } began && _time.GetElapsedTime(began) >= _longest;

    /// <summary>Since when processes are suspended.</summary>
    public TimeSpan Elapsed => _began is { } began ? _time.GetElapsedTime(began) : TimeSpan.Zero;

    /// <summary>Starts the guard. Nothing is suspended yet.</summary>
    /// <param name="longest">After this all of them go on, whatever happens.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">There is no guard to be had.</exception>
    public static ProcessFreeze Begin(TimeSpan longest, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("Servers can be suspended together on Linux only.");
        }

        var freeze = new ProcessFreeze(longest, time);
        try
        {
            var environment = ChildProcess
                .InfoOf(new CommandSpec("/bin/sh"), redirect: false)
                .Environment.Select(v => $"{v.Key}={v.Value}");
            var shell = DetachedProcess.StartHeld(
                "/bin/sh",
                ["-c", Guard, $"{(int)Math.Ceiling(longest.TotalSeconds)}"],
                environment,
                (int)freeze._words.ClientSafePipeHandle.DangerousGetHandle(),
                (int)freeze._answers.ClientSafePipeHandle.DangerousGetHandle()
            );
            freeze._words.DisposeLocalCopyOfClientHandle();
            freeze._answers.DisposeLocalCopyOfClientHandle();
            // The guard itself is nobody's child: whoever ends this program with all of its children does not end it.
            _ = DetachedProcess.WaitFor(shell);
            return freeze;
        }
        catch (Win32Exception error)
        {
            freeze.Dispose();
            throw new IOException($"Could not start /bin/sh, which guards suspended servers: {error.Message}", error);
        }
        catch
        {
            freeze.Dispose();
            throw;
        }
    }

    /// <summary>Suspends processes (SIGSTOP). It takes a moment until the last of them stands still:
    /// <see cref="Moving"/>.</summary>
    /// <exception cref="IOException">The guard is gone; these processes were not touched.</exception>
    public void Suspend(IReadOnlyList<ProcessFacts> processes)
    {
        ArgumentNullException.ThrowIfNull(processes);
        if (processes.Count == 0)
        {
            return;
        }

        Tell($"add {string.Join(' ', processes.Select(p => p.Id))}");
        if (_reader.ReadLine() != "ok")
        {
            throw new IOException("The shell that guards suspended servers has ended.");
        }

        _began ??= _time.GetTimestamp();
        _processes.AddRange(processes);
        foreach (var process in processes)
        {
            if (ProcessTable.Runs(process.Id, process.StartedAt))
            {
                Posix.Signal(process.Id, (int)ProcessSignal.Suspend);
            }
        }
    }

    /// <summary>Those that run all the same: the signal has not reached them yet. What has ended does not
    /// count.</summary>
    public IReadOnlyList<ProcessFacts> Moving() =>
        [
            .. _processes.Where(p =>
                ProcessTable.Find(p.Id) is { IsSuspended: false } now && now.StartedAt == p.StartedAt
            ),
        ];

    /// <summary>Lets all of them go on.</summary>
    /// <returns>How long they were suspended.</returns>
    public TimeSpan Resume()
    {
        var elapsed = Elapsed;
        foreach (var process in _processes)
        {
            if (ProcessTable.Runs(process.Id, process.StartedAt))
            {
                Posix.Signal(process.Id, (int)ProcessSignal.Resume);
            }
        }

        _processes.Clear();
        _began = null;
        return elapsed;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            Resume();
            Tell("done");
        }
        catch (IOException)
        {
            // The guard has ended: it has done what it was for.
        }

        _words.Dispose();
        _reader.Dispose();
        _answers.Dispose();
    }

    private void Tell(string line)
    {
        _words.Write(Encoding.ASCII.GetBytes(line + "\n"));
        _words.Flush();
    }
}
