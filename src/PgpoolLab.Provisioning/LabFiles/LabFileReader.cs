using System.Globalization;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>Reads lab files, and refuses one with an error: all problems are named, each with its place.</summary>
public static class LabFileReader
{
    /// <summary>Standard input, in the place of a file's name.</summary>
    public const string StandardInput = "-";

    /// <summary>The most a lab file can have, in bytes.</summary>
    public const int MostText = 1 << 20;

    private const string SyncNames = "synchronous_standby_names";

    /// <summary>Reads a file, with the rights of whoever calls.</summary>
    /// <param name="path">The file, absolute.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <param name="behindRoot">For root: the number of the user who became root (by sudo); null for nobody.</param>
    /// <exception cref="InvalidSpecException">It has errors.</exception>
    /// <exception cref="LabException">There is no such file, it cannot be read, or root must not trust it.</exception>
    public static LabFileText Read(string path, string name, int? behindRoot) =>
        Parse(
            ReadText(
                path,
                $"lab file {name}",
                $"When you have read what is in it:  pgpoollab up -f - < {Shell.Quote(path)}",
                behindRoot
            ),
            name,
            System.IO.Path.GetDirectoryName(path)!
        );

    /// <summary>Reads the text of a file that names programs to run, with the rights of whoever calls.</summary>
    /// <param name="path">The file, absolute.</param>
    /// <param name="what">What it is called in messages: <c>lab file lab.yaml</c>.</param>
    /// <param name="instead">What root can do instead of reading a file that another user can change.</param>
    /// <param name="behindRoot">For root: the number of the user who became root (by sudo); null for nobody.</param>
    /// <exception cref="LabException">There is no such file, it cannot be read, or root must not trust it.</exception>
    public static string ReadText(string path, string what, string instead, int? behindRoot)
    {
        (string Text, Ownership? Owner)? read;
        try
        {
            read = RegularFile.ReadOwned(path, MostText);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new LabException(ExitCode.Usage, $"The {what} cannot be read: {error.Message}", error);
        }

        if (read is not var (text, owner))
        {
            throw new LabException(
                ExitCode.Usage,
                Directory.Exists(path) ? $"The {what} is a folder, not a file." : $"There is no {what}."
            );
        }

        if (Identity.IsRoot && owner is not null && !IsTrusted(owner, behindRoot))
        {
            throw new LabException(
                ExitCode.Usage,
                $"Root does not use the {what}: another user can change it, and it names programs to run."
            )
            {
                Hints = [instead],
            };
        }

        return text;
    }

    /// <summary>Reads a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <param name="folder">Where relative paths in it begin, absolute.</param>
    /// <exception cref="InvalidSpecException">It has errors.</exception>
    public static LabFileText Parse(string text, string name, string folder)
    {
        ArgumentNullException.ThrowIfNull(text);
        var problems = new LabFileProblems(name);
        if (text.Contains('\uFFFD', StringComparison.Ordinal))
        {
            var line = text[..text.IndexOf('\uFFFD', StringComparison.Ordinal)].Count(c => c == '\n') + 1;
            problems.Add(new YamlPlace(line, 1), "the file is not UTF-8.");
            throw new InvalidSpecException(problems.Lines);
        }

        var root = YamlReader.Read(text, problems);
        if (root is not null)
        {
            LabFileKeys.Root.Check(root, "", problems);
            CheckTogether(root as YamlMap, problems);
        }

        if (!problems.None)
        {
            throw new InvalidSpecException(problems.Lines);
        }

        var map = root as YamlMap ?? new YamlMap(new YamlPlace(1, 1), []);
        return new LabFileText(new Meaning(folder).Of(map), name, PlacesOf(map));
    }

    private static bool IsTrusted(Ownership owner, int? behindRoot) =>
        owner.OnlyChangedBy(0)
        || (
            behindRoot is { } user
            && owner.OnlyChangedBy(
                user,
                () =>
                    Identity.All().FirstOrDefault(u => u.UserId == user) is { } own
                        ? Identity.PrivateGroupOf(own)
                        : null
            )
        );

