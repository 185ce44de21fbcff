using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>templates export</c>: writes the built-in templates out, to be edited and used with
/// <c>--templates</c>.</summary>
internal static class TemplatesCommand
{
    internal static Command Create(Terminal terminal)
    {
        var directory = new Argument<string>("DIR")
        {
            Description = "Folder to write to; files that are there already are kept",
        };
        CommandLine.RequireFolder(directory);
        var export = new Command("export", "Copy every template to DIR") { directory }.Guide(
            (
                "pgpoollab templates export my-templates",
                "Write them to my-templates; then:  pgpoollab setup --templates my-templates DIR"
            )
        );
        export.SetAction(parsed =>
        {
            var target = Path.GetFullPath(parsed.GetValue(directory)!);
            var written = TemplateStore.Names.Count(name =>
                Write(Path.Combine(target, name), TemplateStore.BuiltIn(name))
            );
            var kept = TemplateStore.Names.Count - written;
            terminal.Say(
                $"{written} templates written to "
                    + target
                    + (kept > 0 ? $"; {kept} were there already and are kept." : ".")
            );
            terminal.Say("Delete those you do not change: those that are missing are taken from the program.");
            return (int)ExitCode.Done;
        });
        return new Command("templates", "Copy the templates of the files that setup generates, to change them")
        {
            export,
        }.Guide(
            CommandGroup.More,
            ("pgpoollab templates export my-templates", "Write them to a folder, to change some")
        );
    }

    private static bool Write(string file, string text)
    {
        if (File.Exists(file))
        {
            return false;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        return true;
    }
}
