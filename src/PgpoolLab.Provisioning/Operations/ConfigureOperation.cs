using System.Globalization;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Settings;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Provisioning.Tools;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>What became of a setting on one server.</summary>
public enum SettingState
{
    /// <summary>The server has it.</summary>
    InEffect,

    /// <summary>The server takes it when it is restarted.</summary>
    NeedsRestart,

    /// <summary>Another place has another value, and wins.</summary>
    Overridden,

    /// <summary>The server does not run, and takes it when it is started.</summary>
    NotRunning,

    /// <summary>The server does not show this setting: a password, for example.</summary>
    NotShown,
}

/// <summary>What became of a setting on one server.</summary>
/// <param name="Server"><c>node 0</c>, <c>Pgpool-II</c> …</param>
/// <param name="State">What became of it.</param>
/// <param name="Value">The value in effect; null when it is not known.</param>
/// <param name="From">Where that comes from.</param>
public sealed record ServerOutcome(string Server, SettingState State, string? Value, string? From);

/// <summary>What became of a setting.</summary>
/// <param name="Setting">The setting.</param>
/// <param name="Servers">On each server.</param>
public sealed record SettingOutcome(SettingAssignment Setting, IReadOnlyList<ServerOutcome> Servers);

/// <summary>Writes settings into a lab's configuration files, has the servers read them, and looks what they have
/// then.</summary>
/// <param name="context">What it works with.</param>
public sealed class ConfigureOperation(OperationContext context)
{
    private const string Attempt = "config set";

    /// <summary>Sets values on all nodes and on every Pgpool-II of this machine.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="settings">What to set; of two of one name the last counts.</param>
    /// <param name="restart">True to restart servers where a reload is not enough.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="InvalidSpecException">A setting or a value is refused; nothing was changed.</exception>
    public async Task<IReadOnlyList<SettingOutcome>> SetAsync(
        Lab lab,
        IReadOnlyList<SettingAssignment> settings,
        bool restart,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(settings);
        await RequireAsync(lab, settings, cancellationToken);
        using var labLock = LabLock.Take(lab.Root);
        using var log = context.OpenLog(lab.ToolLog);
        var reload = await WriteAsync(lab, lab.OwnNodes, settings, cancellationToken);
        log.Information("Set {Settings}", settings.Select(s => $"{s.Program}.{s.Name} = {s.Value}"));
        if (restart && reload.Waiting.Where(w => IsOneOf(w, settings)).ToArray() is { Length: > 0 } waiting)
        {
            await new LabRestart(context, lab, log).RestartAsync(waiting, cancellationToken);
        }

        return await OutcomesAsync(lab, settings, cancellationToken);
    }

    /// <summary>Writes into the files of these nodes and of every Pgpool-II, and reloads them. The caller has the
    /// lab's lock.</summary>
    internal async Task<ReloadResult> WriteAsync(
        Lab lab,
        IReadOnlyList<PostgresNode> nodes,
        IReadOnlyList<SettingAssignment> settings,
        CancellationToken cancellationToken
    )
    {
        var (ofPgpool, ofPostgres) = (
            Values(settings, SettingAssignment.Pgpool),
            Values(settings, SettingAssignment.Postgres)
        );
        var writer = new SettingsWriter(context.Host);
        var reloader = new Reloader(context.Host, lab, context.Probes);
        var changes = new List<SettingsWriter.Change>();
        nodes = ofPostgres.Count > 0 ? nodes : [];
        IReadOnlyList<PgpoolNode> pgpools = ofPgpool.Count > 0 ? lab.OwnPgpools : [];
        foreach (var node in nodes)
        {
            await RequireValuesAsync(lab, node, ofPostgres, cancellationToken);
            changes.Add(
                await writer.PrepareAsync(FileOf(node), SettingAssignment.Postgres, ofPostgres, cancellationToken)
            );
        }

        foreach (var pgpool in pgpools)
        {
            await RequireReadableAsync(lab, pgpool, ofPgpool, cancellationToken);
            var change = await writer.PrepareAsync(
                pgpool.Paths.PgpoolConf,
                SettingAssignment.Pgpool,
                ofPgpool,
                cancellationToken
            );
            if (await reloader.TryAsync(pgpool, change.After, cancellationToken) is { } problem)
            {
                throw new InvalidSpecException([$"{Attempt}: {lab.TitleOf(pgpool)} does not take that: {problem}"]);
            }

            changes.Add(change);
        }

        await writer.WriteAsync(changes, cancellationToken);
        try
        {
            return await reloader.ReloadAsync(nodes, pgpools, cancellationToken);
        }
        catch (LabException error) when (error.Code is ExitCode.Failed)
        {
            // They have an error, in lines of somebody else: as they are, no server would start with them.
            await writer.TakeBackAsync(changes);
            throw;
        }
    }

