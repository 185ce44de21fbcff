using System.CommandLine;
using System.Globalization;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Spread;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Facts;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>switchover</c> of a lab on several hosts.</summary>
internal static class SpreadSwitch
{
    /// <summary>Does it, and shows how all nodes are then; or says what would be done.</summary>
    /// <param name="terminal">Where it shows what it does.</param>
    /// <param name="lab">The whole lab.</param>
    /// <param name="number">The standby's number; null for the one that is least behind.</param>
    /// <param name="parsed">How it was called.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static async Task<int> RunAsync(
        Terminal terminal,
        Lab lab,
        string? number,
        ParseResult parsed,
        CancellationToken cancellationToken
    )
    {
        var wanted = number is { } word ? NodeOf(lab, word) : null;
        await using var session = await SpreadCommands.ConnectAsync(terminal, lab, cancellationToken);
        using var labLock = LabLock.Take(lab.Root);
        var look = await session.Parts.LookAsync(lab, cancellationToken);
        var plan = SwitchoverPlan.Of(lab, look, wanted);
        if (parsed.GetValue(CommandLine.DryRun))
        {
            SpreadVerbs.ShowPlan(terminal, parsed, plan.Lines(lab));
            return (int)ExitCode.Done;
        }

        using (var progress = new ProgressView(terminal))
        {
            await new SpreadSwitchover(
                Terminal.Operation(progress),
                session.Parts,
                lab,
                ct => session.Parts.LookAsync(lab, ct),
                (node, ct) => UntilAsync(FactKind.NodeIsPrimary, node, ct),
                (node, ct) => UntilAsync(FactKind.NodeUp, node, ct)
            ).RunAsync(plan, look, cancellationToken);
        }

        await SpreadVerbs.ShowAsync(terminal, session, lab, parsed, cancellationToken);
        return (int)ExitCode.Done;

        Task UntilAsync(FactKind kind, PostgresNode node, CancellationToken ct) =>
            SpreadWait.UntilAsync(session.Parts, lab, new LabFact(kind, node.Id), ct);
    }

    private static PostgresNode NodeOf(Lab lab, string word) =>
        int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? Servers.Verbs.Target.NodeOf(lab, number)
            : throw new LabException(ExitCode.Usage, $"'{word}' is not one node; give a node's number.");
}
