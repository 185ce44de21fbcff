using System.Runtime.CompilerServices;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Spread;
using PgpoolLab.Servers.Logs;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;
using PgpoolLab.Servers.Watching;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>logs</c>, <c>events</c> and <c>watch</c> of a lab on several hosts.</summary>
internal static class SpreadLogs
{
    /// <summary>What is wanted of them.</summary>
    /// <param name="Follows">New lines as they come, too.</param>
    /// <param name="Since">What is older is left out.</param>
    /// <param name="Least">Only lines of this level or worse.</param>
    /// <param name="Json">For programs.</param>
    internal readonly record struct Wish(bool Follows, DateTimeOffset? Since, LogLevel Least, bool Json);

    internal static async Task<int> ShowLogsAsync(
        Terminal terminal,
        Lab lab,
        Target target,
        Wish wish,
        CancellationToken cancellationToken
    )
    {
        LabCommand.RequireReady(lab);
        await using var hosts = new SpreadHosts(terminal, lab);
        var words = Words(lab, target, target.NeedsLook ? await hosts.NodesAsync(cancellationToken) : null);
        string[] level = wish.Least is LogLevel.Debug ? [] : ["--level", wish.Least.ToString().ToLowerInvariant()];
        var view = new LogsView(terminal, Composition.Clock);
        await foreach (
            var (host, line) in LinesAsync(
                terminal,
                hosts,
                [
                    .. words.Select(w =>
                        w is null ? null : (string[])["part", "follow", PartFollowCommand.Logs, .. w, .. level]
                    ),
                ],
                wish,
                cancellationToken
            )
        )
        {
            if (line.Logged is not { } logged)
            {
                continue;
            }

            if (wish.Json)
            {
                terminal.Out.WriteLine(JsonLines.Of(logged, host.Name));
            }
            else
            {
                view.Print(OfHost(logged, host));
            }
        }

        return (int)ExitCode.Done;
    }

    internal static async Task<int> ShowEventsAsync(
        Terminal terminal,
        Lab lab,
        Wish wish,
        CancellationToken cancellationToken
    )
    {
        LabCommand.RequireReady(lab);
        await using var hosts = new SpreadHosts(terminal, lab);
        var view = new EventsView(terminal, Composition.Clock);
        await foreach (var (host, line) in LinesAsync(terminal, hosts, EventsOfAll(lab), wish, cancellationToken))
        {
            if (line.Happened is not { } happened)
            {
                continue;
            }

            if (wish.Json)
            {
                terminal.Out.WriteLine(happened.ToJson(host.Name));
            }
            else
            {
                view.Print(happened);
            }
        }

        return (int)ExitCode.Done;
    }

    /// <summary>Watches such a lab.</summary>
    internal static LabWatch Watch(Terminal terminal, SpreadHosts hosts) =>
        new(
            async cancellationToken =>
                SpreadNodes.Merge(hosts.Looks.Lab, await hosts.OnceAsync(withDetails: false, cancellationToken)),
            cancellationToken => EventsAsync(terminal, hosts, cancellationToken),
            Composition.Probes(Composition.Host()),
            Composition.Clock,
            () => terminal.OutputIsLost
        );

    private static async IAsyncEnumerable<LabEvent> EventsAsync(
        Terminal terminal,
        SpreadHosts hosts,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        // Which host is silent is on the screen.
        var lines = new SpreadLines(
            hosts.Looks,
            EventsOfAll(hosts.Looks.Lab),
            follows: true,
            since: null,
            Composition.Probes(Composition.Host()),
            Composition.Clock,
            _ => { }
        );
        await foreach (var (_, line) in lines.ReadAsync(() => terminal.OutputIsLost, cancellationToken))
        {
            if (line.Happened is { } happened)
            {
                yield return happened;
            }
        }
    }

    private static async IAsyncEnumerable<(LabHost Host, PartLine Line)> LinesAsync(
        Terminal terminal,
        SpreadHosts hosts,
        IReadOnlyList<IReadOnlyList<string>?> commands,
        Wish wish,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var lines = new SpreadLines(
            hosts.Looks,
            commands,
            wish.Follows,
            wish.Since,
            Composition.Probes(Composition.Host()),
            Composition.Clock,
            text => terminal.Say($"note {text}")
        )
            .ReadAsync(() => terminal.OutputIsLost, cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        await using (lines)
        {
            while (await MoreAsync(lines, wish.Follows))
            {
                yield return lines.Current;
            }
        }
    }

    private static async ValueTask<bool> MoreAsync(IAsyncEnumerator<(LabHost Host, PartLine Line)> lines, bool follows)
    {
        try
        {
            return await lines.MoveNextAsync();
        }
        catch (OperationCanceledException) when (follows)
        {
            // Ctrl+C is how one leaves --follow.
            return false;
        }
    }

    private static string[]?[] EventsOfAll(Lab lab) =>
        [.. lab.Hosts.Select(_ => (string[])["part", "follow", PartFollowCommand.Events])];

    /// <summary>What of a TARGET each host has, in words that need no look at the lab; null for a host that has
    /// nothing of it.</summary>
    internal static IReadOnlyList<string[]?> Words(Lab lab, Target target, NodesReport? look)
    {
        // Refuses what is no target, in the words of every other lab.
        _ = LogChoice.Of(lab, target, look);
        if (target.Text is "scripts" or "all")
        {
            return [.. lab.Hosts.Select(_ => (string[])[target.Text])];
        }

        var servers = target.Resolve(lab, look);
        return
        [
            .. lab.Hosts.Select(h =>
                (string[])
                    [
                        .. servers.Nodes.Where(n => n.Host == h.Id).Select(n => $"{n.Id}"),
                        .. servers.Pgpools.Where(p => p.Host == h.Id).Select(p => $"pgpool{p.Id}"),
                    ]
                    is { Length: > 0 } words
                    ? words
                    : null
            ),
        ];
    }

    /// <summary>Each host has a log of this program: which it is stands beside it.</summary>
    private static LogLine OfHost(LogLine line, LabHost host) =>
        line.Source.Kind is LogKind.Tool
            ? line with
            {
                Source = line.Source with { Label = $"{line.Source.Label}/{host.Name}" },
            }
            : line;
}
