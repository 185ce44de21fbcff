using System.CommandLine;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Compatibility;

/// <summary><c>install-links</c>: symbolic links by which scripts call this program as pgpool_setup and watchdog_setup.</summary>
internal static class InstallLinksCommand
{
    internal static Command Create(Terminal terminal)
    {
        var folder = new Argument<string>("DIR") { Description = "Where to make the links; created when it is not there" };
        CommandLine.RequireFolder(folder);
        var force = new Option<bool>("--force") { Description = "Replace what is there by those names" };
        var command = new Command("install-links", "Make links named pgpool_setup and watchdog_setup, by which old scripts call this program") { folder, force };
        command.SetAction(parsed =>
        {
            var directory = Directory.CreateDirectory(parsed.GetValue(folder)!).FullName;
            var target = Invocation.LinkTarget();
            foreach (var name in (string[])[PgpoolSetupCommand.Name, PgpoolSetupCommand.WatchdogName])
            {
                var link = new FileInfo(Path.Combine(directory, name));
                if (link.LinkTarget == target)
                {
                    continue;
                }

                if (link.Exists || link.LinkTarget is not null)
                {
                    if (!parsed.GetValue(force))
                    {
                        throw new LabException(ExitCode.InTheWay, $"{link.FullName} is there already{(link.LinkTarget is null ? "" : $", a link to {link.LinkTarget}")}.") { Hints = ["Replace it:  --force", "Or name another folder."] };
                    }

                    link.Delete();
                }

                link.CreateAsSymbolicLink(target);
            }

            terminal.Say($"Old scripts use this program with:  export PGPOOL_SETUP={Shell.Quote(Path.Combine(directory, PgpoolSetupCommand.Name))} WATCHDOG_SETUP={Shell.Quote(Path.Combine(directory, PgpoolSetupCommand.WatchdogName))}");
            return (int)ExitCode.Done;
        });
        return command;
    }
}
