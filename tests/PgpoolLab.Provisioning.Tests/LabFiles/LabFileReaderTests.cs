using System.Runtime.CompilerServices;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.LabFiles;

namespace PgpoolLab.Provisioning.Tests.LabFiles;

public sealed class LabFileReaderTests
{
    /// <summary>Every key there is, each with a value that is not the default.</summary>
    private const string Everything = """
        version: 1
        name: shop
        directory: made/here
        mode: streaming
        nodes: 3
        start: true
        keep-on-failure: true
        run-as: olga
        templates: ~/own
        faults: false
        postgresql:
          version: 17
          port: 5432
          slots: true
          rewind: true
          standbys: clone
          initdb-arguments: [--locale=C, -k]
          settings: { work_mem: 8MB, log_connections: on, random_page_cost: 1.10 }
          settings-from: production/postgresql.conf
          synchronous: { standbys: [1, 2], number: 1 }
        pgpool:
          installation: /opt/pgpool
          watchdog: 3
          port: 9999
          virtual-ip: 192.0.2.9/24
          virtual-ip-interface: eth0
          settings: { num_init_children: 8 }
          settings-from: /etc/pgpool2/pgpool.conf
        access:
          auth: md5
          listen: ['*', 192.0.2.1]
          tls: true
        hosts:
          a: { address: 192.0.2.11, port: 2222, user: lab }
          b:
        ssh: { installed: /usr/bin/pgpoollab, accept-new: true }
        roles:
          app: { createdb: true, createrole: true, superuser: true, replication: true, member-of: [reader] }
          reader: { login: false }
          secret: { password-file: app.password }
        databases:
          shop: { owner: app }
          other:
        sql:
          - schema.sql
          - { file: seed.sql, database: other }
        """;

    private static LabFileText Read(string text) => LabFileReader.Parse(text, "lab.yaml", "/srv/files");

    private static IReadOnlyList<string> Problems(string text) =>
        [.. Assert.Throws<InvalidSpecException>(() => Read(text)).Problems.Select(p => p.ToString())];

    private static string Problem(string text) => Assert.Single(Problems(text));

    [Fact]
    public void Every_key_says_something()
    {
        var file = Read(Everything).File;
        Assert.Equal("/srv/files/made/here", file.Directory);
        Assert.Equal("shop", file.Name);
        Assert.Equal((ClusteringMode.StreamingReplication, 3), (file.Mode, file.Nodes));
        Assert.Equal((true, true, "olga"), (file.Start, file.Keep, file.RunAs));
        Assert.Equal($"{Identity.Current.Home}/own", file.Templates);
        Assert.Equal((17, 5432), (file.PostgresVersion, file.PostgresPort));
        Assert.Equal((true, true, StandbyMethod.Clone), (file.Slots, file.Rewind, file.Standbys));
        Assert.Equal(["--locale=C", "-k"], file.InitDbArguments);
        Assert.Equal("/srv/files/production/postgresql.conf", file.PostgresConf);
        Assert.Equal(
            ("/opt/pgpool", 3, 9999, false),
            (file.PgpoolDirectory, file.Watchdog, file.Port, file.AutomaticPort)
        );
        Assert.Equal("/etc/pgpool2/pgpool.conf", file.PgpoolConf);
        Assert.Equal((AuthMethod.Md5, true), (file.Auth, file.Tls));
        Assert.Equal(["*", "192.0.2.1"], file.Listen);
        Assert.Equal(
            [
                "postgresql.work_mem=8MB",
                "postgresql.log_connections=on",
                "postgresql.random_page_cost=1.10",
                "postgresql.synchronous_standby_names=FIRST 1 (server1, server2)",
                "pgpool.num_init_children=8",
            ],
            file.Settings
        );
        Assert.Equal(["lab@192.0.2.11:2222", "b"], file.Hosts!.Select(h => h.Login));
        Assert.Equal(["a", "b"], file.Hosts!.Select(h => h.Name));
        Assert.Equal(("/usr/bin/pgpoollab", true), (file.Installed, file.AcceptNew));
        Assert.Equal(
            [
                new LabRole("app")
                {
                    CreatesDatabases = true,
                    CreatesRoles = true,
                    IsSuperuser = true,
                    Replicates = true,
                    MemberOf = ["reader"],
                },
                new LabRole("reader") { CanLogin = false },
                new LabRole("secret"),
            ],
            file.Roles
        );
        Assert.Equal("/srv/files/app.password", Assert.Single(file.PasswordFiles).Value);
        Assert.Equal([new LabDatabase("shop", "app"), new LabDatabase("other")], file.Databases);
        Assert.Equal([("/srv/files/schema.sql", null), ("/srv/files/seed.sql", "other")], file.Sql);
    }

