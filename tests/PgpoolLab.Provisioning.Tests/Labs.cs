using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Planning;

namespace PgpoolLab.Testing;

/// <summary>Labs that are the same on every machine.</summary>
internal static class Labs
{
    internal static readonly PcpUser[] Users = [new("olga", "a-fixed-password")];

    internal static readonly LabSecrets Secrets = new()
    {
        PcpUsers = Users,
        WatchdogKey = "a-fixed-watchdog-key",
        DatabaseUsers =
        [
            new("olga", "password-of-olga"),
            new("repl", "password-of-repl"),
            new("pgpool", "password-of-pgpool"),
        ],
        PoolKey = "a-fixed-key",
    };

    internal static Toolset Tools(int postgres = 15, int pgpoolMinor = 3) =>
        new(
            $"/usr/lib/postgresql/{postgres}/bin",
            new PostgresVersion(postgres, 4),
            "/usr/sbin/pgpool",
            "/usr/sbin",
            new PgpoolVersion(4, pgpoolMinor, 5)
        );

    /// <summary>What a new lab in /srv/lab is planned from.</summary>
    internal static HostFacts Facts { get; } =
        new()
        {
            Root = "/srv/lab",
            LabId = "0123abcd",
            Owner = "olga",
            Folder = new FolderOrigin(null),
            Tools = Tools(),
            SocketDirectories = ["/var/run/postgresql", "/tmp"],
            AliasFolder = "/home/olga/.local/state/pgpoollab",
            FreePort = 12000,
        };

    internal static Lab Fixed(
        int postgres = 15,
        int pgpoolMinor = 3,
        int nodes = 2,
        string root = "/srv/lab",
        string? alias = null,
        bool slots = true,
        bool rewind = false,
        ClusteringMode mode = ClusteringMode.StreamingReplication,
        int pgpools = 1
    ) =>
        (
            Former(postgres, pgpoolMinor, nodes, root, alias, slots, rewind, mode, pgpools) with
            {
                HasPrivateSockets = true,
                LinkDirectories = ["/var/run/postgresql", "/tmp"],
                Auth = AuthMethod.ScramSha256,
            }
        ).WithOwnFolders();

    /// <summary>As setup made them before it made passwords: their sockets lie where programs look for them.</summary>
    internal static Lab Former(
        int postgres = 15,
        int pgpoolMinor = 3,
        int nodes = 2,
        string root = "/srv/lab",
        string? alias = null,
        bool slots = true,
        bool rewind = false,
        ClusteringMode mode = ClusteringMode.StreamingReplication,
        int pgpools = 1
    ) =>
        Of(PortLayout.From(11000, pgpools, null), postgres, pgpoolMinor, nodes, root, alias) with
        {
            Mode = mode,
            UseSlots = slots && mode is ClusteringMode.StreamingReplication,
            UseRewind = rewind,
        };

    /// <summary>A lab of pgpool_setup's conventions, or of watchdog_setup's.</summary>
    internal static Lab Old(
        ClusteringMode mode = ClusteringMode.StreamingReplication,
        int postgres = 15,
        int pgpoolMinor = 3,
        int nodes = 2,
        string root = "/srv/lab",
        string? alias = null,
        bool slots = false,
        bool rewind = false,
        int pgpools = 1
    ) =>
        Of(
            pgpools > 1
                ? PortLayout.From(
                    PortLayout.DefaultWatchdog,
                    pgpools,
                    PortLayout.DefaultWatchdog + PortLayout.WatchdogToPostgres
                )
                : PortLayout.From(11000, 1, null),
            postgres,
            pgpoolMinor,
            nodes,
            root,
            alias
        ) with
        {
            Mode = mode,
            UseSlots = slots,
            UseRewind = rewind,
            PgpoolSetup = new PgpoolSetupConventions { InstallDirectory = "/usr" },
        };

    /// <summary>One host's part of a lab on three: on each a node and a Pgpool-II.</summary>
    internal static Lab Part(int here, int postgres = 15, int pgpoolMinor = 3, string? virtualIp = null)
    {
        LabHost[] hosts = [new(0, "a", "192.0.2.1"), new(1, "b", "192.0.2.2"), new(2, "c", "192.0.2.3")];
        var lab = Fixed(postgres, pgpoolMinor, nodes: 3, slots: false, pgpools: 3);
        return (
            lab with
            {
                Hosts = hosts,
                Here = here,
                VirtualIp = virtualIp,
                Interface = virtualIp is null ? null : "eth0",
                ListenAddresses = [hosts[here].Address],
                UseTls = true,
                Nodes = [.. lab.Nodes.Select(n => n with { Host = n.Id })],
                Pgpools = [.. lab.Pgpools.Select(p => p with { Host = p.Id })],
            }
        ).WithOwnFolders();
    }

    /// <summary>What setup would make up for this lab, but the same each time.</summary>
    internal static LabSecrets SecretsOf(Lab lab) =>
        lab.PgpoolSetup is not null ? new LabSecrets { PcpUsers = [new(lab.Owner, lab.Owner)] }
        : lab.HasWatchdog ? Secrets
        : Secrets with { WatchdogKey = "" };

    /// <summary>A folder with everything in its name that has a meaning to somebody, and a link to it
    /// without.</summary>
    internal static Lab Nasty(
        string root = NastyRoot,
        bool slots = true,
        int postgres = 15,
        int pgpoolMinor = 3,
        int pgpools = 1
    ) => Fixed(postgres, pgpoolMinor, nodes: 3, root: root, alias: NastyAlias, slots: slots, pgpools: pgpools);

    internal const string NastyName = "it's \"my\" $HOME `lab` \\ 100%d prüf*";

    internal const string NastyRoot = "/srv/" + NastyName;

    internal const string NastyAlias = "/home/olga/.local/state/pgpoollab/0123abcd";

    internal static ConfigRenderer Renderer(string? overrides = null) =>
        new(new TemplateStore(overrides), "1.2.3") { Program = new ScriptProgram("/opt/lab's bin/pgpoollab", null, 0) };

    /// <summary>The user tests run as; what scripts compare with.</summary>
    internal static string Me => Identity.Current.Name;

    private static Lab Of(PortLayout ports, int postgres, int pgpoolMinor, int nodes, string root, string? alias) =>
        new Lab
        {
            Id = "0123abcd",
            Name = Path.GetFileName(root),
            Root = root,
            Mode = ClusteringMode.StreamingReplication,
            Owner = "olga",
            Folder = new FolderOrigin(root),
            Tools = Tools(postgres, pgpoolMinor),
            Pgpools = Enumerable
                .Range(0, ports.PgpoolCount)
                .Select(i => new PgpoolNode(
                    i,
                    root,
                    root,
                    ports.Pgpool(i),
                    ports.Pcp(i),
                    ports.Watchdog(i),
                    ["/var/run/postgresql", "/tmp"],
                    "/tmp"
                ))
                .ToArray(),
            Nodes = Enumerable.Range(0, nodes).Select(i => new PostgresNode(i, ports.Postgres(i), "", "")).ToArray(),
            SafeAlias = alias,
        }.WithOwnFolders();
}
