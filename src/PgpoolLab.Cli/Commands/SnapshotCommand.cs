using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Snapshots;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>snapshot save</c>, <c>restore</c>, <c>list</c> and <c>drop</c>: a lab as it was at one moment.</summary>
internal static class SnapshotCommand
{
    internal static Command Create(Terminal terminal) =>
        new Command("snapshot", "Save the whole lab as it is, running or not, and put it back later")
        {
            Save(terminal),
            Restore(terminal),
            List(terminal),
            Drop(terminal),
        }
            .Guide(
                CommandGroup.Run,
                ("pgpoollab snapshot save", "Save the lab as it is now; it goes on running"),
                ("pgpoollab snapshot restore", "Put it back to that: data, roles, settings, who is primary"),
                ("pgpoollab snapshot list", "Show which snapshots there are, and their sizes")
            )
            .Synonyms("backup", "checkpoint", "savepoint");

    private static Argument<string> NameOf(string description) =>
        new("NAME")
        {
            Description = description,
            DefaultValueFactory = _ => SnapshotStore.DefaultName,
            Arity = ArgumentArity.ZeroOrOne,
        };

    private static Command Save(Terminal terminal)
    {
        var name = NameOf($"What to call it (default: {SnapshotStore.DefaultName})");
        var replace = new Option<bool>("--replace")
        {
            Description = "Put it in the place of the one that has the name",
        };
        var command = new Command(
            "save",
            "Save the lab as it is: all nodes at the same moment. Of one that runs, clients wait for that moment and "
                + "lose nothing"
        )
        {
            name,
            replace,
            CommandLine.DryRun,
            CommandLine.Lab,
            CommandLine.Json,
        }.Guide(
            ("pgpoollab snapshot save", "Save the lab as it is now"),
            ("pgpoollab snapshot save before-upgrade", "Give the snapshot a name"),
            ("pgpoollab snapshot save --replace", "Save it again, in the place of the one before")
        );
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var lab = LabCommand.Open(parsed);
                using var progress = new ProgressView(terminal);
                var context = Terminal.Operation(progress);
                if (parsed.GetValue(CommandLine.DryRun))
                {
                    await LabCommand.ShowPlansAsync(
                        terminal,
                        lab,
                        parsed,
                        show =>
                            new SnapshotVerbs(new PlanRun(context, lab, show)).SaveAsync(
                                parsed.GetValue(name)!,
                                parsed.GetValue(replace),
                                cancellationToken
                            )
                    );
                    return (int)ExitCode.Done;
                }

                var saved = await new SnapshotVerbs(new PlanRun(context, lab)).SaveAsync(
                    parsed.GetValue(name)!,
                    parsed.GetValue(replace),
                    cancellationToken
                );
                progress.Dispose();
                terminal.Say(SnapshotView.Saved(lab, saved!));
                if (parsed.GetValue(CommandLine.Json))
                {
                    terminal.Out.WriteLine(SnapshotOutcome.Of(lab, saved!).ToJson());
                }

                return (int)ExitCode.Done;
            }
        );
        return command;
    }

    private static Command Restore(Terminal terminal)
    {
        var name = NameOf($"Which (default: {SnapshotStore.DefaultName})");
        var command = new Command(
            "restore",
            "Put the lab back to a snapshot: what it has now is thrown away. It runs afterwards if it ran before"
        )
        {
            name,
            CommandLine.DryRun,
            CommandLine.Lab,
            CommandLine.Json,
        }.Guide(
            ("pgpoollab snapshot restore", "Put the lab back to its snapshot"),
            ("pgpoollab snapshot restore before-upgrade", "Put it back to the one of that name"),
            ("pgpoollab snapshot restore --dry-run", "Show what would be done, and do nothing")
        );
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var lab = LabCommand.Open(parsed);
                using var progress = new ProgressView(terminal);
                var context = Terminal.Operation(progress);
                if (parsed.GetValue(CommandLine.DryRun))
                {
                    await LabCommand.ShowPlansAsync(
                        terminal,
                        lab,
                        parsed,
                        show =>
                            new SnapshotVerbs(new PlanRun(context, lab, show)).RestoreAsync(
                                parsed.GetValue(name)!,
                                cancellationToken
                            )
                    );
                    return (int)ExitCode.Done;
                }

                var began = TimeProvider.System.GetTimestamp();
                var restored = await new SnapshotVerbs(new PlanRun(context, lab)).RestoreAsync(
                    parsed.GetValue(name)!,
                    cancellationToken
                );
                var elapsed = TimeProvider.System.GetElapsedTime(began);
                progress.Dispose();
                terminal.Say(SnapshotView.Restored(restored, elapsed));
                if (parsed.GetValue(CommandLine.Json))
                {
                    terminal.Out.WriteLine(
                        (SnapshotOutcome.Of(restored.Lab, restored.Snapshot) with { IsUp = restored.Started }).ToJson()
                    );
                }

                return (int)ExitCode.Done;
            }
        );
        return command;
    }

    private static Command List(Terminal terminal)
    {
        var command = new Command("list", "List the lab's snapshots: when they were saved, how large, of which nodes")
        {
            CommandLine.Lab,
            CommandLine.Json,
        }.Guide(("pgpoollab snapshot list", "Show the snapshots of the lab around the current folder"));
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                var lab = LabCommand.Open(parsed);
                var all = new SnapshotStore(lab.Paths).List(cancellationToken);
                if (parsed.GetValue(CommandLine.Json))
                {
                    terminal.Out.WriteLine(ListedSnapshot.ToJson(all));
                }
                else
                {
                    SnapshotView.Print(terminal, lab, all);
                }

                return Task.FromResult((int)ExitCode.Done);
            }
        );
        return command;
    }

    private static Command Drop(Terminal terminal)
    {
        var name = NameOf($"Which (default: {SnapshotStore.DefaultName})");
        var command = new Command("drop", "Delete a snapshot") { name, CommandLine.Lab, CommandLine.Json }
            .Guide(("pgpoollab snapshot drop before-upgrade", "Delete a snapshot; the lab stays as it is"))
            .Synonyms("delete", "rm");
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var lab = LabCommand.Open(parsed);
                using var progress = new ProgressView(terminal);
                var dropped = parsed.GetValue(name)!;
                await new SnapshotVerbs(new PlanRun(Terminal.Operation(progress), lab)).DropAsync(
                    dropped,
                    cancellationToken
                );
                progress.Dispose();
                terminal.Say($"The snapshot '{dropped}' of the lab '{lab.Name}' is gone.");
                if (parsed.GetValue(CommandLine.Json))
                {
                    terminal.Out.WriteLine(new DroppedSnapshot(lab.Name, lab.Root, dropped).ToJson());
                }

                return (int)ExitCode.Done;
            }
        );
        return command;
    }
}
