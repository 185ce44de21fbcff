using System.Globalization;
using System.Text.RegularExpressions;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Settings;

/// <summary>What a node says of its part in streaming replication.</summary>
/// <param name="Node">The node.</param>
/// <param name="IsStandby">True for a standby, false for a primary; null when it does not answer.</param>
/// <param name="Streaming">Of a primary: the names of the standbys it streams to.</param>
public sealed record NodePart(PostgresNode Node, bool? IsStandby, IReadOnlyList<string> Streaming);

/// <summary>What commits are to wait for.</summary>
/// <param name="On">False for nothing.</param>
/// <param name="Nodes">The standbys that are to be synchronous, all of them; empty for whichever comes first.</param>
public sealed record SyncChoice(bool On, params IReadOnlyList<int> Nodes)
{
    /// <summary>Understands <c>on</c>, <c>off</c> and <c>1,2</c>.</summary>
    /// <returns>Null for what is none of these.</returns>
    public static SyncChoice? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text is "on" or "off")
        {
            return new SyncChoice(text == "on");
        }

        var nodes = new List<int>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var node))
            {
                return null;
            }

            nodes.Add(node);
        }

        return new SyncChoice(true, [.. nodes.Distinct().Order()]);
    }
}

/// <summary>Which settings of standbys <c>lag</c> and <c>sync</c> refuse, before anything is touched.</summary>
public static partial class StandbyRules
{
    private const int FirstWithSettings = 12;

    /// <summary>Understands how long a standby is to wait before it replays.</summary>
    /// <param name="text">A number with a unit, or <c>off</c>.</param>
    /// <returns>The value for PostgreSQL.</returns>
    /// <exception cref="InvalidSpecException">It is neither.</exception>
    public static string ParseDelay(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text is "off")
        {
            return "0";
        }