    /// <summary>A key of the table that the reader does not read would be taken for nothing, without a word.</summary>
    [Fact]
    public void Every_key_of_the_table_is_in_the_file_that_has_everything()
    {
        var named = Read(Everything.Replace("version: 17", "bin: /opt/pg/bin", StringComparison.Ordinal))
            .Places.Keys.Concat(Read(Everything).Places.Keys)
            .Select(k =>
                string.Join(
                    '.',
                    k.Split('.')
                        .Select((w, i) => i == 1 && (k.Split('.')[0] is "hosts" or "roles" or "databases") ? "*" : w)
                )
            )
            .ToHashSet(StringComparer.Ordinal);
        Assert.Empty(LabFileSchema.Keys.Where(k => !k.StartsWith("sql.", StringComparison.Ordinal)).Except(named));
        Assert.Equal("/opt/pg/bin", Read("postgresql: { bin: /opt/pg/bin }").File.PostgresBin);
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("---\n")]
    [InlineData("postgresql:\npgpool: {}\naccess: null\n")]
    public void A_file_may_say_nothing(string text)
    {
        Assert.Equal(new LabFile().ToSpec("/srv/lab", false).Nodes, Read(text).File.ToSpec("/srv/lab", false).Nodes);
        Assert.True(SchemaCheck.IsFine(text));
    }

    [Fact]
    public void Lists_of_names_are_enough_and_auto_is_a_port()
    {
        var file = Read("hosts: [a, b@h:22]\nroles: [app]\ndatabases: [shop]\npgpool: { port: auto }").File;
        Assert.Equal(["a", "b@h:22"], file.Hosts!.Select(h => h.Login));
        Assert.Equal([new LabRole("app")], file.Roles);
        Assert.Equal([new LabDatabase("shop")], file.Databases);
        Assert.True(file.AutomaticPort);
        Assert.Null(file.ToSpec("/srv/lab", false).Port);
        Assert.Equal(
            "postgresql.synchronous_standby_names=FIRST 1 (*)",
            Assert.Single(Read("postgresql: { synchronous: }").File.Settings)
        );
    }

    [Theory]
    [InlineData("nods: 3", "lab.yaml:1:1: there is no key 'nods' in a lab file. Did you mean nodes?")]
    [InlineData("slots: true", "lab.yaml:1:1: there is no key 'slots' in a lab file; it is in postgresql.")]
    [InlineData(
        "access: { fnord: 1 }",
        "lab.yaml:1:11: there is no key 'fnord' in access; there are auth, listen, tls."
    )]
    [InlineData(
        "hosts: { a: { adress: x } }",
        "lab.yaml:1:15: there is no key 'adress' in hosts.a. Did you mean address?"
    )]
    [InlineData("nodes: 0", "lab.yaml:1:8: nodes must be a whole number from 1 to 128; it is '0'.")]
    [InlineData(
        "nodes: '3'",
        "lab.yaml:1:8: nodes must be a whole number from 1 to 128; it is '3'. Write it without quotes."
    )]
    [InlineData("nodes: many", "lab.yaml:1:8: nodes must be a whole number from 1 to 128; it is 'many'.")]
    [InlineData("nodes:", "lab.yaml:1:7: nodes must be a whole number from 1 to 128; it is empty.")]
    [InlineData("start: yes", "lab.yaml:1:8: start must be true or false; it is 'yes'. Did you mean true?")]
    [InlineData(
        "name: 17",
        "lab.yaml:1:7: name must be a name; 17 is a number in YAML. If you mean it, write it in quotes: '17'"
    )]
    [InlineData("name: [x]", "lab.yaml:1:7: name must be a name; it is a list.")]
    [InlineData(
        "access: { auth: scran }",
        "lab.yaml:1:17: access.auth must be scram or md5 or trust; it is 'scran'. Did you mean scram?"
    )]
    [InlineData(
        "access: { listen: 192.0.2.1 }",
        "lab.yaml:1:19: access.listen must be a list of addresses; it is '192.0.2.1'. Write [192.0.2.1]."
    )]
    [InlineData("pgpool: { port: any }", "lab.yaml:1:17: pgpool.port must be auto; it is 'any'.")]
    [InlineData(
        "pgpool: { port: 70000 }",
        "lab.yaml:1:17: pgpool.port must be a whole number from 1 to 65535; it is '70000'."
    )]
    [InlineData(
        "pgpool: { watchdog: 1 }",
        "lab.yaml:1:21: pgpool.watchdog must be a whole number from 2 to 128; it is '1'."
    )]
    [InlineData(
        "postgresql: 17",
        "lab.yaml:1:13: postgresql must be a map with the keys version, bin, port, slots, rewind, "
            + "standbys, synchronous, initdb-arguments, settings, settings-from; it is '17'."
    )]
    [InlineData(
        "postgresql: { settings: { port: 1 } }",
        "lab.yaml:1:27: postgresql.settings.port: use postgresql.port PORT."
    )]
    [InlineData(
        "postgresql: { settings: { work_mem: } }",
        "lab.yaml:1:37: postgresql.settings.work_mem has no value. An empty one is written ''."
    )]
    [InlineData(
        "postgresql: { settings: { 'a b': 1 } }",
        "lab.yaml:1:27: postgresql.settings.a b: that is no setting's name."
    )]
    [InlineData(
        "pgpool: { settings: { x: \"it's\" } }",
        "lab.yaml:1:23: pgpool.settings.x: pgpool.conf has no way to write a single quote."
    )]
    [InlineData("roles: [pg_mine]", "lab.yaml:1:9: roles[0] 'pg_mine': names that begin with pg_ are PostgreSQL's.")]
    [InlineData("databases: { postgres: }", "lab.yaml:1:14: databases.postgres: PostgreSQL has one of that name.")]
    [InlineData("sql: [{ database: x }]", "lab.yaml:1:7: sql[0] lacks its key 'file'.")]
    [InlineData("hosts: []", "lab.yaml:1:8: hosts must have at least 1 of its hosts; it has 0.")]
    [InlineData("version: 2", "lab.yaml:1:10: version must be a whole number from 1 to 1; it is '2'.")]
    [InlineData(
        "- a",
        "lab.yaml:1:1: a lab file must be a map with the keys version, name, directory, mode, nodes, start, "
            + "keep-on-failure, run-as, templates, faults, postgresql, pgpool, access, hosts, ssh, databases, roles, "
            + "sql; "
            + "it is a list."
    )]
    public void What_is_wrong_is_said_with_its_place_and_an_editor_says_so_too(string text, string problem)
    {
        Assert.Equal(problem, Problem(text));
        // What PostgreSQL and the lab themselves have against a name or a value is not in the schema.
        if (
            !problem.Contains("PostgreSQL", StringComparison.Ordinal)
            && !problem.Contains("settings.", StringComparison.Ordinal)
        )
        {
            Assert.False(SchemaCheck.IsFine(text));
        }
    }

