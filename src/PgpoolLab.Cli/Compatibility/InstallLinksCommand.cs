using System.CommandLine;
using PgpoolLab.Cli.Commands;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Compatibility;

/// <summary><c>install-links</c>: small programs by which scripts call this one as pgpool_setup and
/// watchdog_setup.</summary>
internal static class InstallLinksCommand
{
    internal static Command Create(Terminal terminal)
    {
        var folder = new Argument<string>("DIR") { Description = "Where to put them; created if it is not there" };
        CommandLine.RequireFolder(folder);
        var force = new Option<bool>("--force") { Description = "Replace other programs of these names" };
        var command = new Command(
            "install-links",
            "Install pgpool_setup and watchdog_setup in a folder, so that old scripts call this program"
        )
        {
            folder,
            force,
        }.Guide(
            CommandGroup.More,
            ("pgpoollab install-links ~/bin", "Have old scripts that call pgpool_setup use this program")
        );
        command.SetAction(parsed =>
        {
            var directory = Directory.CreateDirectory(parsed.GetValue(folder)!).FullName;
            var program = Invocation.ForScripts();
            foreach (var name in PgpoolSetupCommand.Names)
            {
                RequireRoom(Path.Combine(directory, name), parsed.GetValue(force));
            }

            foreach (var name in PgpoolSetupCommand.Names)
            {
                SetupWrapper.Write(Path.Combine(directory, name), SetupWrapper.Text(name, program));
            }

            terminal.Say(
                $"Old scripts use this program with:  export {Variable("PGPOOL_SETUP", PgpoolSetupCommand.Name)} "
                    + $"{Variable("WATCHDOG_SETUP", PgpoolSetupCommand.WatchdogName)}"
            );
            return (int)ExitCode.Done;

            string Variable(string variable, string name) => $"{variable}={Shell.Quote(Path.Combine(directory, name))}";
        });
        return command;
    }

    /// <summary>Refuses to replace what is not ours.</summary>
    private static void RequireRoom(string path, bool force)
    {
        var file = new FileInfo(path);
        if (file.LinkTarget is null && Directory.Exists(path))
        {
            throw new LabException(ExitCode.InTheWay, $"{path} is a folder.")
            {
                Hints = ["Delete it, or name another folder."],
            };
        }

        if (!force && (file.Exists || file.LinkTarget is not null) && !IsOurs(file))
        {
            throw new LabException(
                ExitCode.InTheWay,
                $"{path} is there already{(file.LinkTarget is null ? "" : $", a link to {file.LinkTarget}")}."
            )
            {
                Hints = ["Replace it:  --force", "Or name another folder."],
            };
        }
    }

    /// <summary>Of this program, or of another copy of it that may be gone. Earlier releases made links to
    /// it.</summary>
    private static bool IsOurs(FileInfo file) =>
        file.LinkTarget is { } target
            ? Path.GetFileName(target) == Invocation.Name || Identity.RealPath(file.FullName) == Environment.ProcessPath
            : SetupWrapper.ProgramOf(file.FullName) is not null;
}
