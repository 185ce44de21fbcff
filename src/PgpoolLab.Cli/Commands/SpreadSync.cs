using System.Text.Json;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Settings;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>sync</c> of a lab on several hosts: every host sets it on its own nodes, so that it holds after a
/// failover, too.</summary>
internal static class SpreadSync
{
    /// <summary>Does it, and waits until the primary counts its standbys so.</summary>
    /// <returns>The primary, and its synchronous standbys by name.</returns>
    /// <exception cref="LabException">There is no standby to wait for: nothing was changed. Or it failed on a
    /// host.</exception>
    internal static async Task<(PostgresNode? Primary, IReadOnlyList<string> Standbys)> RunAsync(
        Terminal terminal,
        Lab lab,
        SyncChoice choice,
        bool apply,
        CancellationToken cancellationToken
    )
    {
        await using var session = await SpreadCommands.ConnectAsync(terminal, lab, cancellationToken);
        using var labLock = LabLock.Take(lab.Root);
        var look = await session.Parts.LookAsync(lab, cancellationToken);
        // Writes that hang are ended whatever state the lab is in.
        if (
            (choice.On ? StandbyRules.WhyNoSync(lab, PartsIn(lab, look), choice) : StandbyRules.WhyNoSyncOff(lab)) is
            { } refused
        )
        {
            throw refused;
        }

        var state =
            !choice.On ? "off"
            : choice.Nodes.Count == 0 ? "on"
            : string.Join(',', choice.Nodes);
        var said = new SyncInfo[lab.Hosts.Count];
        const string what = "set what commits wait for";
        await session.Parts.ForEachAsync(async h =>
        {
            var text = await session.Parts.RunAsync(
                h.Host,
                what,
                ["part", "sync", state, .. apply ? (string[])["--apply"] : []],
                cancellationToken
            );
            try
            {
                said[h.Host.Id] = SyncInfo.FromJson(text);
            }
            catch (JsonException error)
            {
                throw new LabException(
                    ExitCode.Failed,
                    $"Host {h.Host.Name} was to {what}; its answer is not understood: {error.Message}",
                    error
                );
            }
        });
        var told = said.FirstOrDefault(s => s.Primary is not null && s.Primary == SpreadNodes.RightfulPrimary(look));
        return (lab.Nodes.FirstOrDefault(n => n.Id == told?.Primary), told?.Standbys ?? []);
    }

    /// <summary>What the nodes are, as the look at all hosts has it.</summary>
    private static IReadOnlyList<NodePart> PartsIn(Lab lab, NodesReport look)
    {
        string[] streaming =
        [
            .. lab
                .Nodes.Where(n =>
                    look.Nodes.Any(v =>
                        v.Id == n.Id
                        && v.Postgres is { InRecovery: true, Receiver: "streaming", FedByPrimary: not false }
                    )
                )
                .Select(n => n.ApplicationName),
        ];
        return
        [
            .. lab.Nodes.Select(n =>
            {
                var says = look.Nodes.First(v => v.Id == n.Id).Postgres;
                return new NodePart(n, says.InRecovery, says.InRecovery is false ? streaming : []);
            }),
        ];
    }
}
