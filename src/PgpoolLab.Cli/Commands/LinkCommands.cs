using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts.Links;
using PgpoolLab.Model;
using PgpoolLab.Model.Links;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Links;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>cut</c>, <c>slow</c>, <c>flap</c> and <c>links</c>: faults on the network between the servers of a lab
/// on one machine.</summary>
internal static class LinkCommands
{
    private static readonly string[] Words =
    [
        "pgpool",
        "leader",
        "primary",
        "standbys",
        "client",
        "all",
        "node0",
        "node1",
    ];
    private static readonly string[] Hows = [.. LinkCuts.Words, LinkCuts.Reset];

    internal static IEnumerable<Command> Create(Terminal terminal) =>
        [Cut(terminal), Slow(terminal), Flap(terminal), Links(terminal)];

    /// <summary>Who connects.</summary>
    internal static Argument<string> From() => Argument("FROM", $"Who connects: {LinkWords.Words}");

    /// <summary>Who listens.</summary>
    internal static Argument<string> To() => Argument("TO", "Whom they connect to, in the same words");

    /// <summary>Heals links of a lab on one machine.</summary>
    /// <param name="terminal">Where it talks.</param>
    /// <param name="parsed">Says which lab.</param>
    /// <param name="from">Who connects; null for all links.</param>
    /// <param name="to">Who listens.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static Task<int> HealAsync(
        Terminal terminal,
        ParseResult parsed,
        string? from,
        string? to,
        CancellationToken cancellationToken
    ) =>
        OnLinksAsync(
            terminal,
            parsed,
            from,
            to,
            (control, links) => control.HealAsync(links, cancellationToken),
            views => $"Healed: {TitleOf(views)}.",
            cancellationToken
        );

    private static Command Cut(Terminal terminal)
    {
        var (from, to) = (From(), To());
        var how = How(LinkCut.Hole, Hows);
        var after = Bytes(
            "--after",
            "Reset each connection when so many more bytes have gone through it, such as 10kB; cut nothing else"
        );
        var time = Time("--for", "Heal by itself after this time, such as 30s");
        var command = new Command("cut", "Cut the network between servers, for connections that are there and new ones")
        {
            from,
            to,
            how,
            after,
            time,
            CommandLine.Lab,
            CommandLine.Json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(after) is not null && result.GetResult(how) is { Implicit: false })
            {
                result.AddError("Say --how or --after, not both.");
            }

            if (result.GetValue(how) == LinkCuts.Reset && result.GetValue(time) is not null)
            {
                result.AddError("A reset is over at once: there is nothing for --for.");
            }
        });
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                var word = parsed.GetValue(how)!;
                var bytes = parsed.GetValue(after);
                return OnLinksAsync(
                    terminal,
                    parsed,
                    parsed.GetValue(from),
                    parsed.GetValue(to),
                    (control, links) =>
                        word == LinkCuts.Reset && bytes is null
                            ? control.ResetAsync(links!, cancellationToken)
                            : control.SetAsync(
                                links!,
                                bytes is null
                                    ? new LinkState { Cut = LinkCuts.Parse(word)!.Value }
                                    : new LinkState { CutAfter = bytes },
                                parsed.GetValue(time),
                                cancellationToken
                            ),
                    views =>
                        word == LinkCuts.Reset && bytes is null
                            ? $"Reset, and open again: {TitleOf(views)}."
                            : Sentence(views),
                    cancellationToken
                );
            }
        );
        return command.Guide(
            CommandGroup.Break,
            ("pgpoollab cut pgpool node0", "Make node 0 a black hole for Pgpool-II"),
            ("pgpoollab cut standbys primary --how stall --for 30s", "Stop replication, for 30 seconds"),
            ("pgpoollab cut pgpool primary --how reset", "Reset Pgpool-II's connections to the primary, once"),
            ("pgpoollab cut client pgpool --how refuse", "Refuse clients that come by the link of Pgpool-II")
        );
    }

    private static Command Slow(Terminal terminal)
    {
        var (from, to) = (From(), To());
        var latency = Time("--latency", "What a round trip takes longer, such as 50ms");
        var jitter = Time("--jitter", "By how much more or less, by chance, such as 5ms");
        var rate = Bytes("--rate", "How much goes through at most, each way, such as 1MB a second");
        var time = Time("--for", "Heal by itself after this time, such as 30s");
        var command = new Command("slow", "Slow down the network between servers")
        {
            from,
            to,
            latency,
            jitter,
            rate,
            time,
            CommandLine.Lab,
            CommandLine.Json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(latency) is null && result.GetValue(rate) is null)
            {
                result.AddError("Say how slow: --latency 50ms, --rate 1MB/s, or both.");
            }
            else if (
                StateOf(result.GetValue(latency), result.GetValue(jitter), result.GetValue(rate)).Problem() is { } why
            )
            {
                result.AddError(why);
            }
        });
        command.SetAction(
            (parsed, cancellationToken) =>
                OnLinksAsync(
                    terminal,
                    parsed,
                    parsed.GetValue(from),
                    parsed.GetValue(to),
                    (control, links) =>
                        control.SetAsync(
                            links!,
                            StateOf(parsed.GetValue(latency), parsed.GetValue(jitter), parsed.GetValue(rate)),
                            parsed.GetValue(time),
                            cancellationToken
                        ),
                    Sentence,
                    cancellationToken
                )
        );
        return command.Guide(
            CommandGroup.Break,
            ("pgpoollab slow pgpool node0 --latency 50ms --jitter 5ms", "Put node 0 far away from Pgpool-II"),
            ("pgpoollab slow standbys primary --rate 1MB", "Replicate over a thin line")
        );

        static LinkState StateOf(TimeSpan? latency, TimeSpan? jitter, long? rate) =>
            new()
            {
                Latency = latency ?? TimeSpan.Zero,
                Jitter = jitter ?? TimeSpan.Zero,
                Rate = rate,
            };
    }

    private const int Thrice = 3;

    private static Command Flap(Terminal terminal)
    {
        var (from, to) = (From(), To());
        var how = How(LinkCut.Hole, [.. LinkCuts.Words]);
        var on = Time("--on", "How long it is cut each time (default: 1s)");
        var off = Time("--off", "How long it is whole in between (default: 1s)");
        var times = new Option<int?>("--times")
        {
            Description = "How often it is cut; then it is whole (default: 3)",
            HelpName = "N",
        };
        CommandLine.WholeNumber(times, n => (int?)n);
        var command = new Command("flap", "Cut the network between servers again and again; it heals by itself")
        {
            from,
            to,
            on,
            off,
            times,
            how,
            CommandLine.Lab,
            CommandLine.Json,
        };
        command.Validators.Add(result =>
        {
            if (
                result.Errors.Any() is false
                && StateOf(
                        result.GetValue(how)!,
                        result.GetValue(on),
                        result.GetValue(off),
                        result.GetValue(times) ?? Thrice
                    )
                    .Problem()
                    is { } why
            )
            {
                result.AddError(why);
            }
        });
        command.SetAction(
            (parsed, cancellationToken) =>
                OnLinksAsync(
                    terminal,
                    parsed,
                    parsed.GetValue(from),
                    parsed.GetValue(to),
                    (control, links) =>
                        control.SetAsync(
                            links!,
                            StateOf(
                                parsed.GetValue(how)!,
                                parsed.GetValue(on),
                                parsed.GetValue(off),
                                parsed.GetValue(times) ?? Thrice
                            ),
                            null,
                            cancellationToken
                        ),
                    Sentence,
                    cancellationToken
                )
        );
        return command.Guide(
            CommandGroup.Break,
            (
                "pgpoollab flap pgpool primary --how refuse --on 400ms --off 1s --times 4",
                "Refuse Pgpool-II at the primary four times, for 0.4 seconds each"
            )
        );

        static LinkState StateOf(string how, TimeSpan? on, TimeSpan? off, int times) =>
            new()
            {
                Cut = LinkCuts.Parse(how) ?? LinkCut.Hole,
                Flap = new LinkFlap(on ?? TimeSpan.FromSeconds(1), off ?? TimeSpan.FromSeconds(1), times),
            };
    }

    private static Command Links(Terminal terminal)
    {
        var command = new Command("links", "Show the links between servers, and what is wrong with them on purpose")
        {
            CommandLine.Lab,
            CommandLine.Json,
        };
        command.SetAction(
            (parsed, cancellationToken) =>
                OnLinksAsync(
                    terminal,
                    parsed,
                    null,
                    null,
                    (control, _) => control.LookAsync(cancellationToken),
                    _ => null,
                    cancellationToken
                )
        );
        return command.Guide(CommandGroup.Look, ("pgpoollab links", "Show every link, its fault and its traffic"));
    }

    private static async Task<int> OnLinksAsync(
        Terminal terminal,
        ParseResult parsed,
        string? from,
        string? to,
        Func<LinkControl, IReadOnlyList<LinkName>?, Task<IReadOnlyList<LinkView>>> act,
        Func<IReadOnlyList<LinkView>, string?> say,
        CancellationToken cancellationToken
    )
    {
        var lab = LabCommand.Open(parsed);
        var host = Composition.Host();
        await using var control = await LinkControl.ConnectAsync(host, lab, Composition.Clock, cancellationToken);
        IReadOnlyList<LinkName>? links = null;
        if (from is not null && to is not null)
        {
            var report = LinkWords.NeedLook(from, to)
                ? await new LiveLab(host, lab, Composition.Probes(host)).LookAsync(cancellationToken)
                : null;
            links = new LinkWords(lab).Resolve(from, to, report);
        }

        var views = await act(control, links);
        if (say(views) is { } sentence)
        {
            terminal.Say(sentence);
        }

        if (parsed.GetValue(CommandLine.Json))
        {
            terminal.Out.WriteLine(LinksView.ToJson(views));
        }
        else
        {
            LinksView.Print(terminal.Data, views);
        }

        return (int)ExitCode.Done;
    }

    private static string Sentence(IReadOnlyList<LinkView> views) =>
        $"{TitleOf(views)}: {views[0].State}"
        + (
            views[0].Until is { } until ? $", until {until.ToLocalTime():HH:mm:ss}."
            : views[0].Fault.Flap is not null ? "; then it heals by itself."
            : ". It stays so until:  pgpoollab heal"
        );

    private static string TitleOf(IReadOnlyList<LinkView> views) => string.Join(", ", views.Select(v => v.Link));

    private static Argument<string> Argument(string name, string description)
    {
        var argument = new Argument<string>(name) { Description = description };
        argument.CompletionSources.Add(Words);
        return argument;
    }

    private static Option<string> How(LinkCut cut, string[] words)
    {
        var how = new Option<string>("--how")
        {
            Description =
                "stall (nothing moves), hole (and nobody who connects is answered), refuse (connections are reset and "
                + "refused), half (what FROM sends is lost), half-back (what TO sends is lost)"
                + (words.Contains(LinkCuts.Reset) ? ", or reset (connections are reset once)" : ""),
            DefaultValueFactory = _ => cut.Word(),
            HelpName = "HOW",
        };
        CommandLine.OnlyAmong(how, words);
        return how;
    }

    private static Option<TimeSpan?> Time(string name, string description)
    {
        var time = new Option<TimeSpan?>(name) { Description = description, HelpName = "TIME" };
        time.CustomParser = result =>
        {
            if (Duration.Parse(result.Tokens[^1].Value) is { } parsed)
            {
                return parsed;
            }

            result.AddError($"{name} must be a time such as 50ms or 30s; it is '{result.Tokens[^1].Value}'.");
            return default;
        };
        return time;
    }

    private static Option<long?> Bytes(string name, string description)
    {
        var bytes = new Option<long?>(name) { Description = description, HelpName = "BYTES" };
        bytes.CustomParser = result =>
        {
            if (ByteCount.Parse(result.Tokens[^1].Value) is { } parsed)
            {
                return parsed;
            }

            result.AddError($"{name} must be a number of bytes such as 10kB; it is '{result.Tokens[^1].Value}'.");
            return default;
        };
        return bytes;
    }
}
