using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Clients;

/// <summary>The settings a running Pgpool-II has in effect.</summary>
/// <remarks>Pgpool-II manual, "PGPOOL SHOW".</remarks>
public static class PgpoolSettings
{
    /// <summary>Shown in the place of a password.</summary>
    public const string Hidden = "*****";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

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
        using var late = new CancellationTokenSource(Patience, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        SimpleQuery.Answer answer;
        try
        {
            answer = await PgpoolQuestion.AskAsync(host, lab, pgpool, "PGPOOL SHOW ALL", either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Each of its processes has a client, for example: then it takes connections and answers nobody.
            return (null, $"no answer within {Patience.TotalSeconds:0} s");
        }

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
