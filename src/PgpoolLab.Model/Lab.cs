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
    public string ApplicationName => ApplicationNameOf(Id);

    /// <summary>The same, of a node there is not yet.</summary>
    public static string ApplicationNameOf(int id) => $"server{id}";

    /// <summary>The number of the host it runs on; null in a lab on one machine.</summary>
    public int? Host { get; init; }

    /// <summary>Name of its replication slot on the primary.</summary>
    public string SlotName => $"{SlotPrefix}{Id}";

    private const string SlotPrefix = "pgpool_setup_slot";

    /// <summary>True for a name that <see cref="SlotName"/> gives, also of a node there is no more.</summary>
    public static bool IsSlotName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.StartsWith(SlotPrefix, StringComparison.Ordinal)
            && name.Length > SlotPrefix.Length
            && name[SlotPrefix.Length..].All(char.IsAsciiDigit);
    }
}

/// <summary>One Pgpool-II of a lab.</summary>
/// <param name="Id">Its number, from 0; with a watchdog also its <c>pgpool_node_id</c>.</param>
/// <param name="Folder">The folder with its <c>etc</c>, <c>log</c> and <c>run</c>, absolute: the lab's own when it is
/// the only one, else <c>pgpoolN</c> in it.</param>
/// <param name="ServerFolder">The same folder by a name that is safe inside an unquoted shell word.</param>
/// <param name="Port">TCP port for clients.</param>
/// <param name="PcpPort">TCP port for the pcp programs.</param>
/// <param name="Watchdog">Ports of its watchdog; null when it is the only one.</param>
/// <param name="SocketDirectories">Where its client sockets lie; the first is the one to connect by.</param>
/// <param name="PcpSocketDirectory">Where its PCP socket lies.</param>
public sealed record PgpoolNode(
    int Id,
    string Folder,
    string ServerFolder,
    int Port,
    int PcpPort,
    WatchdogPorts? Watchdog,
    IReadOnlyList<string> SocketDirectories,
    string PcpSocketDirectory
)
{
    /// <summary>The number of the host it runs on; null in a lab on one machine.</summary>
    public int? Host { get; init; }

    /// <summary>Where its files lie.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public LabPaths Paths => new(Folder);

    /// <summary>Equal when all is equal, the folders of its sockets one by one.</summary>
    public bool Equals(PgpoolNode? other) =>
        other is not null
        && Host == other.Host
        && (Id, Folder, ServerFolder, Port, PcpPort, Watchdog, PcpSocketDirectory)
            == (
                other.Id,
                other.Folder,
                other.ServerFolder,
                other.Port,
                other.PcpPort,
                other.Watchdog,
                other.PcpSocketDirectory
            )
        && SocketDirectories.SequenceEqual(other.SocketDirectories);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Id, Folder, Port);
}

/// <summary>What became of the folder the lab lies in, so that destroying gives back what was there.</summary>
/// <param name="CreatedFrom">The topmost folder setup had to create; null when the lab's folder was there.</param>
/// <param name="FormerUid">Numeric owner before setup handed it to the lab's user; null when it was not
/// changed.</param>
/// <param name="FormerGid">Numeric group before; null when it was not changed.</param>
public sealed record FolderOrigin(string? CreatedFrom, int? FormerUid = null, int? FormerGid = null);

/// <summary>One of the machines of a lab on several.</summary>
/// <param name="Id">Its number, from 0.</param>
/// <param name="Name">What the user calls it: a name of <c>~/.ssh/config</c>, or user@address.</param>
/// <param name="Address">Where the lab's servers on the other machines reach it: an address, never a name, so that a
/// resolver cannot be asked for it in a failure.</param>
public sealed record LabHost(int Id, string Name, string Address)
{
    /// <summary>The pgpoollab that is installed there and answers; null to copy this one there.</summary>
    public string? Program { get; init; }

    /// <summary>What ssh is told to get there; null for the name.</summary>
    public string? Login { get; init; }

    /// <summary>The folder of its part there; null in the parts themselves, and before it is made.</summary>
    public string? Root { get; init; }
}

