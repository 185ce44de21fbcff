using System.Runtime.InteropServices;

namespace PgpoolLab.Cli;

/// <summary>
/// Ctrl+C, SIGTERM and SIGHUP, from the first moment on: the first of them cancels the one token that every command works with, whatever
/// the command is just doing; it then takes back what it has made. Further ones change nothing, as undoing must not be cut off.
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

    /// <summary>Those that our caller has not had ignored, as nohup does, and shells for what runs in the background.</summary>
    private static IEnumerable<PosixSignal> Wanted()
    {
        const int interrupt = 2, hangup = 1, terminate = 15;
        var ignored = Ignored();
        (PosixSignal Signal, int Number)[] ours = [(PosixSignal.SIGINT, interrupt), (PosixSignal.SIGTERM, terminate), (PosixSignal.SIGHUP, hangup)];
        return ours.Where(s => (ignored & (1UL << (s.Number - 1))) == 0).Select(s => s.Signal);
    }

    private static ulong Ignored()
    {
        const string status = "/proc/self/status", field = "SigIgn:";
        var line = File.Exists(status) ? File.ReadLines(status).FirstOrDefault(l => l.StartsWith(field, StringComparison.Ordinal)) : null;
        return line is null ? 0 : Convert.ToUInt64(line[field.Length..].Trim(), 16);
    }

    private sealed class Leave(Interruption of) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref of._left);
    }
}
