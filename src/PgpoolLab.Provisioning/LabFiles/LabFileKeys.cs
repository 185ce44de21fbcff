using System.Text.RegularExpressions;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>Every key of a lab file. Reader and schema are made of this table.</summary>
internal static partial class LabFileKeys
{
    /// <summary>The version of the format. A file of a newer one is refused.</summary>
    internal const int CurrentVersion = 1;

    /// <summary>The name of a setting, as ECMAScript has it, too.</summary>
    private const string SettingName = "^[A-Za-z_][A-Za-z0-9_.]*$";

    private static readonly Shape Port = new WholeShape(1, 65535);
    private static readonly Shape Truth = new TruthShape();
    private static readonly Shape Folder = Path("a folder");
    private static readonly Shape File = Path("a file");

    /// <summary>What a lab file is.</summary>
    internal static MapShape Root { get; } = new(Keys(), mayBeEmpty: true);

    /// <summary>Every key with the keys above it: <c>postgresql.version</c>. Keys of what a user names are behind a
    /// star: <c>hosts.*.address</c>.</summary>
    internal static IReadOnlyList<(string Path, LabFileKey Key)> All { get; } = [.. Flat("", Root.Keys)];

    /// <summary>The map that has a key of this name; null for none.</summary>
    internal static string? WhereIs(string key) =>
        All.FirstOrDefault(k => k.Key.Name == key && k.Path.Contains('.', StringComparison.Ordinal)).Path is { } path
            ? path[..path.LastIndexOf('.')]
        : Root.Keys.Any(k => k.Name == key) ? "the outermost map"
        : null;

    private static IReadOnlyList<LabFileKey> Keys() =>
        [
            new("version", "Version of this format", new WholeShape(1, CurrentVersion)),
            new("name", "The lab's name; without it the folder's", new TextShape("a name"))
            {
                Option = "--name",
                Field = SpecField.Name,
            },
            new("directory", "The lab's folder, seen from this file's; DIR of the command line wins", Folder),
            new("mode", "Clustering mode", new WordShape([.. ClusteringModes.Names]))
            {
                Option = "--mode",
                Field = SpecField.Mode,
            },
            new(
                "nodes",
                "PostgreSQL nodes: one primary, the others standbys; 2 without it, or one for each host",
                new WholeShape(1, LabSpec.MaxNodes)
            )
            {
                Option = "--nodes",
                Field = SpecField.Nodes,
            },
            new("start", "Leave the lab running, as up always does", Truth) { Option = "--start" },
            new("keep-on-failure", "If setup fails, keep what was made", Truth) { Option = "--keep" },
            new("run-as", "For root: the user who runs the servers", new TextShape("a user"))
            {
                Option = "--run-as",
                Field = SpecField.RunAs,
            },
            new("templates", "Folder with templates of your own", Folder)
            {
                Option = "--templates",
                Field = SpecField.Templates,
            },
            new("faults", "The servers reach each other by links that can be cut and slowed down", Truth)
            {
                Option = "--faults",
                Field = SpecField.Faults,
            },
            new("postgresql", "The PostgreSQL servers", new MapShape(PostgresKeys(), mayBeEmpty: true)),
            new("pgpool", "Pgpool-II", new MapShape(PgpoolKeys(), mayBeEmpty: true)),
            new("access", "Who may connect, and how", new MapShape(AccessKeys(), mayBeEmpty: true)),
            new(
                "hosts",
                "The machines it is on, reached by SSH: the primary is on the first, and each has a Pgpool-II",
                new EitherShape(
                    new ListShape("hosts", new TextShape("a host that ssh knows, or user@host:port"), least: 1),
                    new NamedShape(
                        "a map of hosts",
                        new MapShape(HostKeys(), mayBeEmpty: true),
                        (name, _) => name.Length == 0 || name.StartsWith('-') ? "that is no name of a host." : null,
                        "^[^-]",
                        least: 1
                    )
                )
            )
            {
                Option = "--hosts",
                Field = SpecField.Hosts,
            },
            new("ssh", "How the hosts are reached", new MapShape(SshKeys(), mayBeEmpty: true)),
            new(
                "databases",
                "Databases to make, besides test",
                new EitherShape(
                    new ListShape("names", new TextShape("a database's name", LabContentRules.WhyNoDatabase)),
                    new NamedShape(
                        "a map of databases",
                        new MapShape(
                            [new("owner", "The role it belongs to", new TextShape("a role"))],
                            mayBeEmpty: true
                        ),
                        (name, _) => LabContentRules.WhyNoDatabase(name)
                    )
                )
            )
            {
                Option = "--database",
                Field = SpecField.Databases,
            },
            new(
                "roles",
                "Roles to make; each that can log in gets a password, which is in the lab's file pgpass",
                new EitherShape(
                    new ListShape("names", new TextShape("a role's name", LabContentRules.WhyNoRole)),
                    new NamedShape(
                        "a map of roles",
                        new MapShape(RoleKeys(), mayBeEmpty: true),
                        (name, _) => LabContentRules.WhyNoRole(name)
                    )
                )
            )
            {
                Option = "--role",
                Field = SpecField.Roles,
            },
            new(
                "sql",
                "Files of SQL to run, in this order, when the lab works",
                new ListShape(
                    "files",
                    new EitherShape(
                        File,
                        new MapShape([
                            new("file", "The file", File) { IsRequired = true },
                            new(
                                "database",
                                "Where it runs; without it in the first of the databases, or in test",
                                new TextShape("a database's name")
                            ),
                        ])
                    )
                )
            )
            {
                Option = "--sql",
                Field = SpecField.Sql,
            },
        ];

