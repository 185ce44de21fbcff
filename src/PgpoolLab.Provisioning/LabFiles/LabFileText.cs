using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>A lab file that was read.</summary>
/// <param name="File">What it says.</param>
/// <param name="Name">What it is called in messages.</param>
/// <param name="Places">Where it says what, by the keys: <c>postgresql.version</c>.</param>
public sealed record LabFileText(LabFile File, string Name, IReadOnlyDictionary<string, YamlPlace> Places)
{
    /// <summary>What to call a field that the file speaks of: its key and where that stands; null for one that it does
    /// not speak of.</summary>
    public string? NameOf(SpecField field) =>
        field is SpecField.Settings
            ? Key("postgresql.settings") ?? Key("pgpool.settings")
            : Key(LabFileKeys.PathOf(field));

    /// <summary>The key that says what an option says, and where it stands; null for one that the file does not
    /// have.</summary>
    /// <param name="option">The option: <c>--pgpool-conf</c>.</param>
    public string? KeyOf(string option) =>
        LabFileKeys.All.Where(k => k.Key.Option == option).Select(k => Key(k.Path)).FirstOrDefault(k => k is not null);

    /// <summary>A key and where it stands, for messages; null when the file does not have it.</summary>
    /// <param name="path">The key, with those above it.</param>
    public string? Key(string path) => Places.TryGetValue(path, out var place) ? $"{path} ({Name}:{place})" : null;
}
