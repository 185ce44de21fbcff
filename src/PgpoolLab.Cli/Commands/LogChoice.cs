using System.Globalization;
using PgpoolLab.Model;
using PgpoolLab.Servers.Logs;

namespace PgpoolLab.Cli.Commands;

/// <summary>Which logs, and since when.</summary>
internal static class LogChoice
{
    /// <summary>The logs that a TARGET names.</summary>
    /// <exception cref="LabException">There is no such node or Pgpool-II.</exception>
    internal static Func<LogSource, bool> Of(Lab lab, string target)
    {
        if (target == "all")
        {
            return s => s.Kind is not LogKind.ScriptEvents;
        }

        if (target == "scripts")
        {
            return s => s.Kind is LogKind.Script;
        }

        if (target == "pgpool")
        {
            return s => s.Kind is LogKind.Pgpool;
        }

        const string pgpool = "pgpool";
        var isPgpool = target.StartsWith(pgpool, StringComparison.Ordinal);
        if (
            !int.TryParse(
                isPgpool ? target[pgpool.Length..] : target,
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var number
            )
        )
        {
            throw new LabException(
                ExitCode.Usage,
                $"'{target}' is neither a node's number nor pgpool, pgpool0, scripts or all."
            )
            {
                Hints = ["One node's log:  pgpoollab logs 0      Pgpool-II's:  pgpoollab logs pgpool"],
            };
        }

        var count = isPgpool ? lab.Pgpools.Count : lab.Nodes.Count;
        if (number >= count)
        {
            throw new LabException(
                ExitCode.NotFound,
                $"The lab '{lab.Name}' has no {(isPgpool ? "Pgpool-II" : "node")} {number}; "
                    + (count == 1 ? "its only one is number 0." : $"its numbers are 0 to {count - 1}.")
            );
        }

        var kind = isPgpool ? LogKind.Pgpool : LogKind.Node;
        return s => s.Kind == kind && s.Number == number;
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
