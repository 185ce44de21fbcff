using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Snapshots;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>clone</c>: the same lab once more, beside it.</summary>
internal static class CloneCommand
{
    internal static Command Create(Terminal terminal, IReadOnlyList<string> arguments)
    {
        var source = new Argument<string>("LAB") { Description = "The lab, by name or folder" };
        var folder = new Argument<string>("NEWDIR") { Description = "The folder of the new one" };
        CommandLine.RequireFolder(source);
        CommandLine.RequireFolder(folder);
        var from = new Option<string?>("--from")
        {
            Description = "Make it of this snapshot (default: of the lab as it is now)",
            HelpName = "SNAPSHOT",
        };
        var name = new Option<string?>("--name") { Description = "The new lab's name (default: its folder's)" };
        var port = new Option<int?>("--port")
        {
            Description = "Its first port; the others follow (default: a free block)",
            HelpName = "PORT",
        };
        CommandLine.WholeNumber(port, number => (int?)number);
        var passwords = new Option<bool>("--new-passwords")
        {
            Description = "Give it passwords of its own (default: it has the other one's)",
        };
        var start = new Option<bool>("--start") { Description = "Start it (default: if the other one runs)" };
        var noStart = new Option<bool>("--no-start") { Description = "Leave it stopped" };
        var command = new Command(
            "clone",
            "Make the same lab once more: same nodes, data and settings, in another folder and on other ports"
        )
        {
            source,
            folder,
            from,
            name,
            port,
            passwords,
            start,
            noStart,
            CommandLine.Json,
        }
            .Guide(
                CommandGroup.Make,
                ("pgpoollab clone demo demo2", "Make a second lab like demo, which goes on running"),
                ("pgpoollab clone demo demo2 --from before-upgrade", "Make it of a snapshot of demo"),
                ("pgpoollab clone demo demo2 --new-passwords --no-start", "With passwords of its own, stopped")
            )
            .Synonyms("copy", "cp", "fork");
        command.Validators.Add(result =>
        {
            if (result.GetValue(start) && result.GetValue(noStart))
            {
                result.AddError("--start and --no-start exclude each other.");
            }
        });
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var began = TimeProvider.System.GetTimestamp();
                var manifest = LabCommand.Find(parsed, parsed.GetValue(source));
                var lab = LabLocator.RequireReady(manifest);
                CloneOperation.RequireSupport(lab);
                using var progress = new ProgressView(terminal);
                var context = Terminal.Operation(progress);
                var request = new CloneRequest(LabCommand.FolderOf(parsed.GetValue(folder)!))
                {
                    From = parsed.GetValue(from),
                    Name = parsed.GetValue(name),
                    Port = parsed.GetValue(port),
                    NewPasswords = parsed.GetValue(passwords),
                    Start =
                        parsed.GetValue(start) ? true
                        : parsed.GetValue(noStart) ? false
                        : null,
                };
                if (request.From is { } snapshot)
                {
                    _ = new SnapshotStore(lab.Paths).Read(snapshot);
                }

                LabFolder.RequireUsable(request.Directory);
                var origin = await LabCommand.PrepareAsync(context, manifest, request.Directory, cancellationToken);
                var clone = await new CloneOperation(context).ExecuteAsync(
                    lab,
                    request,
                    origin,
                    ["pgpoollab", .. arguments],
                    cancellationToken
                );
                progress.Dispose();
                terminal.Say(SnapshotView.Cloned(clone, TimeProvider.System.GetElapsedTime(began)));
                if (parsed.GetValue(CommandLine.Json))
                {
                    terminal.Out.WriteLine(LabInfo.Of(clone.Lab, clone.Started, []).ToJson());
                }

                return (int)ExitCode.Done;
            }
        );
        return command;
    }
}