    /// <summary>What two keys together cannot say.</summary>
    private static void CheckTogether(YamlMap? root, LabFileProblems problems)
    {
        if (root?["postgresql"] is not YamlMap postgres)
        {
            return;
        }

        if (
            postgres.Entries.FirstOrDefault(e => e.Key.Text == "synchronous") is { } synchronous
            && (postgres["settings"] as YamlMap)?.Entries.FirstOrDefault(e =>
                e.Key.Text.Equals(SyncNames, StringComparison.OrdinalIgnoreCase)
            )
                is { } setting
        )
        {
            problems.Add(
                setting.Key.Place,
                $"postgresql.settings.{SyncNames}: postgresql.synchronous on line {synchronous.Key.Place.Line} says "
                    + "the same. Write one of them."
            );
        }

        if (
            postgres.Entries.FirstOrDefault(e => e.Key.Text == "bin") is { } bin
            && postgres.Entries.FirstOrDefault(e => e.Key.Text == "version") is { } version
        )
        {
            problems.Add(
                bin.Key.Place,
                $"postgresql.bin and postgresql.version (line {version.Key.Place.Line}) exclude each other."
            );
        }
    }

    private static Dictionary<string, YamlPlace> PlacesOf(YamlMap root)
    {
        var places = new Dictionary<string, YamlPlace>(StringComparer.Ordinal);
        Add("", root);
        return places;

        void Add(string above, YamlMap map)
        {
            foreach (var entry in map.Entries)
            {
                places[above + entry.Key.Text] = entry.Key.Place;
                if (entry.Value is YamlMap inner)
                {
                    Add($"{above}{entry.Key.Text}.", inner);
                }
            }
        }
    }

    /// <summary>What a map that was found right says.</summary>
    /// <param name="folder">Where relative paths begin.</param>
    private sealed class Meaning(string folder)
    {
        internal LabFile Of(YamlMap root)
        {
            var (postgres, pgpool) = (Map(root, "postgresql"), Map(root, "pgpool"));
            var (access, ssh) = (Map(root, "access"), Map(root, "ssh"));
            return new LabFile
            {
                Directory = PathOf(root["directory"]),
                Name = Text(root["name"]),
                Mode = Text(root["mode"]) is { } mode ? ClusteringModes.Parse(mode) : null,
                Nodes = WholeShape.NumberOf(root["nodes"]),
                Start = Truth(root["start"]),
                Keep = Truth(root["keep-on-failure"]),
                RunAs = Text(root["run-as"]),
                Templates = PathOf(root["templates"]),
                Faults = Truth(root["faults"]),
                PostgresVersion = WholeShape.NumberOf(postgres["version"]),
                PostgresBin = PathOf(postgres["bin"]),
                PostgresPort = WholeShape.NumberOf(postgres["port"]),
                Slots = Truth(postgres["slots"]),
                Rewind = Truth(postgres["rewind"]),
                Standbys = Text(postgres["standbys"]) switch
                {
                    null => null,
                    "clone" => StandbyMethod.Clone,
                    _ => StandbyMethod.BaseBackup,
                },
                InitDbArguments = Texts(postgres["initdb-arguments"]),
                PostgresConf = PathOf(postgres["settings-from"]),
                PgpoolDirectory = PathOf(pgpool["installation"]),
                Watchdog = WholeShape.NumberOf(pgpool["watchdog"]),
                Port = WholeShape.NumberOf(pgpool["port"]),
                AutomaticPort = Text(pgpool["port"]) == "auto",
                PgpoolConf = PathOf(pgpool["settings-from"]),
                Auth = Text(access["auth"]) is { } auth ? AuthMethods.Parse(auth) : null,
                Listen = Texts(access["listen"]),
                Tls = Truth(access["tls"]),
                Settings =
                [
                    .. Settings(SettingAssignment.Postgres, postgres),
                    .. Synchronous(postgres),
                    .. Settings(SettingAssignment.Pgpool, pgpool),
                ],
                Hosts = root["hosts"] is { } hosts ? [.. Named(hosts).Select(h => HostOf(h.Name, h.Map))] : null,
                Installed = Text(ssh["installed"]),
                AcceptNew = Truth(ssh["accept-new"]),
                VirtualIp = Text(pgpool["virtual-ip"]),
                VirtualIpInterface = Text(pgpool["virtual-ip-interface"]),
                Databases = [.. Named(root["databases"]).Select(d => new LabDatabase(d.Name, Text(d.Map["owner"])))],
                Roles = [.. Named(root["roles"]).Select(r => RoleOf(r.Name, r.Map))],
                PasswordFiles = Named(root["roles"])
                    .Where(r => r.Map["password-file"] is not null)
                    .ToDictionary(r => r.Name, r => PathOf(r.Map["password-file"])!, StringComparer.Ordinal),
                Sql =
                [
                    .. ((root["sql"] as YamlList)?.Items ?? []).Select(s =>
                        s is YamlMap map ? (PathOf(map["file"])!, Text(map["database"])) : (PathOf(s)!, (string?)null)
                    ),
                ],
            };
        }

