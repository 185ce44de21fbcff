using PgpoolLab.Provisioning.LabFiles;

namespace PgpoolLab.Drills.Files;

/// <summary>Every key of a drill file. Reader and schema are made of this table.</summary>
internal static class DrillKeys
{
    /// <summary>The most variants a matrix may have.</summary>
    internal const int MostVariants = 32;

    private static readonly Shape Time = new TextShape(
        DrillTime.Expected,
        t => DrillTime.Parse(t) is null ? $"that is no time; write {DrillTime.Expected}." : null,
        "^[0-9]+(\\.[0-9]+)? ?(ms|s|m|min)$"
    );

    /// <summary>What a drill file is.</summary>
    internal static MapShape Root { get; } =
        new(
            [
                new("drill", "What happens in it, in a few words", new TextShape("a title")),
                new("about", "What it shows, in a sentence or two", new TextShape("a text")),
                new(
                    "extends",
                    "A drill that this one is like: a file, or a drill that the program brings",
                    new TextShape("a drill")
                ),
                new("needs", "What it cannot do without", new WordShape("root")),
                new("lab", "The lab that is made for it: the keys of a lab file", LabFileKeys.Root),
                new("load", "What clients do meanwhile", new MapShape(Load(), mayBeEmpty: true)),
                new("app", "A command of yours that is a load, too; its exit code counts", new TextShape("a command")),
                new("steps", "What is done, in order", new ListShape("steps", new StepShape(Time), least: 1)),
                new("until", "When it is over", new MapShape(Until(), mayBeEmpty: true)),
                new("expect", "What must be true of every run", new MapShape(Expect())),
                new(
                    "matrix",
                    "Settings to compare, as --set names them, and the values of each",
                    new NamedShape(
                        "a map of settings",
                        new ListShape("values", new ValueShape(), least: 1),
                        (name, _) =>
                            name.Contains('.', StringComparison.Ordinal)
                                ? null
                                : "write pgpool.NAME or postgresql.NAME."
                    )
                ),
                new("repeat", "How often each is run", new WholeShape(1, 1000)),
            ],
            whole: "a drill file"
        );

    private static LabFileKey[] Load() =>
        [
            new("kind", "What clients write", new WordShape(LoadSpec.Rows, LoadSpec.Bank, LoadSpec.Append)),
            new("clients", "How many clients there are", new WholeShape(1, 200)),
            new(
                "rate",
                "Statements a second, all clients together",
                new TextShape(
                    "a rate such as 400/s",
                    t => Rate(t) is null ? "that is no rate; write 400/s." : null,
                    "^[0-9]+(\\.[0-9]+)?/s$"
                )
            ),
            new(
                "read-own-writes",
                "How many of a hundred rows are read again at once",
                new TextShape(
                    "a share such as 10%",
                    t => Share(t) is null ? "that is no share; write 10%." : null,
                    "^[0-9]{1,3}%$"
                )
            ),
            new("timeout", "How long a statement or a connection may take", Time),
            new("reconnect", "The pause after a failure", Time),
        ];

    private static LabFileKey[] Until() =>
        [
            new("writes-steady", "For how long all clients must have written without a break", Time),
            new("at-most", "When it is over in any case, after the last step", Time),
        ];

    private static IReadOnlyList<LabFileKey> Expect() =>
        [.. Measure.All.Select(m => new LabFileKey(m.Name, m.Description, new ExpectationShape(m)))];

    /// <summary>In a second; null when it is no rate.</summary>
    internal static double? Rate(string text) =>
        text.EndsWith("/s", StringComparison.Ordinal)
        && double.TryParse(
            text[..^2],
            System.Globalization.NumberStyles.AllowDecimalPoint,
            System.Globalization.CultureInfo.InvariantCulture,
            out var rate
        )
        && rate is >= 0.1 and <= 100_000
            ? rate
            : null;

    /// <summary>Of a hundred; null when it is no share.</summary>
    internal static int? Share(string text) =>
        text.EndsWith('%') && int.TryParse(text[..^1], out var share) && share is >= 0 and <= 100 ? share : null;
}
