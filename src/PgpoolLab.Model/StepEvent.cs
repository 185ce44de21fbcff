using System.Text.Json;

namespace PgpoolLab.Model;

/// <summary>What a step of a plan does.</summary>
public enum StepAct
{
    /// <summary>Something of no interest to others.</summary>
    Other,

    /// <summary>Configuration and scripts are written.</summary>
    WriteFiles,

    /// <summary>Clusters are made.</summary>
    CreateNodes,

    /// <summary>A node gets its settings.</summary>
    ConfigureNode,

    /// <summary>A node becomes a copy of another one.</summary>
    CopyNode,

    /// <summary>A copy becomes a standby.</summary>
    ConfigureStandby,

    /// <summary>A server is started, and waited for.</summary>
    Start,

    /// <summary>A server is started, and not waited for.</summary>
    Launch,

    /// <summary>A server that was launched is waited for.</summary>
    Await,

    /// <summary>A server is stopped.</summary>
    Stop,

    /// <summary>A server is killed.</summary>
    Kill,

    /// <summary>A server is suspended.</summary>
    Pause,

    /// <summary>A server goes on.</summary>
    Resume,

    /// <summary>Pgpool-II uses a node again.</summary>
    Attach,

    /// <summary>Pgpool-II gives up a node.</summary>
    Detach,

    /// <summary>A node is made from the primary.</summary>
    Recover,

    /// <summary>A standby takes over in good order.</summary>
    Switchover,

    /// <summary>A standby becomes a primary.</summary>
    Promote,
}

/// <summary>What a step is about.</summary>
/// <param name="Act">What it does.</param>
/// <param name="Node">The node it does that to; null for none, or several.</param>
/// <param name="Pgpool">The Pgpool-II it does that to; null for none.</param>
public sealed record StepSubject(StepAct Act, int? Node = null, int? Pgpool = null)
{
    /// <summary>Of a step of no interest to others.</summary>
    public static StepSubject None { get; } = new(StepAct.Other);

    /// <summary>Several nodes, by number.</summary>
    public IReadOnlyList<int> Nodes { get; init; } = [];
}

/// <summary>How far a step is.</summary>
public enum StepPhase
{
    /// <summary>It begins.</summary>
    Begins,

    /// <summary>It is done.</summary>
    Ends,

    /// <summary>It has failed, or was interrupted.</summary>
    Fails,
}

/// <summary>A step of a plan begins, is done, or has failed.</summary>
public sealed record StepEvent : LabEvent
{
    /// <summary>What is reported of a step.</summary>
    /// <param name="at">When.</param>
    /// <param name="phase">How far it is.</param>
    /// <param name="title">What the step does, for people.</param>
    /// <param name="subject">What it is about.</param>
    /// <param name="lab">The lab.</param>
    /// <param name="elapsed">How long it took, when it is done.</param>
    /// <param name="error">Why it failed.</param>
    public StepEvent(
        DateTimeOffset at,
        StepPhase phase,
        string title,
        StepSubject subject,
        Lab lab,
        TimeSpan elapsed = default,
        string? error = null
    )
        : base(
            at,
            NameOf(phase, subject),
            Tool,
            subject?.Node,
            ArgumentsOf(phase, title, subject!, elapsed, error),
            TextOf(phase, title, elapsed, error)
        ) => (Phase, Title, Subject, Lab, Elapsed, Error) = (phase, title, subject!, lab, elapsed, error);

    /// <summary>How far it is.</summary>
    public StepPhase Phase { get; }

    /// <summary>What the step does, for people.</summary>
    public string Title { get; }

    /// <summary>What it is about.</summary>
    public StepSubject Subject { get; }

    /// <summary>The lab.</summary>
    public Lab Lab { get; }

    /// <summary>How long it took, when it is done.</summary>
    public TimeSpan Elapsed { get; }

    /// <summary>Why it failed; null when it has not.</summary>
    public string? Error { get; }

    private static string NameOf(StepPhase phase, StepSubject subject) =>
        (phase, subject.Act) switch
        {
            (StepPhase.Begins, StepAct.Start) => LabEventNames.StartBegins,
            (StepPhase.Begins, StepAct.Stop) => LabEventNames.StopBegins,
            (StepPhase.Begins, _) => LabEventNames.StepBegins,
            (StepPhase.Ends, StepAct.Start) => LabEventNames.StartEnds,
            (StepPhase.Ends, StepAct.Stop) => LabEventNames.StopEnds,
            (StepPhase.Ends, _) => LabEventNames.StepEnds,
            _ => LabEventNames.StepFails,
        };

    private static Dictionary<string, object> ArgumentsOf(
        StepPhase phase,
        string title,
        StepSubject subject,
        TimeSpan elapsed,
        string? error
    )
    {
        var arguments = new Dictionary<string, object> { ["step"] = title };
        if (subject.Act is not (StepAct.Other or StepAct.Start or StepAct.Stop))
        {
            arguments["act"] = JsonNamingPolicy.KebabCaseLower.ConvertName(subject.Act.ToString());
        }

        if (subject.Pgpool is { } pgpool)
        {
            arguments["pgpool"] = (long)pgpool;
        }

        if (phase is StepPhase.Ends)
        {
            arguments["duration_ms"] = (long)elapsed.TotalMilliseconds;
        }

        if (error is not null)
        {
            arguments["reason"] = error;
        }

        return arguments;
    }

    private static string TextOf(StepPhase phase, string title, TimeSpan elapsed, string? error) =>
        phase switch
        {
            StepPhase.Begins => title,
            StepPhase.Ends => $"{title}: done in {(long)elapsed.TotalMilliseconds} ms",
            _ => error is null ? title : $"{title}: {error}",
        };
}
