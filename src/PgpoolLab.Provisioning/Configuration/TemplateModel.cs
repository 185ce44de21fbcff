using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Model.Links;
using PgpoolLab.Servers.Programs;
using Scriban.Runtime;

namespace PgpoolLab.Provisioning.Configuration;

/// <summary>What templates can name. <c>docs/templates.md</c> lists it for users.</summary>
internal static class TemplateModel
{
    internal static ScriptObject ProgramOf(string version, ScriptProgram? program) =>
        new StrictObject("program")
        {
            ["version"] = version,
            ["file"] = program?.File,
            ["library"] = program?.Library,
            ["owner"] = program?.Owner,
        };

    internal static ScriptObject LabOf(Lab lab, PgpoolNode pgpool) =>
        new StrictObject("lab")
        {
            ["name"] = lab.Name,
            ["id"] = lab.Id,
            ["root"] = pgpool.Folder,
            ["folder"] = lab.Root,
            ["safe_root"] = pgpool.ServerFolder,
            ["alias"] = lab.SafeAlias,
            ["alias_target"] = lab.Root,
            ["owner"] = lab.Owner,
            ["invoker"] = lab.Invoker,
            ["database"] = Lab.Database,
            ["mode"] = lab.Mode.Setting(),
            ["streaming"] = lab.Mode is ClusteringMode.StreamingReplication,
            ["has_primary"] = lab.Mode.HasPrimary(),
            ["has_recovery"] = lab.Mode.HasOnlineRecovery(),
            ["writes_everywhere"] = lab.Mode.WritesEverywhere(),
            ["remembers"] = lab.RemembersStatus,
            ["archives"] = lab.Archives,
            ["slots"] = lab.UseSlots,
            ["rewind"] = lab.UseRewind,
            ["watchdog"] = lab.HasWatchdog,
            ["pgpool_folders"] = lab.HasPgpoolFolders,
            ["spread"] = lab.IsSpread,
            ["virtual_ip"] = lab.VirtualIp?.Split('/')[0],
            ["virtual_ip_prefix"] = lab.VirtualIp?.Split('/') is [_, var prefix] ? prefix : "32",
            ["interface"] = lab.Interface,
            ["auth"] = lab.Auth.Setting(),
            ["asks"] = lab.Asks,
            ["login_roles"] = new ScriptArray(lab.LoginRoles),
            ["replication_role"] = lab.ReplicationRole,
            ["check_role"] = lab.CheckRole,
            ["faults"] = lab.Faults,
            ["client_links"] = new ScriptArray(ClientLinksOf(lab)),
            ["listen"] = new ScriptArray(lab.ListenAddresses),
            ["listen_everywhere"] = lab.ListenAddresses.Contains("*"),
            ["lets_in_all"] = lab.ListenAddresses.Any(a => lab.Hosts.All(h => h.Address != a)),
            ["clients"] = new ScriptArray(ClientsOf(lab)),
            ["addresses"] = new ScriptArray(AddressesOf(lab).Except(lab.ListenAddresses)),
            ["tls"] = lab.UseTls,
            ["private_sockets"] = lab.HasPrivateSockets,
            ["links"] = new ScriptArray(lab.LinkDirectories),
            ["socket_links"] = new ScriptArray(LabSockets.LinksOf(lab).Select(l => l.Link)),
            ["pgpool_setup"] = lab.PgpoolSetup is not null,
            ["max_connections"] = SessionLimits.MaxConnections(lab),
        };

    /// <summary>Where clients reach the Pgpool-IIs by links; none without.</summary>
    private static IEnumerable<string> ClientLinksOf(Lab lab) =>
        lab.Faults ? lab.Pgpools.Select(p => new LinkName(LinkEnd.Client, LinkEnd.Pgpool(p.Id)).Address) : [];

    /// <summary>Where the servers of a lab on several hosts are reached; none for a lab on one machine.</summary>
    private static IEnumerable<string> AddressesOf(Lab lab) =>
        lab.Hosts.Select(h => h.Address).Concat(lab.VirtualIp is { } ip ? [ip.Split('/')[0]] : []);

    /// <summary>Whom Pgpool-II lets in besides its own machine: the lab's hosts, and with a virtual IP the network it
    /// is in, whose machines it is for.</summary>
    private static IEnumerable<string> ClientsOf(Lab lab) =>
        lab.Hosts.Select(h => Cidr(h.Address)).Concat(lab.VirtualIp is { } ip ? [VirtualIp.NetworkOf(ip)] : []);

    /// <summary>The machines of a lab on several; none for a lab on one.</summary>
    internal static ScriptArray HostsOf(Lab lab) =>
        new(
            lab.Hosts.Select(h => new StrictObject("host")
            {
                ["id"] = h.Id,
                ["name"] = h.Name,
                ["address"] = h.Address,
                ["cidr"] = Cidr(h.Address),
            })
        );

