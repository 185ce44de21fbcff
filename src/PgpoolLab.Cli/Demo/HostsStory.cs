using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Npgsql;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Reports;
using Spectre.Console;

namespace PgpoolLab.Cli.Demo;

/// <summary>The story of three hosts, told live beside them: a lab with a virtual IP, a client that writes through it,
/// the primary's host dies, comes back, and later is cut off from the others.</summary>
/// <param name="terminal">Where it is told.</param>
internal sealed class HostsStory(Terminal terminal)
{
    private const string Base = "/mnt";
    private const string Program = $"{Base}/bin/pgpoollab";
    private const string LabName = "lab";
    private static readonly string[] Names = ["a", "b", "c"];
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>What is advised may be over before it was done: it counts when it is advised for so long.</summary>
    private static readonly TimeSpan AdviceLasts = TimeSpan.FromSeconds(20);

    /// <summary>Each look connects to every host anew.</summary>
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1.5);
    private readonly IHost _host = Composition.Host();

    internal async Task TellAsync(CancellationToken cancellationToken)
    {
        Say("Three hosts were made on this machine just now: network namespaces, each with its own address, home and");
        Say("sshd. They are called a, b and c. Everything below really happens, by ssh, as on three real machines.");
        Chapter("Check: can they have a lab, and take turns with a virtual IP?");
        await RunAsync("hosts", "check", "a", "b", "c", "--vip", HostsDemo.VirtualIp, "--installed", Program);

        Chapter("Set up: a primary on a, standbys on b and c, a Pgpool-II on each, and one address for clients");
        await RunAsync("up", "--hosts", "a,b,c", "--vip", HostsDemo.VirtualIp, "--installed", Program, LabName);
        var lab = LabStore.Load(Path.GetFullPath(LabName, Invocation.CurrentFolder))!.Lab;
        await LetFirstHostLeadAsync(RunAsync, cancellationToken);
        await RunAsync("nodes", "--lab", LabName);

        await using var client = await SteadyWriter.StartAsync(SourceOf(lab), cancellationToken);
        await client.WriteSomeAsync(100, cancellationToken);
        Chapter($"Break: a client writes through {HostsDemo.VirtualIp}, and the host of the primary dies");
        Prompt("(host a loses its cable, then all its processes at once)");
        var began = Stopwatch.GetTimestamp();
        await HostAsync("die", "a", cancellationToken);
        await client.WriteSomeAsync(100, cancellationToken);
        SayPause(client, began);
        var look = await UntilAsync(
            r => SpreadNodes.RightfulPrimary(r) is not null && r.VirtualIp is { Hosts.Count: 1 },
            "another node is the primary, and another host has the virtual IP",
            cancellationToken
        );
        await RunAsync("nodes", "--lab", LabName);

        Chapter("Repair: host a comes back, with the files it had");
        Prompt("(host a is booted)");
        await HostAsync("boot", "a", cancellationToken);
        await RunAsync("startall", "--lab", LabName);
        await MendUntilAsync(LeadersAgree, "all Pgpool-IIs answer", cancellationToken);
        await RunAsync("recover", "0", "--lab", LabName);
        await MendUntilAsync(SpreadNodes.IsWell, "all is well again", cancellationToken);

        var primary = SpreadNodes.RightfulPrimary(look)!.Value;
        var cutOff = Names[primary];
        Chapter($"Break the network: host {cutOff}, where the primary is now, is cut off from the others");
        await client.WriteSomeAsync(100, cancellationToken);
        began = Stopwatch.GetTimestamp();
        await RunAsync("partition", cutOff, "--for", "10m", "--lab", LabName);
        await UntilAsync(
            r => SpreadNodes.RightfulPrimary(r) is { } now && now != primary,
            "the other hosts have a primary of their own",
            cancellationToken
        );
        await client.WriteSomeAsync(100, cancellationToken);
        SayPause(client, began);

        Chapter("The network is back: two nodes take writes, and only one of them counts");
        await RunAsync("heal", "--lab", LabName);
        await MendUntilAsync(
            r => LeadersAgree(r) && r.VirtualIp is { Hosts.Count: 1 },
            "all Pgpool-IIs agree who leads",
            cancellationToken
        );
        await RunAsync("nodes", "--lab", LabName);
        await RunAsync("recover", $"{primary}", "--lab", LabName);
        await MendUntilAsync(SpreadNodes.IsWell, "all is well again", cancellationToken);
        await RunAsync("nodes", "--lab", LabName);
        await client.StopAsync();
        Say($"The client had {client.Acknowledged} rows acknowledged, and connected again {client.Broken} time(s).");
        Say("(Replication is asynchronous: the last ones before a host died may be lost.)");

        Chapter("Remove it");
        await RunAsync("destroy", LabName);
        terminal.Out.WriteLine();
        terminal.Out.WriteLine("The hosts are gone, too. On machines of your own:  pgpoollab hosts check A B C");

        Task RunAsync(params string[] words) => RunCommandAsync(words, cancellationToken);
    }

    /// <summary>The first that is up leads; the story is about the host that has the primary and the address.</summary>
    private async Task LetFirstHostLeadAsync(Func<string[], Task> run, CancellationToken cancellationToken)
    {
        var look = await UntilAsync(
            r => LeadersAgree(r) && r.VirtualIp is { Hosts.Count: 1 },
            "a host has the virtual IP",
            cancellationToken
        );
        var leads = Array.IndexOf(Names, look.VirtualIp!.Hosts[0]);
        if (leads > 0)
        {
            Say($"(The Pgpool-II of host {Names[leads]} was up first, so it leads. Restarted, it lets a's do that.)");
            await run(["restart", $"pgpool{leads}", "--lab", LabName]);
            await UntilAsync(
                r => LeadersAgree(r) && r.VirtualIp is { Hosts: ["a"] },
                "host a has the virtual IP",
                cancellationToken
            );
        }
    }

    private void SayPause(SteadyWriter client, long began)
    {
        var seconds = client.PauseAfter(began).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
        Say($"The client could not write for {seconds} s, then it went on, at the same address.");
    }

    private static bool LeadersAgree(NodesReport report) =>
        report.Watchdog.All(w => w.Answers)
        && report.Watchdog.Count(w => w.Status is "LEADER" or "MASTER") == 1
        && report.Watchdog.All(w => w.Quorum is true);

    private async Task RunCommandAsync(string[] words, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Prompt($"pgpoollab {string.Join(' ', words.Select(Shell.Quote))}");
        var code = await ChildProcess.RunInteractiveAsync(
            new CommandSpec(Program, words) { KeepsEnvironment = true, OnTerminal = true }
        );
        if (!(words[0] == "nodes" ? IsReport(code) : code == 0))
        {
            throw new LabException(ExitCode.Failed, $"pgpoollab {words[0]} ended with exit code {code}.");
        }
    }

    /// <summary>A report of nodes is one also when a host did not answer.</summary>
    private static bool IsReport(int code) => (ExitCode)code is ExitCode.Done or ExitCode.NotHealthy;

    private async Task HostAsync(string verb, string name, CancellationToken cancellationToken) =>
        (
            await _host.Programs.RunAsync(
                new CommandSpec("/bin/sh", $"{Base}/hosts.sh", verb, $"{Array.IndexOf(Names, name) + 1}"),
                cancellationToken
            )
        ).OrThrow($"have host {name} {verb}");

    /// <summary>Waits, and does meanwhile what the lab's status advises. A standby may have had rows that the new
    /// primary never got: it is made again, too. A Pgpool-II may hang on a host that was lost.</summary>
    private async Task MendUntilAsync(Predicate<NodesReport> holds, string what, CancellationToken cancellationToken)
    {
        HashSet<string> done = [];
        while (true)
        {
            string? fix = null;
            var since = Stopwatch.GetTimestamp();
            var look = await LookUntilAsync(l => holds(l.Report) || Lasts(l), what, cancellationToken);
            if (holds(look.Report))
            {
                return;
            }

            Say(look.Advice.First(a => a.Fix == fix).Problem);
            await RunCommandAsync([.. fix!.Split(' ').Skip(1), "--lab", LabName], cancellationToken);
            done.Add(fix);

            bool Lasts(Look now)
            {
                var advised = now.Report.AtWork.Count > 0 ? null : now.Advice.FirstOrDefault(IsToBeDone)?.Fix;
                if (advised is null || advised != fix)
                {
                    (fix, since) = (advised, Stopwatch.GetTimestamp());
                }

                return fix is not null && Stopwatch.GetElapsedTime(since) > AdviceLasts;
            }
        }

        bool IsToBeDone(Advice advice) =>
            !done.Contains(advice.Fix)
            && (
                advice.Fix.StartsWith("pgpoollab recover ", StringComparison.Ordinal)
                || advice.Fix.StartsWith("pgpoollab restart pgpool", StringComparison.Ordinal)
            );
    }

    private async Task<NodesReport> UntilAsync(
        Predicate<NodesReport> holds,
        string what,
        CancellationToken cancellationToken
    ) => (await LookUntilAsync(l => holds(l.Report), what, cancellationToken)).Report;

    private async Task<Look> LookUntilAsync(Predicate<Look> holds, string what, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            var says = await _host.Programs.RunAsync(
                new CommandSpec(Program, "nodes", "--json", "--lab", LabName) { KeepsEnvironment = true },
                cancellationToken
            );
            // With the same exit code it says that it could not look at all, and then there is no report.
            if (IsReport(says.ExitCode) && says.Output.Length > 0 && Look.Of(says.Output) is var look && holds(look))
            {
                return look;
            }

            if (Stopwatch.GetElapsedTime(began) > Patience)
            {
                throw new LabException(
                    ExitCode.NotHealthy,
                    $"Within {Patience.TotalMinutes:0} minutes it was not so that {what}."
                )
                {
                    Details = [.. (says.Output + says.Error).Split('\n').TakeLast(60)],
                };
            }

            await Composition.Probes(_host).PauseAsync(BetweenLooks, cancellationToken);
        }
    }

    /// <summary>What is wrong, and the command that ends it.</summary>
    private sealed record Advice(string Fix, string Problem);

    /// <summary>What <c>nodes --json</c> says.</summary>
    private sealed record Look(NodesReport Report, IReadOnlyList<Advice> Advice)
    {
        internal static Look Of(string text) =>
            new(
                NodesReporter.FromJson(text),
                [
                    .. JsonElement
                        .Parse(text)
                        .GetProperty("findings")
                        .EnumerateArray()
                        .Where(f => f.GetProperty("fix").ValueKind is JsonValueKind.String)
                        .Select(f => new Advice(
                            f.GetProperty("fix").GetString()!,
                            f.GetProperty("problem").GetString()!
                        )),
                ]
            );
    }

    /// <summary>As a client on another machine has it: by TLS, with the lab's certificate and password, which are taken
    /// from host a's part.</summary>
    private static NpgsqlDataSource SourceOf(Lab lab)
    {
        var there = lab.Hosts[0].Root!;
        var part = new LabPaths($"{Base}/h1{there[there.IndexOf("/.pgpoollab/", StringComparison.Ordinal)..]}");
        var builder = new NpgsqlSlimDataSourceBuilder(
            new NpgsqlConnectionStringBuilder
            {
                Host = HostsDemo.VirtualIp,
                Port = lab.Ports.Pgpool(0),
                Username = HostsDemo.DefaultUser,
                Passfile = part.PgPass,
                Database = Lab.Database,
                Pooling = false,
                Timeout = 3,
                // A host that has died does not even say so.
                CommandTimeout = 3,
                CancellationTimeout = -1,
                SslMode = SslMode.VerifyFull,
                RootCertificate = part.TlsAuthority,
            }.ConnectionString
        );
        builder.EnableTransportSecurity();
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        return builder.Build();
    }

    private void Chapter(string title)
    {
        terminal.Data.WriteLine();
        Terminal.Line(terminal.Data, $"[bold yellow]== {Printable.Escape(title)} ==[/]");
    }

    private void Prompt(string command) => Terminal.Line(terminal.Data, $"[bold]$ {Printable.Escape(command)}[/]");

    private void Say(string text) => Terminal.Line(terminal.Data, Printable.Escape(text));
}
