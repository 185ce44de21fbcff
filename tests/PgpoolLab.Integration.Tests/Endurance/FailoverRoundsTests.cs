using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace PgpoolLab.Integration.Tests.Endurance;

/// <summary>
/// The primary is killed and brought back again and again while clients write: no row is lost that the promoted standby
/// had, and <c>status</c> never gives an advice that would harm. <c>tests/endurance --failovers 100</c> does it a
/// hundred times. Variables: <c>ENDURANCE_FAILOVERS</c>, <c>ENDURANCE_REPORT</c>.
/// </summary>
public sealed partial class FailoverRoundsTests : IDisposable
{
    /// <summary>Rows with ever larger numbers, one commit each; those that were acknowledged are in <c>acked</c>. A
    /// number that failed is never used again. What each standby has is in <c>seen.N</c>.</summary>
    private const string Load = """
        exec >/dev/null 2>&1 </dev/null
        eval "$(pgpoollab env)"
        cd "$1"; shift
        for port in "$@"; do
            while [ ! -e stop ]; do
                most=$(timeout 60 psql -p "$port" -XAtqc 'SELECT max(i) FROM ledger WHERE pg_is_in_recovery()' test) &&
                    [ "$most" ] && echo "$most" >"seen.$port.new" && mv "seen.$port.new" "seen.$port"
                sleep 0.05
            done &
        done
        while [ ! -e stop ]; do timeout 60 pgbench -n -c 2 -R 100 -T 5 -p "$PGPOOL_PORT" test || sleep 0.2; done &
        i=0
        while [ ! -e stop ]; do
            i=$((i + 1))
            timeout 20 psql -p "$PGPOOL_PORT" -XAtqc "INSERT INTO ledger VALUES ($i)" test &&
                echo "$i" >>acked || sleep 0.1
        done
        wait
        """;

    private readonly Sandbox _sandbox = new(Account.Plain);

    [GeneratedRegex(@"\Apgpoollab (attach|recover|start) ([0-9]+)\z")]
    private static partial Regex Advice();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task A_lab_whose_primary_is_killed_again_and_again_comes_back_and_keeps_what_its_standby_had()
    {
        var rounds = int.TryParse(
            Environment.GetEnvironmentVariable("ENDURANCE_FAILOVERS"),
            CultureInfo.InvariantCulture,
            out var wanted
        )
            ? wanted
            : 1;
        (await _sandbox.RunAsync("up", "-n", "2", "--port", "auto", _sandbox.Lab)).Ok();
        (
            await _sandbox.ShellAsync(
                "eval \"$(pgpoollab env)\"; psql -Xqc 'CREATE TABLE ledger (i bigint PRIMARY KEY)' test; "
                    + "pgbench -i -q test"
            )
        ).Ok();
        int[] ports = [.. (await NodesAsync()).Select(n => n.GetProperty("port").GetInt32())];
        var notes = _sandbox["load"];
        (await _sandbox.RunProgramAsync(["mkdir", notes], _sandbox.Labs)).Ok();
        using var load = _sandbox.Start(
            ["/bin/sh", "-c", Load, "load", notes, .. ports.Select(p => $"{p}")],
            _sandbox.Lab,
            []
        );
        using var done = new CancellationTokenSource();
        var advice = WatchAdviceAsync(done.Token);
        var lost = new HashSet<long>();
        try
        {
            for (var round = 1; round <= rounds; round++)
            {
                var (_, primary) = await PrimaryAsync();
                var (standby, newest) = (ports[1 - primary], (await AckedAsync(notes)).DefaultIfEmpty().Max());
                await UntilAsync(
                    $"a row that is acknowledged after {newest} arrives on the standby",
                    async () => (await SeenAsync(notes)).GetValueOrDefault(standby) > newest
                );
                await OkAsync("kill", "primary");
                await OkAsync("wait", "--for", "healthy", "--timeout", "3m");
                var (port, promoted) = await PrimaryAsync();
                Assert.NotEqual(primary, promoted);
                await AssertKeptAsync(notes, port, lost);
                await OkAsync("recover", "--all");
                await OkAsync("wait", "--for", "streaming", "--timeout", "3m");
                Report(
                    $"{DateTime.Now:HH:mm:ss} round {round}: node {promoted} took over, node {primary} is "
                        + $"back; lost so far: {lost.Count}"
                );
                if (advice.IsFaulted)
                {
                    break;
                }
            }
        }
        finally
        {
            await done.CancelAsync();
            (await _sandbox.RunProgramAsync(["touch", $"{notes}/stop"], _sandbox.Labs)).Ok();
            await load.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        await advice;
        (await _sandbox.RunInLabAsync("destroy")).Ok();
        _sandbox.AssertNothingIsLeft();
    }

    private async Task OkAsync(params string[] arguments)
    {
        (await _sandbox.RunInLabAsync(arguments)).Ok();
        Report($"{DateTime.Now:HH:mm:ss} {string.Join(' ', arguments)}");
    }

    private async Task<JsonElement[]> NodesAsync() =>
        [.. (await _sandbox.NodesAsync()).GetProperty("nodes").EnumerateArray()];

    private async Task<(int Port, int Id)> PrimaryAsync()
    {
        var node = Assert.Single(
            await NodesAsync(),
            n =>
                n.GetProperty("pgpool") is { ValueKind: JsonValueKind.Object } p
                && p.GetProperty("role").GetString() == "primary"
        );
        return (node.GetProperty("port").GetInt32(), node.GetProperty("id").GetInt32());
    }

    /// <summary>The largest number each node had when it was a standby, by its port.</summary>
    private async Task<Dictionary<int, long>> SeenAsync(string notes)
    {
        var outcome = (
            await _sandbox.RunProgramAsync(
                ["/bin/sh", "-c", "cd \"$1\"; grep -H . seen.*[0-9] 2>/dev/null || :", "seen", notes],
                _sandbox.Labs
            )
        ).Ok();
        return outcome
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => l["seen.".Length..].Split(':'))
            .ToDictionary(
                l => int.Parse(l[0], CultureInfo.InvariantCulture),
                l => long.Parse(l[1], CultureInfo.InvariantCulture)
            );
    }

