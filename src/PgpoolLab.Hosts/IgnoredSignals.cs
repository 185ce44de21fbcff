using System.Runtime.InteropServices;

namespace PgpoolLab.Hosts;

/// <summary>Signals that our caller has had ignored, as nohup does, and shells for what runs in the background. They
/// stay so.</summary>
public static class IgnoredSignals
{
    private static readonly (PosixSignal Signal, int Number)[] Ending =
    [
        (PosixSignal.SIGHUP, 1),
        (PosixSignal.SIGINT, 2),
        (PosixSignal.SIGQUIT, 3),
        (PosixSignal.SIGTERM, 15),
    ];

    /// <summary>Those of SIGHUP, SIGINT, SIGQUIT and SIGTERM that are ignored.</summary>
    public static IReadOnlyList<PosixSignal> Endings() =>
        [.. NumbersOfEndings().Select(n => Ending.Single(e => e.Number == n).Signal)];

    /// <summary>Their numbers.</summary>
    internal static IEnumerable<int> NumbersOfEndings()
    {
        const string status = "/proc/self/status",
            field = "SigIgn:";
        var lines = File.Exists(status) ? File.ReadLines(status) : [];
        var line = lines.FirstOrDefault(l => l.StartsWith(field, StringComparison.Ordinal));
        var ignored = line is null ? 0 : Convert.ToUInt64(line[field.Length..].Trim(), 16);
        return Ending.Select(e => e.Number).Where(n => (ignored & (1UL << (n - 1))) != 0);
    }
}