/// <summary>A fully resolved lab: every name, port and path is decided. Immutable; change by copy.</summary>
public sealed record Lab
{
    /// <summary>Random identity, 8 hexadecimal digits. It tells this lab from another made later in the same
    /// folder.</summary>
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

    /// <summary>The Pgpool-IIs, by number; more than one have a watchdog.</summary>
    public required IReadOnlyList<PgpoolNode> Pgpools { get; init; }

    /// <summary>The first Pgpool-II of this machine.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public PgpoolNode Pgpool => OwnPgpools is [var first, ..] ? first : Pgpools[0];

    /// <summary>True when several Pgpool-IIs watch each other.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool HasWatchdog => Pgpools.Count > 1;

    /// <summary>The PostgreSQL servers, by number.</summary>
    public required IReadOnlyList<PostgresNode> Nodes { get; init; }

    /// <summary>The machines of a lab on several; empty for a lab on one.</summary>
    public IReadOnlyList<LabHost> Hosts
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>The number of the host whose part of the lab this is; null for a lab on one machine, and for the whole
    /// of one on several, as the user's own machine knows it.</summary>
    public int? Here { get; init; }

    /// <summary>Address/prefix that the leading Pgpool-II has; null for none.</summary>
    public string? VirtualIp { get; init; }

    /// <summary>The network interface that gets it; null without one.</summary>
    public string? Interface { get; init; }

    /// <summary>Hosts that a command has cut off from each other; null when none are. Only the whole lab, as the user's
    /// own machine knows it, has this.</summary>
    [System.Text.Json.Serialization.JsonIgnore(
        Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull
    )]
    public LabPartition? Partition { get; init; }

    /// <summary>True for a lab on several machines.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsSpread => Hosts.Count > 0;

    /// <summary>True for a lab on several machines as the one knows it on which it was made: it has no server of its
    /// own.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsWhole => IsSpread && Here is null;

    /// <summary>The PostgreSQL servers that run on this machine.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public IReadOnlyList<PostgresNode> OwnNodes => IsSpread ? [.. Nodes.Where(n => n.Host == Here)] : Nodes;

    /// <summary>The Pgpool-IIs that run on this machine.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public IReadOnlyList<PgpoolNode> OwnPgpools => IsSpread ? [.. Pgpools.Where(p => p.Host == Here)] : Pgpools;

    /// <summary>Where the lab's servers reach a host.</summary>
    /// <param name="host">Its number; null for this machine.</param>
    public string AddressOf(int? host) => host is { } id && IsSpread ? Hosts[id].Address : "localhost";

    /// <summary>False when the PostgreSQL servers are another lab's: this one has but Pgpool-II (<c>pgpool_setup
    /// -e</c>).</summary>
    public bool OwnsNodes { get; init; } = true;

    /// <summary>Set when the lab keeps pgpool_setup's conventions.</summary>
    public PgpoolSetupConventions? PgpoolSetup { get; init; }

    /// <summary>By whose conventions it was made.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public LabConventions Conventions => LabConventions.Of(PgpoolSetup);

    /// <summary>A link to <see cref="Root"/> whose own path is safe in an unquoted shell word; null when Root
    /// is.</summary>
    public string? SafeAlias { get; init; }

    /// <summary>How the standbys were made.</summary>
    public StandbyMethod Standbys { get; init; }

    /// <summary>Replication slots instead of WAL archiving.</summary>
    public bool UseSlots { get; init; }

    /// <summary>Its servers reach each other by links that can be broken.</summary>
    [System.Text.Json.Serialization.JsonIgnore(
        Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingDefault
    )]
    public bool Faults { get; init; }

    /// <summary>The socket by which the proxy of its links is told what to do.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string LinkSocket => $"{SocketFolder}/links.sock";

    /// <summary>The number of that proxy's process.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string LinkPid => $"{Paths.Run}/links.pid";

    /// <summary>What that proxy prints.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string LinkLog => HasPgpoolFolders ? $"{Paths.Hidden}/links.log" : $"{Paths.Log}/links.log";

    /// <summary>Online recovery tries pg_rewind before a base backup.</summary>
    public bool UseRewind { get; init; }

