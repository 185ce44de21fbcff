namespace PgpoolLab.Drills.Files;

/// <summary>What a step can wait for: <c>when: new-primary</c>.</summary>
internal static class DrillEvents
{
    /// <summary>Another node than before takes writes.</summary>
    internal const string NewPrimary = "new-primary";

    /// <summary>Clients cannot write any more.</summary>
    internal const string WritesStop = "writes-stop";

    /// <summary>All clients write again.</summary>
    internal const string WritesSteady = "writes-steady";

    /// <summary>Those of the runner, and events of logs (docs/logs.md).</summary>
    internal static IReadOnlyList<string> All { get; } =
    [
        NewPrimary,
        WritesStop,
        WritesSteady,
        "attach-begins",
        "attach-ends",
        "crash-recovery",
        "diverged",
        "failover-begins",
        "failover-ends",
        "follow-begins",
        "follow-ends",
        "health-check-failed",
        "health-check-retries",
        "leader",
        "leader-lost",
        "member-lost",
        "primary",
        "primary-lost",
        "promotion-begins",
        "promotion-ends",
        "quarantine-begins",
        "quarantine-ends",
        "quorum",
        "quorum-lost",
        "recovery-begins",
        "recovery-ends",
        "recovery-fails",
        "script-begins",
        "script-ends",
        "server-died",
        "server-down",
        "server-starts",
        "server-up",
        "streaming-begins",
        "streaming-breaks",
    ];
}
