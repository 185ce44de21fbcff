using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Servers.Clients;

/// <summary>Asks one Pgpool-II by one of its own SHOW commands.</summary>
/// <remarks>Pgpool-II manual, "SQL type commands".</remarks>
internal static class PgpoolQuestion
{
    /// <summary>Pgpool-II opens a session in it on every node. Its own checks do so too, and so PostgreSQL has read
    /// this database's catalog already.</summary>
    private const string Database = "postgres";

    /// <summary>Begins a session to ask in.</summary>
    /// <returns>The session, or Pgpool-II's error; neither where psql must ask.</returns>
    internal static async Task<(SimpleQuery? Session, SimpleQuery.Answer? Refusal)> OpenAsync(
        IHost host,
        Lab lab,
        PgpoolNode pgpool,
        CancellationToken cancellationToken
    )
    {
        var folder = LabSockets.ProbeHost(lab);
        return
            folder.StartsWith('/')
            && await host.Ports.ConnectAsync(LabSockets.Path(folder, pgpool.Port), cancellationToken) is { } connection
            ? await SimpleQuery.OpenAsync(connection, lab.CheckRole, Database, TimeProvider.System, cancellationToken)
            : (null, null);
    }

    /// <summary>Asks.</summary>
    /// <returns>The answer; one with an error when Pgpool-II does not answer.</returns>
    internal static async Task<SimpleQuery.Answer> AskAsync(
        IHost host,
        Lab lab,
        PgpoolNode pgpool,
        string query,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var (session, refusal) = await OpenAsync(host, lab, pgpool, cancellationToken);
            if (session is not null)
            {
                await using (session)
                {
                    return await session.AskAsync(query, cancellationToken);
                }
            }

            if (refusal is not null)
            {
                return refusal;
            }
        }
        catch (Exception error) when (error is System.Net.Sockets.SocketException or IOException)
        {
            return NoAnswer(ServerProblem.Of(error));
        }

        var result = await host.Programs.RunAsync(
            Psql.Query(lab.Tools, LabSockets.ProbeHost(lab), pgpool.Port, lab.Owner, Database, query),
            cancellationToken
        );
        return result.ExitCode == 0
            ? Parse(result.Output)
            : NoAnswer(
                result
                    .Error.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                    .FirstOrDefault()
                    ?? $"psql ended with exit code {result.ExitCode}"
            );
    }

    /// <summary>Understands what psql prints: a line of column names, then a line for each row.</summary>
    /// <param name="text">Fields are separated by <see cref="Psql.FieldSeparator"/>.</param>
    internal static SimpleQuery.Answer Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => l.TrimEnd('\r').Split(Psql.FieldSeparator))
            .ToArray();
        return lines.Length == 0 ? new([], [], null) : new(lines[0], lines[1..], null);
    }

    private static SimpleQuery.Answer NoAnswer(string? problem) => new([], [], problem ?? "no answer");
}
