using System.Text.RegularExpressions;

namespace PgpoolLab.Model;

/// <summary>A PostgreSQL release. Since version 10 the first number alone is the major version.</summary>
/// <param name="Major">Major version, for example 15.</param>
/// <param name="Minor">Minor version, for example 18; 0 for a development or beta build.</param>
/// <remarks>PostgreSQL manual, "Versioning Policy".</remarks>
public readonly partial record struct PostgresVersion(int Major, int Minor) : IComparable<PostgresVersion>
{
    /// <summary>Oldest and newest major versions the templates are written for.</summary>
    public static (int Oldest, int Newest) SupportedMajors => (10, 18);

    /// <summary>True when the templates know this release.</summary>
    public bool IsSupported => Major >= SupportedMajors.Oldest && Major <= SupportedMajors.Newest;

    /// <summary>True when <c>CREATE TABLESPACE … LOCATION ''</c> can make a folder inside the data folder: since 15,
    /// and since the minor releases of August 2022 of those before (setting
    /// <c>allow_in_place_tablespaces</c>).</summary>
    /// <remarks>PostgreSQL manual, "Developer Options"; release notes of 14.5.</remarks>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool KnowsInPlaceTablespaces =>
        Minor
        >= Major switch
        {
            >= 15 => 0,
            14 => 5,
            13 => 8,
            12 => 12,
            11 => 17,
            _ => 22,
        };

    /// <summary>Reads what <c>postgres --version</c> and its siblings print, for example
    /// <c>postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)</c> or <c>initdb (PostgreSQL) 18beta1</c>.</summary>
    /// <returns>The version, or null when the text holds none.</returns>
    public static PostgresVersion? Parse(string? text)
    {
        var match = Pattern().Match(text ?? "");
        return match.Success && int.TryParse(match.Groups[1].ValueSpan, out var major)
            ? new PostgresVersion(major, int.TryParse(match.Groups[2].ValueSpan, out var minor) ? minor : 0)
            : null;
    }

    /// <inheritdoc/>
    public int CompareTo(PostgresVersion other) => (Major, Minor).CompareTo((other.Major, other.Minor));

    /// <inheritdoc/>
    public override string ToString() => $"{Major}.{Minor}";

    [GeneratedRegex(@"\(PostgreSQL\)\s+(\d+)(?:\.(\d+))?", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}

/// <summary>A Pgpool-II release. The first two numbers are the major version.</summary>
/// <param name="Major">First number, for example 4.</param>
/// <param name="Minor">Second number, for example 3.</param>
/// <param name="Patch">Third number, for example 5; 0 for a development build.</param>
public readonly partial record struct PgpoolVersion(int Major, int Minor, int Patch) : IComparable<PgpoolVersion>
{
    /// <summary>Oldest and newest major versions the templates are written for, as in <see cref="Number"/>.</summary>
    public static (int Oldest, int Newest) SupportedNumbers => (401, 407);

    /// <summary>The major version as one number to compare with: 403 for 4.3.</summary>
    public int Number => (Major * 100) + Minor;

    /// <summary>True when the templates know this release.</summary>
    public bool IsSupported => Number >= SupportedNumbers.Oldest && Number <= SupportedNumbers.Newest;

    /// <summary>Reads what <c>pgpool --version</c> prints, for example <c>pgpool-II version 4.3.5
    /// (tamahomeboshi)</c>.</summary>
    /// <returns>The version, or null when the text holds none.</returns>
    public static PgpoolVersion? Parse(string? text)
    {
        var match = Pattern().Match(text ?? "");
        return
            match.Success
            && int.TryParse(match.Groups[1].ValueSpan, out var major)
            && int.TryParse(match.Groups[2].ValueSpan, out var minor)
            ? new PgpoolVersion(major, minor, int.TryParse(match.Groups[3].ValueSpan, out var patch) ? patch : 0)
            : null;
    }

    /// <inheritdoc/>
    public int CompareTo(PgpoolVersion other) =>
        (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));

    /// <inheritdoc/>
    public override string ToString() => $"{Major}.{Minor}.{Patch}";

    [GeneratedRegex(
        @"pgpool-II version (\d+)\.(\d+)(?:\.(\d+))?",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase
    )]
    private static partial Regex Pattern();
}
