using System.Text.RegularExpressions;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Export;

/// <summary>What commits wait for there.</summary>
/// <param name="Any">True for any of the standbys (a quorum), false for the first ones.</param>
/// <param name="Number">How many must have answered.</param>
public sealed record ExportedSync(bool Any, int Number);

/// <summary>A lab as it is told to another engine: everything is decided.</summary>
public sealed partial record ExportedLab
{
    /// <summary>The role that applications use, and that owns the database.</summary>
    public const string ApplicationRole = "app";

    /// <summary>How many Pgpool-IIs Kubernetes runs.</summary>
    public const int PgpoolReplicas = 2;

    private const int LongestName = 40;

    /// <summary>The lab.</summary>
    public required Lab Lab { get; init; }

    /// <summary>The engine.</summary>
    public required ExportTarget Target { get; init; }

    /// <summary>What everything is named after: a label as DNS has it.</summary>
    public required string Name { get; init; }

    /// <summary>PostgreSQL's settings, by name, without those that have places of their own.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> PostgresSettings { get; init; }

    /// <summary>Pgpool-II's settings.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> PgpoolSettings { get; init; }

    /// <summary>Libraries that PostgreSQL loads when it starts.</summary>
    public IReadOnlyList<string> Libraries { get; init; } = [];

    /// <summary>What commits wait for; null for nothing.</summary>
    public ExportedSync? Sync { get; init; }

    /// <summary>What is there as asked for, but not as in the lab; a sentence each.</summary>
    public required IReadOnlyList<string> Differences { get; init; }

    /// <summary>How many Pgpool-IIs there are.</summary>
    public int Pgpools => Target is ExportTarget.Kubernetes ? PgpoolReplicas : 1;

    /// <summary>The <c>max_connections</c> that these Pgpool-IIs need, and some sessions more.</summary>
    public int NeededConnections => (Pgpools * Children * Pool) + SessionLimits.ForOthers + SessionLimits.ForOthers;

    /// <summary>Pgpool-II's processes.</summary>
    public int Children => Number("num_init_children", SessionLimits.Children);

    /// <summary>Memory one Pgpool-II may use, in MiB: each of its processes takes some.</summary>
    public int PgpoolMemory => 192 + (8 * Children);

    private int Pool => Number("max_pool", SessionLimits.Pool);

    /// <summary>PostgreSQL's image.</summary>
    /// <remarks>For CloudNativePG the tag must begin with the version: its manual, "Container Image
    /// Requirements".</remarks>
    public string PostgresImage =>
        Target is ExportTarget.Kubernetes
            ? $"ghcr.io/cloudnative-pg/postgresql:{PostgresTag}-standard-bookworm"
            : $"postgres:{PostgresTag}";

    /// <summary>Pgpool-II's image.</summary>
    public string PgpoolImage => $"pgpool/pgpool:{Lab.Tools.Pgpool}";

    /// <summary>A development build has no minor version, and no image of its own.</summary>
    private string PostgresTag =>
        Lab.Tools.Postgres is { Minor: > 0 } released ? released.ToString() : $"{Lab.Tools.Postgres.Major}";

    /// <summary>A lab's name as both engines take it.</summary>
    /// <remarks>Kubernetes, "Object Names and IDs", RFC 1035 label names; CloudNativePG takes at most 50
    /// characters.</remarks>
    internal static string NameOf(Lab lab)
    {
        var name = Others().Replace(lab.Name.ToLowerInvariant(), "-").Trim('-');
        name = name[..Math.Min(name.Length, LongestName)].TrimEnd('-');
        return name.Length == 0 ? "lab"
            : char.IsAsciiLetter(name[0]) ? name
            : $"lab-{name}";
    }

    private int Number(string name, int byDefault) =>
        int.TryParse(PgpoolSettings.LastOrDefault(s => s.Key == name).Value, out var number) && number > 0
            ? number
            : byDefault;

    [GeneratedRegex("[^a-z0-9]+", RegexOptions.CultureInvariant)]
    private static partial Regex Others();
}
