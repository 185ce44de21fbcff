namespace PgpoolLab.Model;

/// <summary>One PostgreSQL server of a lab.</summary>
/// <param name="Id">Node number, as Pgpool-II counts its backends, from 0.</param>
/// <param name="Port">TCP port.</param>
/// <param name="DataDirectory">Its data folder, absolute, as users see it.</param>
/// <param name="ServerDataDirectory">The same folder by a name that is safe inside an unquoted shell word. Differs from
/// <paramref name="DataDirectory"/> only when that holds spaces, quotes or the like: Pgpool-II's extension puts it into
/// command lines without quotes.</param>
public sealed record PostgresNode(int Id, int Port, string DataDirectory, string ServerDataDirectory)
{
    /// <summary>Name in <c>pg_stat_replication</c>, and <c>backend_application_nameN</c> in pgpool.conf.</summary>
    public string ApplicationName => $"server{Id}";

    /// <summary>Name of its replication slot on the primary.</summary>
    public string SlotName => $"pgpool_setup_slot{Id}";
}

/// <summary>One Pgpool-II of a lab.</summary>
/// <param name="Port">TCP port for clients.</param>
/// <param name="PcpPort">TCP port for the pcp programs.</param>
/// <param name="SocketDirectories">Where its client sockets lie; the first is the one to connect by.</param>
/// <param name="PcpSocketDirectory">Where its PCP socket lies: the folder compiled into the pcp programs.</param>
public sealed record PgpoolNode(int Port, int PcpPort, IReadOnlyList<string> SocketDirectories, string PcpSocketDirectory);

/// <summary>What became of the folder the lab lies in, so that destroying gives back what was there.</summary>
/// <param name="CreatedFrom">The topmost folder setup had to create; null when the lab's folder was there.</param>
/// <param name="FormerUid">Numeric owner before setup handed it to the lab's user; null when it was not changed.</param>
/// <param name="FormerGid">Numeric group before; null when it was not changed.</param>
public sealed record FolderOrigin(string? CreatedFrom, int? FormerUid = null, int? FormerGid = null);

/// <summary>A fully resolved lab: every name, port and path is decided. Immutable; change by copy.</summary>
public sealed record Lab
{
    /// <summary>Random identity, 8 hexadecimal digits. It tells this lab from another made later in the same folder.</summary>
    public required string Id { get; init; }

    /// <summary>What users call it.</summary>
    public required string Name { get; init; }

    /// <summary>Where it lies.</summary>
    public required string Root { get; init; }

    /// <summary>How Pgpool-II keeps its backends alike.</summary>
    public required ClusteringMode Mode { get; init; }

    /// <summary>The operating system user its servers run as; also PostgreSQL's superuser.</summary>
    public required string Owner { get; init; }

    /// <summary>The user who called setup, when that is another one (root): gets a role and a pcp user too.</summary>
    public string? Invoker { get; init; }

    /// <summary>Where the folder came from.</summary>
    public required FolderOrigin Folder { get; init; }

    /// <summary>The programs.</summary>
    public required Toolset Tools { get; init; }

    /// <summary>Pgpool-II.</summary>
    public required PgpoolNode Pgpool { get; init; }

    /// <summary>The PostgreSQL servers, by number.</summary>
    public required IReadOnlyList<PostgresNode> Nodes { get; init; }

    /// <summary>A link to <see cref="Root"/> whose own path is safe in an unquoted shell word; null when Root is.</summary>
    public string? SafeAlias { get; init; }

    /// <summary>Replication slots instead of WAL archiving.</summary>
    public bool UseSlots { get; init; }

    /// <summary>Online recovery tries pg_rewind before a base backup.</summary>
    public bool UseRewind { get; init; }

    /// <summary>Settings the user gave with <c>--set pgpool.KEY=VALUE</c>.</summary>
    public IReadOnlyDictionary<string, string> PgpoolSettings { get; init; } = new Dictionary<string, string>();

    /// <summary>Settings the user gave with <c>--set postgresql.KEY=VALUE</c>.</summary>
    public IReadOnlyDictionary<string, string> PostgresSettings { get; init; } = new Dictionary<string, string>();

    /// <summary>Where everything lies.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public LabPaths Paths => new(Root);

    /// <summary>Pgpool-II's, pcp's and the nodes' ports.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public PortLayout Ports => new(Pgpool.Port, Nodes[0].Port);

    /// <summary>This lab in another folder, as somebody has moved it. Its files still name the old one; all that can be done with it is to destroy it.</summary>
    public Lab MovedTo(string root) => this with
    {
        Root = root,
        Nodes = Nodes.Select(n => n with { DataDirectory = $"{root}/data{n.Id}", ServerDataDirectory = $"{root}/data{n.Id}" }).ToArray(),
        Folder = new FolderOrigin(null),
        SafeAlias = null,
    };

    /// <summary>Database users work in; setup creates it.</summary>
    public const string Database = "test";
}
