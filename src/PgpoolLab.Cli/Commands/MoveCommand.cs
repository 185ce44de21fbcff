using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Snapshots;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>move</c>: a lab to another folder.</summary>
internal static class MoveCommand
{
    internal static Command Create(Terminal terminal)
    {
        var source = new Argument<string>("LAB") { Description = "The lab, by name or folder" };
        var folder = new Argument<string>("DIR")
        {
            Description = "Where it is to lie: a folder that is empty or not there",
        };
        CommandLine.RequireFolder(source);
        CommandLine.RequireFolder(folder);
        var command = new Command(
            "move",
            "Move a lab to another folder, with all that names the old one: mv alone leaves a lab that does not work"
        )
        {
            source,
            folder,
            CommandLine.Json,
        }
            .Guide(
                CommandGroup.Make,
                ("pgpoollab move demo /var/tmp/demo", "Move the lab named demo; it runs afterwards if it ran before")
            )
            .Synonyms("mv", "rename");
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var manifest = LabCommand.Find(parsed, parsed.GetValue(source));
                var lab = LabLocator.RequireReady(manifest);
                if (lab.IsSpread)
                {
                    throw new LabException(
                        ExitCode.Usage,
                        "A lab on several hosts cannot be moved: each host has a part of it in a folder of its own."
                    );
                }

                var to = LabCommand.FolderOf(parsed.GetValue(folder)!);
                if (to == lab.Root || to.StartsWith(lab.Root + "/", StringComparison.Ordinal))
                {
                    throw new LabException(
                        ExitCode.Usage,
                        $"The lab cannot be moved into itself: it lies in {lab.Root}."
                    );
                }

                using var progress = new ProgressView(terminal);
                var context = Terminal.Operation(progress);
                LabFolder.RequireUsable(to);
                var origin = await LabCommand.PrepareAsync(context, manifest, to, cancellationToken);
                Lab moved;
                bool started;
                try
                {
                    (moved, started) = await new MoveOperation(context).ExecuteAsync(
                        lab,
                        origin,
                        to,
                        cancellationToken
                    );
                }
                catch
                {
                    // Only when it is still empty.
                    LabFolder.GiveBack(to, origin);
                    throw;
                }

                progress.Dispose();
                terminal.Say($"The lab '{moved.Name}' lies in {moved.Root} now{(started ? ", and runs" : "")}.");
                if (parsed.GetValue(CommandLine.Json))
                {
                    terminal.Out.WriteLine(LabInfo.Of(moved, started, []).ToJson());
                }

                return (int)ExitCode.Done;
            }
        );
        return command;
    }
}
