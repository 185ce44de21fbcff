using PgpoolLab.Hosts.Links;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>Links that are cut or slowed down. Pure.</summary>
public static class LinkTrouble
{
    /// <summary>Points them out.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="links">Its links; null when their process does not run, or does not answer; empty in a lab without
    /// links.</param>
    /// <param name="others">What was found besides.</param>
    public static IEnumerable<Finding> Of(Lab lab, IReadOnlyList<LinkView>? links, IEnumerable<Finding> others)
    {
        if (links is null)
        {
            // In a lab that does not run nobody misses it.
            return others.Any(f => f.Kind == FindingKinds.NotRunning)
                ? []
                :
                [
                    Finding.Of(
                        lab,
                        FindingKinds.LinksDown,
                        null,
                        "The process of the lab's links does not run, or does not answer: all links are cut.",
                        new Remedy.StartAll()
                    ),
                ];
        }

        // Of one state there may be many.
        return links
            .Where(l => l.State != Open)
            .GroupBy(l => (l.State, l.Until, l.IsHeld))
            .Select(g =>
                Finding.Of(
                    lab,
                    FindingKinds.LinkCut,
                    null,
                    $"{(g.Count() == 1 ? "The link" : "The links")} {string.Join(", ", g.Select(l => l.Link))} "
                        + $"{(g.Count() == 1 ? "has" : "have")} a fault: {g.Key.State}, since "
                        + $"{g.Min(l => l.Since).ToLocalTime():HH:mm:ss}{End(g.Key.Until, g.Key.IsHeld)}.",
                    new Remedy.Heal()
                )
            );
    }

    private static string Open { get; } = Model.Links.LinkState.Open.ToString();

    private static string End(DateTimeOffset? until, bool isHeld) =>
        until is { } time ? $", until {time.ToLocalTime():HH:mm:ss}"
        : isHeld ? ", until whoever has made it ends"
        : "";
}
