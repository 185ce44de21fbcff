using System.Diagnostics;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Provisioning.Verbs;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;
using Spectre.Console;

namespace PgpoolLab.Cli.Demo;

/// <summary>The story every user must be able to live through, told live: real commands, real servers, real
/// tables.</summary>
internal sealed class Story(Terminal terminal, OperationContext operation)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly string[] PgbenchSays = ["done in", "number of transactions", "number of failed", "tps"];

    internal void Opening(LabSpec spec)
    {
        Say("This is pgpoollab: a PostgreSQL primary, a streaming standby, and Pgpool-II in");
        Say("front of them, made now in a folder of its own. Everything below really happens.");
        Chapter("Set up");
        Prompt($"pgpoollab up -s --port auto {Shell.Quote(spec.Directory)}");
    }

    internal async Task TellAsync(Lab lab, CancellationToken cancellationToken)
    {
        Chapter("Look: what Pgpool-II thinks, beside what each PostgreSQL says itself");
        Prompt($"cd {Shell.Quote(lab.Root)} && eval \"$(pgpoollab env)\"");
        await NodesAsync(lab, cancellationToken);

        Chapter("Load: pgbench through Pgpool-II, first writing, then reading from both nodes");
        await RunAsync(lab, ["pgbench", "-q", "-i"], cancellationToken);
        await RunAsync(lab, ["pgbench", "-c", "4", "-T", "2"], cancellationToken);
        await RunAsync(lab, ["pgbench", "-S", "-c", "8", "-T", "2"], cancellationToken);
        await SameDataAsync(lab, cancellationToken);
        await NodesAsync(lab, cancellationToken);

        Chapter("Break: the primary dies, while a client goes on writing");
        await using (var client = await SteadyWriter.StartAsync(lab, cancellationToken))
        {
            await client.WriteSomeAsync(100, cancellationToken);
            var killed = Stopwatch.GetTimestamp();
            Prompt("pgpoollab kill primary");
            await new ServerVerbs(new VerbRun(operation, lab)).KillAsync(Target.Of("primary"), cancellationToken);
            await client.WriteSomeAsync(100, cancellationToken);
            await client.StopAsync();
            Say(
                $"From the kill until writing went on: [bold]{client.PauseAfter(killed).TotalSeconds:0.00} s[/]. "
                    + $"The client connected again {client.Broken} time(s)",
                markup: true
            );
            var there = await SteadyWriter.CountAsync(lab, lab.Nodes[1].Port, cancellationToken);
            Say(
                $"and had {client.Acknowledged} rows acknowledged; {there} of them are on the new primary. (Replication"
            );
            Say("is asynchronous: the last ones before a crash may be lost.)");
        }

        await NodesAsync(lab, cancellationToken);
        await RunAsync(lab, ["pgbench", "-c", "4", "-T", "2"], cancellationToken);

        Chapter("Recover: online, from the new primary, while everything goes on");
        Prompt("pgpoollab recover 0");
        await new ClusterVerbs(new VerbRun(operation, lab)).RecoverAsync(
            Target.Of("0"),
            evenIfWell: false,
            RecoveryMethod.AsConfigured,
            cancellationToken
        );
        await NodesAsync(lab, cancellationToken);
        await SameDataAsync(lab, cancellationToken);
        Chapter("Every script Pgpool-II ran has left a line");
        Prompt("cat log/events.jsonl");
        foreach (var line in await File.ReadAllLinesAsync(lab.Paths.Events, cancellationToken))
        {
            Say(line);
        }
    }

    internal static void Closing(Terminal terminal, Lab lab, bool kept)
    {
        terminal.Out.WriteLine();
        if (kept)
        {
            terminal.Out.WriteLine("The lab is running. Try next:");
            terminal.Out.WriteLine($"  cd {Shell.Quote(lab.Root)} && eval \"$({Invocation.Command} env)\"");
            terminal.Out.WriteLine("  pgpoollab nodes --watch                     # in one terminal; in another:");
            terminal.Out.WriteLine("  pgpoollab kill primary                      # kill the primary again");
            terminal.Out.WriteLine("  pgpoollab recover --all                     # and bring it back");
            terminal.Out.WriteLine("  pgpoollab destroy                           # remove it all");
            return;
        }

        terminal.Out.WriteLine("The demo's lab is gone again. Try next, in an empty folder:");
        terminal.Out.WriteLine(
            $"  {Invocation.Command} setup -s -n 3             # one of your own, with two standbys"
        );
        terminal.Out.WriteLine($"  {Invocation.Command} demo --keep               # or this one, left running");
    }

    private async Task NodesAsync(Lab lab, CancellationToken cancellationToken)
    {
        Prompt("pgpoollab nodes");
        NodesView.Print(
            terminal.Data,
            await new NodesReporter(operation.Host, operation.Probes).ReportAsync(lab, cancellationToken)
        );
    }

    private async Task RunAsync(Lab lab, IReadOnlyList<string> argv, CancellationToken cancellationToken)
    {
        Prompt(string.Join(' ', argv.Select(Shell.Quote)));
        var command = new CommandSpec(Locate(lab, argv[0]), argv.Skip(1).ToArray())
        {
            WorkingDirectory = lab.Root,
            Environment = LabVariables
                .Of(lab, Environment.GetEnvironmentVariable("PATH") ?? "")
                .ToDictionary(v => v.Key, v => (string?)v.Value),
        };
        var result = (await operation.Host.Programs.RunAsync(command, cancellationToken)).OrThrow($"run {argv[0]}");
        var lines = (result.Output + result.Error).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        // Of pgbench's report only what was done and how fast.
        foreach (var line in argv[0] == "pgbench" ? lines.Where(l => PgbenchSays.Any(l.StartsWith)) : lines)
        {
            Say(line.TrimEnd());
        }
    }

    private static string Locate(Lab lab, string program) =>
        program.StartsWith("pcp_", StringComparison.Ordinal)
            ? lab.Tools.PcpProgram(program)
            : lab.Tools.PostgresProgram(program);

    private async Task SameDataAsync(Lab lab, CancellationToken cancellationToken)
    {
        const string sum = "SELECT sum(abalance) FROM pgbench_accounts";
        await operation.Probes.WaitAsync(
            new SameEverywhere(lab, "SELECT sum(abalance)::text FROM pgbench_accounts"),
            Patience,
            cancellationToken
        );
        foreach (var node in lab.Nodes)
        {
            await RunAsync(lab, ["psql", "-p", node.Port.ToString(), "-Atc", sum], cancellationToken);
        }
    }

    private void Chapter(string title)
    {
        terminal.Data.WriteLine();
        Terminal.Line(terminal.Data, $"[bold yellow]== {Printable.Escape(title)} ==[/]");
    }

    private void Prompt(string command) => Terminal.Line(terminal.Data, $"[bold]$ {Printable.Escape(command)}[/]");

    private void Say(string text, bool markup = false) =>
        Terminal.Line(terminal.Data, markup ? text : Printable.Escape(text));
}
