using System.Globalization;

namespace PgpoolLab.Client.Tests;

/// <summary>What the library says to the program and makes of its answers; the program is a script.</summary>
public sealed class LabTests : IDisposable
{
    private const string Program = """
        #!/bin/sh
        cd "$(dirname "$0")"
        say() { printf '%s\n' "$1"; }
        say '{"version":"1.2.3","protocol":1}'
        while read -r line; do
            say "$line" >>asked
            id=$(say "$line" | sed -n 's/^{"id":\([0-9]*\).*/\1/p')
            case $line in
                *'"create"'*'"refused"'*)
                    say '{"id":'$id',"error":{"code":4,"message":"In the way.","text":"error: In the way.\n  Go."}}' ;;
                *'"create"'*'"nonsense"'*) say 'Segmentation fault' && exit 139 ;;
                *'"create"'*) say '{"id":'$id',"said":"ok"}'
                    say '{"id":'$id',"answer":'"$(cat made)"',"done":true}' ;;
                *'"nodes"'*) say '{"id":'$id',"answer":'"$(cat nodes)"',"done":true}' ;;
                *'"events"'*)
                    say '{"id":'$id',"event":{"time":"2026-01-02T03:04:05Z","event":"failover","text":"A"}}' ;;
                *'"cut"'* | *'"slow"'*)
                    say '{"id":'$id',"answer":[{"link":"pgpool0->node1"},{"link":"node0->node1"}],"done":true}' ;;
                *'"drill"'*) say '{"id":'$id',"answer":'"$(cat drilled)"',"done":true}' ;;
                *'"cancel"'*) say '{"id":'$(say "$line" | tr -cd 0-9)',"done":true}' ;;
                *'"pause"'*) exit 3 ;;
                *) say '{"id":'$id',"done":true}' ;;
            esac
        done
        echo >ended
        """;

    private const string Made = """
        {"lab":{"name":"x","directory":"/tmp/x","nodes":[{"id":0,"port":5001},{"id":1,"port":5002}]},
        "endpoints":[{"name":"pgpool","npgsql":"Host=/tmp/x/run;Port=5000;Database=test;Username=olga","uri":"u"},
        {"name":"node0","npgsql":"Host=/tmp/x/run;Port=5001;Database=test;Username=olga","uri":"u0"},
        {"name":"node1","npgsql":"Host=/tmp/x/run;Port=5002;Database=test;Username=olga","uri":"u1"}],
        "environment":{"PGPORT":"5000","PGHOSTADDR":null}}
        """;

    private const string Nodes = """
        {"nodes":[{"id":0,"port":5001,"postgres":{"up":true,"inRecovery":true}},
        {"id":1,"port":5002,"postgres":{"up":true,"inRecovery":false}}]}
        """;

    private readonly TemporaryFolder _folder = new();

    public LabTests()
    {
        File.WriteAllText(_folder["made"], Made.ReplaceLineEndings(""));
        File.WriteAllText(_folder["nodes"], Nodes.ReplaceLineEndings(""));
        Executable.Write(_folder["pgpoollab"], Program);
        // No other test of this program reads it.
        Environment.SetEnvironmentVariable("PGPOOLLAB", _folder["pgpoollab"]);
    }

    public void Dispose() => _folder.Dispose();

    private string[] Asked => File.ReadAllLines(_folder["asked"]);

    [Fact]
    public async Task A_lab_is_made_of_what_was_said_and_gone_when_it_is_disposed_of()
    {
        await using (var lab = await Lab.StartAsync(o => o.Nodes(3).Slots().Postgres("work_mem", "64MB")))
        {
            Assert.Equal("/tmp/x", lab.Directory);
            Assert.Equal("Host=/tmp/x/run;Port=5000;Database=test;Username=olga", lab.ConnectionString);
            Assert.Equal(["u0", "u1"], lab.Nodes.Select(n => n.Uri));
            Assert.Equal((null, "5000"), (lab.Environment["PGHOSTADDR"], lab.Environment["PGPORT"]));
            Assert.Equal(
                "Host=/tmp/x/run:5001,/tmp/x/run:5002;Database=test;Username=olga",
                lab.MultiHostConnectionString,
                ignoreCase: true
            );
            Assert.False(File.Exists(_folder["ended"]));
        }

        Assert.True(File.Exists(_folder["ended"]));
        const string arguments = """["--nodes","3","--slots","--set","postgresql.work_mem=64MB"]""";
        Assert.Equal($$$"""{"id":1,"call":{"call":"create","arguments":{{{arguments}}}}}""", Asked[0]);
    }

    [Fact]
    public async Task A_node_is_asked_for_by_its_role_and_acted_on_by_its_number()
    {
        await using var lab = await Lab.StartAsync();
        var (primary, standby) = (await lab.PrimaryAsync(), await lab.StandbyAsync());
        Assert.Equal((1, 0), (primary.Id, standby.Id));
        await primary.KillAsync();
        await using (await standby.LagAsync(TimeSpan.FromSeconds(2)))
        {
            Assert.EndsWith("""["lag","0","2000ms"]}}""", Asked[^1], StringComparison.Ordinal);
        }

        Assert.EndsWith("""["lag","0","off"]}}""", Asked[^1], StringComparison.Ordinal);
        Assert.Contains("""["kill","1"]}}""", Asked[^3], StringComparison.Ordinal);
        Assert.All(Asked.Skip(1), a => Assert.Contains("\"lab\":\"/tmp/x\"", a, StringComparison.Ordinal));
    }

