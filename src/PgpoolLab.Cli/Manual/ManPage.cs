using System.CommandLine;
using System.Text;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Manual;

/// <summary>A command's manual page, in the macros of man(7).</summary>
internal static class ManPage
{
    /// <summary>The name of a page, as in <c>pgpoollab-cache-list</c>.</summary>
    internal static string NameOf(Command command) =>
        $"{Invocation.Name} {CommandFacts.PathOf(command)}".TrimEnd().Replace(' ', '-');

    internal static string Of(Command command)
    {
        var page = new StringBuilder();
        var name = NameOf(command);
        // No date: the same program makes the same page.
        Line($".\\\" Made by: {Invocation.Name} man");
        Line($".TH {name.ToUpperInvariant()} 1 \"\" \"{Invocation.Name} {ProgramVersion.Text}\" \"PgpoolLab\"");
        Section("NAME");
        Line($"{Text(name)} \\- {Text(Summary(command))}");
        Section("SYNOPSIS");
        Line(Bold(CommandFacts.Usage(command)));
        Section("DESCRIPTION");
        Line(Text((command.Description ?? "").TrimEnd('.') + "."));
        Entries("ARGUMENTS", CommandFacts.Arguments(command), a => a.Name, CommandFacts.Description);
        if (command is ProgramCommand)
        {
            Section("COMMANDS");
            foreach (
                var group in CommandFacts
                    .Commands(command)
                    .GroupBy(c => CommandGuides.Of(c).Group ?? CommandGroup.More)
                    .OrderBy(g => g.Key)
            )
            {
                Line($".SS {Text(group.Key.Title())}");
                Tagged(group, c => c.Name, c => c.Description ?? "");
            }
        }
        else
        {
            Entries("COMMANDS", CommandFacts.Commands(command), c => c.Name, c => c.Description ?? "");
        }

        Entries("OPTIONS", CommandFacts.Options(command), HelpPages.Label, CommandFacts.Description);
        if (command is ProgramCommand)
        {
            Entries("EXIT STATUS", Enum.GetValues<ExitCode>(), c => $"{(int)c}", Meaning);
        }

        var examples = CommandGuides.Of(command).Examples;
        if (examples.Count > 0)
        {
            Section("EXAMPLES");
            foreach (var example in examples)
            {
                Line(".PP");
                Line(Text(example.Effect) + ":");
                Line(".PP");
                Line(".nf");
                Line($".RS 4\n{Text(example.Line)}\n.RE");
                Line(".fi");
            }
        }

        Section("SEE ALSO");
        var others = SeeAlso(command).ToArray();
        foreach (var (other, index) in others.Select((o, i) => (o, i)))
        {
            Line($".BR {Text(other)} (1){(index < others.Length - 1 ? "," : "")}");
        }

        return page.ToString();

        void Line(string text) => page.Append(text).Append('\n');

        void Section(string title) =>
            Line($".SH {(title.Contains(' ', StringComparison.Ordinal) ? $"\"{title}\"" : title)}");

        void Entries<T>(string title, IReadOnlyList<T> entries, Func<T, string> tag, Func<T, string> text)
        {
            if (entries.Count > 0)
            {
                Section(title);
                Tagged(entries, tag, text);
            }
        }

        void Tagged<T>(IEnumerable<T> entries, Func<T, string> tag, Func<T, string> text)
        {
            foreach (var entry in entries)
            {
                Line(".TP");
                Line(Bold(tag(entry)));
                Line(Text(text(entry)));
            }
        }
    }

    internal static string Meaning(ExitCode code) =>
        code switch
        {
            ExitCode.Done => "Done.",
            ExitCode.Failed => "It failed for a reason that has no code of its own.",
            ExitCode.Usage => "The command line was wrong; nothing was touched.",
            ExitCode.Missing => "A program, extension or right is missing on this machine; nothing was touched.",
            ExitCode.InTheWay => "A port, a folder or a lab of that name is in the way.",
            ExitCode.NotHealthy => "The servers came up wrong, or not in time.",
            ExitCode.NotFound => "There is no such lab or node.",
            ExitCode.Busy => "Another command is at work on this lab.",
            ExitCode.UndoFailed => "It failed, and not everything it had made could be undone.",
            ExitCode.Interrupted => "It was interrupted (Ctrl+C, SIGTERM, SIGHUP).",
            _ => throw new ArgumentOutOfRangeException(nameof(code), code, "This exit code has no meaning yet."),
        };

    private static IEnumerable<string> SeeAlso(Command command) =>
        command is ProgramCommand
            ? CommandFacts.All(command).Select(NameOf)
            : [.. command.Parents.OfType<Command>().Select(NameOf), .. CommandFacts.Commands(command).Select(NameOf)];

    /// <summary>As mandb indexes it: one line that begins with no capital.</summary>
    private static string Summary(Command command)
    {
        var text = (command.Description ?? "").Split([':', ';'])[0].TrimEnd('.');
        return text.Length == 0 ? text : char.ToLowerInvariant(text[0]) + text[1..];
    }

    private static string Bold(string text) => $"\\fB{Text(text)}\\fR";

    /// <summary>Text that means itself: groff_char(7), man(7).</summary>
    private static string Text(string text)
    {
        var escaped = text.Replace("\\", "\\e", StringComparison.Ordinal)
            .Replace("-", "\\-", StringComparison.Ordinal)
            .Replace("'", "\\(aq", StringComparison.Ordinal)
            .Replace("`", "\\(ga", StringComparison.Ordinal)
            .Replace("^", "\\(ha", StringComparison.Ordinal)
            .Replace("~", "\\(ti", StringComparison.Ordinal);
        return escaped.StartsWith('.') ? "\\&" + escaped : escaped;
    }
}
