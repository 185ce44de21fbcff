using System.Globalization;
using System.Text.RegularExpressions;

namespace PgpoolLab.Model;

/// <summary>What a commit on the primary waits for, as <c>synchronous_standby_names</c> says it.</summary>
/// <param name="Required">How many standbys must have answered.</param>
/// <param name="Names">The standbys that count, in lower case; <c>*</c> is every one.</param>
/// <remarks>PostgreSQL manual, "synchronous_standby_names": <c>FIRST n (names)</c>, <c>ANY n (names)</c>, <c>n
/// (names)</c>, or names alone.</remarks>
public sealed partial record SynchronousStandbys(int Required, IReadOnlyList<string> Names)
{
    /// <summary>Understands the setting.</summary>
    /// <returns>Null when commits wait for nobody.</returns>
    public static SynchronousStandbys? Parse(string? setting)
    {
        if (string.IsNullOrWhiteSpace(setting))
        {
            return null;
        }

        var match = Counted().Match(setting);
        var names = (match.Success ? match.Groups[2].Value : setting).Split(',', StringSplitOptions.TrimEntries);
        return new SynchronousStandbys(
            match.Success && int.TryParse(match.Groups[1].Value, CultureInfo.InvariantCulture, out var number)
                ? number
                : 1,
            [.. names.Select(n => n.Trim('"').ToLowerInvariant()).Where(n => n.Length > 0)]
        );
    }

    /// <summary>What commits wait for with these settings of PostgreSQL's.</summary>
    /// <returns>Null when they wait for nobody.</returns>
    public static SynchronousStandbys? Of(IReadOnlyDictionary<string, string> settings)
    {
        string? Setting(string name) =>
            settings.LastOrDefault(s => string.Equals(s.Key, name, StringComparison.OrdinalIgnoreCase)).Value;
        return Setting("synchronous_commit")?.Trim().ToLowerInvariant() is "off" or "local" or "false" or "no" or "0"
            ? null
            : Parse(Setting("synchronous_standby_names"));
    }

    /// <summary>The nodes of which one alone need be lost for commits to wait until it is back.</summary>
    public static IReadOnlyList<int> NodesThatStopWrites(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab.Mode is not ClusteringMode.StreamingReplication || Of(lab.PostgresSettings) is not { } standbys
            ? []
            :
            [
                .. lab
                    .Nodes.Where(lost =>
                    {
                        var primary = lost.Id == 0 ? 1 : 0;
                        return lab.Nodes.Count(n =>
                                n.Id != lost.Id && n.Id != primary && standbys.Count(n.ApplicationName)
                            ) < standbys.Required;
                    })
                    .Select(n => n.Id),
            ];
    }

    /// <summary>Why every write would wait for ever with these standbys; null when it would not.</summary>
    /// <param name="standbys">What commits are to wait for; null for nobody.</param>
    /// <param name="mode">How the lab's nodes are kept alike.</param>
    /// <param name="names">The names of all its nodes, by number.</param>
    /// <param name="firstIsPrimary">True when the first node is the primary; else any of them may be.</param>
    internal static string? WhyWritesWouldHang(
        SynchronousStandbys? standbys,
        ClusteringMode mode,
        IReadOnlyList<string> names,
        bool firstIsPrimary = false
    )
    {
        if (standbys is null || mode is ClusteringMode.LogicalReplication)
        {
            return null;
        }

        if (mode is not ClusteringMode.StreamingReplication)
        {
            return $"in {mode.Title()} no node is another's standby; every write would wait for ever.";
        }

        var counting = firstIsPrimary
            ? names.Skip(1).Count(standbys.Count)
            : Math.Min(names.Count - 1, names.Count(standbys.Count));
        return counting >= standbys.Required
            ? null
            : $"it wants {standbys.Required} of the standbys it names, and the lab has {counting} of "
                + "them; every write would wait for ever. "
                + $"The standbys are called {(firstIsPrimary ? "server1, server2" : "server0, server1")} "
                + "…; * is every one.";
    }

    /// <summary>True when a standby of this name counts.</summary>
    public bool Count(string applicationName) =>
        Names.Any(n => n == "*" || string.Equals(n, applicationName, StringComparison.OrdinalIgnoreCase));

    [GeneratedRegex(
        @"\A\s*(?:(?:FIRST|ANY)\s+)?(\d+)\s*\((.*)\)\s*\z",
        RegexOptions.IgnoreCase | RegexOptions.Singleline
    )]
    private static partial Regex Counted();
}
