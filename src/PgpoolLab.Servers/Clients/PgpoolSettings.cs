using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Clients;

/// <summary>The settings a running Pgpool-II has in effect.</summary>
/// <remarks>Pgpool-II manual, "PGPOOL SHOW".</remarks>
public static class PgpoolSettings
{
    /// <summary>Shown in the place of a password.</summary>
    public const string Hidden = "*****";

    /// <summary>Asks.</summary>
    /// <returns>Values by name, as Pgpool-II writes them; or null and the reason when it does not answer.</returns>
    public static async Task<(IReadOnlyDictionary<string, string>? Values, string? Problem)> AskAsync(
        IHost host,
        Lab lab,
        PgpoolNode pgpool,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(pgpool);
        var answer = await PgpoolQuestion.AskAsync(host, lab, pgpool, "PGPOOL SHOW ALL", cancellationToken);
        return answer.Error is { } problem
            ? (null, problem)
            : (
                answer
                    .Rows.Where(r => r.Length >= 2 && r[0] is not null)
                    .GroupBy(r => r[0]!, StringComparer.Ordinal)
                    .ToDictionary(g => g.Key, g => g.First()[1] ?? "", StringComparer.Ordinal),
                null
            );
    }
}
