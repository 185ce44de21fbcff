using System.CommandLine;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Clusters;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Reports;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>destroy</c>: stops a lab and removes exactly what belongs to it; <c>destroy --orphans</c>: removes what
/// nobody looks after any more.</summary>
internal static class DestroyCommand
{
    internal static Command Create(Terminal terminal)
    {
        var labArgument = new Argument<string?>("LAB")
        {
            Description = "The lab, by name or folder (default: the one that the current folder is in)",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var orphans = new Option<bool>("--orphans")
        {
            Description =
                "Instead of one lab, remove all that is left over: labs whose setup was killed, and servers and "
                + "sockets of labs whose folder was deleted by hand",
        };
        var all = new Option<bool>("--all")
        {
            Description = "For root, with --orphans: the leftovers of every user of this machine",
        };
        var resume = new Option<bool>("--resume")
        {
            Description =
                "Go on with a lab on several hosts of which one did not answer; without LAB, with all such labs",
        };
        var giveUp = new Option<string[]>("--give-up")
        {
            Description = "Of a lab on several hosts: give up what is left on a host that will never answer again",
            HelpName = "HOST",
            DefaultValueFactory = _ => [],
        };
        var yes = new Option<bool>("--yes", "-y")
        {
            Description =
                "Delete files of your own in the lab's folders, too (default: on a terminal it asks, elsewhere they "
                + "stay)",
        };
        var command = new Command(
            "destroy",
            "Stop a lab and delete everything that belongs to it, also when it is half made"
        )
        {
            labArgument,
            CommandLine.Lab,
            orphans,
            all,
            resume,
            giveUp,
            CommandLine.DryRun,
            yes,
            CommandLine.Json,
        }
            .Guide(
                CommandGroup.Make,
                ("pgpoollab destroy", "Remove the lab around the current folder"),
                ("pgpoollab destroy demo --dry-run", "Show what would be stopped and deleted of the lab named demo"),
                ("pgpoollab destroy --orphans", "Remove what killed setups and deleted folders have left")
            )
            .Synonyms("rm", "remove", "delete", "drop");
        command.Validators.Add(result =>
        {
            if (
                result.GetValue(orphans)
                && (result.GetValue(labArgument) ?? result.GetValue(CommandLine.Lab)) is not null
            )
            {
                result.AddError("--orphans is for all labs; name none with it.");
            }

            if (
                result.GetValue(resume)
                && (
                    result.GetValue(orphans)
                    || result.GetValue(giveUp) is { Length: > 0 }
                    || result.GetValue(CommandLine.DryRun)
                )
            )
            {
                result.AddError("--resume does not go with --orphans, --give-up or --dry-run.");
            }

            if (result.GetValue(all) && !result.GetValue(orphans))
            {
                result.AddError("--all goes with --orphans.");
            }
            else if (result.GetValue(all) && !Identity.IsRoot)
            {
                result.AddError("--all removes the orphans of every user; only root can do that.");
            }

            if (result.GetValue(orphans) && (result.GetValue(CommandLine.DryRun) || result.GetValue(yes)))
            {
                result.AddError(
                    "--dry-run and --yes are for one lab. What --orphans would remove is shown by:  pgpoollab list"
                );
            }
        });
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                if (parsed.GetValue(orphans))
                {
                    return (int)
                        await OrphansAsync(
                            terminal,
                            parsed.GetValue(all),
                            parsed.GetValue(CommandLine.Json),
                            cancellationToken
                        );
                }

                var name = parsed.GetValue(labArgument) ?? parsed.GetValue(CommandLine.Lab);
                if (parsed.GetValue(resume) && name is null)
                {
                    return await SpreadCommands.ResumeDestroyAsync(terminal, cancellationToken);
                }

                LabManifest manifest;
                try
                {
                    manifest = LabCommand.Find(parsed, name);
                }
                catch (LabException error)
                    when (error.Code is ExitCode.NotFound && RemoveRemains(NamedLab.FolderOf(name)) is { } folder)
                {
                    terminal.Say(
                        $"There was no lab in {folder}, but what a command had left there that was killed; it is gone."
                    );
                    Report(terminal, parsed, new DestroyedInfo(null, folder, !Directory.Exists(folder), []));
                    return (int)ExitCode.Done;
                }

                if (SpreadCommands.OfWhole(manifest) is { } spread)
                {
                    return await SpreadCommands.DestroyAsync(
                        terminal,
                        spread,
                        parsed.GetValue(giveUp) ?? [],
                        cancellationToken
                    );
                }

                if (parsed.GetValue(resume) || parsed.GetValue(giveUp) is { Length: > 0 })
                {
                    throw new LabException(
                        ExitCode.Usage,
                        $"The lab '{manifest.Lab.Name}' is on one machine: --resume and --give-up are for those on "
                            + "several hosts."
                    );
                }

                var lab = manifest.Lab;

                var roots = Identity.IsRoot ? StateFolder.Open() : null;
                LabLocator.BecomeOwner(manifest, Composition.Process);
                var look = await LookAsync(terminal, lab, cancellationToken);
                if (parsed.GetValue(CommandLine.DryRun))
                {
                    LabCommand.ShowPlans(terminal, lab, parsed, DestroyPlans.Of(look, parsed.GetValue(yes)));
                    return (int)ExitCode.Done;
                }

                var deletesUsersFiles =
                    parsed.GetValue(yes)
                    || (
                        look.Facts is { UsersFiles: { Count: > 0 } usersFiles }
                        && await DestroyView.AskAsync(terminal, lab, usersFiles, cancellationToken)
                    );
                using var progress = new ProgressView(terminal);
                var operation = Terminal.Operation(progress);
                var result = await new DestroyOperation(operation).ExecuteAsync(
                    lab,
                    deletesUsersFiles,
                    cancellationToken
                );
                if (manifest.State is LabState.Creating)
                {
                    await ClearCacheAsync(operation);
                }

                RemoveWrappers(roots);
                progress.Dispose();
                var gone = $"is gone{(result.FolderIsGone ? ", and its folder with it" : "")}.";
                terminal.Say(
                    lab.Former is { HasOriginal: true } original
                        ? $"The copy {lab.Root} of the lab '{lab.Name}' {gone} The lab itself in {original.Root} "
                            + "is as it was."
                        : $"The lab '{lab.Name}' {gone}"
                );
                if (result.Left.Count > 0)
                {
                    terminal.Say($"Left in {lab.Root}, as it is not the lab's: {string.Join(", ", result.Left)}");
                }

                Report(terminal, parsed, new DestroyedInfo(lab.Name, lab.Root, result.FolderIsGone, result.Left));
                return (int)ExitCode.Done;
            }
        );
        return command;
    }

    /// <summary>A setup may have been killed while it filled the cache. The lab is gone, whatever the cache is
    /// like.</summary>
    private static async Task ClearCacheAsync(OperationContext operation)
    {
        try
        {
            if (ClusterCache.OfThereIs(operation.Host, operation.Probes, operation.Time) is { } cache)
            {
                await cache.ClearUnfinishedAsync();
            }
        }
        catch (Exception error) when (error is LabException or IOException or UnauthorizedAccessException)
        {
            operation.Note($"The cache was not cleared: {error.Message} Clear it with:  pgpoollab cache clear");
        }
    }

    private static void Report(Terminal terminal, ParseResult parsed, DestroyedInfo outcome)
    {
        if (parsed.GetValue(CommandLine.Json))
        {
            terminal.Out.WriteLine(outcome.ToJson());
        }
    }

    /// <summary>Those that env has made for the lab's user, and for root.</summary>
    /// <param name="roots">Root's state folder, when root called.</param>
    private static void RemoveWrappers(string? roots)
    {
        try
        {
            Wrappers.RemoveOfGoneLabs(StateFolder.Open());
            if (roots is not null)
            {
                Identity.WithOriginalRights(() => Wrappers.RemoveOfGoneLabs(roots));
            }
        }
        catch (Exception error) when (error is LabException or IOException or UnauthorizedAccessException)
        {
            // The next env removes them; they lie where only their user could use them.
        }
    }

    /// <summary>Removes what a command has left in a folder that was killed before there was a lab, or after.</summary>
    /// <returns>The folder; null when there is no such thing.</returns>
    private static string? RemoveRemains(string folder)
    {
        var any = LabRemains.AreIn(folder);
        if (any)
        {
            LabRemains.Remove(folder, Composition.Process);
        }

        if (!LabFolder.GiveBackNoted(folder) && !any)
        {
            return null;
        }

        // It may have leased its ports before it was killed.
        PortLeases.OfThisMachine.Sweep();
        return folder;
    }

    private static async Task<DestroyLook> LookAsync(Terminal terminal, Lab lab, CancellationToken cancellationToken)
    {
        using var progress = new ProgressView(terminal);
        return await new DestroyOperation(Terminal.Operation(progress)).LookCloselyAsync(lab, cancellationToken);
    }

    private static async Task<ExitCode> OrphansAsync(
        Terminal terminal,
        bool ofAllUsers,
        bool json,
        CancellationToken cancellationToken
    )
    {
        OrphansReport report;
        using (var progress = new ProgressView(terminal))
        {
            report = await new DestroyOrphansOperation(Terminal.Operation(progress)).ExecuteAsync(
                ofAllUsers,
                cancellationToken
            );
        }

        if (json)
        {
            terminal.Out.WriteLine(report.ToJson());
        }
        else
        {
            OrphansView.Print(terminal, report);
        }

        return report.IsIncomplete ? ExitCode.UndoFailed : ExitCode.Done;
    }
}
