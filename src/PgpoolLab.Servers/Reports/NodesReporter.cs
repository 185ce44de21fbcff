using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Links;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Servers.Reports;

/// <summary>Asks Pgpool-II and every PostgreSQL, all at once, and compares the answers. A server that hangs is not
/// waited for. On one host's part of a lab it asks that host's servers alone, and compares nothing that takes those of
/// another.</summary>
/// <param name="host">Where the lab is.</param>
/// <param name="probes">Waits.</param>
/// <param name="time">The clock; by default the system's.</param>
public sealed class NodesReporter(IHost host, ProbeRunner probes, TimeProvider? time = null)
{
    /// <summary>A little more than the second after which Pgpool-II looks again.</summary>
    private static readonly IReadOnlyList<int> MillisecondsBetweenLooks = [10, 20, 40, 80, 160, 320, 640];

    private static readonly ReportJson Json = new(
        new JsonSerializerOptions(ReportJson.Default.Options)
        {
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }
    );

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Asks.</summary>
    public async Task<NodesReport> ReportAsync(Lab lab, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return (await LookAsync(lab, cancellationToken)).Report;
    }

    /// <summary>Asks, and keeps what the report was made of.</summary>
    internal async Task<NodesLook> LookAsync(Lab lab, CancellationToken cancellationToken)
    {
        var finder = new LabProcessFinder(host, lab);
        var processes = await finder.FindAsync(cancellationToken);
        var patience = new AnswerPatience(
            probes,
            _time,
            async token => !processes.HasSuspended && (await finder.FindAsync(token)).Work
        );
        var pools = Task.WhenAll(
            lab.OwnPgpools.Select(async p =>
                (Pgpool: p, Answer: await AskAsync(lab, p, processes, patience, cancellationToken))
            )
        );
        var watchdog = Task.WhenAll(
            lab.OwnPgpools.Where(_ => lab.HasWatchdog)
                .Select(p => AskWatchdogAsync(lab, p, processes, patience, cancellationToken))
        );
        var nodes = new NodeAsker(host, lab, patience);
        var answers = await nodes.AskAsync(processes, cancellationToken);
        var asked = await pools;
        var (pgpool, (poolNodes, problem)) = asked.FirstOrDefault(a => a.Answer.Nodes is not null)
            is { Pgpool: not null } first
            ? first
            : asked[0];
        // What was at work before the questions explains what they found, and what began meanwhile does, too.
        processes = (await finder.FindAsync(cancellationToken)).With(processes);
        var work = await new WorkFinder(host, lab, _time).FindAsync(processes, cancellationToken);
        var looks = 0;
        for (
            ;
            looks < MillisecondsBetweenLooks.Count
                && (HasNotLookedYet(lab, poolNodes, answers) || (work.Count == 0 && IsConnecting(lab, answers)));
            looks++
        )
        {
            await probes.PauseAsync(TimeSpan.FromMilliseconds(MillisecondsBetweenLooks[looks]), cancellationToken);
            answers = IsConnecting(lab, answers) ? await nodes.AskAsync(processes, cancellationToken) : answers;
            (poolNodes, problem) = await AskAsync(lab, pgpool, processes, patience, cancellationToken);
        }

        if (looks > 0)
        {
            // A failover may have begun since.
            processes = (await finder.FindAsync(cancellationToken)).With(processes);
            work = await new WorkFinder(host, lab, _time).FindAsync(processes, cancellationToken);
        }

        PoolNode[] elsewhere = [.. (poolNodes ?? []).Where(p => lab.Here is not null && IsElsewhere(lab, p))];
        // Who has the primary on another host has nothing here to compare with: a primary here is an old one.
        var compares = lab.Mode is ClusteringMode.StreamingReplication && !elsewhere.Any(NodesReport.IsPrimary);
        var said = answers;
        answers = compares ? NodeAsker.Compare(answers, poolNodes) : answers;
        var views = answers
            .Select(a => new NodeView(
                a.Node.Id,
                a.Node.Port,
                poolNodes?.FirstOrDefault(p => p.Id == a.Node.Id),
                a.Says
            ))
            .ToArray();
        var members = (await watchdog)
            .Zip(
                asked,
                (w, a) =>
                    new WatchdogView(
                        a.Pgpool.Id,
                        a.Pgpool.Port,
                        a.Answer.Nodes is not null,
                        w.Info?.Members.FirstOrDefault(m => m.Is(a.Pgpool))?.Status,
                        w.Info?.Quorum,
                        a.Answer.Nodes?.FirstOrDefault(n => n.Role == ExpectedNode.Primary)?.Id,
                        a.Answer.Problem ?? w.Problem
                    )
                    {
                        ProcessId = processes.Pgpools[a.Pgpool.Id].First?.Id,
                        Suspended = processes.Pgpools[a.Pgpool.Id].Suspended,
                    }
            )
            .ToArray();
        // What is to be pasted asks the Pgpool-II that answers: to the diagnosis that is the first.
        var facts = new NodesFacts(
            lab with
            {
                Pgpools = [pgpool, .. lab.Pgpools.Where(p => p != pgpool)],
            },
            await SaysAsync(lab, pgpool, poolNodes is not null, problem, processes, cancellationToken),
            views
        )
        {
            Work = [.. work.Select(w => w.WithNext(lab, views))],
            Synchronous = compares ? NodeAsker.RightfulPrimary(answers, poolNodes)?.Synchronous : null,
        };
        var links = lab.Faults ? await LinkServer.LookAsync(host, lab, _time, cancellationToken) : [];
        var shared = lab.OwnsNodes ? await SharedTablespaces.FindAsync(host, lab, cancellationToken) : [];
        Finding[] found =
        [
            .. NodesDiagnosis.Of(facts),
            .. NodesDiagnosis.OfTablespaces(facts.Lab, views, shared, facts.Work),
            .. WatchdogDiagnosis.Of(lab, members, facts.Work),
        ];
        var report = new NodesReport(
            lab.Name,
            lab.Root,
            lab.Mode.Setting(),
            pgpool.Port,
            poolNodes is not null,
            problem,
            views,
            members,
            // What is broken on purpose explains the rest.
            [.. LinkTrouble.Of(lab, links, found), .. found]
        )
        {
            PgpoolProcessId = facts.Pgpool.ProcessId,
            PgpoolSuspended = facts.Pgpool.Suspended,
            AtWork = facts.Work,
            Synchronous = facts.Synchronous,
            VirtualIp = await VirtualIpView.LookAsync(host, lab, cancellationToken),
            Elsewhere = elsewhere,
        };
        return new NodesLook(facts, processes, report, said, shared);
    }

