using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.Configuration;

/// <summary>Reads a postgresql.conf or pgpool.conf of the user's own, and refuses one with an error.</summary>
public static class SettingsFileReader
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
            if (ConfigLine.IsEmpty(line))
            {
                commented += ConfigLine.IsCommentedOut(line) ? 1 : 0;
            }
            else if (ConfigLine.TryRead(isPgpool, line) is not var (name, value))
            {
                problems.Add($"{option}: {path}, line {number} is no setting: {Shown(line)}");
            }
            else if (IncludeNames.Contains(name.ToLowerInvariant()))
            {
                includes.Add(new LeftOutSetting(number, name, new($"the settings in {value} are not read.")));
            }
            else
            {
                settings.Add(new FileSetting(name, value, number));
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

    /// <summary>A word of a message: what is in the file may be long, and anything.</summary>
    private static string Shown(string line)
    {
        const int most = 60;
        var shown = line.Trim();
        return shown.Length <= most ? shown : shown[..most] + "…";
    }
}
