namespace PgpoolLab.Drills.Results;

/// <summary>What a drill has measured, as <c>drill --json</c> prints it. The shape only grows. All moments are seconds
/// since the first fault of their run began, negative before it; all durations are seconds.</summary>
/// <param name="Schema">The version of the shape: 1.</param>
/// <param name="Drill">The drill's name: <c>primary-dies</c>.</param>
/// <param name="Title">What happens in it, in a few words.</param>
/// <param name="File">The drill file; null for a drill that the program brings.</param>
/// <param name="Text">The drill, as its file has it.</param>
/// <param name="StartedAt">When the first run began.</param>
/// <param name="Tool">The program's version.</param>
/// <param name="Versions">The versions of the servers.</param>
/// <param name="Machine">Where it was measured.</param>
/// <param name="Variants">One for each value of the matrix; one in all without a matrix.</param>
/// <param name="Holds">Every expectation holds in every run.</param>
public sealed record DrillResult(
    int Schema,
    string Drill,
    string Title,
    string? File,
    string Text,
    DateTimeOffset StartedAt,
    string Tool,
    ServerVersions Versions,
    MachineFacts Machine,
    IReadOnlyList<DrillVariant> Variants,
    bool Holds
);

/// <summary>The versions of the servers.</summary>
/// <param name="Postgresql">15.18</param>
/// <param name="Pgpool">4.3.5</param>
public sealed record ServerVersions(string Postgresql, string Pgpool);

/// <summary>Where a drill was measured: what times depend on.</summary>
/// <param name="Cores">The processors this program may use.</param>
/// <param name="LoadBefore">The machine's load of the last minute before the first run.</param>
public sealed record MachineFacts(int Cores, double LoadBefore);

/// <summary>The runs of a drill with the same settings.</summary>
/// <param name="Setting">The setting that the matrix changes, and its value:
/// <c>pgpool.health_check_timeout=5</c>; null without a matrix.</param>
/// <param name="Lab">The lab that was made.</param>
/// <param name="Load">What its clients did.</param>
/// <param name="Runs">What was measured, run by run.</param>
/// <param name="Summary">The runs together.</param>
public sealed record DrillVariant(
    string? Setting,
    LabFacts Lab,
    LoadFacts Load,
    IReadOnlyList<DrillRun> Runs,
    DrillSummary Summary
);

/// <summary>The lab of a drill.</summary>
/// <param name="Mode">As on the command line: <c>s</c>, <c>r</c>, <c>l</c>, ….</param>
/// <param name="Nodes">How many nodes it has.</param>
/// <param name="Pgpools">How many Pgpool-IIs it has.</param>
/// <param name="Settings">What differs from a lab made without options: <c>pgpool.health_check_timeout</c> to
/// <c>5</c>.</param>
public sealed record LabFacts(string Mode, int Nodes, int Pgpools, IReadOnlyDictionary<string, string> Settings);

/// <summary>The load of a drill.</summary>
/// <param name="Kind"><c>rows</c>, <c>bank</c>, <c>append</c>, or <c>app</c>.</param>
/// <param name="Clients">How many clients write at once.</param>
/// <param name="Rate">Statements a second, all clients together.</param>
public sealed record LoadFacts(string Kind, int Clients, double Rate);

/// <summary>The runs of a variant together.</summary>
/// <param name="RtoMedian">The median; null when writes never came back in one of them.</param>
/// <param name="RtoWorst">The longest; null when writes never came back.</param>
/// <param name="LostWorst">The most acknowledged rows lost in a run.</param>
/// <param name="DoubledWorst">The most rows written twice in a run.</param>
/// <param name="TwoPrimariesWorst">The longest time with two primaries.</param>
/// <param name="Holds">Every expectation holds in every run.</param>
public sealed record DrillSummary(
    double? RtoMedian,
    double? RtoWorst,
    int LostWorst,
    int DoubledWorst,
    double TwoPrimariesWorst,
    bool Holds
);
