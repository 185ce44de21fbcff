using System.Globalization;
using System.Text.RegularExpressions;
using PgpoolLab.Servers.Clients;

namespace PgpoolLab.Servers.Reports;

/// <summary>What is wrong with Pgpool-II itself: what it remembers, its room, its settings, its password.</summary>
internal static partial class PgpoolTrouble
{
    /// <summary>Names the cause of a finding, where Pgpool-II's log or its settings tell it.</summary>
    internal static Finding Explain(StatusFacts facts, Finding finding)
    {
        if (
            finding.Id is not ("detached-but-runs" or "missed-writes")
            || finding.Node is not { } node
            || !facts.Details.Pgpools.Values.Any(p => Remembers(p.LogEnd, node))
        )
        {
            return finding;
        }

        const string cause =
            "Pgpool-II was started without -D, and its file pgpool_status says that this node was down before.";
        return finding.Kind == FindingKinds.MissedWrites
            ? finding with
            {
                Cause = cause,
            }
            : finding with
            {
                Kind = FindingKinds.RememberedDown,
                Severity = FindingKinds.RememberedDown.Severity,
                Consequence = FindingKinds.RememberedDown.Consequence,
                Cause = cause,
            };
    }

    internal static IEnumerable<Finding> Of(StatusFacts facts)
    {
        if (facts.Pgpool.Answers && facts.Pgpool.Children.AreUsedUp(facts.Pgpool.MostClients))
        {
            // This look has got in between two of them.
            yield return NodesDiagnosis.UsedUp(facts.Lab, facts.Pgpool) with
            {
                Severity = FindingSeverity.Warning,
            };
        }

        foreach (var pgpool in facts.Lab.Pgpools.OrderBy(p => p.Id))
        {
            if (!facts.Details.Pgpools.TryGetValue(pgpool.Id, out var details))
            {
                continue;
            }

            if (details.PcpProblem is { } refused)
            {
                yield return facts.About(
                    FindingKinds.PcpRefused,
                    null,
                    $"{facts.Lab.TitleOf(pgpool)} refuses the lab's own password for pcp: {refused}.",
                    "Its pcp.conf and the file pcppass do not have the same password.",
                    new Remedy.WritePcpPassword(pgpool.Id)
                );
            }

            if (details.InEffect is { } shown)
            {
                var waiting = PgpoolRules
                    .Differences(details.InFile, shown)
                    .Where(d => PgpoolRules.NeedsRestart(d.Name))
                    .ToArray();
                if (waiting.Length > 0)
                {
                    yield return facts.About(
                        FindingKinds.ConfigNeedsRestart,
                        null,
                        $"{facts.Lab.TitleOf(pgpool)} has other values in effect than its pgpool.conf: "
                            + $"{string.Join("; ", waiting.Select(Words))}.",
                        "The file was changed since it was started.",
                        facts.Lab.IsWhole ? new Remedy.RestartPgpool(pgpool.Id) : new Remedy.ApplySettings()
                    );
                }
            }
        }

        if (facts.Pgpool is { Renews: true, Answers: true } && facts.Look.AtWork.Count == 0)
        {
            yield return facts.About(
                FindingKinds.Renewing,
                null,
                "Pgpool-II has just failed over or attached a node, and replaces its processes.",
                null
            );
        }
    }

    private static string Words((string Name, string Wanted, string Shown) difference) =>
        $"{difference.Name} is {Quoted(difference.Shown)}, the file says {Quoted(difference.Wanted)}";

    private static string Quoted(string value) => value.Length == 0 ? "''" : value;

    /// <summary>Since Pgpool-II was started it has neither attached the node nor given it up: it has been so from the
    /// beginning.</summary>
    private static bool Remembers(string log, int node)
    {
        var last = Remembered().Matches(log).LastOrDefault(m => m.Groups["node"].Value is "" || Is(m, node));
        return last is not null && last.Groups["node"].Success;

        static bool Is(Match match, int node) =>
            int.TryParse(match.Groups["node"].Value, CultureInfo.InvariantCulture, out var number) && number == node;
    }

    internal static int? Number(string? text) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : null;

    [GeneratedRegex(
        @"(?<node>\d+) th backend is set to down status|backend:(?<node>\d+) is set to down status"
            + @"|[a-z] done\. (?:shutdown|reconnect) host|shutting down by signal|system is shutdown",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Remembered();
}
