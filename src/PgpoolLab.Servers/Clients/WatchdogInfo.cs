using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Servers.Clients;

/// <summary>One member of a watchdog, as one Pgpool-II sees it.</summary>
/// <param name="Port">Its Pgpool-II port.</param>
/// <param name="Status">LEADER, STANDBY, SHUTDOWN, LOST …; releases before 4.2 say MASTER.</param>
public sealed record WatchdogMember(int Port, string Status)
{
    /// <summary>The port of its watchdog; 0 where it is not said.</summary>
    public int WatchdogPort { get; init; }

    /// <summary>True for the one that decides.</summary>
    public bool IsLeader => Status is "LEADER" or "MASTER";

    /// <summary>True for this Pgpool-II. With a virtual IP all have one port for clients.</summary>
    public bool Is(PgpoolNode pgpool)
    {
        ArgumentNullException.ThrowIfNull(pgpool);
        return WatchdogPort > 0 && pgpool.Watchdog is { } watchdog
            ? WatchdogPort == watchdog.Port
            : Port == pgpool.Port;
    }
}

/// <summary>What one Pgpool-II knows of the watchdog.</summary>
/// <param name="Quorum">True when enough members live to decide on a failover.</param>
/// <param name="Members">All members.</param>
/// <remarks>Pgpool-II manual, "pcp_watchdog_info".</remarks>
public sealed record WatchdogInfo(bool Quorum, IReadOnlyList<WatchdogMember> Members)
{
    /// <summary>The port of the member that leads; null when there is none.</summary>
    public int? Leader => Members.FirstOrDefault(m => m.IsLeader)?.Port;

    /// <summary>Asks one Pgpool-II.</summary>
    /// <returns>Its answer, or null and the reason.</returns>
    public static async Task<(WatchdogInfo? Info, string? Problem)> AskAsync(
        IHost host,
        Lab lab,
        PgpoolNode pgpool,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(host);
        var result = await host.Programs.RunAsync(Pcp.WatchdogInfo(lab, pgpool), cancellationToken);
        return result.ExitCode == 0 && Parse(result.Output) is { Members.Count: > 0 } info
            ? (info, null)
            : (
                null,
                (result.Error + result.Output)
                    .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                    .FirstOrDefault()
                    ?? $"pcp_watchdog_info ended with exit code {result.ExitCode}"
            );
    }

    /// <summary>Understands the answer: a "name : value" line for each fact, a block for each member.</summary>
    public static WatchdogInfo Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var members = new List<WatchdogMember>();
        var (quorum, port, watchdog) = (false, 0, 0);
        foreach (var line in text.Split('\n'))
        {
            if (line.Split(':', 2, StringSplitOptions.TrimEntries) is not [var name, var value])
            {
                continue;
            }

            switch (name)
            {
                case "Quorum state":
                    quorum =
                        value.StartsWith("QUORUM EXIST", StringComparison.Ordinal) || value == "QUORUM IS ON THE EDGE";
                    break;
                case "Pgpool port":
                    _ = int.TryParse(value, out port);
                    break;
                case "Watchdog port":
                    _ = int.TryParse(value, out watchdog);
                    break;
                case "Status Name":
                    members.Add(new WatchdogMember(port, value) { WatchdogPort = watchdog });
                    break;
            }
        }

        return new WatchdogInfo(quorum, members);
    }
}
