namespace PgpoolLab.Drills.Files;

/// <summary>A command that can be a step.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind"><c>fault</c>, <c>heal</c> or <c>other</c>.</param>
/// <param name="Options">Options that a step can have as keys, without their dashes.</param>
internal sealed record StepVerb(string Name, string Kind, params string[] Options)
{
    /// <summary>It breaks something.</summary>
    internal const string Fault = "fault";

    /// <summary>It mends something.</summary>
    internal const string Heal = "heal";

    /// <summary>Fills the disk of a node's WAL.</summary>
    internal const string Fill = "fill";

    /// <summary>Gives it room again.</summary>
    internal const string Free = "free";

    private const string Other = "other";

    /// <summary>All of them. Each has the meaning it has on the command line; <see cref="Fill"/> and
    /// <see cref="Free"/> only drills have.</summary>
    internal static IReadOnlyList<StepVerb> All { get; } =
    [
        new("kill", Fault, "process"),
        new("pause", Fault, "process"),
        new("stop", Fault, "mode"),
        new("restart", Fault, "mode"),
        new("detach", Fault),
        new("promote", Fault),
        new("switchover", Fault),
        new("cut", Fault, "how"),
        new("slow", Fault, "latency", "jitter", "rate"),
        new("flap", Fault, "on", "off", "times", "how"),
        new(Fill, Fault),
        new("start", Heal),
        new("resume", Heal, "process"),
        new("attach", Heal),
        new("recover", Heal),
        new("heal", Heal),
        new(Free, Heal),
        new("wait", Other, "timeout"),
        new("sync", Other),
        new("lag", Other),
        new("reload", Other),
        new("config", Other),
        new("exec", Other),
    ];

    /// <summary>Verbs on links, whose words are two ends.</summary>
    internal bool IsOnLinks => Name is "cut" or "slow" or "flap";

    /// <summary>Verbs on disks, whose word is a node.</summary>
    internal bool IsOnDisks => Name is Fill or Free;

    /// <summary>Finds one.</summary>
    internal static StepVerb? Find(string name) => All.FirstOrDefault(v => v.Name == name);
}
