using System.Text.RegularExpressions;

namespace PgpoolLab.Model;

/// <summary>A setting of one of a lab's programs and the value it is to have: <c>pgpool.NAME=VALUE</c>,
/// <c>postgresql.NAME=VALUE</c>.</summary>
/// <param name="Program"><see cref="Pgpool"/> or <see cref="Postgres"/>.</param>
/// <param name="Name">Its name; Pgpool-II's may end in the number of a node.</param>
/// <param name="Value">The value, without quotes.</param>
public sealed partial record SettingAssignment(string Program, string Name, string Value)
{
    /// <summary>Pgpool-II, as users name it before a setting.</summary>
    public const string Pgpool = "pgpool";

    /// <summary>PostgreSQL, as users name it before a setting.</summary>
    public const string Postgres = "postgresql";

    private const string Weight = "backend_weight";

    /// <summary>Understands an argument.</summary>
    /// <returns>Null when it is no setting of either program.</returns>
    public static SettingAssignment? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var match = Pattern().Match(text);
        return match.Success
            ? new SettingAssignment(match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value)
            : null;
    }

    /// <summary>Why a value cannot stand in a program's configuration file; null when it can.</summary>
    internal static string? WhyNotWritable(string program, string value) =>
        value.Any(char.IsControl) ? "the value holds a line break or another control character."
        : value.Contains('\'') && program == Pgpool ? "pgpool.conf has no way to write a single quote."
        : null;

    /// <summary>Why this cannot be set in a lab that exists; null when it can, as far as the programs take it. What
    /// setup refuses only because it could not make a lab then is taken here.</summary>
    /// <param name="lab">The lab.</param>
    public SpecProblem? WhyNot(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        if (Program == Pgpool && Name.StartsWith(Weight, StringComparison.Ordinal))
        {
            return int.TryParse(Name[Weight.Length..], out var node) && node < lab.Nodes.Count
                ? WhyNotWritable(Program, Value)
                : $"the lab '{lab.Name}' has no such node; its nodes are 0 to {lab.Nodes.Count - 1}.";
        }

        return OwnSettings.WhyNotLater(Program, Name, Value, lab.Asks)
            ?? WhyNotWritable(Program, Value)
            ?? (
                Program == Postgres && Name.Equals("synchronous_standby_names", StringComparison.OrdinalIgnoreCase)
                    ? SynchronousStandbys.WhyWritesWouldHang(
                        SynchronousStandbys.Parse(Value),
                        lab.Mode,
                        lab.Nodes.Select(n => n.ApplicationName).ToArray()
                    )
                    : null
            );
    }

    /// <summary>Why setup cannot set this, as a clause; null when it can, as far as the programs take it.</summary>
    public SpecProblem? WhyNotAtSetup() => OwnSettings.WhyNot(Program, Name, Value) ?? WhyNotWritable(Program, Value);

    [GeneratedRegex(
        @"^(pgpool|postgresql)\.([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*)$",
        RegexOptions.Singleline | RegexOptions.CultureInvariant
    )]
    private static partial Regex Pattern();
}
