using System.Globalization;
using System.Text.RegularExpressions;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Configuration;

/// <summary>Reads a postgresql.conf or pgpool.conf.</summary>
/// <remarks>PostgreSQL manual, "Parameter Interaction via the Configuration File", and its guc-file.l; Pgpool-II's
/// pool_config.l, which knows no doubled quotes and takes what is between quotes as it stands.</remarks>
public static partial class SettingsFileReader
{
    /// <summary>PostgreSQL's sample has 30 kB.</summary>
    private const int MostText = 1 << 20;

    private static readonly string[] IncludeNames = ["include", "include_if_exists", "include_dir"];

    /// <summary>Reads a file, with the rights of whoever calls.</summary>
    /// <param name="program"><c>pgpool</c> or <c>postgresql</c>: whose file it is.</param>
    /// <param name="option">What named it, for messages.</param>
    /// <param name="path">The file, absolute.</param>
    /// <exception cref="InvalidSpecException">There is no such file, it cannot be read, or it has an error.</exception>
    public static SettingsFile Read(string program, string option, string path)
    {
        string? text;
        try
        {
            text = RegularFile.ReadText(path, MostText);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidSpecException([$"{option}: {path} cannot be read: {error.Message}"]);
        }

        return text is null
            ? throw new InvalidSpecException([
                Directory.Exists(path)
                    ? $"{option}: {path} is a folder, not a file."
                    : $"{option}: there is no file {path}.",
            ])
            : Parse(program, option, path, text);
    }

    /// <summary>Reads the text of a file.</summary>
    /// <exception cref="InvalidSpecException">Lines that are no settings; each is named, up to ten.</exception>
    internal static SettingsFile Parse(string program, string option, string path, string text)
    {
        const int mostProblems = 10;
        var isPgpool = program == "pgpool";
        var (settings, includes, problems) = (new List<FileSetting>(), new List<LeftOutSetting>(), new List<string>());
        var (number, commented) = (0, 0);
        foreach (var line in text.Split('\n'))
        {
            number++;
            if (Empty().IsMatch(line))
            {
                commented += Commented().IsMatch(line) ? 1 : 0;
            }
            else if ((isPgpool ? PgpoolLine() : PostgresLine()).Match(line) is not { Success: true } match)
            {
                problems.Add($"{option}: {path}, line {number} is no setting: {Shown(line)}");
            }
            else if (IncludeNames.Contains(match.Groups[1].Value.ToLowerInvariant()))
            {
                includes.Add(
                    new LeftOutSetting(
                        number,
                        match.Groups[1].Value,
                        new($"the settings in {Unquoted(match.Groups[2].Value, isPgpool)} are not read.")
                    )
                );
            }
            else
            {
                settings.Add(new FileSetting(match.Groups[1].Value, Unquoted(match.Groups[2].Value, isPgpool), number));
            }

            if (problems.Count == mostProblems)
            {
                break;
            }
        }

        return problems.Count > 0
            ? throw new InvalidSpecException(problems)
            : new SettingsFile(program, path, settings, includes, commented);
    }

    /// <summary>Reads one line.</summary>
    /// <returns>Its name and its value without quotes; null when it is no setting.</returns>
    internal static (string Name, string Value)? TryReadLine(string program, string line)
    {
        var isPgpool = program == "pgpool";
        var match = (isPgpool ? PgpoolLine() : PostgresLine()).Match(line);
        return match.Success ? (match.Groups[1].Value, Unquoted(match.Groups[2].Value, isPgpool)) : null;
    }

    /// <summary>A word of a message: what is in the file may be long, and anything.</summary>
    private static string Shown(string line)
    {
        const int most = 60;
        var shown = line.Trim();
        return shown.Length <= most ? shown : shown[..most] + "…";
    }

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

    /// <summary>Nothing, or a comment.</summary>
    [GeneratedRegex(@"\A[ \t\r]*(#.*)?\z", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex Empty();

    /// <summary>A setting that is commented out, as samples have them: <c>#name = value</c>.</summary>
    [GeneratedRegex(@"\A[ \t]*#[ \t]?[A-Za-z_][A-Za-z0-9_.]*[ \t]*=", RegexOptions.CultureInvariant)]
    private static partial Regex Commented();

    // A value is a text in quotes, a word, or a number that may have a unit; behind it there may be a comment.
    [GeneratedRegex(
        @"\A[ \t\r]*([A-Za-z_\u0080-\uFFFF][A-Za-z0-9_$\u0080-\uFFFF]*(?:\.[A-Za-z_\u0080-\uFFFF][A-Za-z0-9_$\u0080-\uFFFF]*)*)(?:[ \t\r]*=[ \t\r]*|[ \t\r]+|(?='))"
            + @"('(?:[^'\\\n]|\\.|'')*'|[A-Za-z_\u0080-\uFFFF](?:[A-Za-z0-9_$\u0080-\uFFFF]|[-._:/])*|[-+]?(?:0x[0-9a-fA-F]+|[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?)[a-zA-Z]*)"
            + @"[ \t\r]*(?:#.*)?\z",
        RegexOptions.CultureInvariant | RegexOptions.Singleline
    )]
    private static partial Regex PostgresLine();

    [GeneratedRegex(
        @"\A[ \t\r]*([A-Za-z_\u0080-\uFFFF][A-Za-z0-9_$\u0080-\uFFFF]*)(?:[ \t\r]*=[ \t\r]*|[ \t\r]+|(?='))"
            + @"('(?:[^'\\\n]|\\.)*'|[A-Za-z_\u0080-\uFFFF](?:[A-Za-z0-9_$\u0080-\uFFFF]|[-._:/])*|[-+]?(?:0x[0-9a-fA-F]+|[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?)[a-zA-Z]*)"
            + @"[ \t\r]*(?:#.*)?\z",
        RegexOptions.CultureInvariant | RegexOptions.Singleline
    )]
    private static partial Regex PgpoolLine();

    [GeneratedRegex(@"''|\\[0-7]{1,3}|\\.", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex Escape();
}
