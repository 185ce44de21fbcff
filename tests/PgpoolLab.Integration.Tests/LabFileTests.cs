using System.Text.Json;

namespace PgpoolLab.Integration.Tests;

/// <summary>A lab of a lab file, on real servers.</summary>
public sealed class LabFileTests
{
    [Fact]
    public async Task A_lab_is_made_of_a_file_and_changed_by_it()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var file = Path.Combine(sandbox.Labs, "lab.yaml");
        await File.WriteAllTextAsync(Path.Combine(sandbox.Labs, "app.password"), "a word\n");
        await File.WriteAllTextAsync(
            Path.Combine(sandbox.Labs, "schema.sql"),
            "CREATE TABLE items (id int PRIMARY KEY, name text);\nCOPY items FROM stdin;\n1\tone\n2\ttwo\n\\.\n"
                + "ALTER TABLE items OWNER TO app;\n"
        );
        const string text = """
            name: shop
            directory: lab
            nodes: 2
            postgresql: { slots: true, settings: { work_mem: 8MB } }
            pgpool: { port: auto }
            roles: { app: { password-file: app.password }, reader: { login: false } }
            databases: { shop: { owner: app } }
            sql: [schema.sql]
            """;
        await File.WriteAllTextAsync(file, text);
        (await sandbox.RunAsync("up", "-f", "lab.yaml")).Ok();
        // As the role, with its password, through Pgpool-II and on the standby.
        await ReadsAsync("2", "pgpool");
        await ReadsAsync("2", "1");
        Assert.DoesNotContain(
            "a word",
            string.Concat(
                Directory
                    .EnumerateFiles(Path.Combine(sandbox.Lab, "log"))
                    .Append(Path.Combine(sandbox.Lab, ".pgpoollab/lab.json"))
                    .Select(File.ReadAllText)
            ),
            StringComparison.Ordinal
        );

        // As it says; and what it says is what it is exported as.
        var (same, _) = Differences((await sandbox.RunAsync("up", "-f", "lab.yaml", "--json")).Ok());
        Assert.Empty(same);
        await File.WriteAllTextAsync(
            Path.Combine(sandbox.Labs, "again.yaml"),
            (await sandbox.RunInLabAsync("export", "--to", "file")).Ok().Output
        );
        (same, _) = Differences((await sandbox.RunAsync("up", "-f", "again.yaml", sandbox.Lab, "--json")).Ok());
        Assert.Empty(same);

        await File.WriteAllTextAsync(
            Path.Combine(sandbox.Labs, "more.sql"),
            "INSERT INTO items VALUES (3, 'three');\n"
        );
        await File.WriteAllTextAsync(
            file,
            text.Replace("nodes: 2", "nodes: 3", StringComparison.Ordinal)
                .Replace("8MB", "16MB", StringComparison.Ordinal)
                .Replace("{ login: false }", "{ createdb: true }, new: {}", StringComparison.Ordinal)
                .Replace("[schema.sql]", "[schema.sql, more.sql]", StringComparison.Ordinal)
        );
        // Nobody can be asked.
        var (asked, changed) = Differences((await sandbox.RunAsync("up", "-f", "lab.yaml", "--json")).FailedWith(1));
        Assert.False(changed);
        Assert.Equal(
            ["nodes", "postgresql.settings.work_mem", "roles.reader", "roles.new", $"sql {sandbox.Labs}/more.sql"],
            asked
        );
        (await sandbox.RunAsync("up", "-f", "lab.yaml", "--yes")).Ok();
        await ReadsAsync("3", "pgpool");
        await ReadsAsync("3", "2");
        await ReadsAsync("3", "0", "new", "SELECT count(*) + 1 FROM pg_roles WHERE rolname IN ('new', 'reader')");
        (same, _) = Differences((await sandbox.RunAsync("up", "-f", "lab.yaml", "--json")).Ok());
        Assert.Empty(same);

        // What cannot be changed is said, and stays.
        var (stays, _) = Differences(
            (await sandbox.RunAsync("up", "-f", "lab.yaml", "--auth", "md5", "--yes", "--json")).FailedWith(1)
        );
        Assert.Equal(["access.auth"], stays);

        async Task ReadsAsync(string expected, string server, string role = "app", string? sql = null) =>
            Assert.Equal(
                expected,
                (
                    await sandbox.ShellAsync(
                        "pgpoollab exec -- sh -c "
                            + $"'psql -XAt -w -h localhost -U {role} -d shop -p {Port(server)} -c \"$SQL\"'",
                        ("SQL", sql ?? "SELECT count(*) FROM items")
                    )
                )
                    .Ok()
                    .Output.Trim()
            );

        // pgpoollab exec sets Pgpool-II's port; pcp's comes next, then the nodes'.
        static string Port(string server) => server == "pgpool" ? "$PGPORT" : $"$((PGPORT + 2 + {server}))";
    }

    [Fact]
    public async Task SQL_that_fails_leaves_nothing_and_names_its_line()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var sql = Path.Combine(sandbox.Labs, "bad.sql");
        await File.WriteAllTextAsync(sql, "SELECT 1;\nSELEKT 2;\n");
        var outcome = (await sandbox.RunAsync("up", "-n", "1", "--port", "auto", "--sql", sql, sandbox.Lab)).FailedWith(
            1
        );
        Assert.Contains($"{sql} could not be run in the database test.", outcome.Error, StringComparison.Ordinal);
        Assert.Contains($"{sql}:2: ERROR:", outcome.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(sandbox.Lab));
    }

    private static (string[] What, bool Changed) Differences(Outcome outcome)
    {
        using var document = JsonDocument.Parse(outcome.Output);
        return (
            [
                .. document
                    .RootElement.GetProperty("differences")
                    .EnumerateArray()
                    .Select(d => d.GetProperty("what").GetString()!),
            ],
            document.RootElement.GetProperty("changed").GetBoolean()
        );
    }
}
