using System.Globalization;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Export;
using PgpoolLab.Provisioning.Settings;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>Compares a lab with what was said of it. Of what nobody has said anything, nothing is said here
/// either.</summary>
/// <param name="lab">The lab.</param>
/// <param name="settings">What was asked for of its servers so far.</param>
/// <param name="contents">Its roles and databases; null where nobody has asked for any.</param>
/// <param name="again">What makes the lab again, for messages.</param>
public sealed class LabFileComparison(Lab lab, LabSettings settings, LabContents? contents, string again)
{
    private readonly List<LabDifference> _all = [];

    /// <summary>Compares.</summary>
    /// <param name="said">What was said.</param>
    /// <param name="spec">The request made of it, with what was taken of configuration files.</param>
    public LabDifferences Compare(LabFile said, LabSpec spec)
    {
        ArgumentNullException.ThrowIfNull(said);
        ArgumentNullException.ThrowIfNull(spec);
        FromTheBeginning(said);
        var nodes = NodesOf(said);
        var changed = Settings(spec);
        var roles = Roles(spec);
        var databases = Databases(spec);
        var sql = Sql(spec);
        return new LabDifferences
        {
            All = _all,
            Nodes = nodes,
            Settings = changed,
            Roles = roles,
            Databases = databases,
            SqlFiles = sql,
        };
    }

    /// <summary>What a lab is from its beginning.</summary>
    private void FromTheBeginning(LabFile said)
    {
        var streaming = lab.Mode is ClusteringMode.StreamingReplication;
        Fixed("name", lab.Name, said.Name);
        Fixed("mode", lab.Mode.Title(), said.Mode?.Title());
        Fixed("run-as", lab.Owner, said.RunAs);
        Faults(said.Faults);
        Fixed("postgresql.version", Text(lab.Tools.Postgres.Major), Text(said.PostgresVersion));
        Fixed("postgresql.bin", lab.Tools.PostgresBin, said.PostgresBin);
        Fixed("postgresql.port", Text(lab.Nodes[0].Port), Text(said.PostgresPort));
        Fixed("postgresql.slots", Text(lab.UseSlots), Text(streaming ? said.Slots : null));
        Fixed("postgresql.rewind", Text(lab.UseRewind), Text(streaming ? said.Rewind : null));
        Fixed(
            "postgresql.initdb-arguments",
            string.Join(' ', lab.InitDbArguments),
            said.InitDbArguments is null ? null : string.Join(' ', said.InitDbArguments)
        );
        Fixed("pgpool.installation", lab.Asked?.PgpoolDirectory ?? said.PgpoolDirectory ?? "", said.PgpoolDirectory);
        Fixed("pgpool.watchdog", Text(lab.Pgpools.Count), Text(said.Watchdog));
        Fixed("pgpool.port", Text(lab.Pgpools[0].Port), Text(said.Port));
        Fixed("access.auth", lab.Auth.Setting(), said.Auth?.Setting());
        Fixed(
            "access.listen",
            string.Join(' ', lab.ListenAddresses),
            said.Listen is null ? null : string.Join(' ', said.Listen)
        );
        Fixed(
            "access.tls",
            Text(lab.UseTls),
            Text(said.Tls == false && lab.ListenAddresses.Count > 0 ? null : said.Tls)
        );
        Fixed(
            "hosts",
            lab.IsSpread ? string.Join(' ', lab.Hosts.Select(h => h.Name)) : "this machine",
            said.Hosts is null ? null : string.Join(' ', said.Hosts.Select(h => h.Name))
        );
    }

    private int? NodesOf(LabFile said)
    {
        if (said.Nodes is not { } wanted || wanted == lab.Nodes.Count)
        {
            return null;
        }

        var can = lab is { Mode: ClusteringMode.StreamingReplication, IsSpread: false, OwnsNodes: true };
        _all.Add(
            new LabDifference("nodes", Text(lab.Nodes.Count)!, Text(wanted)!)
            {
                WhyNot = can ? null : $"their number changes in streaming replication on one machine only. {Again}",
            }
        );
        return can ? wanted : null;
    }

