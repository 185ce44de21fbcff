using System.Text.RegularExpressions;
using PgpoolLab.Hosts;

namespace PgpoolLab.Servers;

/// <summary>One process of a server, by what it does: as the server itself calls it in its title, without spaces and
/// dashes.</summary>
/// <remarks>PostgreSQL manual, "Standard Unix Tools" (ps); Pgpool-II source, ps_status.c.</remarks>
public static partial class OneProcess
{
    /// <summary>The first process of a server, which starts the others again.</summary>
    public const string Main = "main";

    /// <summary>A process of Pgpool-II's that serves a client.</summary>
    public const string Child = "child";

    private const string Waits = "waitforconnectionrequest";

    /// <summary>What Pgpool-II's other processes are called.</summary>
    private static readonly string[] Helpers =
    [
        "pcp",
        "worker",
        "healthcheck",
        "lifecheck",
        "watchdog",
        "heartbeat",
        "logger",
    ];

    /// <summary>Those that there often are.</summary>
    public static IReadOnlyList<string> Examples { get; } =
    [
        Main,
        "walreceiver",
        "walsender",
        "startup",
        "checkpointer",
        "walwriter",
        "backgroundwriter",
        Child,
        "healthcheck",
        "worker",
        "pcp",
    ];

    /// <summary>Finds it.</summary>
    /// <param name="all">A server's processes, the first one first.</param>
    /// <param name="kind">What it does, however it is written.</param>
    /// <returns>Null when there is none; of several the first, of Pgpool-II's children one that has a client.</returns>
    public static ProcessFacts? Find(IReadOnlyList<ProcessFacts> all, string kind)
    {
        ArgumentNullException.ThrowIfNull(all);
        ArgumentNullException.ThrowIfNull(kind);
        var wanted = Plain(kind);
        return wanted switch
        {
            Main or "postmaster" => all.Count > 0 ? all[0] : null,
            Child => all.Skip(1).FirstOrDefault(p => IsChild(p) && Does(p) != Waits)
                ?? all.Skip(1).FirstOrDefault(IsChild),
            _ => all.Skip(1).FirstOrDefault(p => Does(p).StartsWith(wanted, StringComparison.Ordinal)),
        };
    }

    /// <summary>What each process does, for a message.</summary>
    public static IReadOnlyList<string> KindsOf(IReadOnlyList<ProcessFacts> all)
    {
        ArgumentNullException.ThrowIfNull(all);
        return
        [
            Main,
            .. all.Skip(1)
                .Select(p =>
                    IsChild(p) ? Child : Kind().Match(Words(p)).Value.Replace(" ", "", StringComparison.Ordinal)
                )
                .Where(k => k.Length > 0)
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];
    }

    private static bool IsChild(ProcessFacts process) =>
        process.CommandLine.StartsWith("pgpool: ", StringComparison.Ordinal)
        && !Helpers.Any(h => Does(process).StartsWith(h, StringComparison.Ordinal));

    /// <summary>What follows the program's name, and the cluster's, in a title.</summary>
    private static string Words(ProcessFacts process) => Prefix().Replace(process.CommandLine, "");

    private static string Does(ProcessFacts process) => Plain(Words(process));

    private static string Plain(string words) =>
        new([.. words.Where(char.IsAsciiLetterOrDigit).Select(char.ToLowerInvariant)]);

    // Of "walreceiver streaming 0/3000148" the first word, of "background writer" both.
    [GeneratedRegex(@"\A(background writer|logical replication launcher|autovacuum launcher|health check|[a-z]+)")]
    private static partial Regex Kind();

    [GeneratedRegex(@"\A(postgres|pgpool): ([^:]+: )?")]
    private static partial Regex Prefix();
}
