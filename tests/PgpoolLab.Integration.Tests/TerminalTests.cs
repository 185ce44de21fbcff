using System.Text.Json;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Integration.Tests;

/// <summary>Root at a terminal, and programs of the lab's user's choosing. Needs root, and python3 for
/// terminals.</summary>
[Trait("Needs", "root")]
public sealed class TerminalTests
{
    private const string LabUser = "postgres";
    private const string Python = "/usr/bin/python3";
    private const string CtrlC = "\u0003",
        CtrlD = "\u0004";
    private const int Interrupt = 2,
        Terminate = 15;

    /// <summary>Types into whatever terminal it has, and says which that are.</summary>
    private const string Attack = """
        import fcntl, json, os, sys, termios
        own = int(open("/proc/self/stat").read().rsplit(")", 1)[1].split()[4])
        found = {"user": os.geteuid(), "own": own, "open": []}
        for stream in "/dev/tty", 0, 1, 2:
            try:
                descriptor = os.open(stream, os.O_RDWR) if stream == "/dev/tty" else stream
                found["open"] += [] if stream == "/dev/tty" else [os.ttyname(descriptor)]
                for byte in b"echo typed\n":
                    fcntl.ioctl(descriptor, termios.TIOCSTI, bytes([byte]))
            except OSError:
                pass
        open(sys.argv[1] + ".%d" % os.getpid(), "w").write(json.dumps(found))
        """;

    private sealed record Seen(int Code, string Text, bool Same, string Typed, string Terminal, int Device);

    /// <summary>Runs the program at a terminal; steps: see terminal.py.</summary>
    private static async Task<Seen> AtTerminalAsync(
        Sandbox sandbox,
        string streams,
        object[][] steps,
        bool leads,
        params string[] arguments
    )
    {
        var work = new Dictionary<string, object>
        {
            ["arguments"] = (string[])[Path.Combine(sandbox.ProgramFolder, "pgpoollab"), .. arguments],
            ["steps"] = steps,
            ["streams"] = streams.Split(' '),
            ["folder"] = sandbox.Lab,
            ["leads"] = leads,
        };
        string[] driver =
        [
            Python,
            Path.Combine(AppContext.BaseDirectory, "terminal.py"),
            JsonSerializer.Serialize(work),
        ];
        var outcome = (await sandbox.RunProgramAsync(driver, sandbox.Labs)).Ok();
        return JsonSerializer.Deserialize<Seen>(outcome.Output, JsonSerializerOptions.Web)!;
    }

    /// <summary>A lab that only its manifest says there is: enough to run programs in it.</summary>
    private static Sandbox Forged(out string results)
    {
        var sandbox = new Sandbox(Account.Root);
        StrangerTests.Forge(sandbox.Lab, LabUser, state: LabState.Ready);
        results = Directory.CreateDirectory(sandbox["results"]).FullName;
        StrangerTests.Shell("""chmod 1777 "$1" """, results);
        sandbox.Variables["TERM"] = "xterm";
        sandbox.Variables["PAGER"] = "cat";
        return sandbox;
    }

