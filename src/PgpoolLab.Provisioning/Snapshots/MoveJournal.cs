using System.Text.Json;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Snapshots;

/// <summary>Where a lab is being moved to. It lies in the lab's hidden folder, and so goes along: whoever finds it
/// knows by where it lies how far the move has come.</summary>
/// <param name="From">Where the lab was made.</param>
/// <param name="To">Where it is to lie.</param>
/// <param name="Former">Where the folder it lay in came from.</param>
/// <param name="Origin">Where the folder it is to lie in came from.</param>
/// <param name="ByCopy">True when it is copied: the other place is on another file system.</param>
/// <param name="Runs">True when its servers ran, and are to be started there.</param>
public sealed record MoveJournal(
    string From,
    string To,
    FolderOrigin Former,
    FolderOrigin Origin,
    bool ByCopy,
    bool Runs
)
{
    private const int Largest = 1 << 20;

    internal void Write(LabPaths paths) =>
        LabStore.WriteWhole(paths.MoveJournal, JsonSerializer.Serialize(this, SnapshotJson.Default.MoveJournal));

    /// <summary>Reads it; null when the lab is not being moved.</summary>
    internal static MoveJournal? Read(LabPaths paths)
    {
        try
        {
            return RegularFile.ReadText(paths.MoveJournal, Largest) is { } text
                ? JsonSerializer.Deserialize(text, SnapshotJson.Default.MoveJournal)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
