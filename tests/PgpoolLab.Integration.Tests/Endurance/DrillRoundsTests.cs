using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace PgpoolLab.Integration.Tests.Endurance;

/// <summary>
/// Drills are hit at random moments, while a server is frozen or a link is cut: whatever hits them, nothing stays
/// frozen or cut in a lab of the user's own, and of a lab that the drill has made nothing stays at all.
/// <c>tests/endurance --drills 100</c> does it a hundred times. Variables: <c>ENDURANCE_DRILLS</c>,
/// <c>ENDURANCE_SEED</c>, <c>ENDURANCE_ONLY</c> (a round's number), <c>ENDURANCE_REPORT</c>.
/// </summary>
[Trait("Needs", "root")]
public sealed class DrillRoundsTests
{
    private const int AtATime = 2;
    private const string InnerName = "internal-drill-run";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);
    private static readonly string[] Breaks =
    [
        "pause: standby",
        "pause: primary",
        "cut: pgpool0 -> primary, how: stall",
        "cut: node 1 -> node 0, how: hole",
        "slow: pgpool0 -> primary, latency: 200ms",
        "flap: pgpool0 -> primary, on: 300ms, off: 700ms, times: 20, how: reset",
    ];

    private static readonly Lock Gate = new();

    private enum Hit
    {
        /// <summary>Ctrl+C.</summary>
        Interrupt,

        /// <summary>SIGTERM.</summary>
        Terminate,

        /// <summary>SIGKILL to the command.</summary>
        KillTool,

        /// <summary>SIGKILL to its other half, which breaks the lab.</summary>
        KillInner,

        /// <summary>SIGKILL to both.</summary>
        KillBoth,
    }

    [Fact]
    public async Task Whatever_hits_a_drill_nothing_stays_frozen_cut_or_left()
    {
        var (rounds, seed, only) = (
            Number("ENDURANCE_DRILLS") ?? 4,
            Number("ENDURANCE_SEED") ?? 1,
            Number("ENDURANCE_ONLY")
        );
        var failures = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(
            only is { } one ? [one] : Enumerable.Range(1, rounds),
            new ParallelOptions
            {
                MaxDegreeOfParallelism = AtATime,
                CancellationToken = TestContext.Current.CancellationToken,
            },
            async (number, _) =>
            {
                var round = Round.Draw(seed, number);
                var story = await round.ExecuteAsync();
                Report($"{number, 5}  {(story is null ? "well  " : "FAILED")} {round}\n{story}");
                if (story is not null)
                {
                    failures.Add(
                        $"Again:  ENDURANCE_ONLY={number} tests/endurance --seed {seed} --drills 1\n{round}\n{story}"
                    );
                }
            }
        );
        Assert.True(failures.IsEmpty, string.Join('\n', failures));
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    private static void Report(string text)
    {
        if (Environment.GetEnvironmentVariable("ENDURANCE_REPORT") is { Length: > 0 } file)
        {
            lock (Gate)
            {
                File.AppendAllText(file, text.TrimEnd() + "\n");
            }
        }
    }

    /// <summary>One of them, drawn from the seed and its own number.</summary>
    /// <param name="Break">What the drill does.</param>
    /// <param name="Hit">What hits the drill.</param>
    /// <param name="Caller">Who calls.</param>
    /// <param name="IsOwn">True when the lab is the user's own, and stays.</param>
    /// <param name="Delay">How long after the run has begun; the lab is broken half a second after its load is
    /// steady.</param>
    private sealed record Round(string Break, Hit Hit, string Caller, bool IsOwn, TimeSpan Delay)
    {
        internal static Round Draw(int seed, int number)
        {
            var random = new Random(
                BitConverter.ToInt32(SHA256.HashData(Encoding.UTF8.GetBytes($"drill {seed} {number}")))
            );
            var isOwn = random.Next(2) == 0;
            return new Round(
                Breaks[random.Next(Breaks.Length)],
                // Where nobody is left who could, nobody heals the user's lab.
                (Hit)random.Next(isOwn ? 4 : 5),
                random.Next(3) == 0 ? Account.Root : Account.Plain,
                isOwn,
                TimeSpan.FromMilliseconds(random.Next(5000))
            );
        }

        internal async Task<string?> ExecuteAsync()
        {
            var story = new StringBuilder();
            using var sandbox = new Sandbox(Caller);
            using var machine = await PrivateMachine.StartAsync(sandbox);
            sandbox.Machine = machine;
            sandbox.Variables["TMPDIR"] = sandbox.Labs;
            sandbox.Variables["DOTNET_EnableDiagnostics"] = "0";
            try
            {
                await DoAsync(sandbox, machine, story);
                return null;
            }
            catch (Exception error)
            {
                return $"{story}{error.Message}";
            }
            finally
            {
                sandbox.Machine = null;
            }
        }

        private async Task DoAsync(Sandbox sandbox, PrivateMachine machine, StringBuilder story)
        {
            var file = Path.Combine(sandbox.Home, "broken.yaml");
            await File.WriteAllTextAsync(
                file,
                "load: { clients: 2, rate: 50/s }\n"
                    + $"steps: [ {{ at: 500ms, {Break} }}, {{ after: 10m, heal: all }} ]\n"
            );
            if (IsOwn)
            {
                string[] setup = ["setup", "--faults", "-s", "--start", "--port", "auto", sandbox.Lab];
                (await sandbox.RunAsync(setup)).Ok();
            }

            var before = machine.Processes();
            string[] own = IsOwn ? ["--lab", sandbox.Lab] : [];
            using (var tool = sandbox.Start(["pgpoollab", "drill", file, "--no-report", .. own], sandbox.Labs, []))
            {
                var said = tool.StandardError.ReadToEndAsync();
                var output = tool.StandardOutput.ReadToEndAsync();
                await UntilAsync(() => tool.HasExited || Inner(machine) != 0, "the run has begun");
                await Task.Delay(Delay);
                var inner = Inner(machine);
                int[] victims = Hit switch
                {
                    Hit.KillInner => [inner],
                    Hit.KillBoth => [inner, tool.Id],
                    _ => [tool.Id],
                };
                foreach (var victim in victims.Where(v => v != 0))
                {
                    _ = Signals.Send(
                        victim,
                        Hit switch
                        {
                            Hit.Interrupt => 2,
                            Hit.Terminate => 15,
                            _ => Signals.Kill,
                        }
                    );
                }

                await UntilAsync(() => tool.HasExited, "the command has ended");
                await UntilAsync(
                    () =>
                        !machine
                            .Processes()
                            .Except(before)
                            .Select(PrivateMachine.Describe)
                            .Any(p => p.Contains("pgpoollab", StringComparison.Ordinal) && !IsServer(p)),
                    () =>
                        "all of it has ended:\n"
                        + string.Join('\n', machine.Processes().Select(PrivateMachine.Describe))
                );
                story.AppendLine(
                    CultureInfo.InvariantCulture,
                    $"exit code {tool.ExitCode}\n{await said}{await output}"
                );
                Require(tool.ExitCode != 0, "what was hit has ended well");
            }

            if (IsOwn)
            {
                await UntilAsync(
                    () => !machine.Processes().Any(IsFrozen),
                    () =>
                        "nothing is frozen:\n"
                        + string.Join('\n', machine.Processes().Where(IsFrozen).Select(PrivateMachine.Describe))
                );
                var links = (await sandbox.RunAsync("links", "--lab", sandbox.Lab)).Ok().Output;
                var faults = links
                    .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                    .Skip(1)
                    .Where(l => l.Contains('>', StringComparison.Ordinal) || l.Contains('→', StringComparison.Ordinal));
                Require(faults.All(l => l.Contains("open", StringComparison.Ordinal)), links);
                (await sandbox.RunAsync("destroy", "--yes", sandbox.Lab)).Ok();
            }

            File.Delete(file);
            await UntilAsync(
                () => !Left(sandbox, machine).Any(),
                () => "nothing is left:\n" + string.Join('\n', Left(sandbox, machine))
            );
        }

        private static IEnumerable<string> Left(Sandbox sandbox, PrivateMachine machine) =>
            machine
                .Remains()
                .Concat(machine.StateOf(sandbox.Home))
                .Concat(Directory.EnumerateFileSystemEntries(machine.View(sandbox.Labs)))
                // Of the .NET runtime, where that is killed; the native program has none.
                .Where(e =>
                    Path.GetFileName(e) is var name
                    && !name.StartsWith("clr-debug-pipe-", StringComparison.Ordinal)
                    && !name.StartsWith("dotnet-diagnostic-", StringComparison.Ordinal)
                );

        /// <summary>What starts with the lab and stays: the lab's own.</summary>
        private static bool IsServer(string process) =>
            process.Contains("internal-links", StringComparison.Ordinal)
            || process.Contains(" postgres: ", StringComparison.Ordinal)
            || process.Contains(" pgpool: ", StringComparison.Ordinal);

        private static int Inner(PrivateMachine machine) =>
            machine
                .Processes()
                .FirstOrDefault(p => PrivateMachine.Describe(p).Contains(InnerName, StringComparison.Ordinal));

        private static bool IsFrozen(int process)
        {
            try
            {
                return File.ReadAllText($"/proc/{process}/stat").Split(") ").Last()[0] == 'T';
            }
            catch (IOException)
            {
                return false;
            }
        }

        private static Task UntilAsync(Func<bool> fact, string what) => UntilAsync(fact, () => what);

        private static async Task UntilAsync(Func<bool> fact, Func<string> what)
        {
            var clock = Stopwatch.StartNew();
            while (!fact())
            {
                Require(clock.Elapsed < Limit, $"Not within {Limit.TotalMinutes:0} minutes: {what()}");
                await Task.Delay(20);
            }
        }

        private static void Require(bool holds, string otherwise)
        {
            if (!holds)
            {
                throw new InvalidOperationException(otherwise);
            }
        }
    }
}
