using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Settings;
using Spectre.Console;

namespace PgpoolLab.Cli.Rendering;

/// <summary>What <c>config</c> and <c>reload</c> print. No tables: values can be long, and each line can be
/// searched.</summary>
internal static class SettingsView
{
    private const string RestartHint = "pgpoollab reload --restart";

    internal static void PrintGet(IAnsiConsole console, SettingsReport report)
    {
        foreach (var setting in report.Settings)
        {
            var facts = (
                (string?[])
                    [
                        setting.Default is { } value ? $"default: {Shown(value)}" : null,
                        setting.Change is { } change ? $"changed by a {change}" : null,
                    ]
            ).OfType<string>();
            Line(console, $"[bold]{Escape(Full(setting))}[/]  [grey]({Escape(string.Join("; ", facts))})[/]");
            foreach (var server in setting.Servers)
            {
                Line(console, $"  {Escape(server.Server)}: {Of(server)}");
            }
        }
    }

    internal static void PrintDiff(IAnsiConsole console, SettingsReport report)
    {
        foreach (var program in report.Settings.GroupBy(s => s.Program))
        {
            Line(console, $"[bold]{(program.Key == SettingAssignment.Pgpool ? "Pgpool-II" : "PostgreSQL")}[/]");
            foreach (var setting in program)
            {
                var same = setting.Servers.DistinctBy(s => (s.Value, s.InFile)).Count() == 1;
                // Of servers that differ from each other, one may have the default.
                foreach (
                    var server in same
                        ? setting.Servers.Take(1)
                        : setting.Servers.Where(s =>
                            s.InFile is not null || s.Value is null || s.Value != setting.Default
                        )
                )
                {
                    Line(
                        console,
                        $"  {Escape(setting.Name)} = {Escape(Shown(server.Value ?? ""))}"
                            + (same ? "" : $"  ({Escape(server.Server)})")
                            + $"  [grey]default: {Escape(setting.Default is { } d ? Shown(d) : "not known")}[/]"
                            + Waits(server)
                    );
                }
            }
        }

        foreach (var problem in report.Problems)
        {
            Line(console, $"[yellow]![/] Not asked: {Escape(problem)}");
        }
    }

    internal static void PrintSet(IAnsiConsole console, IReadOnlyList<SettingOutcome> outcomes, bool restarted)
    {
        foreach (var (setting, servers) in outcomes)
        {
            Line(console, $"[bold]{Escape($"{setting.Program}.{setting.Name} = {Shown(setting.Value)}")}[/]");
            foreach (var group in servers.GroupBy(s => (s.State, s.Value, From: FromOf(s))))
            {
                Line(
                    console,
                    $"  {Escape(string.Join(", ", group.Select(s => s.Server)))}: {Said(group.First(), restarted)}"
                );
            }
        }

        if (!restarted && outcomes.Any(o => o.Servers.Any(s => s.State is SettingState.NeedsRestart)))
        {
            Line(console, $"  [blue]→[/] {RestartHint}");
        }
    }

    internal static ExitCode CodeOf(IReadOnlyList<SettingOutcome> outcomes, bool restarted) =>
        outcomes.Any(o =>
            o.Servers.Any(s =>
                s.State is SettingState.Overridden || (restarted && s.State is SettingState.NeedsRestart)
            )
        )
            ? ExitCode.Failed
            : ExitCode.Done;

    internal static void PrintReload(IAnsiConsole console, ReloadResult result, bool restarted)
    {
        if (result.Reloaded.Count > 0)
        {
            Line(console, $"Configuration files read again: {Escape(string.Join(", ", result.Reloaded))}.");
        }

        if (result.NotRunning.Count > 0)
        {
            Line(console, $"Not running, and so not reloaded: {Escape(string.Join(", ", result.NotRunning))}.");
        }

        foreach (var problem in result.NotTaken)
        {
            Line(console, $"[yellow]![/] {Escape(problem)}.");
        }

        foreach (var waiting in result.Waiting.GroupBy(w => (w.Program, w.Name, w.Now, w.InFile)))
        {
            Line(
                console,
                $"[yellow]![/] {Escape($"{waiting.Key.Program}.{waiting.Key.Name}")} is "
                    + $"{Escape(Shown(waiting.Key.Now))}; the file says {Escape(Shown(waiting.Key.InFile))}: "
                    + (restarted ? "a restart has not changed it on " : "it needs a restart of ")
                    + $"{Escape(string.Join(", ", waiting.Select(w => w.Server)))}."
            );
        }

        if (!restarted && result.Waiting.Count > 0)
        {
            Line(console, $"  [blue]→[/] {RestartHint}");
        }
    }

    private static string Said(ServerOutcome outcome, bool restarted) =>
        outcome.State switch
        {
            SettingState.InEffect => "[green]in effect[/]",
            SettingState.NeedsRestart when restarted =>
                $"[red]not taken[/], not by a restart either; it has {Escape(Shown(outcome.Value ?? ""))}",
            SettingState.NeedsRestart =>
                $"[yellow]needs a restart[/]; until then it has {Escape(Shown(outcome.Value ?? ""))}",
            SettingState.Overridden =>
                $"[red]not in effect[/]: {Escape(outcome.From ?? "")} has {Escape(Shown(outcome.Value ?? ""))}, "
                    + "and wins"
                    + (
                        outcome.From?.Contains("postgresql.auto.conf", StringComparison.Ordinal) is true
                            ? "; take that back with ALTER SYSTEM RESET"
                            : ""
                    ),
            SettingState.NotRunning => $"written; {Escape(outcome.From ?? "it does not run")}",
            SettingState.NotShown => "written; this server does not show the setting",
            _ => "",
        };

    /// <summary>Where a value comes from says something of one that has won, and of a server that did not
    /// answer.</summary>
    private static string? FromOf(ServerOutcome outcome) =>
        outcome.State is SettingState.Overridden or SettingState.NotRunning ? outcome.From : null;

    private static string Of(ServerValue server) =>
        server.Value is { } value
            ? $"{Escape(Shown(value))}  [grey]{Escape(server.From ?? "")}[/]{Waits(server)}"
            : $"[red]{Escape(server.Problem ?? "no answer")}[/]"
                + (server.InFile is { } inFile ? $"; its files say {Escape(Shown(inFile))}" : "");

    private static string Waits(ServerValue server) =>
        server.InFile is { } inFile ? $"  [yellow]the file says {Escape(Shown(inFile))}: it needs a restart[/]" : "";

    private static string Full(SettingView setting) => $"{setting.Program}.{setting.Name}";

    private static string Shown(string value) => value.Length == 0 ? "''" : value;

    private static string Escape(string text) => Printable.Escape(text);

    private static void Line(IAnsiConsole console, string markup) => Terminal.Line(console, markup);
}