    /// <summary>Whoever was the primary then may be none when they are healed.</summary>
    [Fact]
    public async Task Links_are_broken_by_role_and_healed_by_number()
    {
        await using var lab = await Lab.StartAsync(o => o.Faults());
        Assert.Contains("[\"--faults\"]", Asked[0], StringComparison.Ordinal);
        await using (await lab.CutAsync("all", "primary", LinkCut.HalfBack))
        {
            Assert.EndsWith("""["cut","all","primary","--how","half-back"]}}""", Asked[^1], StringComparison.Ordinal);
        }

        Assert.EndsWith("""["heal","pgpool0","node1"]}}""", Asked[^2], StringComparison.Ordinal);
        Assert.EndsWith("""["heal","node0","node1"]}}""", Asked[^1], StringComparison.Ordinal);
        await lab.SlowAsync("standbys", "primary", TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(5));
        Assert.EndsWith(
            """["slow","standbys","primary","--latency","50ms","--jitter","5ms"]}}""",
            Asked[^1],
            StringComparison.Ordinal
        );
        await lab.HealAsync();
        Assert.EndsWith("""["heal"]}}""", Asked[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.25", 1.25)]
    [InlineData("null", null)]
    public async Task A_drill_tells_what_a_failure_has_cost(string service, double? seconds)
    {
        const string run = """
            {"variants":[{"runs":[{"sentence":"Old."}]},{"runs":[{"sentence":"Node 0 was killed.",
            "rto":{"service":SERVICE},"rpo":{"lostAcknowledged":3},"ledger":{"doubled":2},"twoPrimariesFor":0.5}]}],
            "holds":false}
            """;
        await File.WriteAllTextAsync(
            _folder["drilled"],
            run.ReplaceLineEndings("").Replace("SERVICE", service, StringComparison.Ordinal)
        );
        await using var lab = await Lab.StartAsync();
        var cost = await lab.DrillAsync("primary-dies");
        Assert.EndsWith("""["drill","primary-dies","--no-report"]}}""", Asked[^1], StringComparison.Ordinal);
        Assert.Equal((false, 3, 2), (cost.Holds, cost.Lost, cost.Doubled));
        Assert.Equal(seconds, cost.WithoutWrites?.TotalSeconds);
        Assert.Equal(("Node 0 was killed.", 0.5), ($"{cost}", cost.TwoPrimaries.TotalSeconds));
    }

    [Fact]
    public async Task An_error_says_what_the_command_line_says()
    {
        var error = await Assert.ThrowsAsync<PgpoolLabException>(() => Lab.StartAsync(o => o.With("refused")));
        Assert.Equal((4, "In the way.", "error: In the way.\n  Go."), (error.Code, error.Headline, error.Message));
        Assert.True(File.Exists(_folder["ended"]));
    }

    [Fact]
    public async Task Events_come_until_they_are_given_up()
    {
        await using var lab = await Lab.StartAsync();
        await foreach (var happened in lab.EventsAsync())
        {
            Assert.Equal("failover", happened.Name);
            Assert.Equal(DateTimeOffset.Parse("2026-01-02T03:04:05Z", CultureInfo.InvariantCulture), happened.At);
            break;
        }

        Assert.Equal("""{"cancel":2}""", Asked[^1]);
    }

    [Fact]
    public async Task A_program_that_has_ended_is_told_of_and_nobody_waits_for_it()
    {
        var lab = await Lab.StartAsync();
        var error = await Assert.ThrowsAsync<PgpoolLabException>(() => lab.Nodes[0].PauseAsync());
        Assert.Equal("pgpoollab host has ended before its time.", error.Headline);
        Assert.Equal(3, (await Assert.ThrowsAsync<PgpoolLabException>(async () => await lab.DisposeAsync())).Code);
    }

    [Fact]
    public async Task A_lab_is_put_back_when_something_has_changed_and_only_then()
    {
        await using var lab = await Lab.StartAsync();
        var saved = await lab.SnapshotAsync("clean");
        Assert.Equal("clean", saved.Name);
        await lab.RestoreAsync(saved);
        await lab.StatusAsync();
        await lab.RestoreAsync(saved);
        Assert.Equal(0, Restored());
        await lab.Nodes[1].KillAsync();
        await lab.RestoreAsync(saved);
        await lab.RestoreAsync(saved);
        Assert.Equal(1, Restored());
        // A row that a test has written by a connection of its own.
        var written = Nodes.Replace("\"inRecovery\":false", "\"inRecovery\":false,\"walPosition\":\"0/4\"");
        await File.WriteAllTextAsync(_folder["nodes"], written.ReplaceLineEndings(""));
        await lab.RestoreAsync(saved);
        Assert.Equal(2, Restored());

        int Restored() => Asked.Count(a => a.Contains("""["snapshot","restore","clean"]""", StringComparison.Ordinal));
    }

    /// <summary>Nobody waits for an answer that cannot come.</summary>
    [Fact]
    public async Task What_is_no_answer_is_told_as_it_is()
    {
        var error = await Assert.ThrowsAsync<PgpoolLabException>(() => Lab.StartAsync(o => o.With("nonsense")));
        Assert.Contains("Segmentation fault", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_of_a_test_is_made_and_dropped()
    {
        await using var lab = await Lab.StartAsync();
        await using (var database = await lab.CreateDatabaseAsync())
        {
            Assert.StartsWith("test_", database.Name, StringComparison.Ordinal);
            Assert.Contains($"Database={database.Name}", database.ConnectionString, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("CREATE DATABASE", Asked[^1], StringComparison.Ordinal);
        }

        Assert.Contains("DROP DATABASE IF EXISTS", Asked[^1], StringComparison.Ordinal);
    }
}