        return
            Delay().Match(text) is { Success: true } match
            && double.TryParse(match.Groups[1].Value, CultureInfo.InvariantCulture, out var number)
            && number * FactorOf(match.Groups[2].Value) is >= 1 and <= int.MaxValue
            ? match.Groups[1].Value + (match.Groups[2].Value is "m" ? "min" : match.Groups[2].Value)
            : throw new InvalidSpecException([
                $"'{text}' is no delay; write a number with a unit (ms, s, m, h, d), such as 5s, or off.",
            ]);
    }

    /// <summary>Why a node's replay cannot be delayed; null when it can.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="part">The node.</param>
    public static LabException? WhyNoLag(Lab lab, NodePart part)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(part);
        var node = part.Node.Id;
        return WhyNotStreaming(lab, "lag")
            ?? (
                lab.Tools.Postgres.Major < FirstWithSettings
                    ? Refused(
                        $"lag: PostgreSQL {lab.Tools.Postgres} reads recovery_min_apply_delay from "
                            + "recovery.conf alone, "
                            + "and only when it starts."
                    )
                : part.IsStandby is null
                    ? Refused(
                        $"lag: node {node} does not answer; it is not known whether it is a standby.",
                        "Start it:  pgpoollab startall"
                    )
                : part.IsStandby is false
                    ? Refused(
                        $"lag: node {node} is the primary; only a standby replays what another node has written.",
                        "The standbys:  pgpoollab nodes"
                    )
                : null
            );
    }

    /// <summary>Why commits cannot wait for a standby; null when they can.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="parts">All nodes.</param>
    /// <param name="choice">Which standbys; every one of those chosen must stream.</param>
    public static LabException? WhyNoSync(Lab lab, IReadOnlyList<NodePart> parts, SyncChoice choice)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(choice);
        if (WhyNoSyncOff(lab) is { } refused)
        {
            return refused;
        }

        if (lab.Nodes.Count == 1)
        {
            return Refused("sync: the lab has one node, and no standby a commit could wait for.");
        }

        if (choice.Nodes.FirstOrDefault(c => lab.Nodes.All(n => n.Id != c), -1) is >= 0 and var unknown)
        {
            return new LabException(
                ExitCode.NotFound,
                $"The lab '{lab.Name}' has no node {unknown}; its nodes are 0 to {lab.Nodes.Count - 1}."
            );
        }

        return Primary(parts) is not { } primary
                ? Refused("sync: not exactly one node is the primary.", "Look:  pgpoollab nodes")
            : primary.Streaming.Count == 0
                ? Refused(
                    $"sync: no standby streams from node {primary.Node.Id}; every write would hang.",
                    "Look:  pgpoollab nodes"
                )
            : choice.Nodes.Count > 0 && Chosen(choice, primary.Node).Count == 0
                ? Refused(
                    $"sync: node {primary.Node.Id} is the primary itself; name standbys.",
                    "Look:  pgpoollab nodes"
                )
            : Chosen(choice, primary.Node).FirstOrDefault(c => !primary.Streaming.Contains(c)) is { } missing
                ? Refused(
                    $"sync: {missing} does not stream from node {primary.Node.Id}; every write would hang.",
                    "Look:  pgpoollab nodes"
                )
            : null;
    }

    /// <summary>The same for commits that are to wait for none, which is possible in any state of the lab: so writes
    /// that hang go on.</summary>
    public static LabException? WhyNoSyncOff(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab.WhyNotAlone("Synchronous replication") is { } whole ? Refused(whole) : WhyNotStreaming(lab, "sync");
    }

    /// <summary>The only primary; null when there is none, or more than one.</summary>
    public static NodePart? Primary(IReadOnlyList<NodePart> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        var primaries = parts.Where(p => p.IsStandby is false).ToArray();
        return primaries.Length == 1 ? primaries[0] : null;
    }

    /// <summary>The settings of one node with which commits wait while it is the primary.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="node">The node: which standbys it waits for depends on which one it is itself.</param>
    /// <param name="choice">What they wait for.</param>
    /// <param name="apply">True to wait until the standby has replayed them.</param>
    public static IReadOnlyList<SettingAssignment> Synchronous(
        Lab lab,
        PostgresNode node,
        SyncChoice choice,
        bool apply
    )
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(choice);
        // A chosen node that has become the primary waits for the other chosen ones, or for any node.
        var chosen = choice.Nodes.Where(n => n != node.Id).ToArray();
        var (count, names) =
            chosen.Length > 0
                ? (chosen.Length, chosen.Select(PostgresNode.ApplicationNameOf))
                : (1, lab.Nodes.Select(n => n.ApplicationName));
        return
        [
            new(
                SettingAssignment.Postgres,
                "synchronous_standby_names",
                choice.On ? $"FIRST {count} ({string.Join(", ", names)})" : ""
            ),
            new(SettingAssignment.Postgres, "synchronous_commit", choice.On && apply ? "remote_apply" : "on"),
        ];
    }

    /// <summary>The standbys that are synchronous with this primary, by name; empty for whichever is first.</summary>
    public static IReadOnlyList<string> Chosen(SyncChoice choice, PostgresNode primary)
    {
        ArgumentNullException.ThrowIfNull(choice);
        ArgumentNullException.ThrowIfNull(primary);
        return [.. choice.Nodes.Where(n => n != primary.Id).Select(PostgresNode.ApplicationNameOf)];
    }

    /// <summary>What to know of this synchronous replication; null when there is nothing.</summary>
    public static string? WarningOf(Lab lab, SyncChoice choice)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(choice);
        return lab.Nodes.Count > 2
            ? choice.Nodes.Count == 0
                ? null
                : "Writes hang as soon as "
                    + (choice.Nodes.Count == 1 ? $"node {choice.Nodes[0]} is " : "one of these standbys is ")
                    + "lost. To let them go on at once:  pgpoollab sync off"
            : "With two nodes writes hang as soon as one of them is lost, also after a failover, until it is back as "
                + "a standby. To let them go on at once:  pgpoollab sync off";
    }

    private static LabException? WhyNotStreaming(Lab lab, string command) =>
        !lab.OwnsNodes ? Refused($"{command}: the PostgreSQL servers are another lab's.")
        : lab.Mode is not ClusteringMode.StreamingReplication
            ? Refused($"{command}: in {lab.Mode.Title()} no node is another's standby.")
        : null;

    private static LabException Refused(string what, params string[] hints) =>
        new(ExitCode.Usage, what) { Hints = hints };

    private static double FactorOf(string unit) =>
        unit switch
        {
            "us" => 1e-3,
            "s" => 1e3,
            "m" or "min" => 6e4,
            "h" => 3.6e6,
            "d" => 8.64e7,
            _ => 1,
        };

    [GeneratedRegex(@"\A([0-9]+(?:\.[0-9]+)?)(us|ms|s|m|min|h|d)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Delay();
}
