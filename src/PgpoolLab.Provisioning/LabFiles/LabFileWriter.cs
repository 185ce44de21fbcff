using System.Globalization;
using System.Text;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Export;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>Writes the lab file of which a lab like this one is made.</summary>
public sealed class LabFileWriter
{
    private readonly StringBuilder _text = new();
    private readonly List<string> _notes = [];

    private LabFileWriter() { }

    /// <summary>The lab file, and what it cannot say, a sentence each.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="settings">What was asked for of its servers.</param>
    /// <param name="version">This program's version.</param>
    /// <exception cref="LabException">Lab files cannot say such a lab.</exception>
    public static (string Text, IReadOnlyList<string> Notes) Write(Lab lab, LabSettings settings, string version)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(settings);
        if (lab.PgpoolSetup is not null)
        {
            throw new LabException(
                ExitCode.Usage,
                $"The lab '{lab.Name}' was made by an old command line (pgpool_setup), and a lab file makes labs of "
                    + "pgpoollab's own conventions only."
            )
            {
                Hints = ["Make one:  pgpoollab setup DIR"],
            };
        }

        var writer = new LabFileWriter();
        writer.WriteAll(lab, settings, version);
        return (writer._text.ToString(), writer._notes);
    }

    private void WriteAll(Lab lab, LabSettings settings, string version)
    {
        // A lab of an older version has not kept what was asked for: then it is as it is.
        var asked = lab.Asked ?? new LabAsked { PostgresMajor = lab.Tools.Postgres.Major };
        var streaming = lab.Mode is ClusteringMode.StreamingReplication;
        Line("# yaml-language-server: $schema=./lab.schema.json");
        Line(
            $"# Written by pgpoollab {version} from a lab. The schema for editors:  pgpoollab schema > lab.schema.json"
        );
        Line($"version: {LabFileKeys.CurrentVersion}");
        Line($"name: {Quoted(lab.Name)}");
        Line($"mode: {ClusteringModes.Names.First(n => n.Length > 1 && ClusteringModes.Parse(n) == lab.Mode)}");
        Line($"nodes: {lab.Nodes.Count}");
        Text("run-as", asked.RunAs);
        Text("templates", asked.Templates);
        Truth("faults", lab.Faults);
        Map(
            "postgresql",
            () =>
            {
                Whole("  version", asked.PostgresBin is null ? asked.PostgresMajor : null);
                Text("  bin", asked.PostgresBin);
                Whole("  port", asked.PostgresPort);
                Truth("  slots", lab.UseSlots && streaming);
                Truth("  rewind", lab.UseRewind && streaming);
                if (lab.Standbys is StandbyMethod.Clone)
                {
                    Line("  standbys: clone");
                }

                List("  initdb-arguments", lab.InitDbArguments);
                Settings(SettingAssignment.Postgres, OfNodes(lab, settings), lab);
            }
        );
        Map(
            "pgpool",
            () =>
            {
                Text("  installation", asked.PgpoolDirectory);
                Whole("  watchdog", lab is { HasWatchdog: true, IsSpread: false } ? lab.Pgpools.Count : null);
                Line($"  port: {(asked.AutomaticPort ? "auto" : lab.Ports.PgpoolBase)}");
                Text("  virtual-ip", lab.VirtualIp);
                Text("  virtual-ip-interface", lab.IsWhole ? lab.Interface : null);
                Settings(SettingAssignment.Pgpool, settings.Pgpool, lab);
            }
        );
        Map(
            "access",
            () =>
            {
                Line($"  auth: {AuthMethods.Names.First(n => AuthMethods.Parse(n) == lab.Auth)}");
                List("  listen", lab.IsSpread ? [] : lab.ListenAddresses);
                Truth("  tls", lab.Asked is { } kept ? kept.UseTls : lab is { UseTls: true, ListenAddresses.Count: 0 });
            }
        );
        Hosts(lab);
        Contents(lab);
    }

    private void Hosts(Lab lab)
    {
        if (!lab.IsSpread)
        {
            return;
        }

        Line("hosts:");
        foreach (var host in lab.Hosts)
        {
            // What ssh was told, in its parts, where it is more than the name.
            if (lab.Hosts.All(h => h.Login is null))
            {
                Line($"  - {Quoted(host.Name)}");
                continue;
            }

            Line($"  {Quoted(host.Name)}:");
            var login = HostRequest.OfLogin(host.Name, host.Login);
            Text("    address", login.Address);
            Whole("    port", login.Port);
            Text("    user", login.User);
        }

        if (lab.Hosts[0].Program is { } program)
        {
            Line("ssh:");
            Text("  installed", program);
        }
    }

    private void Contents(Lab lab)
    {
        if (lab.Roles.Count > 0)
        {
            Line("# Passwords are made up again; a file with one is named by password-file.");
            Line("roles:");
            foreach (var role in lab.Roles)
            {
                Line($"  {Quoted(role.Name)}:");
                if (!role.CanLogin)
                {
                    Line("    login: false");
                }

                Truth("    superuser", role.IsSuperuser);
                Truth("    createdb", role.CreatesDatabases);
                Truth("    createrole", role.CreatesRoles);
                Truth("    replication", role.Replicates);
                List("    member-of", role.MemberOf);
            }
        }

        if (lab.Databases.Count > 0)
        {
            Line("databases:");
            foreach (var database in lab.Databases)
            {
                Line($"  {Quoted(database.Name)}:");
                Text("    owner", database.Owner);
            }
        }

        if (lab.SqlRuns.Count > 0)
        {
            Line("sql:");
            foreach (var run in lab.SqlRuns)
            {
                Line($"  - file: {Quoted(run.Path)}");
                Line($"    database: {Quoted(run.Database)}");
            }
        }
    }

    /// <summary>What every node has; what is not the same on all of them a lab file cannot say.</summary>
    private Dictionary<string, string> OfNodes(Lab lab, LabSettings settings)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in settings.Nodes.SelectMany(n => n.Keys).Distinct().Order(StringComparer.Ordinal))
        {
            var values = settings.Nodes.Select(n => n.GetValueOrDefault(name)).Distinct().ToArray();
            if (values is [{ } same])
            {
                all[name] = same;
            }
            else
            {
                _notes.Add(
                    $"postgresql.{name} is not the same on every node of the lab '{lab.Name}', and a lab file has one "
                        + "value for all: it is left out."
                );
            }
        }

        return all;
    }

    private void Settings(string program, IReadOnlyDictionary<string, string> settings, Lab lab)
    {
        var kept = new List<KeyValuePair<string, string>>();
        foreach (var (name, value) in settings.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            if (LabSettings.OfFolder(value, lab.Root) is { } folder)
            {
                _notes.Add($"{program}.{name} is left out: {folder}");
            }
            else if (new SettingAssignment(program, name, value).WhyNotAtSetup() is { } why)
            {
                _notes.Add($"{program}.{name} is left out: {why.Say(LabFileKeys.PathOf)}");
            }
            else
            {
                kept.Add(new(name, value));
            }
        }

        if (kept.Count > 0)
        {
            Line("  settings:");
            foreach (var (name, value) in kept)
            {
                Line($"    {name}: {Quoted(value)}");
            }
        }
    }

    /// <summary>A map, when there is something in it.</summary>
    private void Map(string key, Action write)
    {
        var before = _text.Length;
        Line($"{key}:");
        var empty = _text.Length;
        write();
        if (_text.Length == empty)
        {
            _text.Length = before;
        }
    }

    private void Line(string text) => _text.Append(text).Append('\n');

    private void Text(string key, string? value)
    {
        if (value is not null)
        {
            Line($"{key}: {Quoted(value)}");
        }
    }

    private void Whole(string key, int? value)
    {
        if (value is { } number)
        {
            Line($"{key}: {number.ToString(CultureInfo.InvariantCulture)}");
        }
    }

    private void Truth(string key, bool value)
    {
        if (value)
        {
            Line($"{key}: true");
        }
    }

    private void List(string key, IReadOnlyList<string> values)
    {
        if (values.Count > 0)
        {
            Line($"{key}: [{string.Join(", ", values.Select(Quoted))}]");
        }
    }

    private static string Quoted(string text) => YamlQuoting.Text(text);
}
