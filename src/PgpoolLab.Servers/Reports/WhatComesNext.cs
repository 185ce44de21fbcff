using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>Says what Pgpool-II will do next. Pure.</summary>
public static class WhatComesNext
{
    /// <summary>Says it.</summary>
    /// <returns>One sentence or two.</returns>
    public static string Of(StatusFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return OfWork(facts)
            ?? OfPgpool(facts)
            ?? OfDeadNode(facts)
            ?? OfDetached(facts)
            ?? (
                facts.HealthCheck.Period > 0
                    ? $"Pgpool-II has nothing to do; it looks at each node every {Seconds(facts.HealthCheck.Period)}."
                    : "Pgpool-II has nothing to do; it notices a dead node when a session uses that."
            );
    }

    private static string? OfWork(StatusFacts facts)
    {
        const string prefix = "Next: ";
        var next = facts.Look.AtWork.Select(w => w.Next).FirstOrDefault(n => n is not null);
        return next is null
            ? facts.Look.AtWork.Count > 0
                ? "Wait until what is at work has ended."
                : null
            : next.StartsWith($"{prefix}node ", StringComparison.Ordinal)
            && facts.Look.AtWork.Any(w => w.Kind is WorkKind.FollowPrimary)
                ? $"Pgpool-II goes on with {next[prefix.Length..]}"
                : $"{char.ToUpperInvariant(next[prefix.Length])}{next[(prefix.Length + 1)..]}";
    }

    private static string? OfPgpool(StatusFacts facts) =>
        facts.Pgpool switch
        {
            { Answers: true, Suspended.Count: 0 } => null,
            { Suspended: { Count: > 0 } suspended, ProcessId: { } id } when suspended.Contains(id) =>
                "Pgpool-II does nothing until it is continued.",
            { Runs: false } => "Pgpool-II does nothing: it is not running.",
            { Answers: false } => "Pgpool-II does not answer, so nobody knows.",
            _ => null,
        };

    private static string? OfDeadNode(StatusFacts facts)
    {
        var dead = facts.Look.Nodes.FirstOrDefault(n =>
            n is { Pgpool.Status: "up" or "waiting", Postgres.Up: false } && n.Postgres is not { Runs: null }
        );
        if (dead is null)
        {
            return null;
        }

        var check = facts.HealthCheck;
        var seconds = dead.Postgres.Runs is false
            ? check.SecondsUntilRefusalIsNoticed
            : check.SecondsUntilSilenceIsNoticed;
        var notices =
            check.Period == 0
                ? $"Pgpool-II notices that node {dead.Id} does not answer when a session uses it"
                : $"Pgpool-II notices within {Seconds(seconds)} that node {dead.Id} does not answer";
        return $"{notices}, and detaches it{Promotes(facts, dead)}.";
    }

    private static string Promotes(StatusFacts facts, NodeView dead)
    {
        if (facts.Lab.Mode is not ClusteringMode.StreamingReplication || dead.Pgpool?.Role != "primary")
        {
            return "";
        }

        var others = facts.Look.Nodes.Where(n => n.Id != dead.Id).Select(n => n.Pgpool).Concat(facts.Look.Elsewhere);
        var next = others.Where(n => n?.Status is "up" or "waiting").MinBy(n => n!.Id);
        return next is null ? "; no node is left to promote" : $"; then it promotes node {next.Id}";
    }

    private static string? OfDetached(StatusFacts facts)
    {
        var nodes = facts
            .Look.Nodes.Where(n => n.Pgpool is { Status: not ("up" or "waiting") })
            .Select(n => n.Id)
            .ToArray();
        return nodes.Length == 0
            ? null
            : $"Pgpool-II does nothing about node {string.Join(" and node ", nodes)}: a node that it has given up "
                + "stays detached until it is attached or recovered.";
    }

    private static string Seconds(int seconds) => $"{seconds} s";
}
