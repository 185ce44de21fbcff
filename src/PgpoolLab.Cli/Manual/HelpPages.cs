using System.CommandLine;
using System.CommandLine.Invocation;
using PgpoolLab.Cli.Startup;

namespace PgpoolLab.Cli.Manual;

/// <summary>Shows the help of the command it was asked on.</summary>
/// <param name="width">Of the window, in columns.</param>
internal sealed class ShowHelp(int width) : SynchronousCommandLineAction
{
    /// <summary>Who asks for help may have made a mistake.</summary>
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        HelpPages.Print(parseResult.CommandResult.Command, parseResult.InvocationConfiguration.Output, width);
        return 0;
    }
}

/// <summary>The help screens: the program's with its commands in groups, a command's with examples.</summary>
internal static class HelpPages
{
    private const string Indent = "  ";

    /// <summary>Prints the help of a command, fit for a window.</summary>
    internal static void Print(Command command, TextWriter output, int width)
    {
        Section(output, "Description", () => Paragraph(output, command.Description ?? "", width));
        Section(output, "Usage", () => output.WriteLine(Indent + CommandFacts.Usage(command)));
        if (command is ProgramCommand)
        {
            Groups(command, output, width);
        }

        var arguments = CommandFacts.Arguments(command);
        Columns(output, "Arguments", arguments, a => $"<{a.Name}>", CommandFacts.Description, width);
        Columns(output, "Options", CommandFacts.Options(command), Label, CommandFacts.Description, width);
        if (command is ProgramCommand)
        {
            output.WriteLine($"See it work:        {Invocation.Name} demo");
            output.WriteLine($"Make a first lab:   {Invocation.Name} up my-lab");
            output.WriteLine($"More on a command:  {Invocation.Name} help COMMAND");
            return;
        }

        Columns(output, "Commands", CommandFacts.Commands(command), c => c.Name, c => c.Description ?? "", width);
        Examples(command, output);
    }

    private static void Groups(Command root, TextWriter output, int width)
    {
        var commands = CommandFacts.Commands(root);
        // One column for all groups.
        var names = commands.Max(c => c.Name.Length);
        foreach (var group in commands.GroupBy(c => CommandGuides.Of(c).Group ?? CommandGroup.More).OrderBy(g => g.Key))
        {
            Columns(
                output,
                group.Key.Title(),
                [.. group],
                c => c.Name.PadRight(names),
                c => c.Description ?? "",
                width
            );
        }
    }

    internal static string Label(Option option) =>
        string.Join(", ", CommandFacts.Names(option))
        + (CommandFacts.ValueOf(option) is { } value ? $" <{value}>" : "");

    private static void Examples(Command command, TextWriter output)
    {
        var examples = CommandGuides.Of(command).Examples;
        if (examples.Count == 0)
        {
            return;
        }

        output.WriteLine("Examples:");
        output.Write(
            // To be pasted: never broken to fit the window.
            string.Join("\n", examples.Select(e => $"{Indent}# {e.Effect}\n{Indent}{e.Line}\n"))
        );
        output.WriteLine();
    }

    private static void Section(TextWriter output, string title, Action write)
    {
        output.WriteLine($"{title}:");
        write();
        output.WriteLine();
    }

    private static void Columns<T>(
        TextWriter output,
        string title,
        IReadOnlyList<T> rows,
        Func<T, string> label,
        Func<T, string> text,
        int width
    )
    {
        if (rows.Count == 0)
        {
            return;
        }

        // A label longer than this has its text below it.
        var limit = Math.Max(16, width * 2 / 5);
        var column = rows.Select(r => label(r).Length).Where(l => l <= limit).DefaultIfEmpty(0).Max() + 2;
        Section(
            output,
            title,
            () =>
            {
                foreach (var row in rows)
                {
                    var name = label(row);
                    var lines = Wrap(text(row), width - Indent.Length - column);
                    if (name.Length + 2 > column)
                    {
                        output.WriteLine(Indent + name);
                        name = "";
                    }

                    foreach (var line in lines)
                    {
                        output.WriteLine((Indent + name.PadRight(column) + line).TrimEnd());
                        name = "";
                    }
                }
            }
        );
    }

    private static void Paragraph(TextWriter output, string text, int width)
    {
        foreach (var line in Wrap(text, width - Indent.Length))
        {
            output.WriteLine(Indent + line);
        }
    }

    /// <summary>Breaks a text between words; a word that is longer than a line keeps its own.</summary>
    private static List<string> Wrap(string text, int width)
    {
        var lines = new List<string> { "" };
        foreach (var word in text.Split(' '))
        {
            if (lines[^1].Length > 0 && lines[^1].Length + 1 + word.Length > width)
            {
                // Two spaces set a command apart; at the end of a line they are none.
                lines[^1] = lines[^1].TrimEnd();
                lines.Add(word);
            }
            else
            {
                lines[^1] = lines.Count == 1 && lines[0].Length == 0 ? word : $"{lines[^1]} {word}";
            }
        }

        return lines;
    }
}
