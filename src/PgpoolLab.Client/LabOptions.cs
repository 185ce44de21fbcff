namespace PgpoolLab.Client;

/// <summary>What a lab is to be. What is not said is as <c>pgpoollab setup</c> has it; ports are free ones.</summary>
public sealed class LabOptions
{
    private readonly List<string> _arguments = [];

    /// <summary>The options of <c>pgpoollab setup</c> that say the same.</summary>
    public IReadOnlyList<string> Arguments => _arguments;

    /// <summary>The lab's folder; null for a new one among the temporary files.</summary>
    public string? Directory { get; private set; }

    /// <summary>The lab whose snapshot this one is made of, and the snapshot's name; null when it is made
    /// anew.</summary>
    public (string Lab, string Snapshot)? Origin { get; private set; }

    /// <summary>How long it may take to make the lab.</summary>
    public TimeSpan Patience { get; private set; } = TimeSpan.FromMinutes(5);

    /// <summary>PostgreSQL nodes: one primary, the others standbys.</summary>
    public LabOptions Nodes(int count) => With("--nodes", $"{count}");

    /// <summary>Replication slots, instead of WAL archives.</summary>
    public LabOptions Slots() => With("--slots");

    /// <summary>Try pg_rewind in online recovery.</summary>
    public LabOptions Rewind() => With("--rewind");

    /// <summary>Several Pgpool-IIs that watch each other.</summary>
    public LabOptions Watchdog(int count) => With("--watchdog", $"{count}");

    /// <summary>PostgreSQL's major version, such as 17.</summary>
    public LabOptions PostgresVersion(int major) => With("--pg-version", $"{major}");

    /// <summary>A setting of PostgreSQL.</summary>
    public LabOptions Postgres(string name, string value) => With("--set", $"postgresql.{name}={value}");

    /// <summary>A setting of Pgpool-II.</summary>
    public LabOptions Pgpool(string name, string value) => With("--set", $"pgpool.{name}={value}");

    /// <summary>TLS on loopback, too, with a certificate of the lab's own.</summary>
    public LabOptions Tls() => With("--tls");

    /// <summary>Links between all servers, which <see cref="Lab.CutAsync"/> and <see cref="Lab.SlowAsync"/>
    /// break.</summary>
    public LabOptions Faults() => With("--faults");

    /// <summary>The lab's folder, absolute: empty, or not there yet.</summary>
    public LabOptions In(string directory)
    {
        Directory = directory;
        return this;
    }

    /// <summary>How long it may take to make the lab.</summary>
    public LabOptions Within(TimeSpan patience)
    {
        Patience = patience;
        return this;
    }

    /// <summary>A snapshot of another lab, which the lab is made of; options of <c>setup</c> cannot be given
    /// then.</summary>
    /// <param name="lab">The other lab, by folder or name.</param>
    /// <param name="snapshot">The snapshot's name.</param>
    public LabOptions FromSnapshot(string lab, string snapshot)
    {
        Origin = (lab, snapshot);
        return this;
    }

    /// <summary>Any option of <c>pgpoollab setup</c>, as on the command line.</summary>
    public LabOptions With(params string[] arguments)
    {
        _arguments.AddRange(arguments);
        return this;
    }
}
