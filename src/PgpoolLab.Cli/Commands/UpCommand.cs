using System.CommandLine;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Export;
using PgpoolLab.Provisioning.LabFiles;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Provisioning.Tools;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>up -f</c> in the folder of a lab that is there: says what the file wants otherwise, and changes what can
/// be changed.</summary>
internal static class UpCommand
{
    internal static readonly Option<bool> Yes = new("--yes", "-y")
    {
        Description = "With -f, when the lab is there: change it without asking",
    };

    /// <summary>The lab that is in the folder already; null when there is none, and where no lab file was given: then
    /// the folder is in the way.</summary>
    internal static LabManifest? FindLab(SetupRequest request)
    {
        if (request.File is null || LabStore.FindRoot(request.Spec.Directory) != request.Spec.Directory)
        {
            return null;
        }

        return LabLocator.Find(request.Spec.Directory, Invocation.CurrentFolder);
    }

    /// <summary>Why a lab on several hosts is not changed.</summary>
    internal static LabException OnHosts(Lab lab) =>
        new(
            ExitCode.InTheWay,
            $"There is a lab '{lab.Name}' in {lab.Root}, and up -f changes labs on one machine only: one on several "
                + "hosts has its files on each of them."
        )
        {
            Hints =
            [
                $"Start it as it is:  pgpoollab startall --lab {Shell.Quote(lab.Name)}",
                $"Or make it again, without the data in it:  pgpoollab destroy {Shell.Quote(lab.Root)}",
            ],
        };

    internal static async Task<int> ChangeAsync(
        Terminal terminal,
        LabManifest manifest,
        SetupRequest request,
        LabSpec spec,
        ParseResult parsed,
        CancellationToken cancellationToken
    )
    {
        var lab = LabLocator.RequireReady(manifest);
        if (lab.IsSpread)
        {
            throw OnHosts(lab);
        }

        if (lab.PgpoolSetup is not null)
        {
            throw new LabException(
                ExitCode.InTheWay,
                $"The lab '{lab.Name}' in {lab.Root} was made by an old command line; a lab file does not change it."
            );
        }

        LabLocator.BecomeOwner(manifest, Composition.Process);
        LabIndex.RegisterAgain(lab);
        var json = parsed.GetValue(CommandLine.Json);
        var dryRun = IsDry(parsed);
        using var progress = new ProgressView(terminal);
        var context = Terminal.Operation(progress) with { NameOf = request.NameOf };
        if (!dryRun)
        {
            await new StartOperation(new PlanRun(context, lab)).ExecuteAsync(cancellationToken);
        }

        var differences = await CompareAsync(context, lab, request, spec, dryRun, cancellationToken);
        progress.Dispose();
        if (!json)
        {
            LabDifferencesView.Print(terminal, lab, request.File!.Name, differences);
        }

        var code = ExitCode.Done;
        var changed = false;
        if (differences.CanChange && !dryRun)
        {
            if (await MayChangeAsync(terminal, parsed, lab, cancellationToken))
            {
                using var changing = new ProgressView(terminal);
                var outcomes = await new LabFileChange(
                    Terminal.Operation(changing) with
                    {
                        NameOf = request.NameOf,
                    }
                ).ExecuteAsync(lab, differences, spec.Setup.RolePasswords, cancellationToken);
                changing.Dispose();
                changed = true;
                code = SettingsView.CodeOf(outcomes, restarted: true);
                if (!json && outcomes.Count > 0)
                {
                    SettingsView.PrintSet(terminal.Data, outcomes, restarted: true);
                }

                terminal.Say(
                    $"The lab '{lab.Name}' is changed{(differences.SomethingStays ? ", but for what cannot be" : "")}."
                );
            }
            else
            {
                code = ExitCode.Failed;
            }
        }

        if (json)
        {
            terminal.Out.WriteLine(new UpInfo(lab.Name, lab.Root, changed, differences.All).ToJson());
        }

        return (int)(
            code is ExitCode.Done && (differences.SomethingStays || (dryRun && differences.CanChange))
                ? ExitCode.Failed
                : code
        );
    }

    private static bool IsDry(ParseResult parsed) =>
        parsed.CommandResult.Command.Options.OfType<Option<bool>>().FirstOrDefault(o => o.Name == "--dry-run")
            is { } dry
        && parsed.GetValue(dry);

    private static async Task<LabDifferences> CompareAsync(
        OperationContext context,
        Lab lab,
        SetupRequest request,
        LabSpec spec,
        bool dryRun,
        CancellationToken cancellationToken
    )
    {
        if (spec.Validate() is { Count: > 0 } problems)
        {
            throw new InvalidSpecException(problems);
        }

        (spec, _) = await PortableSettings.ChooseAsync(context.Host, spec, lab.Tools, cancellationToken);
        var settings = await LabSettings.ReadAsync(lab, context.Host.Files, cancellationToken);
        var contents =
            spec.Roles.Count + spec.Databases.Count > 0 ? await AskAsync(lab, dryRun, cancellationToken) : null;
        var again =
            $"pgpoollab destroy {Shell.Quote(lab.Root)} && pgpoollab up -f {Shell.Quote(request.File!.Name)} "
            + Shell.Quote(lab.Root);
        return new LabFileComparison(lab, settings, contents, again).Compare(request.Said, spec);
    }

    /// <summary>What is in its databases. A lab that does not run, and is only looked at, is taken at its own
    /// word.</summary>
    private static async Task<LabContents> AskAsync(Lab lab, bool dryRun, CancellationToken cancellationToken)
    {
        try
        {
            var primary = await LabPrimary.FindAsync(lab, cancellationToken);
            return await LabContents.AskAsync(lab, primary, cancellationToken);
        }
        catch (LabException) when (dryRun)
        {
            return new LabContents(
                lab.Roles.ToDictionary(r => r.Name, StringComparer.Ordinal),
                lab.Databases.ToDictionary(d => d.Name, d => d.Owner ?? lab.Owner, StringComparer.Ordinal)
            );
        }
    }

    private static async Task<bool> MayChangeAsync(
        Terminal terminal,
        ParseResult parsed,
        Lab lab,
        CancellationToken cancellationToken
    )
    {
        if (parsed.GetValue(Yes))
        {
            return true;
        }

        if (!Question.CanAsk)
        {
            terminal.Say("Nothing was changed: nobody is there to ask. Change it without asking:  add --yes");
            return false;
        }

        return await Question.AskAsync(
            terminal,
            $"Change the lab '{lab.Name}'? Servers may be restarted, which ends their sessions. [y/N]",
            cancellationToken
        );
    }
}
