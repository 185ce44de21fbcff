using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Files;

/// <summary>A drill, as its file has it.</summary>
/// <param name="Name">Its name: that of its file without the ending.</param>
/// <param name="Title">What happens in it, in a few words.</param>
/// <param name="File">The file; null for a drill that the program brings.</param>
/// <param name="Text">The file's text.</param>
public sealed record DrillSpec(string Name, string Title, string? File, string Text)
{
    /// <summary>What it shows, in a sentence or two; null when nothing is said.</summary>
    public string? About { get; init; }

    /// <summary>Its lab, as a lab file (JSON, which is YAML as well).</summary>
    public required string Lab { get; init; }

    /// <summary>What clients do meanwhile.</summary>
    public required LoadSpec Load { get; init; }

    /// <summary>What is done, in order.</summary>
    public required IReadOnlyList<StepSpec> Steps { get; init; }

    /// <summary>When it is over.</summary>
    public required UntilSpec Until { get; init; }

    /// <summary>Settings to try, one variant each: <c>pgpool.health_check_timeout=5</c>; empty for one variant without
    /// any.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Matrix { get; init; } = [];

    /// <summary>How often each variant is run.</summary>
    public int Repeat { get; init; } = 1;

    /// <summary>A command of the user's own that is a load, too; null for none.</summary>
    public string? App { get; init; }

    /// <summary>It needs root.</summary>
    public bool NeedsRoot { get; init; }

    /// <summary>The nodes whose WAL gets a disk of its own before the load begins, as a step fills that.</summary>
    public IReadOnlyList<int> NodesToFill =>
        [.. Steps.Where(s => s.Verb == StepVerb.Fill).Select(s => StepSpec.FirstOf(s.Words[0])).Distinct().Order()];

    /// <summary>What it expects.</summary>
    internal IReadOnlyList<Expectation> Expectations { get; init; } = [];

    /// <summary>A run with what this drill expects of it, and whether it holds. That all steps could be done is
    /// expected
    /// of every drill.</summary>
    public DrillRun Judge(DrillRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var failed = run.Steps.FirstOrDefault(s => s.Failed is not null);
        return run with
        {
            Expectations =
            [
                .. Expectations.Select(e => e.Judge(run)),
                .. failed is null
                    ? []
                    : (ExpectationSeen[])
                        [new("every step can be done", $"{failed.Verb} {failed.Asked}: {failed.Failed}", false)],
            ],
        };
    }

    /// <summary>What it expects, as its file has it: <c>rto &lt; 1s</c>.</summary>
    public IReadOnlyList<string> Expects => [.. Expectations.Select(e => e.Text)];
}

/// <summary>What clients do during a drill.</summary>
/// <param name="Kind"><c>rows</c>, <c>bank</c> or <c>append</c>.</param>
/// <param name="Clients">How many there are.</param>
/// <param name="Rate">Statements a second, all clients together.</param>
/// <param name="ReadShare">How many of a hundred rows are read again at once.</param>
/// <param name="Timeout">How long a statement or a connection may take, in seconds.</param>
/// <param name="Reconnect">The pause after a failure, in seconds.</param>
public sealed record LoadSpec(string Kind, int Clients, double Rate, int ReadShare, double Timeout, double Reconnect)
{
    /// <summary>Clients write rows.</summary>
    public const string Rows = "rows";

    /// <summary>Clients move money between accounts; the sum must stay.</summary>
    public const string Bank = "bank";

    /// <summary>Clients append to lists; nothing may vanish from one, or change its place.</summary>
    public const string Append = "append";

    /// <summary>When nothing is said.</summary>
    public static LoadSpec Default { get; } = new(Rows, 8, 400, 10, 10, 0.01);
}

/// <summary>When a drill is over.</summary>
/// <param name="WritesSteady">For how long all clients must have written without a break, in seconds.</param>
/// <param name="AtMost">When it is over in any case: seconds after the last step.</param>
public sealed record UntilSpec(double WritesSteady, double AtMost)
{
    /// <summary>When nothing is said.</summary>
    public static UntilSpec Default { get; } = new(2, 60);
}

/// <summary>A step of a drill.</summary>
/// <param name="Verb">The command.</param>
/// <param name="Words">Its words, roles and all: <c>primary</c>.</param>
/// <param name="Options">Its options: <c>--how stall</c>.</param>
/// <param name="Kind">What it does to a lab: <see cref="StepVerb.Kind"/>.</param>
public sealed record StepSpec(string Verb, IReadOnlyList<string> Words, IReadOnlyList<string> Options, string Kind)
{
    /// <summary>When it begins: seconds since the load was steady; null where the step before, or an event,
    /// says.</summary>
    public double? At { get; init; }

    /// <summary>The event that it waits for; null for none.</summary>
    public string? When { get; init; }

    /// <summary>The pause before it, after the step before or the event, in seconds.</summary>
    public double After { get; init; }

    /// <summary>How often it is done.</summary>
    public int Times { get; init; } = 1;

    /// <summary>From one time to the next, in seconds.</summary>
    public double Every { get; init; }

    /// <summary>Whether a word names the node of <c>fill</c> or <c>free</c>. A primary is filled, and is none any more
    /// when it is to have room again.</summary>
    internal static bool IsDiskOf(string verb, string word) =>
        NumberOf(word) is not null || (verb == StepVerb.Fill && word == Primary);

    /// <summary>The node that a word means while nothing has happened yet: the primary is node 0.</summary>
    internal static int FirstOf(string word) => NumberOf(word) ?? 0;

    private const string Primary = "primary";

    private static int? NumberOf(string word) =>
        int.TryParse(
            word,
            System.Globalization.NumberStyles.None,
            System.Globalization.CultureInfo.InvariantCulture,
            out var number
        )
            ? number
            : null;
}
