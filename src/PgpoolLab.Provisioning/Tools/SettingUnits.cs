using System.Text.RegularExpressions;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Tools;

/// <summary>Units of values. Pgpool-II before 4.2 knows none, and takes the number before one: <c>5min</c> is
/// 5.</summary>
/// <remarks>Release notes of Pgpool-II 4.2.</remarks>
internal static partial class SettingUnits
{
    private static readonly PgpoolVersion First = new(4, 2, 0);

    /// <summary>Why an installed program would read another value than was meant; null when it would not.</summary>
    internal static string? WhyMisread(string program, string value, Toolset tools) =>
        program == "pgpool"
        && tools.Pgpool.CompareTo(First) < 0
        && NumberAndUnit().Match(value) is { Success: true } parts
            ? $"Pgpool-II {tools.Pgpool} knows no units, and would read {value} as {parts.Groups[1]}. "
                + "Give it as a plain number."
            : null;

    [GeneratedRegex(@"\A\s*([0-9.]+)\s*(?:us|ms|s|min|h|d|B|kB|MB|GB|TB)\s*\z", RegexOptions.CultureInvariant)]
    private static partial Regex NumberAndUnit();
}
