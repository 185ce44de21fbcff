using System.Globalization;
using PgpoolLab.Model;
using PgpoolLab.Servers.Logs;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Cli.Commands;

/// <summary>Which logs, and since when.</summary>
internal static class LogChoice
{
    /// <summary>A word of <c>logs</c> that names no server.</summary>
    private const string Scripts = "scripts";

    /// <summary>The logs that a TARGET names.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="target">A server as everywhere, <c>scripts</c>, or <c>all</c>.</param>
    /// <param name="report">A look at the lab; null where the target needs none.</param>
    /// <exception cref="LabException">There is no such node or Pgpool-II, or not right now.</exception>
    internal static Func<LogSource, bool> Of(Lab lab, Target target, NodesReport? report)
    {
        if (target.Text is Scripts)
        {
            return s => s.Kind is LogKind.Script;
        }

        if (target.Text is "all")
        {
            return s => s.Kind is not LogKind.ScriptEvents;
        }

        if (!target.IsKnown)
        {
            throw new LabException(
                ExitCode.Usage,
                $"'{target.Text}' is no server. It must be {Target.Words}, or scripts."
            )
            {
                Hints = ["One node's log:  pgpoollab logs 0      Pgpool-II's:  pgpoollab logs pgpool"],
            };
        }

        var servers = target.Resolve(lab, report);
        var (nodes, pgpools) = (
            servers.Nodes.Select(n => n.Id).ToHashSet(),
            servers.Pgpools.Select(p => p.Id).ToHashSet()
        );
        return s =>
            s is { Kind: LogKind.Node, Number: { } node }
                ? nodes.Contains(node)
                : s is { Kind: LogKind.Pgpool, Number: { } pgpool } && pgpools.Contains(pgpool);
    }

    /// <summary>Reads a moment: <c>90s</c>, <c>5m</c>, <c>2h</c>, <c>1d</c> ago, a time of today or a date with a
    /// time.</summary>
    /// <returns>Null for what is none.</returns>
    internal static DateTimeOffset? Since(string text, TimeProvider time)
    {
        var now = time.GetLocalNow();
        if (
            text is [.., 's' or 'm' or 'h' or 'd' or >= '0' and <= '9']
            && double.TryParse(
                char.IsAsciiDigit(text[^1]) ? text : text[..^1],
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out var count
            )
        )
        {
            var seconds =
                count
                * text[^1] switch
                {
                    'm' => 60,
                    'h' => 3600,
                    'd' => 86400,
                    _ => 1,
                };
            return seconds < (now - DateTimeOffset.UnixEpoch).TotalSeconds
                ? now - TimeSpan.FromSeconds(seconds)
                : DateTimeOffset.UnixEpoch;
        }

        string[] ofToday = ["H:mm", "H:mm:ss", "H:mm:ss.FFFFFFF"];
        if (
            DateTime.TryParseExact(
                text,
                ofToday,
                CultureInfo.InvariantCulture,
                DateTimeStyles.NoCurrentDateDefault,
                out var clock
            )
        )
        {
            var today = now.Date + clock.TimeOfDay;
            return new DateTimeOffset(today, time.LocalTimeZone.GetUtcOffset(today));
        }

        if (
            text.Length < 10
            || text[4] != '-'
            || !DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var date)
        )
        {
            return null;
        }

        // With an offset or a Z it says itself which moment; without, it is the machine's time.
        return date.Kind is DateTimeKind.Unspecified ? new DateTimeOffset(date, time.LocalTimeZone.GetUtcOffset(date))
            : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out var moment) ? moment
            : null;
    }
}
