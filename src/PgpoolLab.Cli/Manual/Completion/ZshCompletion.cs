using System.CommandLine;
using PgpoolLab.Hosts;

namespace PgpoolLab.Cli.Manual.Completion;

/// <summary>The script for zsh's own completion system.</summary>
internal static class ZshCompletion
{
    internal static string Script(Command root) =>
        string.Join(
            '\n',
            "#compdef pgpoollab",
            "# Completion for zsh, made by: pgpoollab completion zsh",
            "",
            Function(root),
            string.Concat(
                CommandFacts.All(root).Where(c => CommandFacts.Commands(c).Count > 0).Select(c => Function(c) + "\n")
            ) + "_pgpoollab_labs() {",
            "    local -a labs",
            "    labs=(\"${(@f)$(pgpoollab list --names 2>/dev/null)}\")",
            "    compadd -a labs",
            "}",
            "",
            // As a file of fpath it is the function itself; evaluated in a shell it makes itself known.
            "if [[ $funcstack[1] == _pgpoollab ]]; then",
            "    _pgpoollab \"$@\"",
            "else",
            "    compdef _pgpoollab pgpoollab",
            "fi",
            ""
        );

    /// <summary>Of a command with others below it.</summary>
    private static string Function(Command command)
    {
        var below = CommandFacts.Commands(command);
        var lines = new List<string>
        {
            $"{NameOf(command)}() {{",
            "    local curcontext=$curcontext state line",
            "    local -a commands",
            $"    {Arguments(command, "'1: :->command' '*:: :->rest'")}",
            "    case $state in",
            "    command)",
            "        commands=(",
        };
        lines.AddRange(below.Select(c => $"            {Shell.Quote($"{c.Name}:{c.Description}")}"));
        lines.AddRange([
            "        )",
            "        _describe command commands",
            "        ;;",
            "    rest)",
            "        case $words[1] in",
        ]);
        lines.AddRange(
            below.Select(c =>
                $"        {c.Name}) {(CommandFacts.Commands(c).Count > 0 ? NameOf(c) : Arguments(c, Positions(c)))} ;;"
            )
        );
        lines.AddRange(["        esac", "        ;;", "    esac", "}", ""]);
        return string.Join('\n', lines);
    }

    private static string NameOf(Command command) =>
        "_pgpoollab"
        + string.Concat(
            CommandFacts.PathOf(command).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => $"_{w}")
        );

    private static string Arguments(Command command, string positions) =>
        "_arguments -C -s "
        + string.Join(
            ' ',
            CommandFacts.Options(command).SelectMany(Specifications).Append(positions).Where(p => p.Length > 0)
        );

    private static IEnumerable<string> Specifications(Option option)
    {
        var names = CommandFacts.TypedNames(option);
        var repeatable = option.Arity.MaximumNumberOfValues > 1;
        var excluded =
            repeatable ? "*"
            : names.Count > 1 ? $"({string.Join(' ', names)})"
            : "";
        var value = CommandFacts.ValueOf(option) is { } name ? $":{Plain(name)}:{Action(Completes.Of(option))}" : "";
        return names.Select(n =>
        {
            var separator =
                value.Length == 0 ? ""
                : n.StartsWith("--", StringComparison.Ordinal) ? "="
                : "";
            return Shell.Quote($"{excluded}{n}{separator}[{Plain(option.Description ?? "")}]{value}");
        });
    }

    private static string Positions(Command command) =>
        string.Join(
            ' ',
            CommandFacts
                .Arguments(command)
                .Select(
                    (a, i) =>
                        Shell.Quote(
                            (a.Arity.MaximumNumberOfValues > 1 ? "*" : $"{i + 1}")
                                + $":{Plain(a.Name)}:{Action(Completes.Of(a))}"
                        )
                )
        );

    private static string Action(Completes completes)
    {
        string[] actions =
        [
            .. completes.Words.Count > 0 ? (string[])[$"({string.Join(' ', completes.Words)})"] : [],
            .. completes.Labs ? (string[])["labs:lab:_pgpoollab_labs"] : [],
            .. completes.Folders ? (string[])["folders:folder:_files -/"] : [],
            .. completes.Files ? (string[])["files:file:_files"] : [],
            .. completes.Programs ? (string[])["programs:program:_command_names -e"] : [],
        ];
        return actions.Length switch
        {
            0 => " ",
            1 => actions[0].Split(':')[^1],
            // The space: it gets none of the arguments that are for compadd.
            _ => $" _alternative {string.Join(' ', actions.Select(Shell.Quote))}",
        };
    }

    /// <summary>Without what has a meaning in a specification.</summary>
    private static string Plain(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("[", "\\[", StringComparison.Ordinal)
            .Replace("]", "\\]", StringComparison.Ordinal)
            .Replace(":", "\\:", StringComparison.Ordinal);
}