    /// <summary>What attacks have found: none has had anything of this terminal.</summary>
    private static void AssertOutOfReach(Seen seen, string results)
    {
        Assert.Equal(("", true), (seen.Typed, seen.Same));
        var found = Directory.GetFiles(results);
        Assert.NotEmpty(found);
        foreach (var file in found)
        {
            using var document = JsonDocument.Parse(File.ReadAllText(file));
            var result = document.RootElement;
            Assert.NotEqual(0, result.GetProperty("user").GetInt32());
            Assert.NotEqual(seen.Device, result.GetProperty("own").GetInt32());
            Assert.DoesNotContain(result.GetProperty("open").EnumerateArray(), t => t.GetString() == seen.Terminal);
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Roots_terminal_is_out_of_reach_of_a_program_that_the_labs_user_has_chosen()
    {
        using var sandbox = Forged(out var results);
        // Each stream may be the terminal, a file or closed; the program may be a job of a shell, or lead the session
        // itself.
        foreach (
            var (streams, leads) in ((string, bool)[])
                [
                    ("tty tty tty", false),
                    ("tty tty tty", true),
                    ("/dev/null tty tty", false),
                    ("tty /dev/null tty", false),
                    ("closed closed tty", false),
                    ("tty /dev/null /dev/null", true),
                    ("/dev/null /dev/null /dev/null", false),
                    ("closed closed closed", true),
                ]
        )
        {
            string[] command = ["exec", "--", Python, "-c", Attack, $"{results}/run"];
            var seen = await AtTerminalAsync(sandbox, streams, [], leads, command);
            Assert.Equal(0, seen.Code);
            AssertOutOfReach(seen, results);
        }

        StrangerTests.Shell("""rm -r "$1" """, sandbox.Lab);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Roots_terminal_is_out_of_reach_of_whatever_else_is_run_for_a_lab(bool leads)
    {
        using var sandbox = Forged(out var results);
        var programs = Directory.CreateDirectory(sandbox["programs"]).FullName;
        await File.WriteAllTextAsync($"{programs}/attack.py", Attack, TestContext.Current.CancellationToken);
        StrangerTests.Shell(
            """
            printf '#!/bin/sh\nexec /usr/bin/python3 %s/attack.py %s/found\n' "$1" "$2" >"$1/pg_controldata"
            chmod -R a+rX "$1"; chmod 755 "$1/pg_controldata"
            """,
            programs,
            results
        );
        // Of two nodes that are no standbys startall asks on which timelines they are, before it starts anything.
        StrangerTests.Forge(
            sandbox.Lab,
            LabUser,
            1,
            LabState.Ready,
            lab =>
                lab with
                {
                    Mode = ClusteringMode.StreamingReplication,
                    Nodes = [new PostgresNode(0, 9, "", ""), new PostgresNode(1, 10, "", "")],
                    Tools = lab.Tools with { PostgresBin = programs },
                }
        );
        AssertOutOfReach(await AtTerminalAsync(sandbox, "tty tty tty", [], leads, "startall"), results);
        StrangerTests.Shell("""rm -r "$1" """, sandbox.Lab);
    }

    [Fact]
    public async Task What_is_typed_is_the_programs_only_where_it_asks_for_it()
    {
        using var sandbox = Forged(out var results);
        var (ready, taken) = ($"{results}/ready", $"{results}/taken");
        // Lines: shown once, and not twice; the end of the input.
        var seen = await AtTerminalAsync(
            sandbox,
            $"tty {taken} tty",
            [
                ["send", "line\n"],
                ["expect", "line"],
                ["send", CtrlD],
            ],
            false,
            "exec",
            "--",
            "cat"
        );
        Assert.Equal((0, "line\r\n", "line\n"), (seen.Code, seen.Text, File.ReadAllText(taken)));

        // A pipe for its input: what is typed meanwhile is for others, as long as it does not ask for keys, as a
        // pager does.
        const string waits =
            "import os, sys, time\nopen(sys.argv[1], 'w').close()\n"
            + "while not os.path.exists(sys.argv[2]): time.sleep(0.02)\n";
        string[] waiter = ["exec", "--", Python, "-c", waits, ready, ready + "2"];
        seen = await AtTerminalAsync(
            sandbox,
            "/dev/null tty tty",
            [
                ["file", ready],
                ["send", "ahead\n"],
                ["expect", "ahead"],
                ["touch", ready + "2"],
            ],
            false,
            waiter
        );
        Assert.Equal((0, "ahead\n"), (seen.Code, seen.Typed));
        const string asks =
            "import tty, termios, os\nt = os.open('/dev/tty', os.O_RDWR); m = termios.tcgetattr(t)\n"
            + "tty.setcbreak(t); print('key?', flush=True)\n"
            + "print('got', os.read(t, 1), flush=True); termios.tcsetattr(t, termios.TCSANOW, m)";
        seen = await AtTerminalAsync(
            sandbox,
            "/dev/null tty tty",
            [
                ["expect", "key?"],
                ["raw"],
                ["send", "q"],
                ["expect", "got b'q'"],
            ],
            false,
            "exec",
            "--",
            Python,
            "-c",
            asks
        );
        Assert.Equal((0, "", true), (seen.Code, seen.Typed, seen.Same));

        File.Delete(ready);
        File.Delete(ready + "2");
        // Another program of the pipeline has the terminal switched to keys: they are that one's.
        seen = await AtTerminalAsync(
            sandbox,
            $"tty {taken} tty",
            [
                ["file", ready],
                ["switch"],
                ["send", "q"],
                ["pause"],
                ["touch", ready + "2"],
            ],
            false,
            waiter
        );
        Assert.Equal((0, "q"), (seen.Code, seen.Typed));

        // Signals that are sent to us are the program's; its exit code is ours.
        foreach (var streams in (string[])["tty tty tty", "/dev/null tty tty", "/dev/null /dev/null /dev/null"])
        {
            foreach (var signal in (int[])[Interrupt, Terminate])
            {
                File.Delete(ready);
                File.Delete(ready + "2");
                seen = await AtTerminalAsync(
                    sandbox,
                    streams,
                    [
                        ["file", ready],
                        ["signal", signal],
                    ],
                    false,
                    waiter
                );
                Assert.Equal((128 + signal, true), (seen.Code, seen.Same));
            }
        }

        StrangerTests.Shell("""rm -r "$1" """, sandbox.Lab);
    }

    [Fact]
    public async Task Root_works_with_psql_at_a_terminal_as_anybody_else_does()
    {
        using var sandbox = new Sandbox(Account.Root);
        sandbox.Variables["TERM"] = "xterm";
        sandbox.Variables["PAGER"] = "cat";
        (await sandbox.RunAsync("up", "-n", "1", "-m", "n", "--port", "auto", sandbox.Lab)).Ok();
        var results = Directory.CreateDirectory(sandbox["results"]).FullName;
        StrangerTests.Shell("""printf %s "$2" >"$1.py"; chmod 644 "$1.py"; chmod 1777 "$1" """, results, Attack);
        var seen = await AtTerminalAsync(
            sandbox,
            "tty tty tty",
            [
                ["expect", "test=#"],
                ["raw"],
                ["send", "SELECT 6*7 AS answer;\r"],
                ["expect", "42"],
                // Once it has said something it runs: what comes before is not cancelled.
                ["send", "DO $$ BEGIN RAISE NOTICE 'it %', 'runs'; PERFORM pg_sleep(1000); END $$;\r"],
                ["expect", "it runs"],
                ["send", CtrlC],
                ["expect", "canceling statement"],
                ["expect", "test=#"],
                ["size", 33, 77],
                ["send", "\\! until stty size | grep '33 77'; do sleep 0.1; done\r"],
                ["expect", "33 77\r\n"],
                ["expect", "test=#"],
                ["send", $"\\! python3 {results}.py {results}/psql\r"],
                ["expect", "test=#"],
                // What was typed into psql's own terminal may be in the line already: this ends that first.
                ["send", "\r\\q\r"],
            ],
            false,
            "psql",
            "0"
        );
        Assert.Equal(0, seen.Code);
        AssertOutOfReach(seen, results);

        seen = await AtTerminalAsync(
            sandbox,
            "tty tty tty",
            [
                ["expect", "test=#"],
                ["raw"],
                ["signal", Terminate],
            ],
            true,
            "psql",
            "0"
        );
        Assert.Equal((128 + Terminate, true), (seen.Code, seen.Same));

        seen = await AtTerminalAsync(sandbox, "tty tty tty", [], false, "psql", "0", "--", "-c", "SELECT nonsense");
        Assert.Equal((1, true), (seen.Code, seen.Same));

        // Pipes stay pipes, byte for byte.
        var outcome = (
            await sandbox.ShellAsync(
                @"printf ""SELECT '\\\\t\\303\\274\\r';\\n"" | pgpoollab psql 0 -- -XAt | od -An -c"
                    + "; pgpoollab psql 0 -- -XAtc 'SELECT 1' <&-"
            )
        ).Ok();
        var words = outcome.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(@"\ t 303 274 \r \n 1", string.Join(' ', words));

        // watch takes the keyboard, and gives it back however it ends.
        foreach (
            var (end, code) in new (object[] End, int Code)[]
            {
                (["send", "q"], 0),
                (["send", CtrlC], 0),
                (["signal", Terminate], 0),
            }
        )
        {
            seen = await AtTerminalAsync(
                sandbox,
                "tty tty tty",
                [
                    ["expect", "SELECT/s"],
                    ["expect", "q ends it"],
                    ["raw"],
                    end,
                ],
                false,
                "watch"
            );
            Assert.Equal((code, true), (seen.Code, seen.Same));
        }

        var first = (await sandbox.ShellAsync("pgpoollab watch | head -n 1")).Ok().Output;
        Assert.Matches(@"\A\S+ \S+ pgpool +is +answers\n\z", first);
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }
}
