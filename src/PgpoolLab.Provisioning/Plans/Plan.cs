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

    /// <summary>Called by a step that leads its stage, at the moment from which on those who wait for its word may
    /// begin.</summary>
    public Action Release { get; init; } = () => { };

    /// <summary>The Pgpool-IIs that steps of this run have started, by number. Who waits for one knows by it which
    /// process that is.</summary>
    public System.Collections.Concurrent.ConcurrentDictionary<int, StartedPgpool> Started { get; } = new();

    /// <summary>Sessions on the nodes, which steps hand on to each other. Whoever runs the steps ends them.</summary>
    public PostgresSessions Sessions { get; } = new(Lab);
}

/// <summary>A Pgpool-II that was started.</summary>
/// <param name="ProcessId">Its first process.</param>
/// <param name="HeldDown">The nodes it remembers as down.</param>
public sealed record StartedPgpool(int ProcessId, IReadOnlyList<int> HeldDown);

/// <summary>One verb of a plan. It does what it says; it never asks which mode this is. A plain value: equal to another
/// one that does the same, and without knowledge of what runs beside it.</summary>
public interface IStep
{
    /// <summary>What it does, for people: "Create the primary".</summary>
    string Title { get; }

    /// <summary>What it is about, for who reads events.</summary>
    StepSubject Subject => StepSubject.None;

    /// <summary>The commands it runs and the files it writes, for <c>--dry-run</c>; a line each.</summary>
    IEnumerable<string> Preview(Lab lab);

    /// <summary>Does it.</summary>
    Task ExecuteAsync(StepContext context, CancellationToken cancellationToken);
}

/// <summary>Lanes that do not depend on each other and run side by side. The steps of one lane run one after
/// another.</summary>
/// <param name="Lanes">The lanes.</param>
public sealed record Stage(IReadOnlyList<IReadOnlyList<IStep>> Lanes)
{
    /// <summary>How many lanes, the first ones, lead: the others begin as soon as each of these has said that they may
    /// (<see cref="StepContext.Release"/>), or has ended.</summary>
    public int Leading { get; init; }

    /// <summary>True when a step that fails ends nothing but its lane; it is reported when all is done.</summary>
    public bool GoesOn { get; init; }

    /// <summary>Equal when the lanes hold equal steps.</summary>
    public bool Equals(Stage? other) =>
        other is not null
        && (Leading, GoesOn) == (other.Leading, other.GoesOn)
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

    /// <summary>Equal when the lab is the same and the stages are equal.</summary>
    public bool Equals(LabPlan? other) =>
        other is not null && Lab.Id == other.Lab.Id && Stages.SequenceEqual(other.Stages);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Lab.Id, Stages.Count);

    /// <summary>Every step, in the order they are listed.</summary>
    public IEnumerable<IStep> Steps => Stages.SelectMany(s => s.Lanes).SelectMany(l => l);
}
