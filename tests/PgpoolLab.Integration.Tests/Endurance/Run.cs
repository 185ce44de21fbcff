using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace PgpoolLab.Integration.Tests.Endurance;

/// <summary>How a lab came out of it.</summary>
internal enum Ending
{
    /// <summary>It works: a row was written through Pgpool-II.</summary>
    Whole,

    /// <summary>The command took back what it had made, and nothing is left.</summary>
    Undone,

    /// <summary>The next command said what state it is in, and destroy removed it.</summary>
    Destroyed,

    /// <summary>None of these.</summary>
    Failed,
}

/// <summary>What the run came to.</summary>
/// <param name="Ending">How it ended.</param>
/// <param name="Landed">False when the command had ended before the fault could hit it.</param>
/// <param name="Story">What was done and said, for whoever has to find out.</param>
internal sealed record Result(Ending Ending, bool Landed, string Story);

/// <summary>One command on one lab, hit at one moment; and then the proof that the lab is whole, or that nothing of it
/// is left.</summary>
internal sealed class Run : IDisposable
{
    private const long DiskBytes = 400_000_000;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(150);

    /// <summary>What each command takes, as it was seen last.</summary>
    private static readonly ConcurrentDictionary<(LabKind, string), TimeSpan> Durations = new();

    private readonly Plan _plan;
    private readonly StringBuilder _story = new();
    private readonly int _port = FreePorts.Block();
    private Sandbox _sandbox = null!;
    private PrivateMachine _machine = null!;

    private Run(Plan plan) => _plan = plan;

    private string Lab => _sandbox.Lab;

    /// <summary>Where the links of the lab's user lead.</summary>
    private string Canary => Path.Combine(Path.GetDirectoryName(_sandbox.Labs)!, "of root");

    private string Filler => _machine.View(_sandbox.Labs + "/filler");

    internal static async Task<Result> ExecuteAsync(Plan plan)
    {
        using var run = new Run(plan);
        var landed = false;
        try
        {
            await run.PrepareAsync();
            var outcome = await run.HitAsync();
            landed = outcome.Landed;
            var ending = await run.JudgeAsync(outcome.ExitCode, outcome.Error, landed);
            await run.RequireNothingLeftAsync();
            return new Result(ending, landed, run._story.ToString());
        }
        catch (Exception error)
        {
            run.Say($"FAILED: {error.Message}");
            return new Result(Ending.Failed, landed, run._story.ToString());
        }
    }

    public void Dispose()
    {
        _machine?.Dispose();
        if (_sandbox is not null)
        {
            _sandbox.Machine = null;
            _sandbox.Dispose();
        }
    }

    private async Task PrepareAsync()
    {
        _sandbox = new Sandbox(_plan.Caller);
        _machine = await PrivateMachine.StartAsync(_sandbox, _plan.Fault is Fault.FillDisk ? DiskBytes : null);
        _sandbox.Machine = _machine;
        if (_plan.CacheOnLabsDisk || _plan.ColdCache)
        {
            _sandbox.Variables["XDG_CACHE_HOME"] = (_plan.CacheOnLabsDisk ? _sandbox.Labs : _sandbox.Home) + "/cache";
        }

        if (_plan.Links)
        {
            await OkAsync(
                "links",
                "/bin/sh",
                "-euc",
                """
                mkdir "$0" && echo precious >"$0/file" && mkdir "$0/clusters" "$0/labs" "$0/folders" && cd ~postgres
                mkdir -p .cache .local/state && ln -s "$0" .cache/pgpoollab && ln -s "$0" .local/state/pgpoollab
                chown -hR postgres: .cache .local
                """,
                Canary
            );
        }

        if (_plan.Kind is LabKind.PgpoolSetup)
        {
            _sandbox.Variables["PGSOCKET_DIR"] = "/tmp";
            await OkAsync("mkdir", "/bin/mkdir", Lab);
        }

        // What is in the cache already is not what this run is about.
        if (!_plan.ColdCache && _sandbox.Variables.ContainsKey("XDG_CACHE_HOME"))
        {
            var warm = Path.Combine(_sandbox.Labs, "warm");
            await OkAsync("warm up", "pgpoollab", "setup", "-n", "1", "--port", "auto", warm);
            await OkAsync("warm up", "pgpoollab", "destroy", warm);
        }

        if (_plan.Command is not ("setup" or "up"))
        {
            await OkAsync("setup", SetupCommand("setup"));
            if (_plan.Command is "stopall" || (_plan.Command is "destroy" && _plan.Choice < 0.6))
            {
                await OkAsync("startall", "pgpoollab", "startall", "--lab", Lab);
            }
        }
    }