    /// <summary>Refuses values that were written and have lost to another place's.</summary>
    /// <exception cref="LabException">It names each, and how to take it back.</exception>
    internal async Task RequireInEffectAsync(
        Lab lab,
        IReadOnlyList<PostgresNode> nodes,
        IReadOnlyList<SettingAssignment> settings,
        CancellationToken cancellationToken
    )
    {
        var lost = (await OutcomesAsync(lab, settings, cancellationToken))
            .SelectMany(o => o.Servers.Select(s => (o.Setting, Server: s)))
            .Where(o => o.Server.State is SettingState.Overridden)
            .SelectMany(o =>
                nodes
                    .Where(n => ServerSettings.TitleOf(n) == o.Server.Server)
                    .Select(n => (Node: n, o.Setting, o.Server))
            )
            .ToArray();
        if (lost.Length > 0)
        {
            throw new LabException(
                ExitCode.Failed,
                $"{lost[0].Setting.Name} = '{lost[0].Setting.Value}' was written, and another value wins."
            )
            {
                Details = [.. lost.Select(l => $"{l.Server.Server}: {l.Server.From} says '{l.Server.Value}'")],
                Hints =
                [
                    "If it was ALTER SYSTEM, take it back, then do this again:",
                    .. lost.Select(l => $"pgpoollab psql {l.Node.Id} -- -c \"ALTER SYSTEM RESET {l.Setting.Name}\""),
                ],
            };
        }
    }

    /// <summary>A node's file: it is kept over online recovery and failover.</summary>
    internal static string FileOf(PostgresNode node) => $"{node.DataDirectory}/postgresql.conf";

    private async Task RequireAsync(
        Lab lab,
        IReadOnlyList<SettingAssignment> settings,
        CancellationToken cancellationToken
    )
    {
        var unknown = new List<(SettingAssignment Setting, SpecProblem? Problem)>();
        foreach (var group in settings.GroupBy(s => s.Program))
        {
            unknown.AddRange(
                (
                    await SettingNames.FindUnknownAsync(
                        context.Host,
                        group.Key,
                        group.Select(s => s.Name),
                        lab.Tools,
                        cancellationToken
                    )
                ).Select(u => (new SettingAssignment(group.Key, u.Key, ""), (SpecProblem?)u.Value))
            );
        }

        SpecProblem[] problems =
        [
            .. settings
                .Select(s =>
                    (
                        Setting: s,
                        Problem: Unowned(lab, s)
                            ?? s.WhyNot(lab)
                            ?? SettingUnits.WhyMisread(s.Program, s.Value, lab.Tools)
                    )
                )
                .Concat(unknown)
                .Where(p => p.Problem is not null)
                .Select(p => new SpecProblem($"{Attempt} {p.Setting.Program}.{p.Setting.Name}: {p.Problem}"))
                .DistinctBy(p => $"{p}"),
        ];
        if (problems.Length > 0)
        {
            throw new InvalidSpecException(problems);
        }
    }

    private static string? Unowned(Lab lab, SettingAssignment setting) =>
        !lab.OwnsNodes && setting.Program == SettingAssignment.Postgres
            ? "the PostgreSQL servers are another lab's."
            : null;

    private static Dictionary<string, string> Values(IReadOnlyList<SettingAssignment> settings, string program) =>
        settings
            .Where(s => s.Program == program)
            .GroupBy(s => program == SettingAssignment.Postgres ? s.Name.ToLowerInvariant() : s.Name)
            .ToDictionary(g => g.Last().Name, g => g.Last().Value, StringComparer.Ordinal);

    private static bool IsOneOf(WaitingSetting waiting, IReadOnlyList<SettingAssignment> settings) =>
        settings.Any(s =>
            s.Program == waiting.Program && string.Equals(s.Name, waiting.Name, SettingsText.Comparison(s.Program))
        );

    /// <summary>PostgreSQL's own program tries the values: so they are refused before a file is touched.</summary>
    private async Task RequireValuesAsync(
        Lab lab,
        PostgresNode node,
        IReadOnlyDictionary<string, string> settings,
        CancellationToken cancellationToken
    )
    {
        var result = await context.Host.Programs.RunAsync(
            PostgresCommand.Try(lab.Tools, node.DataDirectory, "port", settings),
            cancellationToken
        );
        if (result.ExitCode != 0)
        {
            throw new InvalidSpecException([
                $"{Attempt}: PostgreSQL node {node.Id} does not take that: {ServerWords.Of(result.Error)}",
            ]);
        }
    }