    /// <summary>How clients that come by TCP prove who they are. Labs of the old conventions have rules of their
    /// own.</summary>
    public AuthMethod Auth { get; init; }

    /// <summary>True when who comes by TCP is asked for a password, by rules of the lab's own.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool Asks => Conventions.HasRoles && Auth is not AuthMethod.Trust;

    /// <summary>Addresses its servers listen on besides loopback; empty for loopback alone.</summary>
    public IReadOnlyList<string> ListenAddresses
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>True when its servers speak TLS, with a certificate of the lab's own authority.</summary>
    public bool UseTls { get; init; }

    /// <summary>True when its unix sockets lie in <see cref="SocketFolder"/>, where only its user gets in.</summary>
    public bool HasPrivateSockets { get; init; }

    /// <summary>Folders in which programs look for unix sockets by themselves: there are links there to the lab's while
    /// it runs.</summary>
    public IReadOnlyList<string> LinkDirectories
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>The folder of its unix sockets, when that is its own: by a name short enough for a socket's
    /// path.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string SocketFolder => $"{SafeAlias ?? Root}/run";

    /// <summary>The role standbys replicate as.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string ReplicationRole => Conventions.HasRoles && HasPrivateSockets ? "repl" : Owner;

    /// <summary>The role Pgpool-II looks after its nodes as.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string CheckRole => Conventions.HasRoles && HasPrivateSockets ? "pgpool" : Owner;

    /// <summary>The roles with passwords: the superusers first.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public IReadOnlyList<string> LoginRoles =>
        ((string?[])[Owner, Invoker, ReplicationRole, CheckRole]).OfType<string>().Distinct().ToArray();

    /// <summary>More arguments for initdb than the lab's own.</summary>
    public IReadOnlyList<string> InitDbArguments
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Databases of the users' own that setup has made.</summary>
    public IReadOnlyList<LabDatabase> Databases
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Roles of the users' own that setup has made.</summary>
    public IReadOnlyList<LabRole> Roles
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Files of SQL that setup has run.</summary>
    public IReadOnlyList<SqlRun> SqlRuns
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>What cannot be seen of it otherwise; null for a lab of an older version.</summary>
    public LabAsked? Asked { get; init; }

    /// <summary>Settings the user gave with <c>--set pgpool.KEY=VALUE</c>.</summary>
    public IReadOnlyDictionary<string, string> PgpoolSettings { get; init; } = new Dictionary<string, string>();

    /// <summary>Settings the user gave with <c>--set postgresql.KEY=VALUE</c>.</summary>
    public IReadOnlyDictionary<string, string> PostgresSettings { get; init; } = new Dictionary<string, string>();

    /// <summary>True when its PostgreSQL servers archive their WAL: standbys restore from there what no slot keeps for
    /// them. No host can read another's archive.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool Archives => !IsSpread && !UseSlots && (Conventions.AlwaysArchives || Mode.HasOnlineRecovery());

    /// <summary>True when Pgpool-II remembers over a restart which nodes it had given up: in modes in which such a node
    /// has missed writes, and nothing in its data folder says so. pgpool_setup's labs forget.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool RemembersStatus => Conventions.Remembers && !Mode.HasPrimary();

    /// <summary>What to call one of the Pgpool-IIs: by number when there are several.</summary>
    public string TitleOf(PgpoolNode pgpool) => HasWatchdog ? $"Pgpool-II {pgpool?.Id}" : "Pgpool-II";

    /// <summary>A node's data folder as one says it who is in the lab's folder.</summary>
    public string RelativeData(int node) => FoldersOfPgpools > 1 ? $"pgpool0/data{node}" : $"data{node}";

    /// <summary>The nodes' logs as one says it who is in the lab's folder.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string RelativeLog => FoldersOfPgpools > 1 ? "pgpool0/log" : "log";

    /// <summary>A node's log, seen from the lab's folder.</summary>
    public string RelativeNodeLog(int node) => $"{RelativeLog}/{LabPaths.NodeLogName(node)}";

    /// <summary>Where the lab's own files lie.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public LabPaths Paths => new(Root);

    /// <summary>Where the nodes' data, archives and logs lie: with the first Pgpool-II.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public LabPaths ServerPaths => Pgpool.Paths;

