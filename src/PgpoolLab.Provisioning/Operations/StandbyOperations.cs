using PgpoolLab.Model;
using PgpoolLab.Provisioning.Settings;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>Has a standby replay later what it receives at once.</summary>
/// <param name="context">What it works with.</param>
public sealed class LagOperation(OperationContext context)
{
    private const string Setting = "recovery_min_apply_delay";

    /// <summary>Sets the delay in the node's own file, and waits until the server has it.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="node">The node.</param>
    /// <param name="delay">The delay as PostgreSQL reads it; <c>0</c> for none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">The node is no standby; nothing was changed.</exception>
    public async Task ExecuteAsync(Lab lab, PostgresNode node, string delay, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        using var labLock = LabLock.Take(lab.Root);
        using var log = context.OpenLog(lab.ToolLog);
        var part = await new NodeParts(lab).AskAsync(node, cancellationToken);
        if (StandbyRules.WhyNoLag(lab, part) is { } refused)
        {
            throw refused;
        }

        var configure = new ConfigureOperation(context);
        SettingAssignment[] settings = [new(SettingAssignment.Postgres, Setting, delay)];
        await configure.WriteAsync(lab, [node], settings, cancellationToken);
        await configure.RequireInEffectAsync(lab, [node], settings, cancellationToken);
        log.Information("Node {Node} replays with a delay of {Delay}", node.Id, delay);
    }
}

/// <summary>Has commits wait for a standby, or for none.</summary>
/// <param name="context">What it works with.</param>
public sealed class SyncOperation(OperationContext context)
{
    /// <summary>Sets it on every node, so that it holds after a failover, too, and waits until the primary counts a
    /// standby as synchronous.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="choice">What commits are to wait for.</param>
    /// <param name="apply">True to have them wait until the standby has replayed them.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The primary, and its synchronous standbys by name.</returns>
    /// <exception cref="LabException">There is no standby to wait for; nothing was changed.</exception>
    public async Task<(PostgresNode? Primary, IReadOnlyList<string> Standbys)> ExecuteAsync(
        Lab lab,
        SyncChoice choice,
        bool apply,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(choice);
        using var labLock = LabLock.Take(lab.Root);
        using var log = context.OpenLog(lab.ToolLog);
        var parts = await new NodeParts(lab).AskAsync(cancellationToken);
        // Writes that hang are ended whatever state the lab is in.
        if ((choice.On ? StandbyRules.WhyNoSync(lab, parts, choice) : StandbyRules.WhyNoSyncOff(lab)) is { } refused)
        {
            throw refused;
        }

        return await ApplyAsync(lab, choice, apply, parts, log, cancellationToken);
    }

    /// <summary>The same on one host's part of a lab: whoever has looked at all hosts says that it may be
    /// done.</summary>
    /// <inheritdoc cref="ExecuteAsync"/>
    public async Task<(PostgresNode? Primary, IReadOnlyList<string> Standbys)> ExecuteOnPartAsync(
        Lab lab,
        SyncChoice choice,
        bool apply,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(choice);
        using var labLock = LabLock.Take(lab.Root);
        using var log = context.OpenLog(lab.ToolLog);
        var parts = await new NodeParts(lab).AskAsync(cancellationToken);
        return await ApplyAsync(lab, choice, apply, parts, log, cancellationToken);
    }

    private async Task<(PostgresNode? Primary, IReadOnlyList<string> Standbys)> ApplyAsync(
        Lab lab,
        SyncChoice choice,
        bool apply,
        IReadOnlyList<NodePart> parts,
        Serilog.Core.Logger log,
        CancellationToken cancellationToken
    )
    {
        var configure = new ConfigureOperation(context);
        foreach (var node in lab.OwnNodes)
        {
            var settings = StandbyRules.Synchronous(lab, node, choice, apply);
            await configure.WriteAsync(lab, [node], settings, cancellationToken);
            await configure.RequireInEffectAsync(lab, [node], settings, cancellationToken);
        }

        log.Information("Synchronous replication is {State}", choice.On ? "on" : "off");
        if (StandbyRules.Primary(parts) is not { Node: var primary })
        {
            return (null, []);
        }

        var probe = new StandbysAreSynchronous(lab, primary, choice.On, StandbyRules.Chosen(choice, primary));
        await context.Probes.WaitAsync(probe, ProbeRunner.Patience, cancellationToken);
        return (primary, probe.LastSeen);
    }
}

/// <summary>Asks nodes for their part in streaming replication.</summary>
/// <param name="lab">The lab.</param>
internal sealed class NodeParts(Lab lab)
{
    /// <summary>Asks every node.</summary>
    internal async Task<IReadOnlyList<NodePart>> AskAsync(CancellationToken cancellationToken) =>
        await Task.WhenAll(lab.OwnNodes.Select(n => AskAsync(n, cancellationToken)));

    /// <summary>Asks one.</summary>
    internal async Task<NodePart> AskAsync(PostgresNode node, CancellationToken cancellationToken)
    {
        try
        {
            await using var client = await PostgresClient.ConnectAsync(
                lab,
                node.Port,
                Lab.MaintenanceDatabase,
                cancellationToken
            );
            var rows = await client.RowsAsync("SELECT pg_is_in_recovery()::text", cancellationToken);
            var standbys = await client.RowsAsync(
                "SELECT application_name FROM pg_stat_replication WHERE state = 'streaming'",
                cancellationToken
            );
            return new NodePart(node, rows[0][0] == "true", [.. standbys.Select(s => s[0]!)]);
        }
        catch (Exception error) when (PostgresClient.Explain(error) is not null)
        {
            return new NodePart(node, null, []);
        }
    }
}

/// <summary>Waits until a primary counts a standby as synchronous, or none.</summary>
/// <param name="Lab">The lab.</param>
/// <param name="Primary">The primary.</param>
/// <param name="On">True for a standby, false for none.</param>
/// <param name="Chosen">The standbys, by name; empty for whichever.</param>
internal sealed record StandbysAreSynchronous(Lab Lab, PostgresNode Primary, bool On, IReadOnlyList<string> Chosen)
    : IProbe
{
    /// <inheritdoc/>
    public string Expectation =>
        $"node {Primary.Id} counts "
        + (
            !On ? "no standby"
            : Chosen.Count > 0 ? string.Join(" and ", Chosen)
            : "a standby"
        )
        + " as synchronous";

    /// <inheritdoc/>
    public ServerLog? Log => ServerLog.Of(Lab, Primary);

    /// <summary>The synchronous standbys, by name.</summary>
    internal IReadOnlyList<string> LastSeen { get; private set; } = [];

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var client = await PostgresClient.ConnectAsync(
                Lab,
                Primary.Port,
                Lab.MaintenanceDatabase,
                cancellationToken
            );
            var rows = await client.RowsAsync(
                "SELECT application_name, sync_state FROM pg_stat_replication ORDER BY 1",
                cancellationToken
            );
            LastSeen = [.. rows.Where(r => r[1] is "sync" or "quorum").Select(r => r[0]!)];
            return new Observation(
                On ? LastSeen.Count > 0 && Chosen.All(LastSeen.Contains) : rows.All(r => r[1] == "async"),
                rows.Count == 0 ? "no standby is connected" : string.Join(", ", rows.Select(r => $"{r[0]} is {r[1]}"))
            );
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } seen)
        {
            return new Observation(false, seen);
        }
    }

    /// <inheritdoc/>
    public Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);
}
