using System.CommandLine;

namespace PgpoolLab.Cli.Manual.Completion;

/// <summary>The script for fish.</summary>
internal static class FishCompletion
{
    private const string Functions = """
        # Completion for fish, made by: pgpoollab completion fish
        function __pgpoollab_words
            set -l words (commandline -opc)
            set -e words[1]
            string match -v -- '-*' $words
        end

        # At this command, or in what follows it.
        function __pgpoollab_at
            set -l words (__pgpoollab_words)
            test "$words[1..$(count $argv)]" = "$argv"
        end

        # At this command, with no other word behind it.
        function __pgpoollab_exactly
            set -l words (__pgpoollab_words)
            test "$words" = "$argv"
        end

        function __pgpoollab_labs
            pgpoollab list --names 2>/dev/null
        end

        complete -c pgpoollab -f
        """;

    internal static string Script(Command root) =>
        Functions.ReplaceLineEndings("\n")
        + "\n"
        + string.Concat(CommandFacts.All(root).Prepend(root).SelectMany(Lines));

    private static IEnumerable<string> Lines(Command command)
    {
        var path = CommandFacts.PathOf(command).TrimEnd();
        var at = path.Length == 0 ? "__pgpoollab_exactly" : $"__pgpoollab_at {path}";
        foreach (var below in CommandFacts.Commands(command))
        {
            yield return Line($"__pgpoollab_exactly {path}".TrimEnd(), $"-a {below.Name}", below.Description);
        }

        foreach (var option in CommandFacts.Options(command))
        {
            var names = CommandFacts.TypedNames(option).Select(Flag);
            var value = CommandFacts.ValueOf(option) is null ? "" : " -x" + Values(Completes.Of(option));
            yield return Line(at, string.Join(' ', names) + value, option.Description);
        }

        foreach (var argument in CommandFacts.Arguments(command))
        {
            var completes = Completes.Of(argument);
            if (!completes.IsNothing)
            {
                yield return Line(at, Values(completes).TrimStart(), argument.Description);
            }
        }
    }

    /// <summary>fish calls an option of one hyphen and several letters an old one.</summary>
    private static string Flag(string name) =>
        name.StartsWith("--", StringComparison.Ordinal) ? $"-l {name[2..]}"
        : name.Length == 2 ? $"-s {name[1..]}"
        : $"-o {name[1..]}";

    private static string Values(Completes completes)
    {
        var values = string.Join(
            ' ',
            completes
                .Words.Append(completes.Labs ? "(__pgpoollab_labs)" : "")
                .Append(completes.Folders ? "(__fish_complete_directories)" : "")
                .Append(completes.Files ? "(__fish_complete_path)" : "")
                .Append(completes.Programs ? "(__fish_complete_command)" : "")
                .Where(w => w.Length > 0)
        );
        return values.Length == 0 ? "" : $" -a {Quote(values)}";
    }

    private static string Line(string condition, string what, string? description) =>
        $"complete -c pgpoollab -n {Quote(condition)} {what}"
        + $"{(string.IsNullOrEmpty(description) ? "" : $" -d {Quote(description)}")}\n";

    /// <summary>In fish only these two have a meaning between single quotes.</summary>
    internal static string Quote(string text) =>
        $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";
}
