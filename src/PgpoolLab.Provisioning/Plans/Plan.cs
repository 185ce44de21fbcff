using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Facts;
using PgpoolLab.Servers.Waiting;
using Serilog;

namespace PgpoolLab.Provisioning.Plans;

/// <summary>What a step works with.</summary>
/// <param name="Host">Where the lab is.</param>
/// <param name="Lab">The lab.</param>
/// <param name="Renderer">Renders its files.</param>
/// <param name="Probes">Waits.</param>
/// <param name="Secrets">Passwords and keys.</param>
/// <param name="Undo">Takes what takes back what a step does.</param>
/// <param name="Log">The lab's log.</param>
/// <param name="Time">The clock.</param>
public sealed record StepContext(
    IHost Host,
    Lab Lab,
    ConfigRenderer Renderer,
    ProbeRunner Probes,
    LabSecrets Secrets,
    UndoStack Undo,
    ILogger Log,
    TimeProvider Time
)
{
    /// <summary>When the command began; null where Pgpool-II does not react to what it does.</summary>
    public EventsMark? Began { get; init; }

    /// <summary>Tells the user something that is no failure.</summary>
    public Action<string> Note { get; init; } = _ => { };

    /// <summary>Sessions on the nodes, which steps hand on to each other. Whoever runs the steps ends them.</summary>
    public PostgresSessions Sessions { get; } = new(Lab);
}

/// <summary>One verb of a plan. It does what it says; it never asks which mode this is.</summary>
public interface IStep
{
    /// <summary>What it does, for people: "Create the primary".</summary>
    string Title { get; }

    /// <summary>The commands it runs and the files it writes, for <c>--dry-run</c>; a line each.</summary>
    IEnumerable<string> Preview(Lab lab);

    /// <summary>Does it.</summary>
    Task ExecuteAsync(StepContext context, CancellationToken cancellationToken);

    /// <summary>Why it failed, when that is not to end the steps beside it and after it; null when it did what it
    /// should.</summary>
    Exception? ToleratedFailure => null;
}

/// <summary>Lanes that do not depend on each other and run side by side. The steps of one lane run one after
/// another.</summary>
/// <param name="Lanes">The lanes.</param>
public sealed record Stage(IReadOnlyList<IReadOnlyList<IStep>> Lanes)
{
    /// <summary>Equal when the lanes hold equal steps.</summary>
    public bool Equals(Stage? other) =>
        other is not null
        && Lanes.Count == other.Lanes.Count
        && Lanes.Zip(other.Lanes).All(l => l.First.SequenceEqual(l.Second));

    /// <inheritdoc/>
    public override int GetHashCode() => Lanes.Count;

    /// <summary>A stage of one step.</summary>
    public static Stage Of(IStep step) =>
        new([
            [step],
        ]);

    /// <summary>A stage of one lane for each node.</summary>
    public static Stage ForEach<T>(IEnumerable<T> items, Func<T, IReadOnlyList<IStep>> lane) =>
        new(items.Select(lane).ToArray());

    /// <summary>A stage of at most so many lanes, among which the items are dealt out.</summary>
    public static Stage ForEach<T>(IEnumerable<T> items, int lanes, Func<T, IReadOnlyList<IStep>> steps) =>
        new(
            items
                .Select((item, index) => (item, index))
                .GroupBy(i => i.index % lanes, i => i.item)
                .Select(g => (IReadOnlyList<IStep>)g.SelectMany(steps).ToArray())
                .ToArray()
        );
}

/// <summary>A resolved lab and what makes it.</summary>
/// <param name="Lab">The lab.</param>
/// <param name="Stages">What to do, in order.</param>
public sealed record LabPlan(Lab Lab, IReadOnlyList<Stage> Stages)
{
    /// <summary>What became of the settings of configuration files.</summary>
    public IReadOnlyList<SettingsFileReport> SettingsFiles { get; init; } = [];

    /// <summary>Every step, in the order they are listed.</summary>
    public IEnumerable<IStep> Steps => Stages.SelectMany(s => s.Lanes).SelectMany(l => l);
}
