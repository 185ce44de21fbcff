using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Access;

/// <summary>The variables by which programs find a lab.</summary>
internal static class LabVariables
{
    /// <summary>Names the lab, by its folder, to the commands of this program.</summary>
    internal const string Name = "PGPOOLLAB_LAB";

    /// <summary>The rest of what libpq reads changes nothing of where a lab is found, and how one is let in.</summary>
    internal static readonly string[] Harmless =
    [
        "PGAPPNAME",
        "PGCONNECT_TIMEOUT",
        "PGCLIENTENCODING",
        "PGDATESTYLE",
        "PGTZ",
        "PGGEQO",
        "PGLOCALEDIR",
        "PGDATA",
        "PGOAUTHDEBUG",
    ];

    /// <summary>What the lab's user needs; null for what would lead a program astray.</summary>
    internal static IReadOnlyDictionary<string, string?> ForOwner(Lab lab, string path, string? wrappers) =>
        WithoutOthers(Of(lab, path, wrappers));

    /// <summary>These, and null for what would lead a program astray.</summary>
    internal static IReadOnlyDictionary<string, string?> WithoutOthers(IReadOnlyDictionary<string, string> wanted)
    {
        var variables = wanted.ToDictionary(v => v.Key, v => (string?)v.Value);
        foreach (var name in CleanEnvironment.Libpq.Where(v => !variables.ContainsKey(v) && !Harmless.Contains(v)))
        {
            variables[name] = null;
        }

        return variables;
    }

    /// <summary>
    /// The manifest is the word of whoever can write it, which the lab's user can: root's shell must neither find
    /// programs where it says, nor be led by it to a server. So PATH gets but a folder of root's own, with programs
    /// that run this one, which runs the lab's as the lab's user.
    /// </summary>
    internal static IReadOnlyDictionary<string, string?> ForRoot(Lab lab, string wrappers, string path) =>
        new Dictionary<string, string?>
        {
            ["PGPOOL_PORT"] = lab.Pgpool.Port.ToString(),
            ["PCP_PORT"] = lab.Pgpool.PcpPort.ToString(),
            ["PATH"] = string.Join(':', path.Split(':').Where(f => f != wrappers).Prepend(wrappers)),
        };

    /// <summary>The variables, in the order they are printed.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="path">The caller's PATH.</param>
    /// <param name="wrappers">The folder of the pcp programs that need no options.</param>
    internal static Dictionary<string, string> Of(Lab lab, string path, string? wrappers = null)
    {
        string[] folders =
        [
            .. wrappers is null ? [] : (string[])[wrappers],
            lab.Tools.PostgresBin,
            lab.Tools.PgpoolBin,
            lab.Tools.PcpBin,
            .. Invocation.FolderToAdd is { } folder ? (string[])[folder] : [],
        ];
        var known = path.Split(':', StringSplitOptions.RemoveEmptyEntries);
        var variables = new Dictionary<string, string>
        {
            ["PGHOST"] = lab.Pgpool.SocketDirectories.Count > 0 ? lab.Pgpool.SocketDirectories[0] : "localhost",
            ["PGPORT"] = lab.Pgpool.Port.ToString(),
            ["PGDATABASE"] = Lab.Database,
            ["PGUSER"] = lab.Owner,
            ["PGPOOL_PORT"] = lab.Pgpool.Port.ToString(),
            ["PCP_PORT"] = lab.Pgpool.PcpPort.ToString(),
            ["PCPPASSFILE"] = lab.Pgpool.Paths.PcpPass,
            ["PATH"] = string.Join(':', folders.Concat(known).Distinct()),
        };
        if (lab.Asks)
        {
            variables["PGPASSFILE"] = lab.Pgpool.Paths.PgPass;
            variables["PGPOOLKEYFILE"] = lab.Pgpool.Paths.PoolKey;
        }

        if (lab.UseTls)
        {
            // By a unix socket libpq speaks no TLS, whatever this says.
            variables["PGSSLMODE"] = "verify-full";
            variables["PGSSLROOTCERT"] = lab.Pgpool.Paths.TlsAuthority;
        }

        return variables;
    }
}
