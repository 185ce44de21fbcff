using System.Text.Json;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Commands;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;

namespace PgpoolLab.Cli.Tests;

/// <summary>What env changes in a shell, and how it is taken back.</summary>
public sealed class EnvTests
{
    private static readonly string[] Asked =
    [
        "PGHOST",
        "PGPORT",
        "PGPASSWORD",
        "PGHOSTADDR",
        "PCPPASSFILE",
        "PATH",
        ShellSession.Saved,
    ];

    public static TheoryData<string, string> AllShells
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var shell in Shells.All)
            {
                data.Add(shell, "sh");
            }

            foreach (var (name, dialect) in ((string, string)[])[("fish", "fish"), ("tcsh", "csh"), ("csh", "csh")])
            {
                if (Program(name) is { } program)
                {
                    data.Add(program, dialect);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(AllShells))]
    public async Task A_shell_gets_what_env_prints_and_has_its_own_back_after_off(string shell, string dialect)
    {
        var lab = Labs.Nasty("/srv/" + Labs.NastyName + "!x") with { Owner = Labs.Me };
        var before = new Dictionary<string, string?>
        {
            ["PATH"] = "/usr/bin:/bin:/opt/it's mine",
            ["PGPASSWORD"] = "se'cr!et $x",
            ["PGPORT"] = "5",
            ["HOME"] = "/nonexistent",
        };
        var session = new ShellSession(before.GetValueOrDefault);
        var wanted = LabVariables.ForOwner(lab, session.Path, "/home/olga/wrappers");
        var on = EnvCommand.Text(ShellDialect.Of(dialect), session, wanted);
        var after = new ShellSession(session.Enter(wanted, []).GetValueOrDefault);
        var off = ShellDialect.Of(dialect).Text(after.Leave());

        var inside = await AskAsync(shell, dialect, before, on);
        Assert.Equal([lab.Pgpool.SocketDirectories[0], "11000", null, null, lab.Pgpool.Paths.PcpPass], inside[..5]);
        Assert.StartsWith("/home/olga/wrappers:", inside[5], StringComparison.Ordinal);
        Assert.NotNull(inside[6]);

        var outside = await AskAsync(shell, dialect, before, on, off);
        Assert.Equal([null, "5", before["PGPASSWORD"], null, null, before["PATH"], null], outside);
    }

    [Fact]
    public void A_second_lab_takes_the_place_of_the_first_and_off_leads_back_to_the_beginning()
    {
        var shell = new Dictionary<string, string?> { ["PATH"] = "/usr/bin:/bin", ["PGPORT"] = "5" };
        Apply(shell, Enter(shell, "one", ("PGPORT", "11000"), ("PGSSLMODE", "verify-full")));
        Apply(shell, Enter(shell, "two", ("PGPORT", "12000")));
        Assert.Equal(("12000", null, "/two:/usr/bin:/bin"), (shell["PGPORT"], shell["PGSSLMODE"], shell["PATH"]));
        Apply(shell, new ShellSession(shell.GetValueOrDefault).Leave());
        Assert.Equal(
            ("5", null, "/usr/bin:/bin", null),
            (shell["PGPORT"], shell["PGSSLMODE"], shell["PATH"], shell[ShellSession.Saved])
        );
    }

    [Fact]
    public void Folders_that_the_user_has_added_to_PATH_since_stay_there()
    {
        var shell = new Dictionary<string, string?> { ["PATH"] = "/usr/bin:/bin" };
        Apply(shell, Enter(shell, "one", ("PGPORT", "11000")));
        shell["PATH"] = $"/mine:{shell["PATH"]}:/also";
        Assert.Equal("/mine:/usr/bin:/bin:/also", new ShellSession(shell.GetValueOrDefault).Leave()["PATH"]);
    }

    [Fact]
    public void The_program_itself_does_not_take_wrappers_for_an_installation()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["bin/1234"]);
        File.WriteAllText(folder["bin/1234.lab"], "/srv/lab");
        Assert.Equal("/usr/bin::/bin", Wrappers.Without($"/usr/bin:{folder["bin/1234"]}::/bin:{folder["bin/1234/"]}"));
    }

    [Fact]
    public void Wrappers_of_labs_that_are_gone_are_removed()
    {
        using var folder = new TemporaryFolder();
        foreach (var name in (string[])["gone", "there"])
        {
            Directory.CreateDirectory(folder[$"bin/{name}"]);
            File.WriteAllText(folder[$"bin/{name}/pcp_node_count"], "");
            File.WriteAllText(folder[$"bin/{name}.lab"], folder[name]);
        }

        Directory.CreateDirectory(folder["there/.pgpoollab"]);
        File.WriteAllText(folder["there/.pgpoollab/lab.json"], "{}");
        Wrappers.RemoveOfGoneLabs(folder.Path);
        Assert.Equal(
            [folder["bin/there"], folder["bin/there.lab"]],
            Directory.GetFileSystemEntries(folder["bin"]).Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    public void What_is_no_memory_of_ours_is_not_taken_for_one(string saved) =>
        Assert.False(new ShellSession(n => n == ShellSession.Saved ? saved : null).IsChanged);

    [Fact]
    public async Task Off_where_nothing_was_changed_changes_nothing()
    {
        var (code, output, error) = await Screen.RunAsync("env", "--off");
        Assert.Equal((0, ""), (code, output));
        Assert.Contains("nothing to take back", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--off", "--json")]
    [InlineData("--json", "--format", "uri")]
    [InlineData("--format", "xml")]
    [InlineData("--shell", "cmd")]
    [InlineData("1")]
    public async Task What_does_not_go_together_is_refused(params string[] arguments) =>
        Assert.Equal(2, (await Screen.RunAsync(["env", .. arguments])).Code);

    [Theory]
    [InlineData("uri")]
    [InlineData("jdbc")]
    [InlineData("npgsql")]
    [InlineData("service")]
    [InlineData("json")]
    public void Connection_strings_name_every_server_and_no_password(string format)
    {
        var text = ConnectionStrings.Text(Endpoint.Of(Labs.Fixed(pgpools: 2)), format, isOne: false);
        Snapshot.Approve($"connection-{format}", text);
    }

    [Fact]
    public void A_connection_string_bears_any_name()
    {
        var endpoint = new Endpoint(
            "pgpool",
            "/srv/a b;c'\"&=%?",
            11000,
            "test",
            "o@x:y",
            "/srv/a b;c'\"&=%?/pgpass",
            null
        );
        Assert.Equal(
            "postgresql://o%40x%3Ay@/test?host=%2Fsrv%2Fa%20b%3Bc%27%22%26%3D%25%3F&port=11000"
                + "&passfile=%2Fsrv%2Fa%20b%3Bc%27%22%26%3D%25%3F%2Fpgpass",
            endpoint.Uri
        );
        var parsed = new System.Data.Common.DbConnectionStringBuilder { ConnectionString = endpoint.Npgsql };
        Assert.Equal(
            (endpoint.Host, endpoint.PasswordFile, "o@x:y"),
            (parsed["Host"], parsed["Passfile"], parsed["Username"])
        );
    }

    [Fact]
    public void A_server_that_speaks_TLS_is_verified_by_the_labs_authority()
    {
        var endpoint = new Endpoint("pgpool", "localhost", 11000, "test", "olga", null, "/srv/ca.crt");
        Assert.Equal(
            "postgresql://olga@localhost:11000/test?sslmode=verify-full&sslrootcert=%2Fsrv%2Fca.crt",
            endpoint.Uri
        );
        Assert.Equal(
            "jdbc:postgresql://localhost:11000/test?user=olga&sslmode=verify-full&sslrootcert=%2Fsrv%2Fca.crt",
            endpoint.Jdbc
        );
        Assert.EndsWith("SSL Mode=VerifyFull;Root Certificate=/srv/ca.crt", endpoint.Npgsql, StringComparison.Ordinal);
        Assert.EndsWith("sslmode=verify-full\nsslrootcert=/srv/ca.crt\n", endpoint.Service, StringComparison.Ordinal);
    }

    private static IReadOnlyDictionary<string, string?> Enter(
        Dictionary<string, string?> shell,
        string name,
        params (string Name, string Value)[] variables
    )
    {
        var session = new ShellSession(shell.GetValueOrDefault);
        return session.Enter(
            variables.Append(("PATH", $"/{name}:{session.Path}")).ToDictionary(v => v.Item1, v => (string?)v.Item2),
            []
        );
    }

    private static void Apply(Dictionary<string, string?> shell, IReadOnlyDictionary<string, string?> changes)
    {
        foreach (var (name, value) in changes)
        {
            shell[name] = value;
        }
    }

    /// <summary>Has a shell evaluate texts, as users have it; what a program then finds in its environment.</summary>
    private static async Task<string?[]> AskAsync(
        string shell,
        string dialect,
        Dictionary<string, string?> environment,
        params string[] texts
    )
    {
        using var folder = new TemporaryFolder();
        var script = "";
        foreach (var (text, index) in texts.Select((t, i) => (t, i)))
        {
            var file = folder[$"{index}"];
            File.WriteAllText(file, text);
            script += dialect switch
            {
                "fish" => $"/bin/cat {file} | source\n",
                "csh" => $"eval \"`/bin/cat {file}`\"\n",
                _ => $"eval \"$(/bin/cat {file})\"\n",
            };
        }

        File.WriteAllText(folder["script"], script + "/usr/bin/env -0\n");
        var result = await new LocalHost(TimeProvider.System).Programs.RunAsync(
            new CommandSpec(shell, [.. dialect == "csh" ? (string[])["-f"] : [], folder["script"]])
            {
                Environment = environment,
            },
            TestContext.Current.CancellationToken
        );
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var found = result
            .Output.Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Select(v => v.Split('=', 2))
            .ToDictionary(v => v[0], v => (string?)v[1]);
        return [.. Asked.Select(found.GetValueOrDefault)];
    }

    private static string? Program(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(':')
            .Select(f => Path.Combine(f, name))
            .FirstOrDefault(File.Exists);
}
