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

    /// <summary>True when a standby of this name counts.</summary>
    public bool Count(string applicationName) =>
        Names.Any(n => n == "*" || string.Equals(n, applicationName, StringComparison.OrdinalIgnoreCase));

    [GeneratedRegex(
        @"\A\s*(?:(?:FIRST|ANY)\s+)?(\d+)\s*\((.*)\)\s*\z",
        RegexOptions.IgnoreCase | RegexOptions.Singleline
    )]
    private static partial Regex Counted();
}
