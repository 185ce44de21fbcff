using System.Text.Json;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Snapshots;

/// <summary>A process that is suspended.</summary>
/// <param name="Id">Its number.</param>
/// <param name="StartedAt">What tells it from another that gets the number later.</param>
public sealed record FrozenProcess(int Id, string StartedAt);

/// <summary>The note of what is suspended, in the lab's hidden folder: should this program and its guard both be
/// killed, the next command has the servers go on.</summary>
/// <param name="Processes">The processes.</param>
public sealed record FrozenProcesses(IReadOnlyList<FrozenProcess> Processes)
{
    private const int Largest = 1 << 20;

    /// <summary>Writes the note.</summary>
    internal static void Note(LabPaths paths, IEnumerable<ProcessFacts> processes) =>
        LabStore.WriteWhole(
            paths.Frozen,
            JsonSerializer.Serialize(
                new FrozenProcesses([.. processes.Select(p => new FrozenProcess(p.Id, p.StartedAt))]),
                SnapshotJson.Default.FrozenProcesses
            )
        );

    /// <summary>Takes it away.</summary>
    internal static void Forget(LabPaths paths) => File.Delete(paths.Frozen);

    /// <summary>True when there is one.</summary>
    internal static bool AreNoted(LabPaths paths) => File.Exists(paths.Frozen);

    /// <summary>Has those go on that are noted and still stand still.</summary>
    /// <returns>How many did.</returns>
    internal static async Task<int> ResumeAsync(IHost host, LabPaths paths)
    {
        var resumed = 0;
        foreach (var noted in Read(paths)?.Processes ?? [])
        {
            if (
                await host.Processes.FindAsync(noted.Id, CancellationToken.None) is { IsSuspended: true } process
                && process.StartedAt == noted.StartedAt
                && await host.Processes.SignalAsync(process, ProcessSignal.Resume, CancellationToken.None)
            )
            {
                resumed++;
            }
        }

        Forget(paths);
        return resumed;
    }

    private static FrozenProcesses? Read(LabPaths paths)
    {
        try
        {
            return RegularFile.ReadText(paths.Frozen, Largest) is { } text
                ? JsonSerializer.Deserialize(text, SnapshotJson.Default.FrozenProcesses)
                : null;
        }
        catch (Exception error) when (error is JsonException or IOException)
        {
            return null;
        }
    }
}
