using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Servers.Waiting;

/// <summary>Waits until a standby has replayed the passwords that were set on the primary. They were set in one
/// transaction: who has one has all.</summary>
/// <param name="Lab">The lab.</param>
/// <param name="Sessions">Sessions on its nodes.</param>
/// <param name="Node">The standby.</param>
public sealed record StandbyKnowsPasswords(Lab Lab, PostgresSessions Sessions, PostgresNode Node) : IProbe
{
    internal const string Query = "SELECT rolname::text FROM pg_authid WHERE rolpassword IS NOT NULL";

    /// <inheritdoc/>
    public string Expectation => $"node {Node.Id} gets the lab's passwords from the primary";

    /// <inheritdoc/>
    public ServerLog? Log => ServerLog.Of(Lab, Node);

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var client = await Sessions.OpenAsync(Node, Lab.MaintenanceDatabase, cancellationToken);
            var roles = (await client.RowsAsync(Query, cancellationToken)).Select(r => r[0]!).ToArray();
            return new Observation(
                roles.Contains(Lab.CheckRole),
                roles.Length == 0
                    ? "no role has a password there"
                    : $"roles with a password there: {string.Join(", ", roles)}"
            );
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } seen)
        {
            return new Observation(false, seen);
        }
    }

    /// <inheritdoc/>
    public Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);
}