    private List<SettingAssignment> Settings(LabSpec spec)
    {
        var changed = new List<SettingAssignment>();
        foreach (var program in (string[])[SettingAssignment.Postgres, SettingAssignment.Pgpool])
        {
            foreach (var (name, value) in spec.AllSettingsOf(program))
            {
                var there = program == SettingAssignment.Pgpool ? [settings.Pgpool] : settings.Nodes;
                var values = there.Select(t => Value(t, name, program)).Distinct().ToArray();
                if (values.All(v => v is not null && (v == value || SettingValues.Same(value, v))))
                {
                    continue;
                }

                var assignment = new SettingAssignment(program, name, value);
                var why = assignment.WhyNot(lab)?.Say(LabFileKeys.PathOf);
                _all.Add(
                    new LabDifference(
                        $"{program}.settings.{name}",
                        string.Join(", ", values.Select(v => v is null ? "not set" : $"'{v}'")),
                        $"'{value}'"
                    )
                    {
                        WhyNot = why,
                    }
                );
                if (why is null)
                {
                    changed.Add(assignment);
                }
            }
        }

        return changed;
    }

    private List<LabRole> Roles(LabSpec spec)
    {
        var changed = new List<LabRole>();
        foreach (var role in spec.Roles)
        {
            var there = contents?.Roles.GetValueOrDefault(role.Name);
            // To be in more groups than was said is nobody's mistake.
            var same =
                there is not null
                && there with { MemberOf = [] } == role with { MemberOf = [] }
                && role.MemberOf.All(there.MemberOf.Contains);
            if (!same)
            {
                var own = lab.LoginRoles.Contains(role.Name);
                _all.Add(
                    new LabDifference($"roles.{role.Name}", there is null ? "not there" : Words(there), Words(role))
                    {
                        WhyNot = own ? "that is the lab's own role. Choose another name." : null,
                    }
                );
                if (!own)
                {
                    changed.Add(role);
                }
            }
        }

        return changed;
    }

    private List<LabDatabase> Databases(LabSpec spec)
    {
        var changed = new List<LabDatabase>();
        foreach (var database in spec.Databases)
        {
            var owner = contents?.Owners.GetValueOrDefault(database.Name);
            if (owner is null || (database.Owner is { } wanted && wanted != owner))
            {
                _all.Add(
                    new LabDifference(
                        $"databases.{database.Name}",
                        owner is null ? "not there" : $"owned by {owner}",
                        database.Owner is { } role ? $"owned by {role}" : "there"
                    )
                );
                changed.Add(database);
            }
        }

        return changed;
    }

    /// <summary>A file that was run and has changed since is not run again: it may have been written for a lab in which
    /// it was not.</summary>
    private List<SqlFile> Sql(LabSpec spec)
    {
        var changed = new List<SqlFile>();
        foreach (var file in spec.SqlFiles)
        {
            var runs = lab.SqlRuns.Where(r => r.Database == file.Database).ToArray();
            if (runs.Any(r => r.Hash == file.Run.Hash))
            {
                continue;
            }

            var ran = runs.Any(r => r.Path == file.Path);
            _all.Add(
                new LabDifference($"sql {file.Path}", ran ? "run as it was then" : "not run", $"run in {file.Database}")
                {
                    WhyNot = ran
                        ? "it was run, and has changed since. Run what is new yourself:  pgpoollab psql primary -- -d "
                            + $"{Hosts.Shell.Quote(file.Database)} -f FILE"
                        : null,
                }
            );
            if (!ran)
            {
                changed.Add(file);
            }
        }

        return changed;
    }

    private string Again => $"What would do it, without the data in it:  {again}";

    private void Faults(bool? wanted)
    {
        if (wanted is { } want && want != lab.Faults)
        {
            _all.Add(
                new LabDifference("faults", Text(lab.Faults)!, Text(want)!)
                {
                    WhyNot = $"a command of its own does that:  pgpoollab faults {(want ? "on" : "off")}",
                }
            );
        }
    }

    private void Fixed(string what, string? has, string? wanted)
    {
        if (wanted is not null && wanted != has)
        {
            _all.Add(
                new LabDifference(what, has is null or "" ? "none" : has, wanted.Length == 0 ? "none" : wanted)
                {
                    WhyNot = $"a lab has that from its beginning. {Again}",
                }
            );
        }
    }

    private static string? Value(IReadOnlyDictionary<string, string> settings, string name, string program) =>
        settings
            .Where(s => string.Equals(s.Key, name, SettingsText.Comparison(program)))
            .Select(s => s.Value)
            .LastOrDefault();

    private static string Words(LabRole role) =>
        string.Join(", ", role.AttributeWords()) is { Length: > 0 } words ? words : "there, with nothing but a login";

    private static string? Text(int? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static string? Text(bool? truth) =>
        truth switch
        {
            true => "yes",
            false => "no",
            null => null,
        };
}
