using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace PgpoolLab.Integration.Tests.Endurance;

/// <summary>
/// Commands are hit at random moments: whatever hits them, the lab is whole afterwards, or it says what it is and can
/// be destroyed, and then nothing is left.
/// <c>tests/endurance</c> does the same for as long as one likes. Variables: <c>ENDURANCE_RUNS</c>,
/// <c>ENDURANCE_SEED</c>, <c>ENDURANCE_ONLY</c> (a run's number),
/// <c>ENDURANCE_REPORT</c> (where to write the table).
/// </summary>
[Trait("Needs", "root")]
public sealed class EnduranceTests
{
    private const int RunsAtATime = 3;

    [Fact]
    public async Task Whatever_hits_a_command_its_lab_is_whole_or_can_be_destroyed_and_nothing_is_left()
    {
        var (runs, seed, only) = (
            Number("ENDURANCE_RUNS") ?? 12,
            Number("ENDURANCE_SEED") ?? 1,
            Number("ENDURANCE_ONLY")
        );
        var results = new ConcurrentDictionary<int, (Plan Plan, Result Result)>();
        await Parallel.ForEachAsync(
            only is { } one ? [one] : Enumerable.Range(1, runs),
            new ParallelOptions
            {
                MaxDegreeOfParallelism = RunsAtATime,
                CancellationToken = TestContext.Current.CancellationToken,
            },
            async (number, _) =>
            {
                var plan = Plan.Draw(seed, number);
                var result = await Run.ExecuteAsync(plan);
                results[number] = (plan, result);
                Report(
                    $"{number, 5}  "
                        + $"{(result.Landed ? result.Ending.ToString() : result.Ending + " (too late)"), -22} "
                        + $"{plan}\n{(result.Ending is Ending.Failed || only is not null ? result.Story : "")}"
                );
            }
        );

        var failed = results.Values.Where(r => r.Result.Ending is Ending.Failed).OrderBy(r => r.Plan.Number).ToArray();
        var table = Table(results.Values);
        Report($"\nseed {seed}, {results.Count} runs\n{table}");
        Assert.True(
            failed.Length == 0,
            $"seed {seed}\n{table}\n"
                + string.Join(
                    '\n',
                    failed.Select(f =>
                        $"Again:  ENDURANCE_SEED={seed} ENDURANCE_ONLY={f.Plan.Number} "
                        + $"tests/endurance\n{f.Plan}\n{f.Result.Story}"
                    )
                )
        );
    }

    /// <summary>Command by fault: how many were whole, undone, destroyed, failed. What hit nobody is not
    /// counted.</summary>
    private static string Table(IEnumerable<(Plan Plan, Result Result)> results)
    {
        var text = new StringBuilder();
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"{"command", -10}{"fault", -12}{"whole", 7}{"undone", 8}{"destroyed", 11}{"FAILED", 8}"
        );
        foreach (
            var group in results
                .Where(r => r.Result.Landed || r.Result.Ending is Ending.Failed)
                .GroupBy(r => (r.Plan.Command, r.Plan.Fault))
                .OrderBy(g => g.Key.Command, StringComparer.Ordinal)
                .ThenBy(g => g.Key.Fault)
        )
        {
            int Of(Ending ending) => group.Count(r => r.Result.Ending == ending);
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"{group.Key.Command, -10}{group.Key.Fault, -12}{Of(Ending.Whole), 7}{Of(Ending.Undone), 8}"
                    + $"{Of(Ending.Destroyed), 11}{Of(Ending.Failed), 8}"
            );
        }

        return text.AppendLine(
                CultureInfo.InvariantCulture,
                $"{results.Count(r => !r.Result.Landed)} ended before they could be hit"
            )
            .ToString();
    }

    private static readonly Lock Gate = new();

    private static void Report(string text)
    {
        if (Environment.GetEnvironmentVariable("ENDURANCE_REPORT") is { Length: > 0 } file)
        {
            lock (Gate)
            {
                File.AppendAllText(file, text.TrimEnd() + "\n");
            }
        }
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), out var number) ? number : null;
}
