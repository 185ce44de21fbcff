using System.Collections;
using System.CommandLine;
using PgpoolLab.Cli.Startup;

namespace PgpoolLab.Cli.Manual;

/// <summary>What help, manual pages and completion say of a command, all from its definition.</summary>
internal static class CommandFacts
{
    /// <summary>The words that lead to a command, with a space behind each; empty for the program itself.</summary>
    internal static string PathOf(Command command) =>
        command is ProgramCommand
            ? ""
            : string.Concat(command.Parents.OfType<Command>().Take(1).Select(PathOf)) + command.Name + " ";

    /// <summary>The commands below one, in their order.</summary>
    internal static IReadOnlyList<Command> Commands(Command command) => [.. command.Subcommands.Where(c => !c.Hidden)];

    /// <summary>All commands below one, and those below them.</summary>
    internal static IEnumerable<Command> All(Command command) => Commands(command).SelectMany(c => All(c).Prepend(c));

    internal static IReadOnlyList<Argument> Arguments(Command command) => [.. command.Arguments.Where(a => !a.Hidden)];

    /// <summary>A command's own options, then those that all commands have.</summary>
    internal static IReadOnlyList<Option> Options(Command command) =>
        [
            .. command
                .Options.Concat(command.Parents.OfType<Command>().SelectMany(Above).Where(o => o.Recursive))
                .Where(o => !o.Hidden),
        ];

    /// <summary>Its names, the short ones first.</summary>
    internal static IReadOnlyList<string> Names(Option option) =>
        [
            .. option
                .Aliases.Prepend(option.Name)
                .Distinct()
                .OrderBy(n => n.StartsWith("--", StringComparison.Ordinal))
                .ThenBy(n => n, StringComparer.Ordinal),
        ];

    /// <summary>The names that somebody types: <c>-?</c> is a pattern to most shells.</summary>
    internal static IReadOnlyList<string> TypedNames(Option option) => [.. Names(option).Where(n => n != "-?")];

    /// <summary>The name of its value; null for one that is only given or not.</summary>
    internal static string? ValueOf(Option option) =>
        option.Arity.MaximumNumberOfValues == 0 || option.ValueType == typeof(bool)
            ? null
            : option.HelpName ?? option.Name.TrimStart('-').ToUpperInvariant();

    /// <summary>As in <c>pgpoollab psql [&lt;TARGET&gt; [&lt;ARGS&gt;...]] [options]</c>.</summary>
    internal static string Usage(Command command)
    {
        var program =
            command is ProgramCommand ? Invocation.Name
            : command.Parents.Any() ? $"{Invocation.Name} {PathOf(command).TrimEnd()}"
            : command.Name;
        var arguments = Arguments(command)
            .Reverse()
            .Aggregate(
                "",
                (rest, a) =>
                {
                    var text = $"<{a.Name}>{(a.Arity.MaximumNumberOfValues > 1 ? "..." : "")}";
                    return a.Arity.MinimumNumberOfValues > 0 ? $" {text}{rest}" : $" [{text}{rest}]";
                }
            );
        return $"{program}{(Commands(command).Count > 0 ? " [command]" : "")}{arguments} [options]";
    }

    /// <summary>What an option or an argument means, with its default.</summary>
    internal static string Description(Symbol symbol)
    {
        var value = symbol switch
        {
            Option { HasDefaultValue: true } option => option.GetDefaultValue(),
            Argument { HasDefaultValue: true } argument => argument.GetDefaultValue(),
            _ => null,
        };
        var text = value switch
        {
            null or false => "",
            string single => single,
            Enum word => word.ToString().ToLowerInvariant(),
            IEnumerable => "",
            _ => value.ToString() ?? "",
        };
        return (symbol.Description ?? "") + (text.Length > 0 ? $" (default: {text})" : "");
    }

    private static IEnumerable<Option> Above(Command command) =>
        command.Options.Concat(command.Parents.OfType<Command>().SelectMany(Above));
}
