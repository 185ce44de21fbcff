using System.Diagnostics;
using System.Text.Json;

namespace PgpoolLab.Integration.Tests;

/// <summary><c>run</c>: a lab for one command, gone with it, whatever ends it; and <c>host</c>, by which it is
/// made.</summary>
public sealed class RunCommandTests
{
    private const int Kill = 9,
        Terminate = 15;

    private static readonly string[] Small = ["run", "-n", "1"];

    private static Sandbox Ready(string account)
    {
        var sandbox = new Sandbox(account);
        sandbox.Variables["TMPDIR"] = sandbox.Labs;
        // A program that is not a native one would have pipes for debuggers there, which stay when it is killed.
        sandbox.Variables["DOTNET_EnableDiagnostics"] = "0";
        return sandbox;
    }

    private static Task<Outcome> RunAsync(Sandbox sandbox, params string[] words) => sandbox.RunAsync(words);

    private static async Task UntilAsync(Func<bool> fact, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!fact())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(3), $"Not within three minutes: {what}");
            await Task.Delay(10);
        }
    }

    /// <summary>Starts a command in a lab that says its number, then goes on until it is ended.</summary>
    private static async Task<(Process Tool, Task<string> Error, int Command)> StartAsync(Sandbox sandbox, string trap)
    {
        var tool = sandbox.Start(
            sandbox.Labs,
            [.. Small, "--", "sh", "-c", $"{trap} echo $$; while :; do sleep 0.05; done"]
        );
        var error = tool.StandardError.ReadToEndAsync();
        var line = await tool.StandardOutput.ReadLineAsync();
        Assert.True(int.TryParse(line, out var command), line ?? await error);
        return (tool, error, command);
    }

    [Theory]
    [MemberData(nameof(Account.Callers), MemberType = typeof(Account))]
    public async Task A_command_runs_as_its_caller_in_a_lab_of_its_own_that_is_gone_with_it(string account)
    {
        using var sandbox = Ready(account);
        const string script = """
            id -un
            [ -z "${PGHOSTADDR-}" ] && [ -f "$PGPASSFILE" ] && echo "$SECRET_TOKEN"
            psql -XAtc 'SELECT current_database()'
            psql -XqAt -d "$DATABASE_URL" -c 'CREATE TABLE t AS SELECT 42 AS n'
            psql -XAt -d "$PGPOOLLAB_NODE0_URL" -c 'SELECT n FROM t'
            until [ "$(psql -XAt -d "$PGPOOLLAB_NODE1_URL" -c 'SELECT n FROM t' 2>/dev/null)" = 42 ]; do
                sleep 0.05
            done
            pgpoollab kill primary >/dev/null 2>&1
            psql -XAt -d "$PGPOOLLAB_NODE1_URL" -c 'SELECT pg_is_in_recovery()'
            cat
            echo error >&2
            exit 7
            """;
        sandbox.Variables["SECRET_TOKEN"] = "hunter2";
        sandbox.Variables["PGHOSTADDR"] = "192.0.2.1";
        var outcome = (await RunAsync(sandbox, "run", "--", "sh", "-c", script)).FailedWith(7);
        Assert.Equal(
            [sandbox.Account.Name == Account.Root ? "root" : sandbox.Account.LabUser, "hunter2", "test", "42"],
            outcome.Output.Split('\n').Take(4)
        );
        Assert.EndsWith("\nf\n", outcome.Output, StringComparison.Ordinal);
        var said = outcome.Error.Split('\n');
        Assert.StartsWith($"pgpoollab: lab {sandbox.Labs}/pgpoollab-", said[0], StringComparison.Ordinal);
        Assert.Equal(["error", ""], said[1..]);
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_signal_is_passed_on_and_the_exit_code_tells_of_it()
    {
        using var sandbox = Ready(Account.Plain);
        var (tool, error, command) = await StartAsync(sandbox, "");
        using (tool)
        {
            Assert.Equal(0, Signals.Send(tool.Id, Terminate));
            await tool.WaitForExitAsync();
            Assert.True(tool.ExitCode == 128 + Terminate, $"{tool.ExitCode}: {await error}");
        }

        Assert.False(Directory.Exists($"/proc/{command}"));
        sandbox.AssertNothingIsLeft();
    }

    /// <summary>The command ignores what it is asked first, as a test host in a hang does.</summary>
    [Fact]
    public async Task Nothing_is_left_of_a_tool_that_was_killed_neither_its_command_nor_its_lab()
    {
        using var sandbox = Ready(Account.Plain);
        var (tool, _, command) = await StartAsync(sandbox, "trap '' TERM HUP INT;");
        using (tool)
        {
            Assert.NotEmpty(Directory.EnumerateFileSystemEntries(sandbox.Labs));
            Assert.Equal(0, Signals.Send(tool.Id, Kill));
            await UntilAsync(() => !Runs(command), "the command has ended");
            await UntilAsync(() => sandbox.Processes().Length == 0, "the keeper has ended");
        }

        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task Nothing_is_left_of_a_tool_that_was_killed_while_setup_was_at_work()
    {
        using var sandbox = Ready(Account.Plain);
        using var tool = sandbox.Start(sandbox.Labs, [.. Small, "--", "touch", sandbox["began"]]);
        await UntilAsync(() => Directory.EnumerateDirectories(sandbox.Labs, "pgpoollab-*").Any(), "setup has begun");
        Assert.Equal(0, Signals.Send(tool.Id, Kill));
        await UntilAsync(() => sandbox.Processes().Length == 0, "the keeper has ended");
        Assert.False(File.Exists(sandbox["began"]));
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_lab_whose_command_failed_is_kept_on_request_and_it_is_said_where()
    {
        using var sandbox = Ready(Account.Plain);
        var outcome = (await RunAsync(sandbox, [.. Small, "--keep-on-failure", "--", "false"])).FailedWith(1);
        var folder = Assert.Single(Directory.EnumerateDirectories(sandbox.Labs));
        Assert.Contains($"Remove it:      pgpoollab destroy {folder}", outcome.Error, StringComparison.Ordinal);
        (await sandbox.RunAsync("status", "--check", "--lab", folder)).Ok();
        (await sandbox.RunAsync("destroy", folder)).Ok();
        (await RunAsync(sandbox, [.. Small, "--keep-on-failure", "--", "true"])).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_setup_that_fails_leaves_nothing_starts_nothing_and_says_what_setup_says()
    {
        using var sandbox = Ready(Account.Plain);
        var outcome = await RunAsync(
            sandbox,
            [.. Small, "--set", "postgresql.shared_buffers=1000TB", "--", "touch", sandbox["began"]]
        );
        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Contains("error: ", outcome.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(sandbox["began"]));
        (await RunAsync(sandbox, "run", "-n", "0", "--", "true")).FailedWith(2);
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_lab_of_a_snapshot_has_its_rows_and_the_other_lab_is_left_alone()
    {
        using var sandbox = Ready(Account.Plain);
        (
            await sandbox.ShellAsync(
                """
                pgpoollab up -n 1 --port auto "$PWD/demo"
                pgpoollab psql --lab "$PWD/demo" -- -qXc 'CREATE TABLE t AS SELECT 1 AS n' test
                pgpoollab snapshot save clean --lab "$PWD/demo"
                pgpoollab psql --lab "$PWD/demo" -- -qXc 'INSERT INTO t VALUES (10)' test
                [ "$(pgpoollab run --from clean --lab "$PWD/demo" -- psql -XAtc 'SELECT sum(n) FROM t')" = 1 ]
                [ "$(cd demo && pgpoollab run --from clean -- psql -XAtc 'SELECT sum(n) FROM t')" = 1 ]
                ! pgpoollab run --from clean -n 2 --lab "$PWD/demo" -- true
                ! pgpoollab run --from none --lab "$PWD/demo" -- true
                [ "$(pgpoollab psql --lab "$PWD/demo" -- -XAtc 'SELECT sum(n) FROM t' test)" = 11 ]
                pgpoollab destroy --yes "$PWD/demo"
                """
            )
        ).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task Two_labs_side_by_side_are_two_labs()
    {
        using var sandbox = Ready(Account.Plain);
        var script = $"""
            echo "$PGPORT" >"{sandbox.Labs}/port.$1"
            until [ -s "{sandbox.Labs}/port.1" ] && [ -s "{sandbox.Labs}/port.2" ]; do sleep 0.05; done
            psql -XAtc "SELECT $1"
            """;
        var outcomes = await Task.WhenAll(
            ((string[])["1", "2"]).Select(n => RunAsync(sandbox, [.. Small, "--", "sh", "-c", script, "sh", n]))
        );
        Assert.Equal(["1\n", "2\n"], outcomes.Select(o => o.Ok().Output));
        string[] files = [$"{sandbox.Labs}/port.1", $"{sandbox.Labs}/port.2"];
        Assert.NotEqual(await File.ReadAllTextAsync(files[0]), await File.ReadAllTextAsync(files[1]));
        Array.ForEach(files, File.Delete);
        sandbox.AssertNothingIsLeft();
    }

    /// <summary>As a library has it: a child that is spoken to, of a program that is killed.</summary>
    [Fact]
    public async Task A_lab_of_another_program_is_made_asked_broken_and_removed_when_that_program_has_gone()
    {
        using var sandbox = Ready(Account.Plain);
        using var host = sandbox.StartOpen(sandbox.Labs, "host");
        using var greeting = JsonDocument.Parse((await host.StandardOutput.ReadLineAsync())!);
        Assert.Equal(1, greeting.RootElement.GetProperty("protocol").GetInt32());
        var made = await AskAsync("""{"id":1,"call":{"call":"create","arguments":["-n","2","-s"]}}""");
        var folder = made.GetProperty("lab").GetProperty("directory").GetString();
        Assert.Equal(
            ["pgpool", "node0", "node1"],
            made.GetProperty("endpoints").EnumerateArray().Select(e => e.GetProperty("name").GetString())
        );
        Assert.Equal(folder, made.GetProperty("environment").GetProperty("PGPOOLLAB_LAB").GetString());
        Assert.Equal(2, (await AskAsync(Verb(2, "nodes"))).GetProperty("nodes").GetArrayLength());
        await AskAsync(Verb(3, "kill", "primary"));
        await host.StandardInput.WriteLineAsync(Verb(4, "promote", "7"));
        var refused = await LastAsync(4);
        Assert.Equal(6, refused.GetProperty("error").GetProperty("code").GetInt32());
        Assert.StartsWith("error: ", refused.GetProperty("error").GetProperty("text").GetString());
        host.StandardInput.Close();
        await host.WaitForExitAsync();
        Assert.Equal(0, host.ExitCode);
        sandbox.AssertNothingIsLeft();

        static string Verb(int id, params string[] words) =>
            $$$"""{"id":{{{id}}},"call":{"call":"verb","arguments":{{{JsonSerializer.Serialize(words)}}}}}""";

        async Task<JsonElement> LastAsync(int id)
        {
            while (true)
            {
                using var line = JsonDocument.Parse((await host.StandardOutput.ReadLineAsync())!);
                if (
                    line.RootElement is var reply
                    && reply.GetProperty("id").GetInt32() == id
                    && (reply.TryGetProperty("done", out _) || reply.TryGetProperty("error", out _))
                )
                {
                    return reply.Clone();
                }
            }
        }

        async Task<JsonElement> AskAsync(string line)
        {
            await host.StandardInput.WriteLineAsync(line);
            using var request = JsonDocument.Parse(line);
            var reply = await LastAsync(request.RootElement.GetProperty("id").GetInt32());
            Assert.True(reply.TryGetProperty("answer", out var answer), reply.GetRawText());
            return answer;
        }
    }

    /// <summary>A tool that is killed as soon as its command runs has not told of it yet.</summary>
    [Fact]
    public async Task A_command_that_nobody_has_told_of_ends_with_its_lab_and_others_do_not()
    {
        using var sandbox = Ready(Account.Plain);
        (
            await sandbox.ShellAsync(
                """
                mkfifo calls
                pgpoollab host <calls >answers &
                host=$!
                exec 3>calls
                echo '{"id":1,"call":{"call":"create","arguments":["-n","1"]}}' >&3
                until grep -q '"done":true' answers; do kill -0 $host; sleep 0.05; done
                lab=$(sed -n 's/.*"directory":"\([^"]*\)".*/\1/p' answers)
                [ -d "$lab" ]
                leader() { # the value of PGPOOLLAB_LAB, a file
                    PGPOOLLAB_LAB=$1 exec perl -e 'setpgrp(0, 0); exec @ARGV' \
                        sh -c 'trap "" TERM; echo >"$1"; while :; do sleep 0.05; done' sh "$2" 3>&-
                }
                leader "$lab" ours &
                ours=$!
                leader "$lab-other" others &
                others=$!
                until [ -s ours ] && [ -s others ]; do sleep 0.05; done
                exec 3>&-
                wait $host
                code=0
                wait $ours || code=$?
                [ $code = 137 ]
                kill -KILL $others
                rm calls answers ours others
                """
            )
        ).Ok();
        sandbox.AssertNothingIsLeft();
    }

    private static bool Runs(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/stat").Split(") ").Last()[0] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }
}