    /// <summary>One writer commits in the order of the numbers: who has one has all that were acknowledged
    /// before.</summary>
    private async Task AssertKeptAsync(string notes, int port, HashSet<long> lost)
    {
        var most = (await SeenAsync(notes)).GetValueOrDefault(port);
        var rows = Numbers(await QueryAsync(port, "SELECT i FROM ledger"));
        var acked = await AckedAsync(notes);
        Assert.DoesNotContain(acked, i => i <= most && !rows.Contains(i) && !lost.Contains(i));
        // Acknowledged, and not there when the standby took over: that is what asynchronous replication costs. What was
        // acknowledged since the rows were read is larger than all of them.
        lost.UnionWith(acked.Where(i => i < rows.Max() && !rows.Contains(i)));
    }

    private async Task<HashSet<long>> AckedAsync(string notes) =>
        Numbers(
            (
                await _sandbox.RunProgramAsync(
                    ["/bin/sh", "-c", "cat \"$1/acked\" 2>/dev/null || :", "acked", notes],
                    _sandbox.Labs
                )
            )
                .Ok()
                .Output
        );

    private async Task<string> QueryAsync(int port, string query) =>
        (await _sandbox.ShellAsync($"eval \"$(pgpoollab env)\"; psql -p {port} -XAtqc '{query}' test")).Ok().Output;

    private static HashSet<long> Numbers(string lines) =>
        [
            .. lines
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(l => long.Parse(l, CultureInfo.InvariantCulture)),
        ];

    /// <summary>Looks at what status advises, all the while.</summary>
    private async Task WatchAdviceAsync(CancellationToken done)
    {
        while (!done.IsCancellationRequested)
        {
            await Task.Delay(200, CancellationToken.None);
            var outcome = (await _sandbox.RunInLabAsync("status", "--json")).Ok();
            using var document = JsonDocument.Parse(outcome.Output);
            var report = document.RootElement;
            var work = report.GetProperty("atWork").EnumerateArray().Select(w => w.Clone()).ToArray();
            foreach (var finding in report.GetProperty("findings").EnumerateArray())
            {
                if (
                    finding.GetProperty("fix").GetString() is not { } fix
                    || Advice().Match(fix) is not { Success: true } advice
                )
                {
                    continue;
                }

                var id = int.Parse(advice.Groups[2].Value, CultureInfo.InvariantCulture);
                var node = report.GetProperty("nodes")[id].GetProperty("postgres");
                Assert.True(
                    advice.Groups[1].Value != "attach" || node.GetProperty("receiver").GetString() == "streaming",
                    $"{fix}, though it receives nothing:\n{outcome.Output}"
                );
                Assert.True(
                    !work.Any(w =>
                        w.GetProperty("kind").GetString() is "failover" or "follow_primary"
                        || (
                            w.GetProperty("kind").GetString() == "recovery"
                            && w.GetProperty("node") is { ValueKind: JsonValueKind.Number } n
                            && n.GetInt32() == id
                        )
                    ),
                    $"{fix}, though that is being worked on:\n{outcome.Output}"
                );
            }
        }
    }

    private static async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(3), $"Expected that {what}.");
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    private static void Report(string line)
    {
        if (Environment.GetEnvironmentVariable("ENDURANCE_REPORT") is { Length: > 0 } report)
        {
            File.AppendAllText(report, line + "\n");
        }
    }
}