    private static bool IsElsewhere(Lab lab, PoolNode seen) => lab.OwnNodes.All(n => n.Id != seen.Id);

    /// <summary>Pgpool-II asks who streams soon after it has started, and then every <c>sr_check_period</c>, a second
    /// in a lab of ours unless the user has another one: until then it does not know what every standby says.</summary>
    private static bool HasNotLookedYet(Lab lab, IReadOnlyList<PoolNode>? seen, NodeAnswer[] answers) =>
        lab is { Mode: ClusteringMode.StreamingReplication, Conventions.LooksEverySecond: true }
        && !lab.PgpoolSettings.ContainsKey("sr_check_period")
        && seen is not null
        && answers.Any(a =>
            a.Says.Receiver == "streaming"
            && seen.Any(s =>
                s is { Status: "up" or "waiting", Role: "standby", ReplicationState: null, Weight: not null }
                && s.Id == a.Node.Id
            )
        );

    /// <summary>A standby whose WAL receiver is just being started again streams in a moment: that is no reason to copy
    /// it.</summary>
    private static bool IsConnecting(Lab lab, NodeAnswer[] answers) =>
        lab.Mode is ClusteringMode.StreamingReplication
        && answers.Any(a => a.Says.InRecovery is false)
        && answers.Any(a => a.Says is { InRecovery: true, Receiver: not "streaming" });

    /// <summary>The report as JSON.</summary>
    public static string ToJson(NodesReport report) => JsonSerializer.Serialize(report, Json.NodesReport);

    /// <summary>A report from JSON, without its findings.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static NodesReport FromJson(string text)
    {
        if (JsonNode.Parse(text) is not JsonObject report)
        {
            throw new JsonException("There is nothing.");
        }

        report["findings"] = new JsonArray();
        return report.Deserialize(ReportJson.Default.NodesReport) ?? throw new JsonException("There is nothing.");
    }

    /// <summary>The status as JSON.</summary>
    public static string ToJson(StatusReport report) => JsonSerializer.Serialize(report, Json.StatusReport);

