using System.Globalization;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Drills.Files;
using PgpoolLab.Drills.Reports;
using PgpoolLab.Drills.Results;
using PgpoolLab.Drills.Running;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;

namespace PgpoolLab.Cli.Drilling;

/// <summary>Drills from the command line: labs are made, broken, judged and removed; then it is told and
/// written.</summary>
/// <param name="terminal">Where to speak.</param>
/// <param name="wish">What the command line says.</param>
internal sealed class DrillSession(Terminal terminal, DrillWish wish)
{
    private const string SummaryVariable = "GITHUB_STEP_SUMMARY";

    internal async Task<int> RunAsync(IReadOnlyList<DrillSpec> drills, CancellationToken cancellationToken)
    {
        RequireWritable(wish.Report);
        RequireWritable(wish.Junit);
        var wanted = drills.Select(WithWish).ToArray();
        if (wanted is [var only] && DrillDisks.Refusal(only, wish) is { } refusal)
        {
            throw refusal;
        }

        if (wish.Keep && (wanted.Length > 1 || wanted[0].Matrix.Count > 1 || wanted[0].Repeat > 1))
        {
            throw new LabException(
                ExitCode.Usage,
                "--keep leaves one lab; with --repeat, a matrix or --all there are several."
            );
        }

        if (wish.Lab is not null && wanted[0].Matrix.Count > 0)
        {
            throw new LabException(
                ExitCode.Usage,
                $"The drill {wanted[0].Name} compares settings, and so makes labs of its own; leave out --lab."
            );
        }

        var load = LoadBefore();
        List<DrillResult> results = [];
        var failed = ExitCode.Done;
        foreach (var drill in wanted)
        {
            if (DrillDisks.Refusal(drill, wish) is { } why)
            {
                terminal.Say($"{drill.Name}: left out. {why.Message}");
                continue;
            }

            try
            {
                results.Add(await DrillAsync(drill, load, cancellationToken));
            }
            catch (LabException error) when (wanted.Length > 1)
            {
                // Of many the others are worth having.
                failed = ErrorView.Show(terminal, error);
            }
        }

        if (results.Count > 0)
        {
            await TellAsync(results, cancellationToken);
        }

        return (int)(
            failed is not ExitCode.Done ? failed
            : results.TrueForAll(r => r.Holds) ? ExitCode.Done
            : ExitCode.Failed
        );
    }

    private DrillSpec WithWish(DrillSpec drill) =>
        drill with
        {
            Repeat = wish.Repeat ?? drill.Repeat,
            Load = drill.Load with
            {
                Clients = wish.Clients ?? drill.Load.Clients,
                Rate = wish.Rate ?? drill.Load.Rate,
            },
        };

    private async Task<DrillResult> DrillAsync(DrillSpec drill, double load, CancellationToken cancellationToken)
    {
        var startedAt = Composition.Clock.GetUtcNow();
        terminal.Say($"{drill.Name}: {drill.Title}");
        List<DrillVariant> variants = [];
        ServerVersions? versions = null;
        IReadOnlyList<IReadOnlyList<string>> settings =
            drill.Matrix.Count == 0
                ?
                [
                    [],
                ]
                : drill.Matrix;
        foreach (var setting in settings)
        {
            List<DrillRun> runs = [];
            LabFacts? facts = null;
            for (var number = 1; number <= drill.Repeat; number++)
            {
                if (drill.Repeat > 1 || settings.Count > 1)
                {
                    var which = setting.Count == 0 ? "" : $"{string.Join(", ", setting)}: ";
                    terminal.Say($"  {which}run {number} of {drill.Repeat}");
                }

                await using var place = await DrillPlace.OpenAsync(terminal, wish, drill, setting, cancellationToken);
                facts ??= place.Facts;
                versions ??= place.Versions;
                var run = await RunAsync(place, drill, number, cancellationToken);
                runs.Add(run);
                terminal.Say($"  {run.Sentence}");
                await place.CloseAsync(mayOffer: number == drill.Repeat, cancellationToken);
            }

            variants.Add(
                new DrillVariant(
                    setting.Count == 0 ? null : string.Join(", ", setting),
                    facts!,
                    new LoadFacts(drill.App is null ? drill.Load.Kind : "app", drill.Load.Clients, drill.Load.Rate),
                    runs,
                    DrillSummaries.Of(runs)
                )
            );
        }

        return new DrillResult(
            1,
            drill.Name,
            drill.Title,
            drill.File,
            drill.Text,
            startedAt,
            ProgramVersion.Text,
            versions!,
            new MachineFacts(Environment.ProcessorCount, load),
            variants,
            variants.TrueForAll(v => v.Summary.Holds)
        );
    }

    private async Task<DrillRun> RunAsync(
        DrillPlace place,
        DrillSpec drill,
        int number,
        CancellationToken cancellationToken
    )
    {
        DrillApp? app = null;
        try
        {
            var run = await DrillLab.RunAsync(
                terminal,
                place.Made.Lab.Directory,
                place.Mounts,
                new RunRequest(
                    number,
                    drill.Load,
                    drill.Steps,
                    drill.Until,
                    CleansUp: wish.Lab is not null || wish.Keep
                ),
                () =>
                    app = drill.App is { } command ? DrillApp.Start(command, place.Made, place.Keeper, terminal) : null,
                cancellationToken
            );
            return drill.Judge(app is null ? run : run with { Checks = [.. run.Checks, await app.EndAsync()] });
        }
        finally
        {
            if (app is not null)
            {
                await app.DisposeAsync();
            }
        }
    }

    private async Task TellAsync(List<DrillResult> results, CancellationToken cancellationToken)
    {
        if (wish.Json)
        {
            terminal.Verbatim.WriteLine(
                results.Count == 1 ? DrillSummaries.ToJson(results[0]) : DrillSummaries.ToJson(results)
            );
        }
        else if (wish.Tap)
        {
            terminal.Out.Write(TapText.Of(results));
        }
        else
        {
            foreach (var result in results)
            {
                DrillView.Print(terminal, result);
            }
        }

        if (wish.Junit is { } junit)
        {
            await File.WriteAllTextAsync(junit, JunitXml.Of(results), cancellationToken);
        }

        if (Environment.GetEnvironmentVariable(SummaryVariable) is { Length: > 0 } summary)
        {
            await File.AppendAllTextAsync(summary, MarkdownSummary.Of(results), cancellationToken);
        }

        if (wish.Report is { } report)
        {
            await File.WriteAllTextAsync(
                report,
                new DrillPage(new TemplateStore(), ProgramVersion.Text).Render(results),
                cancellationToken
            );
            terminal.Say($"The picture, and why it took so long:  {report}");
        }
    }

    /// <summary>Not after all was done in vain.</summary>
    private static void RequireWritable(string? file)
    {
        if (file is null)
        {
            return;
        }

        var folder = Path.GetDirectoryName(file)!;
        if (Directory.Exists(file) || !Directory.Exists(folder) || !Identity.CanEnterAndWrite(folder))
        {
            throw new LabException(
                ExitCode.Usage,
                Directory.Exists(file) ? $"{file} is a folder, not a file."
                    : Directory.Exists(folder) ? $"The file {file} cannot be written: {folder} is not yours to write."
                    : $"The file {file} cannot be written: there is no folder {folder}."
            )
            {
                Hints = ["Name another file with --report, or say --no-report."],
            };
        }
    }

    /// <summary>The machine's load of the last minute; 0 where nothing tells.</summary>
    private static double LoadBefore()
    {
        try
        {
            return double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            return 0;
        }
    }
}
