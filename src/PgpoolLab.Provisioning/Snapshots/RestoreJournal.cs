using System.Text.Json;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Snapshots;

/// <summary>One place of a lab whose contents change.</summary>
/// <param name="Path">Relative to the lab's folder.</param>
/// <param name="IsNew">True when something else comes there; false when what is there only goes.</param>
public sealed record RestoredPlace(string Path, bool IsNew);

/// <summary>What a restore exchanges: written when all of it lies ready and the servers have ended, and deleted when
/// all is in its place. Whoever finds it brings it to its end, so there is the old state or the new one, never a
/// mixture.
/// </summary>
/// <param name="Snapshot">What is restored.</param>
/// <param name="Places">What is exchanged, in order.</param>
public sealed record RestoreJournal(string Snapshot, IReadOnlyList<RestoredPlace> Places)
{
    private const int Largest = 1 << 20;

    /// <summary>Where what is to come lies ready.</summary>
    internal static string NewIn(LabPaths paths) => $"{paths.Restore}/new";

    /// <summary>Where what was there is put aside.</summary>
    internal static string OldIn(LabPaths paths) => $"{paths.Restore}/old";

    /// <summary>Writes it: from now on the lab's state is the new one.</summary>
    internal void Write(LabPaths paths) =>
        LabStore.WriteWhole(paths.RestoreJournal, JsonSerializer.Serialize(this, SnapshotJson.Default.RestoreJournal));

    /// <summary>Reads it; null when nothing is being exchanged.</summary>
    internal static RestoreJournal? Read(LabPaths paths)
    {
        if (RegularFile.ReadText(paths.RestoreJournal, Largest) is not { } text)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(text, SnapshotJson.Default.RestoreJournal);
        }
        catch (JsonException error)
        {
            throw new LabException(
                ExitCode.Failed,
                $"{paths.RestoreJournal} is damaged, and a restore was interrupted: {error.Message}",
                error
            );
        }
    }

    /// <summary>Brings it to its end, from wherever it was interrupted.</summary>
    /// <param name="paths">Of the lab.</param>
    /// <param name="step">Called before each change; tests interrupt there.</param>
    internal void Finish(LabPaths paths, Action<string>? step = null)
    {
        foreach (var place in Places)
        {
            var (ready, aside, live) = (
                $"{NewIn(paths)}/{place.Path}",
                $"{OldIn(paths)}/{place.Path}",
                $"{paths.Root}/{place.Path}"
            );
            // What lay ready is in its place already; or what goes has gone.
            if (place.IsNew ? !IsThere(ready) : IsThere(aside))
            {
                continue;
            }

            // A file takes the place of another one at one moment: without its manifest there would be no lab.
            if (place.IsNew && IsFile(ready) && (IsFile(live) || !IsThere(live)))
            {
                step?.Invoke($"put {place.Path} in its place");
                Directory.CreateDirectory(Path.GetDirectoryName(live)!);
                File.Move(ready, live, overwrite: true);
                continue;
            }

            if (IsThere(live))
            {
                Move($"put {place.Path} aside", live, aside);
            }

            if (place.IsNew)
            {
                Move($"put {place.Path} in its place", ready, live);
            }
        }

        step?.Invoke("delete the journal");
        File.Delete(paths.RestoreJournal);

        void Move(string title, string from, string to)
        {
            step?.Invoke(title);
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            Directory.Move(from, to);
        }
    }

    private static bool IsFile(string path) => new FileInfo(path) is { Exists: true, LinkTarget: null };

    private static bool IsThere(string path) => Path.Exists(path) || new FileInfo(path).LinkTarget is not null;

    /// <summary>Deletes what a restore needs no more, or has left that was killed before it had begun to
    /// exchange.</summary>
    internal static void Sweep(LabPaths paths)
    {
        if (!File.Exists(paths.RestoreJournal) && Directory.Exists(paths.Restore))
        {
            Directory.Delete(paths.Restore, recursive: true);
        }
    }
}
