using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Settings;

namespace PgpoolLab.Provisioning.Export;

/// <summary>The settings somebody has asked for: those of setup, and those that <c>config set</c>, <c>sync</c> and
/// <c>lag</c> have written into the lab's files since.</summary>
/// <param name="Pgpool">Of Pgpool-II.</param>
/// <param name="Nodes">Of each node, by number.</param>
public sealed record LabSettings(
    IReadOnlyDictionary<string, string> Pgpool,
    IReadOnlyList<IReadOnlyDictionary<string, string>> Nodes
)
{
    /// <summary>Those of setup alone.</summary>
    public static LabSettings OfSetup(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return new(lab.PgpoolSettings, [.. lab.Nodes.Select(_ => Postgres(lab.PostgresSettings, ""))]);
    }

    /// <summary>Reads what was set since.</summary>
    /// <exception cref="LabException">A configuration file is not there.</exception>
    public static async Task<LabSettings> ReadAsync(Lab lab, IFiles files, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(files);
        async Task<string> TextAsync(string file) =>
            await files.ReadTextAsync(file, cancellationToken)
            ?? throw new LabException(
                ExitCode.Failed,
                $"The settings of the lab '{lab.Name}' cannot be read: there is no {file}."
            )
            {
                Hints = ["What is wrong with the lab:  pgpoollab status"],
            };

        var pgpool = new Dictionary<string, string>(lab.PgpoolSettings, StringComparer.Ordinal);
        foreach (var (name, value) in SettingsText.SetLater(await TextAsync(lab.Pgpool.Paths.PgpoolConf)))
        {
            pgpool[name] = value;
        }

        var nodes = new List<IReadOnlyDictionary<string, string>>();
        foreach (var node in lab.Nodes)
        {
            nodes.Add(Postgres(lab.PostgresSettings, await TextAsync($"{node.DataDirectory}/postgresql.conf")));
        }

        return new LabSettings(pgpool, nodes);
    }

    /// <summary>Why a value means nothing elsewhere, as a clause: it names the lab's folder. Null when it does
    /// not.</summary>
    internal static string? OfFolder(string value, string folder) =>
        value.Contains(folder, StringComparison.Ordinal)
            ? $"it names the lab's folder, {folder}, which is not there."
            : null;

    /// <summary>PostgreSQL does not mind how its names are written.</summary>
    private static Dictionary<string, string> Postgres(IReadOnlyDictionary<string, string> settings, string text)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in settings.Concat(SettingsText.SetLater(text, doubledQuotes: true)))
        {
            all[name.ToLowerInvariant()] = value;
        }

        return all;
    }
}
