using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>man</c>: the manual pages.</summary>
internal static class ManCommand
{
    internal static Command Create(Terminal terminal)
    {
        var folder = new Argument<string?>("DIR")
        {
            Description =
                "A folder of manuals, as MANPATH names them: the pages go to its man1; by default the main page is "
                + "printed",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("man", "Print the manual page, or write all of them, one for each command")
        {
            folder,
        }.Guide(
            CommandGroup.More,
            ("pgpoollab man | man -l -", "Read the main page"),
            ("pgpoollab man ~/.local/share/man", "Write all pages; then:  man pgpoollab-setup")
        );
        folder.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: "" }])
            {
                result.AddError("DIR is empty; it must be a folder.");
            }
        });
        command.SetAction(parsed =>
        {
            var root = parsed.RootCommandResult.Command;
            if (parsed.GetValue(folder) is not { } target)
            {
                terminal.Verbatim.Write(ManPage.Of(root));
                return (int)ExitCode.Done;
            }

            var section = Directory.CreateDirectory(Path.Combine(Path.GetFullPath(target), "man1")).FullName;
            var commands = CommandFacts.All(root).Prepend(root).ToArray();
            foreach (var page in commands)
            {
                File.WriteAllText(Path.Combine(section, $"{ManPage.NameOf(page)}.1"), ManPage.Of(page));
            }

            terminal.Say($"{commands.Length} pages written to {section}.");
            return (int)ExitCode.Done;
        });
        return command;
    }
}