    /// <summary>An address as rules of access have it: that one alone.</summary>
    private static string Cidr(string address) =>
        $"{address}/{(address.Contains(':', StringComparison.Ordinal) ? 128 : 32)}";

    internal static ScriptObject PathsOf(Lab lab, PgpoolNode pgpool) =>
        new StrictObject("paths")
        {
            ["etc"] = pgpool.Paths.Etc,
            ["log"] = pgpool.Paths.Log,
            ["node_logs"] = new LabPaths(lab.Pgpool.ServerFolder).Log,
            ["run"] = pgpool.Paths.Run,
            ["archive"] = lab.ServerPaths.Archive,
            ["failover"] = pgpool.Paths.FailoverScript,
            ["follow_primary"] = pgpool.Paths.FollowPrimaryScript,
            ["pgpool_pid"] = pgpool.Paths.PgpoolPid,
            ["oiddir"] = pgpool.Paths.OidDirectory,
            ["events"] = pgpool.Paths.Events,
            ["pcppass"] = pgpool.Paths.PcpPass,
            ["pgpass"] = new LabPaths(pgpool.ServerFolder).PgPass,
            ["pool_key"] = pgpool.Paths.PoolKey,
            ["tls_authority"] = new LabPaths(pgpool.ServerFolder).TlsAuthority,
            ["tls_certificate"] = new LabPaths(pgpool.ServerFolder).TlsCertificate,
            ["tls_key"] = new LabPaths(pgpool.ServerFolder).TlsKey,
        };

    internal static ScriptObject PostgresOf(Lab lab) =>
        new StrictObject("pg")
        {
            ["major"] = lab.Tools.Postgres.Major,
            ["version_text"] = lab.Tools.Postgres.ToString(),
            ["in_place_tablespaces"] = lab.Tools.Postgres.KnowsInPlaceTablespaces,
            ["bin"] = lab.Tools.PostgresBin,
            ["socket_dirs"] = new ScriptArray(lab.Pgpool.SocketDirectories),
            // Where the lab's own scripts reach a node as a superuser.
            ["host"] = lab.HasPrivateSockets ? lab.SocketFolder : "localhost",
            ["fast_backup_options"] = new ScriptArray(PgBaseBackup.FastOptions(lab.Tools.Postgres)),
        };

    internal static ScriptObject PgpoolOf(Lab lab, PgpoolNode pgpool, string watchdogKey) =>
        new StrictObject("pgpool")
        {
            ["id"] = pgpool.Id,
            ["title"] = lab.TitleOf(pgpool),
            ["watchdog_key"] = watchdogKey,
            ["version"] = lab.Tools.Pgpool.Number,
            ["version_text"] = lab.Tools.Pgpool.ToString(),
            // The folder alone is quoted: users look for the words "bin/pgpool -D".
            ["bin_words"] = Shell.Quote(lab.Tools.PgpoolBin),
            ["pcp_bin"] = lab.Tools.PcpBin,
            ["port"] = pgpool.Port,
            ["pcp_port"] = pgpool.PcpPort,
            ["num_init_children"] = SessionLimits.Children,
            ["max_pool"] = SessionLimits.Pool,
            ["socket_dirs"] = new ScriptArray(pgpool.SocketDirectories),
            ["probe_host"] = LabSockets.ProbeHost(lab),
            ["pcp_socket_dir"] = pgpool.PcpSocketDirectory,
            ["pcp_host"] = lab.HasPrivateSockets ? pgpool.PcpSocketDirectory : "localhost",
            ["sockets"] = new ScriptArray(LabSockets.OfPgpool(lab, pgpool)),
            ["watchdog_socket"] = LabSockets.OfWatchdog(pgpool),
        };

    internal static ScriptArray Pgpools(Lab lab) =>
        new(
            lab.Pgpools.Select(p => new StrictObject("pgpool")
            {
                ["id"] = p.Id,
                ["host"] = lab.AddressOf(p.Host),
                ["port"] = p.Port,
                ["pcp_port"] = p.PcpPort,
                ["watchdog_port"] = p.Watchdog?.Port,
                ["heartbeat_port"] = p.Watchdog?.Heartbeat,
            })
        );

    /// <summary>What only the old command lines can ask for; empty in a lab of the tool's own conventions.</summary>
    internal static ScriptObject PgpoolSetupOf(Lab lab) =>
        new StrictObject("pgpool_setup")
        {
            ["install_dir"] = lab.PgpoolSetup?.InstallDirectory,
            // The programs' folder below it; users look for the words "bin/pgpool -D".
            ["bin"] = lab.PgpoolSetup is { } old
                ? Path.GetRelativePath(old.InstallDirectory, lab.Tools.PgpoolBin)
                : null,
            ["debug"] = lab.PgpoolSetup?.Debug,
            ["enable_test"] = lab.PgpoolSetup?.EnableTest,
            ["wait_for_time_wait"] = lab.PgpoolSetup?.WaitForTimeWait,
            ["library_path"] = lab.PgpoolSetup?.LibraryPath,
            ["sample_scripts"] = lab.PgpoolSetup?.SampleScripts,
            ["virtual_ip"] = lab.PgpoolSetup?.VirtualIp,
        };