    [Theory]
    [InlineData("nodes: 1\nnodes: 2", "lab.yaml:2:1: 'nodes' is there twice; first on line 1.")]
    [InlineData("a: &x 1", "&x names this for use elsewhere; write it out where it is used.")]
    [InlineData("name: !!str x", "is a tag, and a lab file has none.")]
    [InlineData("name: x\n---\nname: y", "lab.yaml:2:1: a second document begins here; a lab file is one.")]
    [InlineData("? [a]\n: 1", "a key must be a word, not a list or a map.")]
    [InlineData("postgresql: { <<: { version: 1 } }", "<< merges in another map; write its keys out here.")]
    [InlineData("access: { listen: [*] }", "A value that begins with * needs quotes.")]
    [InlineData("postgresql:\n\tversion: 15", "lab.yaml:2:")]
    [InlineData("hosts: [a, b", "this is not YAML: ")]
    [InlineData("name: \uFFFD", "lab.yaml:1:1: the file is not UTF-8.")]
    public void What_YAML_can_and_a_lab_file_does_not_is_refused(string text, string problem) =>
        Assert.Contains(Problems(text), p => p.Contains(problem, StringComparison.Ordinal));

    [Fact]
    public void Everything_that_is_wrong_is_said_at_once_in_the_order_of_the_file() =>
        Assert.Equal(
            [
                "lab.yaml:1:8: nodes must be a whole number from 1 to 128; it is '0'.",
                "lab.yaml:3:3: there is no key 'verson' in postgresql. Did you mean version?",
                "lab.yaml:4:10: postgresql.slots must be true or false; it is 'on'. Did you mean true?",
                "lab.yaml:5:1: there is no key 'acess' in a lab file. Did you mean access?",
            ],
            Problems("nodes: 0\npostgresql:\n  verson: 17\n  slots: on\nacess: {}\n")
        );

    [Fact]
    public void Two_keys_that_say_the_same_are_refused()
    {
        Assert.Equal(
            "lab.yaml:1:27: postgresql.bin and postgresql.version (line 1) exclude each other.",
            Problem("postgresql: { version: 15,bin: /x }")
        );
        Assert.Contains(
            "postgresql.synchronous on line 1 says the same",
            Problem("postgresql: { synchronous: {}, settings: { Synchronous_standby_names: '*' } }"),
            StringComparison.Ordinal
        );
    }