    /// <summary>The tool's own log.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string ToolLog =>
        Conventions.HasSetupLog ? $"{Root}/{LabPaths.SetupLog}"
        : FoldersOfPgpools > 1 ? $"{Paths.Hidden}/pgpoollab.log"
        : $"{Paths.Log}/pgpoollab.log";

    /// <summary>Pgpool-II's, pcp's, the watchdog's and the nodes' ports. Of a copy no node may be certainly its
    /// own.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public PortLayout Ports =>
        new(Pgpools[0].Port, Pgpools.Count, Nodes.Count > 0 ? Nodes[0].Port : 0) { IsShared = VirtualIp is not null };

    /// <summary>Every port that is this lab's own on this machine, with what it is for.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public IEnumerable<LabPort> AllPorts =>
        IsSpread
            ? OwnPgpools.SelectMany(p => Ports.OfPgpool(p.Id)).Concat(OwnNodes.Select(n => Ports.OfNode(n.Id)))
            : Ports.All(OwnsNodes ? Nodes.Count : 0);

    /// <summary>Where it was made, when it lies elsewhere now; null for a lab in its place.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public FormerPlace? Former { get; init; }

    /// <summary>This lab in another folder, as somebody has moved or copied it. Its files still name the old one; all
    /// that can be done with it is to destroy it.</summary>
    /// <param name="root">Where it lies now.</param>
    /// <param name="former">Where it was made.</param>
    public Lab MovedTo(string root, FormerPlace former)
    {
        ArgumentNullException.ThrowIfNull(former);
        var moved = this with { Root = root, Folder = new FolderOrigin(null), SafeAlias = null, Former = former };
        // The sockets elsewhere are the original's.
        return (
            former.HasOriginal
                ? moved with
                {
                    Pgpools =
                    [
                        .. Pgpools.Select(p =>
                            p with
                            {
                                SocketDirectories = [moved.SocketFolder],
                                PcpSocketDirectory = moved.SocketFolder,
                            }
                        ),
                    ],
                }
                : moved
        ).WithOwnFolders();
    }

    /// <summary>This lab with folders that are its own, whatever it was read from: commands delete what they
    /// name.</summary>
    public Lab WithOwnFolders()
    {
        var pgpools = Pgpools
            .Select(
                (p, i) =>
                    p with
                    {
                        Id = i,
                        Folder = FolderOf(Root, i, FoldersOfPgpools),
                        ServerFolder = FolderOf(SafeAlias ?? Root, i, FoldersOfPgpools),
                        SocketDirectories = HasPrivateSockets ? [SocketFolder] : p.SocketDirectories,
                        PcpSocketDirectory = HasPrivateSockets ? SocketFolder : p.PcpSocketDirectory,
                    }
            )
            .ToArray();
        return this with
        {
            Pgpools = pgpools,
            Nodes = Nodes
                .Select(
                    (n, i) =>
                        n with
                        {
                            Id = i,
                            DataDirectory = $"{pgpools[0].Folder}/data{i}",
                            ServerDataDirectory = $"{pgpools[0].ServerFolder}/data{i}",
                        }
                )
                .ToArray(),
        };
    }

    /// <summary>True when each Pgpool-II has a folder of its own, <c>pgpoolN</c>, in the lab's.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool HasPgpoolFolders => FoldersOfPgpools > 1;

    /// <summary>A host has one at most: it lies in the lab's folder itself.</summary>
    private int FoldersOfPgpools => IsSpread ? 1 : Pgpools.Count;

    /// <summary>The folder of one Pgpool-II.</summary>
    /// <param name="root">The lab's folder.</param>
    /// <param name="index">Its number.</param>
    /// <param name="count">How many there are.</param>
    public static string FolderOf(string root, int index, int count) => count > 1 ? $"{root}/pgpool{index}" : root;

    /// <summary>Database users work in; setup creates it.</summary>
    public const string Database = "test";

    /// <summary>The database initdb makes for such work (PostgreSQL manual, "Creating a Database"). Pgpool-II's own
    /// checks read its catalog in any case.</summary>
    public const string MaintenanceDatabase = "postgres";
}