    /// <summary>One node; texts may be markers that a shell script replaces (see
    /// <see cref="ConfigRenderer"/>).</summary>
    internal static ScriptObject Node(Lab lab, string id, string port, int? host = null)
    {
        return new StrictObject("node")
        {
            ["id"] = id,
            ["host"] = lab.AddressOf(host),
            ["port"] = port,
            ["data"] = $"{lab.Pgpool.Folder}/data{id}",
            ["server_data"] = $"{lab.Pgpool.ServerFolder}/data{id}",
            ["log_name"] = $"node{id}.log",
            ["application_name"] = $"server{id}",
            ["slot"] = $"pgpool_setup_slot{id}",
            ["archive"] = $"{lab.ServerPaths.Archive}/data{id}",
        };
    }

    /// <summary>The nodes Pgpool-II knows.</summary>
    internal static ScriptArray Nodes(Lab lab, PgpoolNode pgpool) => Nodes(lab, pgpool, lab.Nodes);

    /// <summary>The nodes the scripts of this Pgpool-II start and stop: all of this machine or, when they are
    /// another's, none.</summary>
    internal static ScriptArray OwnNodes(Lab lab, PgpoolNode pgpool) =>
        Nodes(lab, pgpool, lab.OwnsNodes && (lab.IsSpread || pgpool.Id == 0) ? lab.OwnNodes : []);

    private static ScriptArray Nodes(Lab lab, PgpoolNode pgpool, IEnumerable<PostgresNode> nodes) =>
        new(
            nodes.Select(n =>
            {
                var node = Node(lab, n.Id.ToString(), n.Port.ToString(), n.Host);
                node["id"] = n.Id;
                node["port"] = n.Port;
                node["backend_host"] = BackendHost(lab, pgpool, n);
                return node;
            })
        );

    /// <summary>Where a Pgpool-II reaches a node.</summary>
    internal static string BackendHost(Lab lab, PgpoolNode pgpool, PostgresNode node) =>
        lab.Faults ? new LinkName(LinkEnd.Pgpool(pgpool.Id), LinkEnd.Node(node.Id)).Address : lab.AddressOf(node.Host);

    internal static ScriptObject Standby(Lab lab, string id, string primaryId, string primaryPort)
    {
        // The primary of now comes first: that is the one which is asked first.
        var others = lab.Nodes.Where(n => n.Id.ToString() != id).OrderBy(n => n.Id.ToString() != primaryId).ToArray();
        return new StrictObject("standby")
        {
            ["application_name"] = $"server{id}",
            ["slot"] = $"pgpool_setup_slot{id}",
            ["primary_port"] = primaryPort,
            ["link"] = LabLink.BetweenNodes(lab) ? LinkName.AddressOf(id, primaryId) : null,
            ["primary_archive"] = $"{lab.ServerPaths.Archive}/data{primaryId}",
            ["hosts"] = string.Join(',', others.Select(n => lab.AddressOf(n.Host))),
            ["ports"] = string.Join(',', others.Select(n => n.Port)),
        };
    }

    /// <summary>What scripts do with the variables of whoever calls them.</summary>
    internal static ScriptObject Environment =>
        new StrictObject("environment")
        {
            ["kept"] = new ScriptArray(CleanEnvironment.Kept),
            ["libpq"] = new ScriptArray(CleanEnvironment.Libpq),
        };

    internal static ScriptObject SettingsOf(Lab lab) =>
        new StrictObject("settings")
        {
            ["pgpool"] = Pairs(lab.PgpoolSettings),
            ["postgresql"] = Pairs(lab.PostgresSettings),
        };

    internal static ScriptObject Pcp(IEnumerable<PcpUser> users) =>
        new StrictObject("pcp")
        {
            ["users"] = new ScriptArray(
                users.Select(u => new StrictObject("user")
                {
                    ["name"] = u.Name,
                    ["password"] = u.Password,
                    ["md5"] = u.PasswordHash,
                })
            ),
        };

    internal static ScriptArray Passwords(IEnumerable<DatabaseUser> users) =>
        new(users.Select(u => new StrictObject("user") { ["name"] = u.Name, ["password"] = u.Password }));

    internal static ScriptArray Pairs(IEnumerable<KeyValuePair<string, string>> settings) =>
        new(settings.Select(s => new StrictObject("setting") { ["key"] = s.Key, ["value"] = s.Value }));
}
