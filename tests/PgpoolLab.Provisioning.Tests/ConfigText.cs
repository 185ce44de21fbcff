using System.Text.RegularExpressions;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>Reads what a configuration file says.</summary>
internal static partial class ConfigText
{
    /// <summary>Every setting, in order; of two of one name the last counts.</summary>
    internal static IEnumerable<(string Name, string Value)> Settings(string text) =>
        SettingPattern().Matches(text).Select(m => (m.Groups[1].Value, m.Groups[2].Value));

    [GeneratedRegex("^([A-Za-z_0-9]+) = (.*)$", RegexOptions.Multiline)]
    private static partial Regex SettingPattern();
}