    /// <summary>Pgpool-II takes any word that is no boolean for off; before 4.2 also a word in a number's place, for
    /// 0.</summary>
    private async Task RequireReadableAsync(
        Lab lab,
        PgpoolNode pgpool,
        IReadOnlyDictionary<string, string> settings,
        CancellationToken cancellationToken
    )
    {
        var (shown, _) = await PgpoolSettings.AskAsync(context.Host, lab, pgpool, cancellationToken);
        string[] problems =
        [
            .. settings
                .Where(s => shown?.GetValueOrDefault(s.Key) is "on" or "off" && SettingValues.IsOn(s.Value) is null)
                .Select(s => $"{Attempt} pgpool.{s.Key}: it is on or off; '{s.Value}' is neither."),
            .. settings
                .Where(s =>
                    lab.Tools.Pgpool.Number < 402 && IsNumber(shown?.GetValueOrDefault(s.Key)) && !IsNumber(s.Value)
                )
                .Select(s => $"{Attempt} pgpool.{s.Key}: '{s.Value}' is no number."),
        ];
        if (problems.Length > 0)
        {
            throw new InvalidSpecException(problems);
        }
    }

    private static bool IsNumber(string? text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);

    private async Task<IReadOnlyList<SettingOutcome>> OutcomesAsync(
        Lab lab,
        IReadOnlyList<SettingAssignment> settings,
        CancellationToken cancellationToken
    )
    {
        var asker = new ServerSettings(context.Host, lab, context.Probes);
        var (nodes, pgpools) = (
            new List<(PostgresNode Node, ServerAnswer Answer)>(),
            new List<(PgpoolNode Pgpool, ServerAnswer Answer)>()
        );
        foreach (var node in settings.Any(s => s.Program == SettingAssignment.Postgres) ? lab.OwnNodes : [])
        {
            nodes.Add((node, await asker.AskAsync(node, cancellationToken)));
        }

        foreach (var pgpool in settings.Any(s => s.Program == SettingAssignment.Pgpool) ? lab.OwnPgpools : [])
        {
            pgpools.Add((pgpool, await asker.AskAsync(pgpool, cancellationToken)));
        }

        return
        [
            .. Values(settings, SettingAssignment.Pgpool)
                .Select(s => new SettingOutcome(
                    new SettingAssignment(SettingAssignment.Pgpool, s.Key, s.Value),
                    [.. pgpools.Select(p => OutcomeOf(lab.TitleOf(p.Pgpool), p.Answer, s.Key, s.Value, null))]
                )),
            .. Values(settings, SettingAssignment.Postgres)
                .Select(s => new SettingOutcome(
                    new SettingAssignment(SettingAssignment.Postgres, s.Key, s.Value),
                    [
                        .. nodes.Select(n =>
                            OutcomeOf(
                                ServerSettings.TitleOf(n.Node),
                                n.Answer,
                                s.Key.ToLowerInvariant(),
                                s.Value,
                                asker.Relative(FileOf(n.Node))
                            )
                        ),
                    ]
                )),
        ];
    }

    /// <summary>What became of a setting, from what a server says.</summary>
    /// <param name="server">What to call it.</param>
    /// <param name="answer">What it says.</param>
    /// <param name="name">The setting's name.</param>
    /// <param name="wanted">The value it was given.</param>
    /// <param name="file">The file it was written to; null where there is but one.</param>
    internal static ServerOutcome OutcomeOf(
        string server,
        ServerAnswer answer,
        string name,
        string wanted,
        string? file
    ) =>
        answer.Values is null ? new ServerOutcome(server, SettingState.NotRunning, null, answer.Problem)
        : answer.Values.GetValueOrDefault(name) is not { } fact || fact.Value == PgpoolSettings.Hidden
            ? new ServerOutcome(server, SettingState.NotShown, null, null)
        : fact.InFile is not null ? new ServerOutcome(server, SettingState.NeedsRestart, fact.Value, fact.From)
        : file is null
        || fact.From.StartsWith($"{file} line ", StringComparison.Ordinal)
        || SettingValues.Same(wanted, fact.Value)
            ? new ServerOutcome(server, SettingState.InEffect, fact.Value, fact.From)
        : new ServerOutcome(server, SettingState.Overridden, fact.Value, fact.From);
}
