using System.Text.RegularExpressions;

namespace PgpoolLab.Servers.Programs;

/// <summary>Reads a libpq connection string.</summary>
/// <remarks>PostgreSQL manual, libpq, "Connection Strings".</remarks>
internal static partial class ConnectionText
{
    /// <summary>The name a connection has for the server it goes to.</summary>
    /// <returns>Null when there is no string, or no name in it.</returns>
    internal static string? ApplicationNameIn(string? text) =>
        text is null ? null : ValueOf(text, "application_name") ?? ValueOf(text, "fallback_application_name");

    private static string? ValueOf(string text, string key) =>
        Settings()
            .Matches(text)
            .Where(m => m.Groups[1].Value == key)
            .Select(m =>
                m.Groups[2].Success
                    ? m.Groups[2]
                        .Value.Replace(@"\'", "'", StringComparison.Ordinal)
                        .Replace(@"\\", @"\", StringComparison.Ordinal)
                    : m.Groups[3].Value
            )
            .LastOrDefault(v => v.Length > 0);

    [GeneratedRegex(@"(?<=\A|\s)(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S*))", RegexOptions.CultureInvariant)]
    private static partial Regex Settings();
}
