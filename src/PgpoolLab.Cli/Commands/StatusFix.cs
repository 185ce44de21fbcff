using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Verbs;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>status --fix</c>: shows the remedies, asks, and does them.</summary>
/// <param name="terminal">Where it asks.</param>
/// <param name="lab">The lab.</param>
/// <param name="make">What looks and does it.</param>
internal sealed class StatusFix(Terminal terminal, Lab lab, Func<OperationContext, FixOperation> make)
{
    /// <summary>What it would do.</summary>
    internal async Task PreviewAsync(CancellationToken cancellationToken)
    {
        var report = await WithProgressAsync(o => o.LookAsync(cancellationToken));
        var plan = FixPlan.Of(lab, report);
        foreach (var line in StatusView.PlanLines(plan))
        {
            terminal.Out.WriteLine(line);
        }

        terminal.Say(plan.Count == 0 ? NothingToDo(report) : $"Nothing was done to the lab '{lab.Name}'.");
    }

    /// <summary>Does what <c>status</c> advises, until nothing new is advised.</summary>
    /// <param name="yes">True to do it without asking.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>How the lab is then, and the errors of what failed.</returns>
    internal async Task<(StatusReport Report, IReadOnlyList<LabException> Failures)> RunAsync(
        bool yes,
        CancellationToken cancellationToken
    )
    {
        var (tried, failures) = (new HashSet<Remedy>(), new List<FailedFix>());
        while (true)
        {
            var report = await WithProgressAsync(o => o.LookAsync(cancellationToken));
            var plan = FixPlan.Of(lab, report).Where(f => !tried.Contains(f.Remedy)).ToArray();
            if (plan.Length == 0)
            {
                if (tried.Count == 0)
                {
                    terminal.Say(NothingToDo(report));
                }

                return (report, Standing(report, failures));
            }

            terminal.Say(tried.Count == 0 ? "To be done, in this order:" : "There is more to be done now:");
            foreach (var line in StatusView.PlanLines(plan))
            {
                terminal.Say(line);
            }

            if (!yes && !await AskAsync(cancellationToken))
            {
                return (report, Standing(report, failures));
            }

            failures.AddRange(await WithProgressAsync(o => o.DoAsync(plan, tried, cancellationToken)));
        }
    }

    /// <summary>What failed and is advised still. The rest has come by itself, or by another remedy: when a failover
    /// began at that moment, say.</summary>
    private LabException[] Standing(StatusReport report, IReadOnlyList<FailedFix> failures)
    {
        var standing = FixPlan.StillAdvised(report, failures);
        foreach (var over in failures.Except(standing))
        {
            terminal.Say($"No longer needed, though it failed: {over.Fix.Command}");
        }

        return [.. standing.Select(f => f.Error)];
    }

    private Task<bool> AskAsync(CancellationToken cancellationToken) =>
        Question.CanAsk
            ? Question.AskAsync(terminal, "Do it? [y/N]", cancellationToken)
            : throw new LabException(ExitCode.Usage, "Nothing was done: nobody can be asked here.")
            {
                Hints = ["Do it without asking:  pgpoollab status --fix --yes"],
            };

    private static string NothingToDo(StatusReport report) =>
        report.Findings.Any(f => f.Severity is not FindingSeverity.Note)
            ? "No command ends what is wrong; status says what to do."
            : "There is nothing to fix.";

    private async Task<T> WithProgressAsync<T>(Func<FixOperation, Task<T>> act)
    {
        using var progress = new ProgressView(terminal);
        return await act(make(Terminal.Operation(progress)));
    }
}
