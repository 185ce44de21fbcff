using System.Runtime.InteropServices;
using PgpoolLab.Hosts;

namespace PgpoolLab.Cli.Startup;

/// <summary>
/// Ctrl+C, SIGTERM and SIGHUP, from the first moment on: the first of them cancels the one token that every command
/// works with, whatever the command is just doing; it then takes back what it has made. Further ones change nothing, as
/// undoing must not be cut off.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _left;

    internal Interruption() => _registrations = [.. Wanted().Select(s => PosixSignalRegistration.Create(s, Handle))];

    internal CancellationToken Token => _source.Token;

    /// <summary>The one of this process; null where a test calls a command.</summary>
    internal static Interruption? Current { get; private set; }

    internal static Interruption Begin() => Current = new Interruption();

    /// <summary>Until this is disposed, Ctrl+C is the business of a program that shares our terminal.</summary>
    internal IDisposable LeaveCtrlC()
    {
        Interlocked.Increment(ref _left);
        return new Leave(this);
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        if (context.Signal is not PosixSignal.SIGINT || Volatile.Read(ref _left) == 0)
        {
            // Not here: what is undone at once would keep the next signal waiting.
            _ = _source.CancelAsync();
        }
    }

    /// <summary>Those that our caller has not had ignored, as nohup does, and shells for what runs in the
    /// background.</summary>
    private static IEnumerable<PosixSignal> Wanted() =>
        ((PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP]).Except(IgnoredSignals.Endings());

    private sealed class Leave(Interruption of) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref of._left);
    }
}
