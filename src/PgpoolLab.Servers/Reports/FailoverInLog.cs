using System.Globalization;
using System.Text.RegularExpressions;

namespace PgpoolLab.Servers.Reports;

/// <summary>A failover that Pgpool-II's log shows to have begun and not to have ended.</summary>
/// <param name="Since">When it began, as the log has it; null when its lines have no time.</param>
/// <param name="LooksForPrimary">True when its commands have run, and it looks for the new primary.</param>
/// <remarks>Pgpool-II source, failover() in pgpool_main.c; since 4.5 there are "===" around these texts.</remarks>
internal sealed partial record FailoverInLog(DateTime? Since, bool LooksForPrimary)
{
    /// <summary>More than Pgpool-II logs between the beginning and the end of a failover.</summary>
    internal const int Length = 1 << 17;

    /// <summary>Reads the end of a log.</summary>
    /// <param name="log">The text.</param>
    /// <param name="processId">Pgpool-II's first process: what another one has begun before was never ended.</param>
    /// <returns>Null when no failover is under way.</returns>
    internal static FailoverInLog? Find(string log, int processId)
    {
        string? began = null;
        var looks = false;
        foreach (var line in log.Split('\n'))
        {
            if (Begins().IsMatch(line))
            {
                (began, looks) = (line, false);
            }
            else if (Ends().IsMatch(line))
            {
                began = null;
            }
            else if (line.Contains("find_primary_node_repeatedly: waiting", StringComparison.Ordinal))
            {
                looks = true;
            }
        }

        if (
            began is null
            || (Process().Match(began) is { Success: true } process && process.Groups[1].Value != $"{processId}")
        )
        {
            return null;
        }

        return new FailoverInLog(TimeOf(began), looks);
    }

    /// <summary>Whether a failover, or the attaching of a node, ended a moment ago: Pgpool-II then ends the processes
    /// that take clients, and starts others.</summary>
    /// <param name="log">The end of its log.</param>
    /// <param name="processId">Pgpool-II's first process.</param>
    /// <param name="now">The time, as the log has it.</param>
    internal static bool JustEnded(string log, int processId, DateTime now) =>
        log.Split('\n').LastOrDefault(l => Ends().IsMatch(l)) is { } ended
        && !(Process().Match(ended) is { Success: true } process && process.Groups[1].Value != $"{processId}")
        && TimeOf(ended) is { } time
        && now - time < Moment
        && time - now < Moment;

    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(3);

    private static DateTime? TimeOf(string line) =>
        Time().Match(line) is { Success: true } match
        && DateTime.TryParse(match.Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var time)
            ? time
            : null;

    [GeneratedRegex(@"starting (?!follow )[a-z ]+\. (shutdown|reconnect|promote) host", RegexOptions.IgnoreCase)]
    private static partial Regex Begins();

    [GeneratedRegex(@"[a-z] done\. (shutdown|reconnect|promoted?) host", RegexOptions.IgnoreCase)]
    private static partial Regex Ends();

    [GeneratedRegex(@"\bpid ([0-9]+):")]
    private static partial Regex Process();

    [GeneratedRegex(@"\A\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?")]
    private static partial Regex Time();
}
