using PgpoolLab.Model;

namespace PgpoolLab.Ssh.Files;

/// <summary>Goes through the files of ssh's configuration, and takes what is about one host.</summary>
/// <param name="address">The host.</param>
/// <param name="home">Whose configuration it is.</param>
/// <param name="values">Gets what is found.</param>
internal sealed class SshConfigReader(SshAddress address, SshHome home, SshValues values)
{
    /// <summary>ssh's own limit.</summary>
    private const int MostDepth = 16;

    /// <summary>Reads one file, if it is there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="folder">Where what it includes lies.</param>
    /// <param name="isUsers">Whether it is the user's own: in the system's nothing is called by <c>~</c>.</param>
    internal void Read(string path, string folder, bool isUsers) => Read(path, folder, isUsers, depth: 0, within: true);

    private void Read(string path, string folder, bool isUsers, int depth, bool within)
    {
        string? text;
        try
        {
            text = DecisiveFile.ReadText(path, home);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new LabException(ExitCode.Usage, $"{path} cannot be read: {error.Message}", error);
        }

        if (text is null)
        {
            return;
        }

        var active = true;
        var number = 0;
        foreach (var written in text.Split('\n'))
        {
            var place = $"{path} line {++number}";
            switch (Parse(written, place))
            {
                case null:
                    break;
                case { Keyword: "host" } line:
                    active =
                        line.Words.Count > 0
                            ? SshPattern.FitsOneOf(address.Host, line.Words)
                            : throw SshValues.Wrong(place, "Host has no name");
                    break;
                case { Keyword: "match" } line:
                    active = Matches(line, place);
                    break;
                case { Keyword: "include" } line:
                    if (depth == MostDepth)
                    {
                        throw SshValues.Wrong(place, "files include each other without an end");
                    }

                    foreach (var file in line.Words.SelectMany(w => Included(w, folder, isUsers, place)))
                    {
                        Read(file, folder, isUsers, depth + 1, within && active);
                    }

                    break;
                case { } line when within && active:
                    values.Take(line, place);
                    break;
            }
        }
    }

    private static SshLine? Parse(string line, string place)
    {
        try
        {
            return SshLine.Parse(line);
        }
        catch (FormatException error)
        {
            throw SshValues.Wrong(place, error.Message);
        }
    }

    private IEnumerable<string> Included(string word, string folder, bool isUsers, string place)
    {
        if (word.StartsWith('~') && !isUsers)
        {
            throw SshValues.Wrong(place, $"Include of \"{word}\" is for a user's own configuration");
        }

        // A user who is not known has no files.
        return home.Expand(word) is { } path ? Glob(Path.Combine(folder, path)).Order(StringComparer.Ordinal) : [];
    }

    /// <summary>The files that a path with patterns means.</summary>
    private static IEnumerable<string> Glob(string path)
    {
        IEnumerable<string> found = ["/"];
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            found = FilePattern.Is(name)
                ? found.Where(Directory.Exists).SelectMany(f => Names(f, name)).ToArray()
                : found.Select(f => Path.Combine(f, name));
        }

        return found.Where(File.Exists);
    }

    private static IEnumerable<string> Names(string folder, string pattern) =>
        Directory.EnumerateFileSystemEntries(folder).Where(f => FilePattern.Fits(Path.GetFileName(f), pattern));

    private bool Matches(SshLine line, string place)
    {
        var active = true;
        for (var at = 0; at < line.Words.Count; at++)
        {
            var word = line.Words[at];
            var negated = word.StartsWith('!');
            // "Match host=b" is what "Match host b" is.
            var parts = word.TrimStart('!').Split('=', 2);
            var criterion = parts[0].ToLowerInvariant();
            switch (criterion)
            {
                case "all":
                    active &= !negated;
                    continue;
                // Names are not made canonical, and so there is no second pass.
                case "canonical" or "final":
                    active &= negated;
                    if (criterion == "final" && !negated)
                    {
                        values.Note($"{place}: Match final is not supported; its lines are left out.");
                    }

                    continue;
            }

            var argument =
                parts.Length == 2 ? parts[1]
                : at + 1 < line.Words.Count ? line.Words[++at]
                : throw SshValues.Wrong(place, $"Match {criterion} has no value");
            string? subject = criterion switch
            {
                "host" => SshConfig.HostNameOf(address, values),
                "originalhost" => address.Host,
                "user" => address.User ?? values["user"] ?? home.UserName,
                "localuser" => home.UserName,
                _ => null,
            };
            if (subject is null)
            {
                values.Note($"{place}: Match {criterion} is not supported; its lines are left out.");
                return false;
            }

            active &= SshPattern.FitsOneOf(subject, argument.Split(',')) != negated;
        }

        return line.Words.Count > 0 ? active : throw SshValues.Wrong(place, "Match has no condition");
    }
}
