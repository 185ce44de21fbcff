using System.Text.RegularExpressions;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Configuration;

/// <summary>Pgpool-II's own sample scripts, which <c>pgpool_setup -c</c> puts to the test: taken as they are but for
/// the variables at their head.</summary>
/// <remarks>Pgpool-II manual, "Pgpool-II + Watchdog Setup Example", explains the scripts.</remarks>
public static partial class SampleScripts
{
    private static readonly Dictionary<string, Sample> Samples = new()
    {
        ["failover.sh"] = new(["failover.sh.sample"], "FAILED_NODE_ID", null, null),
        ["follow_primary.sh"] = new(
            ["follow_primary.sh.sample", "follow_master.sh.sample"],
            "NODE_ID",
            "NODE_PGDATA",
            "NEW_PRIMARY_NODE_PGDATA"
        ),
        ["pgpool_remote_start"] = new(["pgpool_remote_start.sample"], null, null, null),
        ["pgpool_recovery_pitr"] = new(
            ["replication_mode_recovery_2nd_stage.sample", "recovery_2nd_stage.sample"],
            null,
            "DEST_NODE_PGDATA",
            "MAIN_NODE_PGDATA"
        ),
        ["basebackup.sh"] = new(
            ["recovery_1st_stage.sample"],
            "DEST_NODE_ID",
            "DEST_NODE_PGDATA",
            "PRIMARY_NODE_PGDATA"
        ),
    };

    private static readonly Sample ReplicationBaseBackup = new(
        ["replication_mode_recovery_1st_stage.sample"],
        "DEST_NODE_ID",
        "DEST_NODE_PGDATA",
        "MAIN_NODE_PGDATA"
    );

    /// <summary>A sample, what to look for it as, and the variables in it that name the node and the data
    /// folders.</summary>
    private sealed record Sample(string[] Files, string? NodeId, string? Target, string? Source);

    /// <summary>Folders the samples are looked for in, after the one the user named.</summary>
    private static readonly string[] UsualFolders =
    [
        "/etc/pgpool-II",
        "/etc/pgpool2",
        "/usr/share/doc/pgpool2/examples",
    ];

    /// <summary>Finds the folder that has all samples a mode needs.</summary>
    /// <param name="files">The machine's files.</param>
    /// <param name="asked">PGPOOLDIR; null when not given.</param>
    /// <param name="mode">The mode.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The folder, or what the first folder that has any lacks.</returns>
    public static async Task<(string? Folder, IReadOnlyList<string> Lacks)> FindAsync(
        IFiles files,
        string? asked,
        ClusteringMode mode,
        CancellationToken cancellationToken
    )
    {
        string[] names = mode.WritesEverywhere()
            ? ["basebackup.sh", "pgpool_recovery_pitr", "pgpool_remote_start"]
            : ["failover.sh", "follow_primary.sh", "basebackup.sh", "pgpool_remote_start"];
        var samples = names.Select(n => Of(n, mode)!).ToArray();
        var folders = new List<(string Folder, IReadOnlyList<string> Lacks)>();
        foreach (
            var folder in await files.FoldersAsync(
                UsualFolders.Prepend(asked).OfType<string>().SelectMany(f => (string[])[f, $"{f}/sample_scripts"]),
                cancellationToken
            )
        )
        {
            var found = await Task.WhenAll(
                samples.Select(s => FileOfAsync(files, folder, s, cancellationToken).AsTask())
            );
            folders.Add((folder, [.. samples.Where((_, i) => found[i] is null).Select(s => s.Files[0])]));
        }

        return folders.FirstOrDefault(f => f.Lacks.Count == 0) is { Folder: { } complete }
            ? (complete, [])
            : (null, folders.Select(f => f.Lacks).MinBy(l => l.Count) ?? [.. samples.Select(s => s.Files[0])]);
    }

    /// <summary>The text of a script of this lab; null when the lab uses our own.</summary>
    /// <param name="files">The files of the machine that it is on.</param>
    /// <param name="lab">The lab.</param>
    /// <param name="script">Our name for it.</param>
    /// <param name="pgpool">The Pgpool-II that runs it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static async Task<string?> ReadAsync(
        IFiles files,
        Lab lab,
        string script,
        PgpoolNode pgpool,
        CancellationToken cancellationToken
    ) =>
        lab.PgpoolSetup?.SampleScripts is { } folder
        && Of(script, lab.Mode) is { } sample
        && await FileOfAsync(files, folder, sample, cancellationToken) is { } file
        && await files.ReadTextAsync(file, cancellationToken) is { } text
            ? Adapt(text, sample, lab, pgpool)
            : null;

    private static Sample? Of(string script, ClusteringMode mode) =>
        script == "basebackup.sh" && mode.WritesEverywhere()
            ? ReplicationBaseBackup
            : Samples.GetValueOrDefault(script);

    private static ValueTask<string?> FileOfAsync(
        IFiles files,
        string folder,
        Sample sample,
        CancellationToken cancellationToken
    ) => files.FirstFileAsync(sample.Files.Select(f => $"{folder}/{f}"), cancellationToken);

    private static string Adapt(string text, Sample sample, Lab lab, PgpoolNode pgpool)
    {
        var archive = $"{pgpool.ServerFolder}/archivedir";
        var values = new Dictionary<string, string?>
        {
            ["REPLUSER"] = Shell.Quote(lab.Owner),
            ["PCP_USER"] = Shell.Quote(lab.Owner),
            ["POSTGRESQL_STARTUP_USER"] = Shell.Quote(lab.Owner),
            ["PGHOME"] = Path.GetDirectoryName(lab.Tools.PostgresBin) is { } home ? Shell.Quote(home) : null,
            ["PGPOOL_PATH"] = Shell.Quote(lab.Tools.PcpBin),
            ["PCP_PORT"] = pgpool.PcpPort.ToString(),
            ["SSH_KEY_FILE"] = $"id_rsa\n. {pgpool.ServerFolder}/bashrc.ports",
            ["REPL_SLOT_NAME"] = sample.NodeId is null ? null : $"pgpool_setup_slot${{{sample.NodeId}}}",
            ["ARCHIVEDIR"] = sample.Target is null
                ? null
                : $"{archive}/$(basename ${sample.Target})\nNEW_PRIMARY_ARCHIVEDIR={archive}/$(basename "
                    + $"${sample.Source})",
        };
        var adapted = Assignment()
            .Replace(
                text,
                m => values.GetValueOrDefault(m.Groups[1].Value) is { } value ? $"{m.Groups[1].Value}={value}" : m.Value
            );
        return RestoreCommand()
            .Replace(
                adapted,
                m => m.Value.Replace("${ARCHIVEDIR}", "${NEW_PRIMARY_ARCHIVEDIR}", StringComparison.Ordinal)
            );
    }

    [GeneratedRegex("^([A-Z_]+)=.*$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Assignment();

    [GeneratedRegex("^.*restore_command =.*$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex RestoreCommand();
}
