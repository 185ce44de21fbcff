using System.Globalization;
using System.Text.RegularExpressions;

namespace PgpoolLab.Servers.Programs;

/// <summary>One line of a postgresql.conf or pgpool.conf, as the programs read it.</summary>
/// <remarks>PostgreSQL manual, "Parameter Interaction via the Configuration File", and its guc-file.l; Pgpool-II's
/// pool_config.l, which knows no doubled quotes and takes what is between quotes as it stands.</remarks>
internal static partial class ConfigLine
{
    /// <summary>Reads a line.</summary>
    /// <param name="ofPgpool">True for a pgpool.conf.</param>
    /// <param name="line">The line, without its end.</param>
    /// <returns>The setting's name and its value without quotes; null when it is no setting.</returns>
    internal static (string Name, string Value)? TryRead(bool ofPgpool, string line) =>
        (ofPgpool ? PgpoolLine() : PostgresLine()).Match(line) is { Success: true } match
            ? (match.Groups[1].Value, Unquoted(match.Groups[2].Value, ofPgpool))
            : null;

    /// <summary>Whether there is nothing in it, or a comment.</summary>
    internal static bool IsEmpty(string line) => Empty().IsMatch(line);

    /// <summary>Whether it is a setting that is commented out, as samples have them: <c>#name = value</c>.</summary>
    internal static bool IsCommentedOut(string line) => Commented().IsMatch(line);

    private static string Unquoted(string token, bool isPgpool)
    {
        if (token is not ['\'', .., '\''])
        {
            return token;
        }

        var inside = token[1..^1];
        return isPgpool
            ? inside
            : Escape()
                .Replace(
                    inside,
                    static match =>
                        match.Value switch
                        {
                            "''" => "'",
                            ['\\', >= '0' and <= '7', ..] => (
                                (char)(Convert.ToInt32(match.Value[1..], 8) & 0xFF)
                            ).ToString(CultureInfo.InvariantCulture),
                            @"\b" => "\b",
                            @"\f" => "\f",
                            @"\n" => "\n",
                            @"\r" => "\r",
                            @"\t" => "\t",
                            _ => match.Value[1..],
                        }
                );
    }

    [GeneratedRegex(@"\A[ \t\r]*(#.*)?\z", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex Empty();

    [GeneratedRegex(@"\A[ \t]*#[ \t]?[A-Za-z_][A-Za-z0-9_.]*[ \t]*=", RegexOptions.CultureInvariant)]
    private static partial Regex Commented();

    // A value is a text in quotes, a word, or a number that may have a unit; behind it there may be a comment.
    [GeneratedRegex(
        @"\A[ \t\r]*([A-Za-z_\u0080-\uFFFF][A-Za-z0-9_$\u0080-\uFFFF]*"
            + @"(?:\.[A-Za-z_\u0080-\uFFFF][A-Za-z0-9_$\u0080-\uFFFF]*)*)(?:[ \t\r]*=[ \t\r]*|[ \t\r]+|(?='))"
            + @"('(?:[^'\\\n]|\\.|'')*'|[A-Za-z_\u0080-\uFFFF](?:[A-Za-z0-9_$\u0080-\uFFFF]|[-._:/])*"
            + @"|[-+]?(?:0x[0-9a-fA-F]+|[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?)[a-zA-Z]*)"
            + @"[ \t\r]*(?:#.*)?\z",
        RegexOptions.CultureInvariant | RegexOptions.Singleline
    )]
    private static partial Regex PostgresLine();

    [GeneratedRegex(
        @"\A[ \t\r]*([A-Za-z_\u0080-\uFFFF][A-Za-z0-9_$\u0080-\uFFFF]*)(?:[ \t\r]*=[ \t\r]*|[ \t\r]+|(?='))"
            + @"('(?:[^'\\\n]|\\.)*'|[A-Za-z_\u0080-\uFFFF](?:[A-Za-z0-9_$\u0080-\uFFFF]|[-._:/])*"
            + @"|[-+]?(?:0x[0-9a-fA-F]+|[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?)[a-zA-Z]*)"
            + @"[ \t\r]*(?:#.*)?\z",
        RegexOptions.CultureInvariant | RegexOptions.Singleline
    )]
    private static partial Regex PgpoolLine();

    [GeneratedRegex(@"''|\\[0-7]{1,3}|\\.", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex Escape();
}
