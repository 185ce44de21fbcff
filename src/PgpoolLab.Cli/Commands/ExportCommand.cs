using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Export;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>export</c>: writes what runs the lab's cluster on another engine.</summary>
internal static class ExportCommand
{
    /// <summary>No engine: the lab itself, as a lab file.</summary>
    private const string File = "file";

    private static readonly Option<string> To = new("--to")
    {
        Description =
            "For what: kubernetes (with CloudNativePG), compose, or file: a lab file that makes the same lab, on "
            + "standard output",
        HelpName = "ENGINE",
        Required = true,
    };
    private static readonly Option<string?> Output = new("--output", "-o")
    {
        Description = "For an engine: folder to write to; it must be empty, or not be there yet",
        HelpName = "DIR",
    };
    private static readonly Option<bool> WithSecrets = new("--with-secrets")
    {
        Description = "Write passwords made up for it into files that only you can read; else examples to fill in",
    };
    private static readonly Option<bool> Force = new("--force")
    {
        Description = "Overwrite what an earlier export has written there, but its passwords",
    };
    private static readonly Option<string[]> LeaveOut = new(ExportPlanner.LeaveOut)
    {
        Description = "Do without this setting of the lab: pgpool.NAME or postgresql.NAME; can be repeated",
        HelpName = "SETTING",
    };
    private static readonly Option<string?> Templates = new("--templates")
    {
        Description = "Folder with templates of your own; see: pgpoollab templates export",
        HelpName = "DIR",
    };

    static ExportCommand()
    {
        CommandLine.OnlyAmong(To, [.. ExportTargets.Names, File]);
        CommandLine.RequireFolder(Output);
        CommandLine.RequireFolder(Templates);
    }

    internal static Command Create(Terminal terminal)
    {
        var command = new Command("export", "Write files that run this lab's cluster on Kubernetes or Docker Compose")
        {
            To,
            Output,
            WithSecrets,
            Force,
            LeaveOut,
            Templates,
            CommandLine.Lab,
            CommandLine.Json,
        }
            .Guide(
                CommandGroup.More,
                (
                    "pgpoollab export --to kubernetes -o k8s",
                    "Write manifests for CloudNativePG, and Pgpool-II in front of it"
                ),
                (
                    "pgpoollab export --to compose -o compose --with-secrets",
                    "Write a Compose file, and passwords made up for it"
                ),
                (
                    "pgpoollab export --to kubernetes -o k8s --leave-out pgpool.health_check_period",
                    "Do without a setting that means nothing there"
                ),
                (
                    "pgpoollab export --to file > lab.yaml",
                    "Write the lab file of which pgpoollab up -f makes such a lab"
                )
            )
            .Synonyms("kubernetes", "k8s", "compose", "docker");
        command.Validators.Add(result =>
        {
            if (result.GetValue(To) != File)
            {
                if (result.GetValue(Output) is null && result.GetResult(Output) is null or { Implicit: true })
                {
                    result.AddError("--output DIR is missing: the folder to write to.");
                }

                return;
            }

            foreach (var option in (Option[])[Output, WithSecrets, Force, LeaveOut, Templates])
            {
                if (result.GetResult(option) is { Implicit: false })
                {
                    result.AddError($"{option.Name} and --to file do not go together: it is printed.");
                }
            }
        });
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                if (parsed.GetValue(To) == File)
                {
                    return await LabFileExport.PrintAsync(terminal, parsed, cancellationToken);
                }

                var request = new ExportRequest(
                    ExportTargets.Parse(parsed.GetValue(To)) ?? default,
                    FullPath(parsed.GetValue(Output)!)
                )
                {
                    WithSecrets = parsed.GetValue(WithSecrets),
                    Force = parsed.GetValue(Force),
                    LeaveOut = parsed.GetValue(LeaveOut) ?? [],
                };
                var templates = parsed.GetValue(Templates) is { } own ? FullPath(own) : null;
                var lab = LabCommand.Open(parsed);
                var renderer = new ConfigRenderer(new TemplateStore(templates), ProgramVersion.Text);
                var (exported, files) = await new LabExport(Composition.Host().Files, renderer).ExecuteAsync(
                    lab,
                    request,
                    cancellationToken
                );
                Print(terminal, request, exported, files, parsed.GetValue(CommandLine.Json));
                return (int)ExitCode.Done;
            }
        );
        return command;
    }

    private static string FullPath(string folder) =>
        Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder, Invocation.CurrentFolder));

    private static void Print(
        Terminal terminal,
        ExportRequest request,
        ExportedLab exported,
        ExportOutcome files,
        bool json
    )
    {
        if (json)
        {
            terminal.Out.WriteLine(ExportInfo.Of(request, exported, files).ToJson());
            return;
        }

        foreach (var file in files.Written)
        {
            terminal.Out.WriteLine($"{request.Folder}/{file}");
        }

        foreach (var kept in files.Kept)
        {
            terminal.Say($"{kept} was there already and is kept: servers may use its password.");
        }

        foreach (var difference in exported.Differences)
        {
            terminal.Say($"note {difference}");
        }

        terminal.Say(
            $"The lab '{exported.Lab.Name}' is exported to {request.Target.Title()}. How to use it, and what is "
                + $"different: {request.Folder}/README.md"
        );
    }
}