    /// <summary>A few lines of these have filled memories: every level ten times the one before.</summary>
    [Fact]
    public void A_bomb_of_aliases_is_refused_without_being_followed()
    {
        var bomb =
            "a: &a [x, x]\n"
            + string.Concat(
                Enumerable.Range(0, 25).Select(i => $"{(char)('b' + i % 25)}{i}: &{(char)('b' + i % 25)}{i} [*a, *a]\n")
            );
        var problems = Problems(bomb);
        Assert.InRange(problems.Count, 2, 60);
        Assert.Contains(
            problems,
            p => p.Contains("*a stands for something written elsewhere", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void What_is_deeper_or_longer_than_any_lab_file_is_refused()
    {
        Assert.Contains(
            "more than 20 levels",
            Problem("a: " + new string('[', 300) + new string(']', 300)),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "more than 20000 values",
            Problem("sql: [" + string.Join(", ", Enumerable.Repeat("a.sql", 30_000)) + "]"),
            StringComparison.Ordinal
        );
        using var folder = new TemporaryFolder();
        var file = $"{folder.Path}/lab.yaml";
        File.WriteAllText(file, "# " + new string('x', LabFileReader.MostText));
        Assert.Contains("too large", Refused(file), StringComparison.Ordinal);
    }

    [Fact]
    public void Only_a_regular_file_is_read()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal("The lab file lab.yaml is a folder, not a file.", Refused(folder.Path));
        Assert.Equal("There is no lab file lab.yaml.", Refused($"{folder.Path}/none.yaml"));
        Assert.Contains("is not a regular file", Refused("/dev/zero"), StringComparison.Ordinal);
    }

    /// <summary>It names programs to run, and files to read that only root may read.</summary>
    [Fact]
    public void Root_uses_no_file_that_another_user_can_change()
    {
        Assert.SkipUnless(Identity.IsRoot, "Only root can be misled.");
        using var folder = new TemporaryFolder();
        var file = $"{folder.Path}/lab.yaml";
        File.WriteAllText(file, "name: mine\n");
        Assert.Equal("mine", LabFileReader.Read(file, "lab.yaml", null).File.Name);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);
        Assert.StartsWith("Root does not use the lab file lab.yaml", Refused(file), StringComparison.Ordinal);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        const int somebody = 4242;
        Identity.Own(file, somebody, somebody);
        Assert.StartsWith("Root does not use the lab file lab.yaml", Refused(file), StringComparison.Ordinal);
        // Who has become root by sudo can do whatever root can.
        Assert.Equal("mine", LabFileReader.Read(file, "lab.yaml", somebody).File.Name);
    }

    [Fact]
    public void The_schema_takes_the_file_that_has_everything() => Assert.True(SchemaCheck.IsFine(Everything));

    [Fact]
    public void The_schema_is_as_approved() => Snapshot.Approve("lab-file-schema", LabFileSchema.Text());

    /// <summary>Examples are copied.</summary>
    [Fact]
    public void Every_example_of_the_manual_is_right_for_the_reader_and_for_editors()
    {
        var manual = File.ReadAllText(Path.Combine(Repository(), "docs/lab-file.md"));
        var examples = manual.Split("```yaml\n").Skip(1).Select(e => e.Split("```")[0]).ToArray();
        Assert.True(examples.Length >= 3);
        Assert.All(
            examples,
            e =>
            {
                Assert.Empty(Read(e).File.ToSpec("/srv/lab", false).Validate());
                Assert.True(SchemaCheck.IsFine(e), e);
            }
        );
    }

    [Fact]
    public void Every_key_is_in_the_manual()
    {
        var manual = File.ReadAllText(Path.Combine(Repository(), "docs/lab-file.md"));
        Assert.DoesNotContain(LabFileSchema.Keys, k => !manual.Contains($"`{k}`", StringComparison.Ordinal));
    }

    [Fact]
    public void A_field_of_a_request_is_called_by_its_key_and_place()
    {
        var text = Read("name: x\npostgresql:\n  slots: true\n  settings: { a.b: 1 }\n");
        Assert.Equal("postgresql.slots (lab.yaml:3:3)", text.NameOf(SpecField.Slots));
        Assert.Equal("postgresql.settings (lab.yaml:4:3)", text.NameOf(SpecField.Settings));
        Assert.Null(text.NameOf(SpecField.Nodes));
        Assert.Equal("name (lab.yaml:1:1)", text.KeyOf("--name"));
    }

    private static string Refused(string path) =>
        Assert.ThrowsAny<LabException>(() => LabFileReader.Read(path, "lab.yaml", null)).Message;

    private static string Repository([CallerFilePath] string self = "") =>
        Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(self))))!;
}