    /// <summary>A WAL position as a number of bytes.</summary>
    /// <param name="position">As PostgreSQL prints it: two hexadecimal numbers and a slash.</param>
    /// <returns>Null when it is none.</returns>
    public static long? WalBytes(string? position) =>
        position?.Split('/') is [var high, var low]
        && uint.TryParse(high, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var h)
        && uint.TryParse(low, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var l)
            ? ((long)h << 32) + l
            : null;

    /// <summary>Pgpool-II itself connects to the nodes when it is asked for everything, and waits for one that
    /// hangs.</summary>
    private async Task<(IReadOnlyList<PoolNode>? Nodes, string? Problem)> AskAsync(
        Lab lab,
        PgpoolNode pgpool,
        LabProcesses processes,
        AnswerPatience patience,
        CancellationToken cancellationToken
    )
    {
        var own = processes.Pgpools[pgpool.Id];
        if (own.All.Count > 0 && own.Suspended.Count == own.All.Count)
        {
            return (null, "it is suspended");
        }

        try
        {
            if (!processes.Nodes.Any(n => n.IsSuspended))
            {
                return await patience.WaitAsync(
                    token => PoolNodes.AskAsync(host, lab, pgpool, token),
                    cancellationToken
                );
            }
        }
        catch (TimeoutException)
        {
            // It may answer what takes no node.
        }

        try
        {
            return await patience.WaitAsync(
                token => PoolNodes.AskForRolesAsync(host, lab, pgpool, token),
                cancellationToken
            );
        }
        catch (TimeoutException error)
        {
            return (null, error.Message);
        }
    }

    private async Task<(WatchdogInfo? Info, string? Problem)> AskWatchdogAsync(
        Lab lab,
        PgpoolNode pgpool,
        LabProcesses processes,
        AnswerPatience patience,
        CancellationToken cancellationToken
    )
    {
        if (processes.Pgpools[pgpool.Id].IsSuspended)
        {
            return (null, "it is suspended");
        }

        try
        {
            return await patience.WaitAsync(
                token => WatchdogInfo.AskAsync(host, lab, pgpool, token),
                cancellationToken
            );
        }
        catch (TimeoutException error)
        {
            return (null, error.Message);
        }
    }

    /// <summary>How many clients a Pgpool-II takes at the same time.</summary>
    internal static int? MostClientsOf(PgpoolConfText settings) =>
        (settings.Number("num_init_children") ?? 32) - (settings.Number("reserved_connections") ?? 0);

    private async Task<bool> RenewsAsync(PgpoolNode pgpool, ProcessFacts first, CancellationToken cancellationToken) =>
        FailoverInLog.JustEnded(
            await FileEnd.ReadAsync(host, pgpool.Paths.PgpoolLog, FailoverInLog.Length, cancellationToken),
            first.Id,
            _time.GetLocalNow().DateTime
        );

    private async Task<PgpoolSays> SaysAsync(
        Lab lab,
        PgpoolNode pgpool,
        bool answers,
        string? problem,
        LabProcesses processes,
        CancellationToken cancellationToken
    )
    {
        var own = processes.Pgpools[pgpool.Id];
        var children = PoolChildren.Of(own);
        return new PgpoolSays(answers, problem?.TrimEnd('.'))
        {
            Children = children,
            // Only who does not answer has to be explained.
            MostClients =
                answers || children.Busy.Count == 0
                    ? null
                    : MostClientsOf(
                        PgpoolConfText.Read(
                            await host.Files.ReadTextAsync(pgpool.Paths.PgpoolConf, cancellationToken) ?? ""
                        )
                    ),
            Renews = !answers && own.First is { } first && await RenewsAsync(pgpool, first, cancellationToken),
            Runs =
                own.First is not null ? true
                : processes.AreSeen ? false
                : null,
            ProcessId = own.First?.Id,
            Age = own.First is { } process ? await host.Processes.AgeOfAsync(process, cancellationToken) : null,
            Suspended = own.Suspended,
        };
    }
}

/// <summary>One look at a lab, and what it was made of.</summary>
/// <param name="Facts">What the diagnosis went by; the Pgpool-II that was asked is its lab's first.</param>
/// <param name="Processes">What runs.</param>
/// <param name="Report">What came of it.</param>
/// <param name="Answers">What each PostgreSQL of this machine said, before it was compared.</param>
/// <param name="Shared">Tablespaces whose files several nodes write.</param>
internal sealed record NodesLook(
    NodesFacts Facts,
    LabProcesses Processes,
    NodesReport Report,
    IReadOnlyList<NodeAnswer> Answers,
    IReadOnlyList<SharedTablespace> Shared
);
