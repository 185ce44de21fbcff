namespace PgpoolLab.Model;

/// <summary>Where everything of a lab lies. Paths are absolute and use forward slashes.</summary>
/// <param name="Root">The lab's folder, absolute, without a slash at its end.</param>
public sealed record LabPaths(string Root)
{
    /// <summary>pgpool.conf, pool_hba.conf, pcp.conf, pool_passwd, failover.sh, follow_primary.sh.</summary>
    public string Etc => $"{Root}/etc";

    /// <summary>Logs of everything, and events.jsonl.</summary>
    public string Log => $"{Root}/log";

    /// <summary>pgpool.pid.</summary>
    public string Run => $"{Root}/run";

    /// <summary>WAL archive, a folder for each node.</summary>
    public string Archive => $"{Root}/archivedir";

    /// <summary>The manifest, the lock and helpers of the tool itself.</summary>
    public string Hidden => $"{Root}/.pgpoollab";

    /// <summary>Where a cluster is made when there is no cache to take one from.</summary>
    public string Template => $"{Hidden}/template";

    /// <summary>The data folder of that cluster.</summary>
    public string TemplateData => $"{Template}/cluster";

    /// <summary>File name of the tool's log in a lab of pgpool_setup.</summary>
    public const string SetupLog = "pgpool_setup.log";

    /// <summary>Locked by the command that changes the lab.</summary>
    public string Lock => $"{Hidden}/lock";

    /// <summary>The manifest.</summary>
    public string Manifest => $"{Hidden}/lab.json";

    /// <summary>Of a lab on several hosts, where it was made: since when which of them does not answer.</summary>
    public string Silences => $"{Hidden}/silent.json";

    /// <summary>Of a lab on several hosts, where it was made: its passwords, as libpq reads them (mode 0600). It is
    /// there when a program of this machine has needed it.</summary>
    public string SpreadPgPass => $"{Hidden}/pgpass";

    /// <summary>Beside it the certificate of the lab's own authority.</summary>
    public string SpreadTlsAuthority => $"{Hidden}/root.crt";

    /// <summary>Saved states of the lab, a folder for each.</summary>
    public string Snapshots => $"{Hidden}/snapshots";

    /// <summary>Which processes are suspended while a snapshot is saved; there only for that moment, or when the
    /// command was killed in it.</summary>
    public string Frozen => $"{Hidden}/frozen";

    /// <summary>Where a snapshot that is restored is made ready, and what it replaces is put aside.</summary>
    public string Restore => $"{Hidden}/restore";

    /// <summary>What is exchanged at this moment; there only until that is done.</summary>
    public string RestoreJournal => $"{Hidden}/restore.json";

    /// <summary>Where the lab is being moved to; there only until that is done.</summary>
    public string MoveJournal => $"{Hidden}/move.json";

    /// <summary>Pgpool-II's configuration.</summary>
    public string PgpoolConf => $"{Etc}/pgpool.conf";

    /// <summary>PCP's users and password hashes.</summary>
    public string PcpConf => $"{Etc}/pcp.conf";

    /// <summary>Pgpool-II's client authentication.</summary>
    public string PoolHba => $"{Etc}/pool_hba.conf";

    /// <summary>Which of the watchdog's Pgpool-IIs this is.</summary>
    public string PgpoolNodeId => $"{Etc}/pgpool_node_id";

    /// <summary>Pgpool-II's user passwords.</summary>
    public string PoolPasswd => $"{Etc}/pool_passwd";

    /// <summary>Run by Pgpool-II when a node fails.</summary>
    public string FailoverScript => $"{Etc}/failover.sh";

    /// <summary>Run by Pgpool-II for every other node after a new primary was chosen.</summary>
    public string FollowPrimaryScript => $"{Etc}/follow_primary.sh";

    /// <summary>Pgpool-II's PID file.</summary>
    public string PgpoolPid => $"{Run}/pgpool.pid";

    /// <summary>What Pgpool-II prints.</summary>
    public string PgpoolLog => $"{Log}/pgpool.log";

    /// <summary>What the Pgpool-II printed that ran before; it begins its log anew with each start.</summary>
    public string FormerPgpoolLog => $"{PgpoolLog}.1";

    /// <summary>Needed by Pgpool-II's query cache even while that is off.</summary>
    public string OidDirectory => $"{Log}/oiddir";

    /// <summary>One JSON line for each run of a script.</summary>
    public string Events => $"{Log}/events.jsonl";

    /// <summary>The password file of the pcp programs.</summary>
    public string PcpPass => $"{Root}/pcppass";

    /// <summary>The password file of psql and all else that uses libpq.</summary>
    /// <remarks>PostgreSQL manual, libpq, "The Password File".</remarks>
    public string PgPass => $"{Root}/pgpass";

    /// <summary>The key by which the passwords in pool_passwd are encrypted.</summary>
    /// <remarks>Pgpool-II manual, "Authentication Methods", ".pgpoolkey".</remarks>
    public string PoolKey => $"{Etc}/.pgpoolkey";

    /// <summary>Certificates and the server's key.</summary>
    public string Tls => $"{Etc}/tls";

    /// <summary>The certificate of the lab's authority, by which clients verify its servers.</summary>
    public string TlsAuthority => $"{Tls}/ca.crt";

    /// <summary>The servers' certificate.</summary>
    public string TlsCertificate => $"{Tls}/server.crt";

    /// <summary>The servers' key.</summary>
    public string TlsKey => $"{Tls}/server.key";

    /// <summary>Archive of one node.</summary>
    public string ArchiveOf(int node) => $"{Archive}/data{node}";

    /// <summary>Data folder of one node.</summary>
    public string Data(int node) => $"{Root}/data{node}";

    /// <summary>What one PostgreSQL prints, also before its own logging has begun.</summary>
    public string NodeLog(int node) => $"{Log}/{NodeLogName(node)}";

    /// <summary>File name of <see cref="NodeLog"/>.</summary>
    public static string NodeLogName(int node) => $"node{node}.log";
}
