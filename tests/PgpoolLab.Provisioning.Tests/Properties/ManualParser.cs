using System.Text;

namespace PgpoolLab.Provisioning.Tests.Properties;

/// <summary>Reads configuration as PostgreSQL's manual says, to hold against what is written for it.</summary>
internal static class ManualParser
{
    /// <summary>Names and values; of two of one name the last counts.</summary>
    /// <remarks>PostgreSQL manual, "Parameter Interaction via the Configuration File"; its scanner is
    /// <c>guc-file.l</c>.</remarks>
    internal static Dictionary<string, string> Settings(string text)
    {
        var settings = new Dictionary<string, string>();
        foreach (var line in text.Split('\n').Where(l => l.Length > 0 && l[0] != '#'))
        {
            var (name, value) = line.Split(" = ", 2) is [var n, var v] ? (n, v) : throw new FormatException(line);
            settings[name] = value.StartsWith('\'') ? Unquoted(value) : value.Split('#')[0].Trim();
        }

        return settings;
    }

    /// <summary>A command in which %p and %f are a path and a file name, and %% is a percent sign.</summary>
    /// <remarks>PostgreSQL manual, "archive_command".</remarks>
    internal static string Expanded(string command, string path, string file)
    {
        var result = new StringBuilder();
        for (var i = 0; i < command.Length; i++)
        {
            result.Append(
                command[i] != '%'
                    ? command[i].ToString()
                    : command[++i] switch
                    {
                        'p' => path,
                        'f' => file,
                        '%' => "%",
                        var other => throw new FormatException($"%{other} in {command}"),
                    }
            );
        }

        return result.ToString();
    }

    /// <summary>A value in quotes, to the end of the line.</summary>
    private static string Unquoted(string text)
    {
        var value = new StringBuilder();
        for (var i = 1; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '\'' when i + 1 < text.Length && text[i + 1] == '\'':
                    value.Append(text[++i]);
                    break;
                case '\'' when text[(i + 1)..].TrimStart() is "" or ['#', ..]:
                    return value.ToString();
                case '\'':
                    throw new FormatException($"Something stands behind the value: {text}");
                case '\\':
                    value.Append(text[++i] is '\\' or '\'' ? text[i] : throw new FormatException($"An escape: {text}"));
                    break;
                default:
                    value.Append(text[i]);
                    break;
            }
        }

        throw new FormatException($"The value does not end: {text}");
    }
}