    private static IReadOnlyList<LabFileKey> PostgresKeys() =>
        [
            new("version", "Major version; without it the newest that is complete", new WholeShape(9, 99))
            {
                Option = "--pg-version",
                Field = SpecField.PostgresVersion,
            },
            new("bin", "Folder of its programs; without it they are looked for", Folder)
            {
                Option = "--pg-bin",
                Field = SpecField.PostgresBin,
            },
            new("port", "Port of node 0; the other nodes follow", Port)
            {
                Option = "--pg-port",
                Field = SpecField.PostgresPort,
            },
            new("slots", "Use replication slots instead of WAL archiving", Truth)
            {
                Option = "--slots",
                Field = SpecField.Slots,
            },
            new("rewind", "Try pg_rewind in online recovery", Truth) { Option = "--rewind", Field = SpecField.Rewind },
            new(
                "standbys",
                "How standbys are made: by pg_basebackup, or as copies of files",
                new WordShape("basebackup", "clone")
            )
            {
                Option = "--standbys",
                Field = SpecField.Standbys,
            },
            new(
                "synchronous",
                "Commits wait for standbys; an easier way to write synchronous_standby_names",
                new MapShape(
                    [
                        new(
                            "standbys",
                            "Numbers of the nodes that count; without it every standby",
                            new ListShape("numbers of nodes", new WholeShape(0, LabSpec.MaxNodes - 1), least: 1)
                        ),
                        new(
                            "number",
                            "How many of them must have answered; 1 without it",
                            new WholeShape(1, LabSpec.MaxNodes - 1)
                        ),
                    ],
                    mayBeEmpty: true
                )
            ),
            new(
                "initdb-arguments",
                "More arguments for initdb, each as it is given to it",
                new ListShape("arguments", new TextShape("an argument, such as --locale=C"))
            )
            {
                Option = "--initdb-arg",
                Field = SpecField.InitDbArguments,
            },
            Settings(SettingAssignment.Postgres),
            new("settings-from", "Take the settings of this postgresql.conf that suit a lab", File)
            {
                Option = "--postgresql-conf",
            },
        ];