    private string[] SetupCommand(string verb) =>
        _plan.Kind is LabKind.PgpoolSetup
            ?
            [
                "pgpoollab",
                "pgpool_setup",
                "-n",
                $"{_plan.Nodes}",
                "-p",
                $"{_port}",
                "-pg",
                $"{_port + 2}",
                .. verb == "up" ? (string[])["--no-stop"] : [],
            ]
            :
            [
                "pgpoollab",
                verb,
                "-n",
                $"{_plan.Nodes}",
                "--port",
                "auto",
                .. _plan.Kind is LabKind.Archive ? [] : (string[])["-s"],
                .. _plan.Kind is LabKind.Clone ? (string[])["--standbys", "clone"] : [],
                .. _plan.Kind is LabKind.Watchdog ? (string[])["--watchdog", "2"] : [],
                Lab,
            ];

    private string[] CommandLine(string command) =>
        command switch
        {
            "setup" or "up" => SetupCommand(command),
            "destroy" => ["pgpoollab", "destroy", Lab],
            _ => ["pgpoollab", command, "--lab", Lab],
        };

    /// <summary>Runs the command and lets the fault hit it.</summary>
    private async Task<(int ExitCode, string Error, bool Landed)> HitAsync()
    {
        var usual = Durations.GetValueOrDefault(
            (_plan.Kind, _plan.Command),
            TimeSpan.FromMilliseconds(_plan.Command is "setup" or "up" ? 1200 : 400)
        );
        var stepsBefore = StepsBegun();
        var clock = Stopwatch.StartNew();
        var files = Entries().Length;
        using var process = _sandbox.Start(WithStreams(CommandLine(_plan.Command)), InLab(), []);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        var delay = usual * _plan.Fraction;
        while (
            !process.HasExited
            && (
                _plan.Step switch
                {
                    0 => Entries().Length == files,
                    { } step => StepsBegun() - stepsBefore < step,
                    null => clock.Elapsed < delay,
                }
            )
        )
        {
            await Task.Delay(
                _plan.Step is 0 ? TimeSpan.Zero
                : _plan.Step is null
                    ? TimeSpan.FromMilliseconds(Math.Clamp((delay - clock.Elapsed).TotalMilliseconds, 1, 50))
                : TimeSpan.FromMilliseconds(2)
            );
        }

        // A moment within the step.
        await Task.Delay(
            TimeSpan.FromMilliseconds(
                _plan.Step switch
                {
                    null => 0,
                    0 => _plan.Choice * 10,
                    _ => _plan.Choice * 40,
                }
            )
        );
        var landed = !process.HasExited && Strike(process.Id);
        Say(
            $"{_plan.Command}: "
                + (
                    landed
                        ? $"hit after {clock.ElapsedMilliseconds} ms, in step {StepsBegun() - stepsBefore}"
                        : "ended before it could be hit"
                )
        );
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
            var said = await error.WaitAsync(limit.Token) + await output.WaitAsync(limit.Token);
            if (!landed && process.ExitCode == 0)
            {
                Durations[(_plan.Kind, _plan.Command)] = clock.Elapsed;
            }

            Say(
                $"{_plan.Command}: exit code {process.ExitCode} after {clock.ElapsedMilliseconds} ms\n{Indented(said)}"
            );
            File.Delete(Filler);
            return (process.ExitCode, said, landed);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException(
                $"{_plan.Command} did not end, or somebody holds its "
                    + $"output:\n{string.Join('\n', _machine.Processes().Select(PrivateMachine.Describe))}"
            );
        }
    }

    private string[] WithStreams(string[] command) =>
        _plan.Streams switch
        {
            Streams.Open => command,
            var streams =>
            [
                "/bin/sh",
                "-c",
                $"exec \"$@\" {streams switch
        {
            Streams.InputClosed => "<&-",
            Streams.OutputClosed => ">&-",
            Streams.OutputFull => ">/dev/full",
            Streams.ErrorClosed => "2>&-",
            _ => "2>/dev/full",
        }}",
                "sh",
                .. command,
            ],
        };

    private bool Strike(int tool)
    {
        switch (_plan.Fault)
        {
            case Fault.FillDisk:
                FillDisk();
                return true;
            case Fault.KillServer:
                var others = _machine.Processes().Where(p => p != tool).Order().ToArray();
                if (others.Length == 0)
                {
                    return false;
                }

                var victim = others[(int)(_plan.Choice * others.Length)];
                Say("SIGKILL to " + PrivateMachine.Describe(victim));
                return Signals.Send(victim, Signals.Kill) == 0;
            default:
                return Signals.Send(
                        tool,
                        _plan.Fault switch
                        {
                            Fault.Interrupt => 2,
                            Fault.Terminate => 15,
                            _ => Signals.Kill,
                        }
                    ) == 0;
        }
    }

    private void FillDisk()
    {
        using var filler = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        var block = new byte[1 << 20];
        while (block.Length > 0)
        {
            try
            {
                filler.Write(block);
            }
            catch (IOException)
            {
                block = block.Length > 4096 ? new byte[block.Length / 16] : [];
            }
        }
    }

    private async Task<Ending> JudgeAsync(int exitCode, string said, bool landed)
    {
        // It has done all the same what it does.
        var outputIsLost = exitCode == 1 && _plan.Streams is Streams.OutputClosed or Streams.OutputFull;
        if (!landed)
        {
            Require(exitCode == 0 || outputIsLost, $"{_plan.Command} failed although nothing hit it");
        }

        if (exitCode == 0 || (outputIsLost && !landed))
        {
            return _plan.Command is "destroy" ? Ending.Destroyed : await ProveWholeAsync();
        }

        int[] allowed = _plan.Fault switch
        {
            // In its first moments it dies of them, having done nothing.
            Fault.Interrupt => [130],
            Fault.Terminate => [130, 143],
            Fault.KillTool => [137],
            _ => [1, 5],
        };
        // What could not be undone, or stopped, because the disk is full is told; then nothing may be lacking but the
        // room.
        Require(
            outputIsLost
                || (allowed.Contains(exitCode) && (exitCode != 143 || said.Length == 0))
                || (_plan.Fault is Fault.FillDisk && exitCode == 8),
            $"the exit code {exitCode} is none of {string.Join(", ", allowed)}"
        );
        if (
            _plan.Fault is Fault.FillDisk
            && _plan.Command is "setup" or "up"
            && exitCode != 8
            && !outputIsLost
            && _plan.Streams is not (Streams.ErrorClosed or Streams.ErrorFull)
        )
        {
            Require(
                said.Contains("No space left on device", StringComparison.Ordinal),
                "nothing is said of the full disk"
            );
        }

        Require(!said.Contains("   at ", StringComparison.Ordinal), "a stack trace is shown");
        switch (_plan.Command)
        {
            case "setup"
            or "up" when _plan.Fault is not Fault.KillTool && exitCode != 8 && !(outputIsLost && Entries().Length > 0):
                Require(Entries().Length == 0, $"left in the folder: {string.Join(", ", Entries())}");
                return Ending.Undone;
            case "setup" or "up" or "destroy":
                return await DestroyRestAsync();
            default:
                return await ProveWholeAsync();
        }
    }

    /// <summary>The next command says what state the lab is in; destroy removes it; and a new one can be made in its
    /// place.</summary>
    private async Task<Ending> DestroyRestAsync()
    {
        var state = await SpeakAsync("startall", "pgpoollab", "startall", "--lab", Lab);
        Require(state.ExitCode is 0 or 5 or 6, "startall does not say what state the lab is in");
        if (state.ExitCode == 5 && _plan.Command is "setup" or "up")
        {
            Require(
                state.Error.Contains("is not ready", StringComparison.Ordinal)
                    && state.Error.Contains("pgpoollab destroy", StringComparison.Ordinal),
                "startall does not say what state the lab is in"
            );
        }

        var destroyed = await SpeakAsync("destroy", "pgpoollab", "destroy", Lab);
        Require(
            destroyed.ExitCode == 0 || (destroyed.ExitCode == 6 && state.ExitCode == 6),
            "destroy did not end well"
        );
        if (_plan.Choice < 0.3)
        {
            if (_plan.Kind is LabKind.PgpoolSetup && !Directory.Exists(_machine.View(Lab)))
            {
                await OkAsync("mkdir", "/bin/mkdir", Lab);
            }

            await OkAsync("setup once more", SetupCommand("setup"));
            await OkAsync("destroy", "pgpoollab", "destroy", Lab);
        }

        return Ending.Destroyed;
    }

    private async Task<Ending> ProveWholeAsync()
    {
        if (_plan.Command is "stopall")
        {
            await OkAsync("stopall", "pgpoollab", "stopall", "--lab", Lab);
            Require(
                _machine.Processes().Length == 0,
                "after stopall something runs:\n"
                    + string.Join('\n', _machine.Processes().Select(PrivateMachine.Describe))
            );
        }

        await OkAsync("startall", "pgpoollab", "startall", "--lab", Lab);
        var written = await SpeakAsync(
            "write",
            "/bin/sh",
            "-c",
            """
            cd "$0"
            eval "$(pgpoollab env)" || exit 3
            n=0
            until psql -XqAt -p "$PGPOOL_PORT" -c 'CREATE TABLE IF NOT EXISTS endured (i int)' \
                -c 'INSERT INTO endured VALUES (1)' test; do
                n=$((n + 1)); [ $n -lt 1500 ] || exit 4; sleep 0.2
            done
            """,
            Lab
        );
        Require(written.ExitCode == 0, "nothing can be written through Pgpool-II");
        var nodes = await SpeakAsync("nodes", "pgpoollab", "nodes", "--json", "--lab", Lab);
        using var report = JsonDocument.Parse(nodes.Output);
        var well = report
            .RootElement.GetProperty("nodes")
            .EnumerateArray()
            .All(n =>
                n.GetProperty("postgres").GetProperty("up").GetBoolean()
                && n.GetProperty("pgpool") is { ValueKind: JsonValueKind.Object }
            );
        Require(
            well || report.RootElement.GetProperty("findings").GetArrayLength() > 0,
            "a node is not well, and nodes finds nothing"
        );
        if (_plan.Choice < 0.5)
        {
            await OkAsync("stopall", "pgpoollab", "stopall", "--lab", Lab);
        }

        await OkAsync("destroy", "pgpoollab", "destroy", Lab);
        return Ending.Whole;
    }

    /// <summary>Processes that were told to end may take a moment; nothing else is forgiven.</summary>
    private async Task RequireNothingLeftAsync()
    {
        if (_plan.Links)
        {
            var now = await SpeakAsync(
                "links",
                "/bin/sh",
                "-euc",
                "cd \"$0\" && cat file && find . ! -name . ! -name file ! -name clusters ! -name labs ! -name "
                    + "folders; find . ! -user root",
                Canary
            );
            Require(now.Output.Trim() == "precious", "where the links lead is now: " + now.Output + now.Error);
        }

        var clock = Stopwatch.StartNew();
        while (true)
        {
            var left = _machine
                .Remains()
                .Concat(_machine.StateOf(_sandbox.Home))
                .Concat(Entries().Select(e => "in the lab's folder: " + e))
                .ToArray();
            if (left.Length == 0)
            {
                return;
            }

            if (
                clock.Elapsed > TimeSpan.FromMinutes(1)
                || !left.Any(l => l.StartsWith("process ", StringComparison.Ordinal))
            )
            {
                throw new InvalidOperationException("Left behind:\n" + Indented(string.Join('\n', left)));
            }

            await Task.Delay(50);
        }
    }

    private string[] Entries() =>
        Directory.Exists(_machine.View(Lab))
            ? Directory.EnumerateFileSystemEntries(_machine.View(Lab)).Select(e => Path.GetFileName(e)).ToArray()
            : [];

    private int StepsBegun()
    {
        try
        {
            foreach (var file in (string[])["log/pgpoollab.log", ".pgpoollab/pgpoollab.log", "pgpool_setup.log"])
            {
                var path = _machine.View($"{Lab}/{file}");
                if (File.Exists(path))
                {
                    using var reader = new StreamReader(
                        new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)
                    );
                    return reader.ReadToEnd().Split(": begins\n").Length - 1;
                }
            }
        }
        catch (IOException)
        {
            // It is being deleted.
        }

        return 0;
    }

    private async Task OkAsync(string what, params string[] command)
    {
        var clock = Stopwatch.StartNew();
        var outcome = await SpeakAsync(what, command);
        Require(outcome.ExitCode == 0, $"{what} failed");
        Durations[(_plan.Kind, what)] = clock.Elapsed;
    }

    private async Task<Outcome> SpeakAsync(string what, params string[] command)
    {
        var outcome = await _sandbox.RunProgramAsync(command, InLab());
        Say(
            $"{what}: exit code "
                + $"{outcome.ExitCode}{(outcome.ExitCode == 0 ? "" : "\n" + Indented(outcome.Error + outcome.Output))}"
        );
        return outcome;
    }

    private string InLab() =>
        _plan.Kind is LabKind.PgpoolSetup && Directory.Exists(_machine.View(Lab)) ? Lab : _sandbox.Labs;

    private void Say(string text) => _story.AppendLine(text);

    private static string Indented(string text) =>
        "    " + text.TrimEnd().Replace("\n", "\n    ", StringComparison.Ordinal);

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new InvalidOperationException(otherwise);
        }
    }
}