        private static HostRequest HostOf(string name, YamlMap map) =>
            new(name)
            {
                Address = Text(map["address"]),
                Port = WholeShape.NumberOf(map["port"]),
                User = Text(map["user"]),
            };

        private static LabRole RoleOf(string name, YamlMap map) =>
            new(name)
            {
                CanLogin = Truth(map["login"]) ?? true,
                IsSuperuser = Truth(map["superuser"]) ?? false,
                CreatesDatabases = Truth(map["createdb"]) ?? false,
                CreatesRoles = Truth(map["createrole"]) ?? false,
                Replicates = Truth(map["replication"]) ?? false,
                MemberOf = Texts(map["member-of"]) ?? [],
            };

        private static IEnumerable<string> Settings(string program, YamlMap map) =>
            ((map["settings"] as YamlMap)?.Entries ?? []).Select(e => $"{program}.{e.Key.Text}={Text(e.Value)}");

        private static IEnumerable<string> Synchronous(YamlMap postgres)
        {
            if (postgres["synchronous"] is not { } node)
            {
                yield break;
            }

            var map = node as YamlMap ?? Empty;
            var numbers = (map["standbys"] as YamlList)?.Items.Select(i => WholeShape.NumberOf(i)!.Value).ToArray();
            var number = (WholeShape.NumberOf(map["number"]) ?? 1).ToString(CultureInfo.InvariantCulture);
            var names = numbers is null ? "*" : string.Join(", ", numbers.Select(PostgresNode.ApplicationNameOf));
            yield return $"{SettingAssignment.Postgres}.{SyncNames}=FIRST {number} ({names})";
        }

        /// <summary>A list of names, or a map of them.</summary>
        private static IEnumerable<(string Name, YamlMap Map)> Named(YamlNode? node) =>
            node switch
            {
                YamlList list => list.Items.Select(i => (Text(i)!, Empty)),
                YamlMap map => map.Entries.Select(e => (e.Key.Text, e.Value as YamlMap ?? Empty)),
                _ => [],
            };

        private static YamlMap Empty { get; } = new(new YamlPlace(1, 1), []);

        private static YamlMap Map(YamlMap above, string key) => above[key] as YamlMap ?? Empty;

        private static string? Text(YamlNode? node) => (node as YamlText)?.Text;

        private static bool? Truth(YamlNode? node) => (node as YamlText)?.Truth;

        private static IReadOnlyList<string>? Texts(YamlNode? node) =>
            node is YamlList list ? [.. list.Items.Select(i => Text(i)!)] : null;

        private string? PathOf(YamlNode? node) =>
            Text(node) is not { } path ? null
            : path.StartsWith("~/", StringComparison.Ordinal)
                ? System.IO.Path.GetFullPath(path[2..], Identity.Current.Home)
            : System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path, folder));
    }
}