    private static IReadOnlyList<LabFileKey> PgpoolKeys() =>
        [
            new("installation", "Where it is installed; without it it is looked for", Folder)
            {
                Option = "--pgpool-dir",
            },
            new(
                "watchdog",
                "Number of Pgpool-IIs that watch each other; without it one, which has no watchdog",
                new WholeShape(2, LabSpec.MaxPgpoolNodes)
            )
            {
                Option = "--watchdog",
                Field = SpecField.Watchdog,
            },
            new(
                "port",
                "Its port; the next is pcp's, then come the nodes'. auto: the first that are free",
                new EitherShape(Port, new WordShape("auto"))
            )
            {
                Option = "--port",
                Field = SpecField.Port,
            },
            new(
                "virtual-ip",
                "With hosts: an address that the host of the leading Pgpool-II has, IP or IP/PREFIX",
                new TextShape(
                    "an IPv4 address, perhaps with /PREFIX",
                    text => VirtualIp.WhyNot(text) is { } problem ? $"it {problem}." : null
                )
            )
            {
                Option = "--vip",
            },
            new(
                "virtual-ip-interface",
                "The network interface that gets the virtual IP; without it the one whose network it is in",
                new TextShape("a network interface")
            )
            {
                Option = "--vip-interface",
            },
            Settings(SettingAssignment.Pgpool),
            new("settings-from", "Take the settings of this pgpool.conf that suit a lab", File)
            {
                Option = "--pgpool-conf",
            },
        ];

    private static IReadOnlyList<LabFileKey> AccessKeys() =>
        [
            new("auth", "Password method for TCP clients", new WordShape([.. AuthMethods.Names]))
            {
                Option = "--auth",
                Field = SpecField.Auth,
            },
            new(
                "listen",
                "Addresses to listen on besides loopback, with TLS only; '*' for all",
                new ListShape("addresses", new TextShape("an address, or '*'"))
            )
            {
                Option = "--listen",
                Field = SpecField.Listen,
            },
            new("tls", "Use TLS on loopback too", Truth) { Option = "--tls", Field = SpecField.Tls },
        ];

    private static IReadOnlyList<LabFileKey> HostKeys() =>
        [
            new("address", "Where ssh finds it; without it by its name", new TextShape("an address")),
            new("port", "The port of its sshd", Port),
            new("user", "Whom to log in as", new TextShape("a user")),
        ];

    private static IReadOnlyList<LabFileKey> SshKeys() =>
        [
            new(
                "installed",
                "The pgpoollab that answers there, a program of the hosts; without it this one, which is copied there",
                new TextShape("a program's path on the hosts")
            )
            {
                Option = "--installed",
            },
            new("accept-new", "Trust hosts whose keys nobody knows yet, and remember their keys", Truth)
            {
                Option = "--accept-new",
            },
        ];

    private static IReadOnlyList<LabFileKey> RoleKeys() =>
        [
            new("login", "It can log in; true without it", Truth),
            new("superuser", "It is a superuser", Truth),
            new("createdb", "It may create databases", Truth),
            new("createrole", "It may create roles", Truth),
            new("replication", "It may replicate", Truth),
            new("member-of", "Roles it is a member of", new ListShape("roles", new TextShape("a role"))),
            new(
                "password-file",
                "A file whose first line is its password; without it one is made up. Never the password itself",
                File
            ),
        ];

    private static LabFileKey Settings(string program) =>
        new(
            "settings",
            $"Settings of {(program == SettingAssignment.Pgpool ? "Pgpool-II" : "every node")}, by name",
            new NamedShape(
                "a map of settings",
                new ValueShape(),
                (name, value) =>
                    !SettingPattern().IsMatch(name)
                        ? "that is no setting's name."
                        : new SettingAssignment(program, name, value).WhyNotAtSetup()?.Say(PathOf),
                SettingName
            )
        )
        {
            Option = "--set",
        };

    /// <summary>A field's key, with those above it.</summary>
    internal static string PathOf(SpecField field) => All.FirstOrDefault(k => k.Key.Field == field).Path ?? "settings";

    private static TextShape Path(string expected) =>
        new(expected, text => text.Any(char.IsControl) ? "it holds a line break or another control character." : null);

    private static IEnumerable<(string Path, LabFileKey Key)> Flat(string above, IReadOnlyList<LabFileKey> keys)
    {
        foreach (var key in keys)
        {
            var path = above + key.Name;
            yield return (path, key);
            foreach (var below in key.Shape.Maps())
            {
                foreach (var inner in Flat($"{path}.{below.Star}", below.Keys))
                {
                    yield return inner;
                }
            }
        }
    }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_.]*\z")]
    private static partial Regex SettingPattern();
}
