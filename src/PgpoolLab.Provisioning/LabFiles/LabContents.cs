using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>Roles and databases that a lab has.</summary>
/// <param name="Roles">By name.</param>
/// <param name="Owners">The owners of the databases, by the database's name.</param>
public sealed record LabContents(IReadOnlyDictionary<string, LabRole> Roles, IReadOnlyDictionary<string, string> Owners)
{
    /// <summary>Asks the primary.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="primary">The node that is written to.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">It does not answer.</exception>
    public static async Task<LabContents> AskAsync(Lab lab, PostgresNode primary, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(primary);
        try
        {
            await using var client = await PostgresClient.ConnectAsync(
                lab,
                primary.Port,
                Lab.MaintenanceDatabase,
                cancellationToken
            );
            var roles = await client.RowsAsync(
                "SELECT rolname::text, rolcanlogin::text, rolsuper::text, rolcreatedb::text, rolcreaterole::text, "
                    + "rolreplication::text FROM pg_roles",
                cancellationToken
            );
            var groups = await client.RowsAsync(
                "SELECT m.rolname::text, g.rolname::text FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member "
                    + "JOIN pg_roles g ON g.oid = a.roleid ORDER BY 1, 2",
                cancellationToken
            );
            var databases = await client.RowsAsync(
                "SELECT datname::text, pg_get_userbyid(datdba)::text FROM pg_database",
                cancellationToken
            );
            return new LabContents(
                roles.ToDictionary(
                    r => r[0]!,
                    r => new LabRole(r[0]!)
                    {
                        CanLogin = r[1] == "true",
                        IsSuperuser = r[2] == "true",
                        CreatesDatabases = r[3] == "true",
                        CreatesRoles = r[4] == "true",
                        Replicates = r[5] == "true",
                        MemberOf = [.. groups.Where(g => g[0] == r[0]).Select(g => g[1]!)],
                    },
                    StringComparer.Ordinal
                ),
                databases.ToDictionary(d => d[0]!, d => d[1]!, StringComparer.Ordinal)
            );
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } problem)
        {
            throw new LabException(
                ExitCode.NotHealthy,
                $"Node {primary.Id} was asked for its roles and databases, and does not answer: {problem}",
                error
            );
        }
    }
}
