using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Servers.Reports;

/// <summary>Everything <c>status</c> goes by.</summary>
/// <param name="Lab">The lab; the Pgpool-II that was asked is its first.</param>
/// <param name="Pgpool">What became of the question to Pgpool-II.</param>
/// <param name="Look">What <c>nodes</c> shows.</param>
public sealed record StatusFacts(Lab Lab, PgpoolSays Pgpool, NodesReport Look)
{
    /// <summary>What else the servers say.</summary>
    public StatusDetails Details { get; init; } = StatusDetails.None;

    /// <summary>What works on a node, or is about to; on any when none is given: advice would be in its way.</summary>
    internal WorkUnderWay? WorkOn(int? node) => Look.AtWork.FirstOrDefault(w => node is not { } id || w.Concerns(id));

    /// <summary>A finding; while something works on it, there is nothing to do but wait.</summary>
    internal Finding About(
        FindingKind kind,
        int? node,
        string problem,
        string? cause,
        params IReadOnlyList<Remedy> remedies
    ) =>
        Finding.Of(Lab, kind, node, problem, WorkOn(node) is { } work ? [new Remedy.Wait(work.Kind)] : remedies) with
        {
            Cause = cause,
        };

    /// <summary>How Pgpool-II notices a node that is dead, as its configuration file has it.</summary>
    public HealthCheck HealthCheck { get; init; } = new(0, 20, 0, 1);
}

/// <summary>How Pgpool-II notices a node that is dead.</summary>
/// <param name="Period">Seconds between two looks; 0 when it does not look by itself.</param>
/// <param name="Timeout">Seconds that it waits for an answer.</param>
/// <param name="Retries">How often it tries again.</param>
/// <param name="RetryDelay">Seconds between two tries.</param>
/// <remarks>Pgpool-II manual, "Health Check".</remarks>
public sealed record HealthCheck(int Period, int Timeout, int Retries, int RetryDelay)
{
    /// <summary>Seconds within which it has noticed a node that refuses connections.</summary>
    internal int SecondsUntilRefusalIsNoticed => Period + (Retries * RetryDelay);

    /// <summary>Seconds within which it has noticed a node that answers nobody.</summary>
    internal int SecondsUntilSilenceIsNoticed => Period + ((Retries + 1) * Timeout) + (Retries * RetryDelay);

    /// <summary>Reads it from pgpool.conf. What is not there has Pgpool-II's own default.</summary>
    internal static HealthCheck From(PgpoolConfText settings) =>
        new(
            settings.Seconds("health_check_period") ?? 0,
            settings.Seconds("health_check_timeout") ?? 20,
            settings.Seconds("health_check_max_retries") ?? 0,
            settings.Seconds("health_check_retry_delay") ?? 1
        );
}

/// <summary>Looks at a lab, and explains what it sees.</summary>
/// <param name="host">Where the lab is.</param>
/// <param name="probes">Waits.</param>
/// <param name="time">The clock; by default the system's.</param>
public sealed class StatusReporter(IHost host, ProbeRunner probes, TimeProvider? time = null)
{
    /// <summary>Looks.</summary>
    public async Task<StatusReport> ReportAsync(Lab lab, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var (look, facts) = await AskAsync(lab, cancellationToken);
        return StatusReport.Of(look.Report, StatusDiagnosis.Of(facts), WhatComesNext.Of(facts));
    }

    /// <summary>Everything it goes by.</summary>
    internal async Task<(NodesLook Look, StatusFacts Facts)> AskAsync(Lab lab, CancellationToken cancellationToken)
    {
        var look = await new NodesReporter(host, probes, time).LookAsync(lab, cancellationToken);
        var clock = time ?? TimeProvider.System;
        var finder = new LabProcessFinder(host, lab);
        var patience = new AnswerPatience(
            probes,
            clock,
            async token => !look.Processes.HasSuspended && (await finder.FindAsync(token)).Work
        );
        var pgpool = look.Facts.Lab.Pgpool;
        var settings = PgpoolConfText.Read(
            await host.Files.ReadTextAsync(pgpool.Paths.PgpoolConf, cancellationToken) ?? ""
        );
        var details = await new StatusAsker(host, look, patience).AskAsync(cancellationToken);
        var facts = new StatusFacts(
            look.Facts.Lab,
            look.Facts.Pgpool with
            {
                MostClients = NodesReporter.MostClientsOf(settings),
                Renews =
                    look.Facts.Pgpool.ProcessId is { } first
                    && FailoverInLog.JustEnded(details.Pgpools[pgpool.Id].LogEnd, first, clock.GetLocalNow().DateTime),
            },
            look.Report
        )
        {
            HealthCheck = HealthCheck.From(settings),
            Details = details,
        };
        return (look, facts);
    }
}
