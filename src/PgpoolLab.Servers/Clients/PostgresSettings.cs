using PgpoolLab.Model;

namespace PgpoolLab.Servers.Clients;

/// <summary>One setting a running PostgreSQL has in effect.</summary>
/// <remarks>PostgreSQL manual, "pg_settings".</remarks>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value, in <paramref name="Unit"/>.</param>
/// <param name="Unit">The unit of numbers, <c>8kB</c> for example; null for none.</param>
/// <param name="Default">The value built into the program, in the same unit.</param>
/// <param name="Source">Where the value comes from: <c>default</c>, <c>configuration file</c>, <c>command line</c>
/// …</param>
/// <param name="File">The file it comes from; null for none.</param>
/// <param name="Line">The line in that file.</param>
/// <param name="Context">When it can be changed: <c>postmaster</c> for a start of the server alone.</param>
/// <param name="PendingRestart">True when the file has another value, which waits for a restart.</param>
internal sealed record PostgresSetting(
    string Name,
    string Value,
    string? Unit,
    string? Default,
    string Source,
    string? File,
    int? Line,
    string Context,
    bool PendingRestart
)
{
    /// <summary>True when only a start of the server can change it.</summary>
    internal bool NeedsRestart => Context == "postmaster";
}

/// <summary>A line of a configuration file that PostgreSQL does not take.</summary>
/// <param name="File">The file.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Name">The setting; null when the line is none.</param>
/// <param name="Error">Why, in PostgreSQL's words.</param>
internal sealed record PostgresFileError(string File, int? Line, string? Name, string Error)
{
    /// <summary>What it says of a value that is refused, and of one that waits for a restart: both alike.</summary>
    internal const string NotApplied = "setting could not be applied";

    /// <summary>True for an error that keeps PostgreSQL from taking anything of its files.</summary>
    internal bool StopsReload => Error != NotApplied;
}

/// <summary>The settings of a running PostgreSQL.</summary>
internal static class PostgresSettings
{
    // What this session has set itself is not the server's.
    private const string Query = """
        SELECT name, setting, unit, boot_val, source, sourcefile, sourceline::text, context, pending_restart::text
        FROM pg_settings WHERE source NOT IN ('client', 'session')
        """;

    /// <summary>Values in files that wait for a restart, and those that this session hides by its own.</summary>
    private const string FileQuery = """
        SELECT DISTINCT ON (lower(name)) lower(name), setting, sourcefile, sourceline::text
        FROM pg_file_settings WHERE name IS NOT NULL ORDER BY lower(name), seqno DESC
        """;

    private const string ErrorQuery = """
        SELECT coalesce(sourcefile, ''), sourceline::text, name, error FROM pg_file_settings WHERE error IS NOT NULL
        """;

    /// <summary>Every setting, by name in lower case.</summary>
    internal static async Task<IReadOnlyDictionary<string, PostgresSetting>> AskAsync(
        PostgresClient client,
        CancellationToken cancellationToken
    ) =>
        (await client.RowsAsync(Query, cancellationToken))
            .Select(r => new PostgresSetting(
                r[0]!,
                r[1] ?? "",
                r[2],
                r[3],
                r[4] ?? "default",
                r[5],
                int.TryParse(r[6], out var line) ? line : null,
                r[7] ?? "",
                r[8] == "true"
            ))
            .ToDictionary(s => s.Name.ToLowerInvariant(), StringComparer.Ordinal);

    /// <summary>What the configuration files say by now, whether it is in effect or not, by name in lower
    /// case.</summary>
    internal static async Task<IReadOnlyDictionary<string, (string Value, string? File, int? Line)>> AskFilesAsync(
        PostgresClient client,
        CancellationToken cancellationToken
    ) =>
        (await client.RowsAsync(FileQuery, cancellationToken)).ToDictionary(
            r => r[0]!,
            r => (r[1] ?? "", r[2], int.TryParse(r[3], out var line) ? line : (int?)null),
            StringComparer.Ordinal
        );

    /// <summary>What is wrong in the configuration files.</summary>
    internal static async Task<IReadOnlyList<PostgresFileError>> AskErrorsAsync(
        PostgresClient client,
        CancellationToken cancellationToken
    ) =>
        (await client.RowsAsync(ErrorQuery, cancellationToken))
            .Select(r => new PostgresFileError(r[0]!, int.TryParse(r[1], out var line) ? line : null, r[2], r[3]!))
            .ToArray();

    /// <summary>When the server has read its configuration files last. Only a new session is sure to know.</summary>
    internal static async Task<string?> ReadAtAsync(Lab lab, PostgresNode node, CancellationToken cancellationToken)
    {
        await using var client = await PostgresClient.ConnectAsync(
            lab,
            node.Port,
            Lab.MaintenanceDatabase,
            cancellationToken
        );
        return (await client.RowsAsync("SELECT pg_conf_load_time()::text", cancellationToken))[0][0];
    }
}
