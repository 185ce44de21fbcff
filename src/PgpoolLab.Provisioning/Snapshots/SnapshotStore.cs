using System.Text.Json;
using System.Text.RegularExpressions;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Snapshots;

/// <summary>A snapshot as it lies on the disk.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Bytes">What it takes on disk. Blocks that it shares with the lab or another snapshot count,
/// too.</param>
/// <param name="Info">What is known of it; null when that cannot be read.</param>
/// <param name="Problem">Why it cannot be used; null when it can.</param>
public sealed record StoredSnapshot(string Name, long Bytes, SnapshotInfo? Info, string? Problem);

/// <summary>The snapshots of a lab: a folder for each, in the lab's hidden one. One that has a name is whole: it gets
/// that last.</summary>
/// <param name="paths">Of the lab.</param>
public sealed partial class SnapshotStore(LabPaths paths)
{
    private const string InfoName = "snapshot.json";
    private const int LargestInfo = 4 << 20;

    /// <summary>What a snapshot is called when the user gives no name.</summary>
    public const string DefaultName = "default";

    /// <summary>Where a snapshot is made.</summary>
    internal string Unfinished => $"{paths.Snapshots}/.unfinished";

    private string Dropped => $"{paths.Snapshots}/.dropped";

    /// <summary>What is wrong with a name; null when nothing is.</summary>
    public static string? ProblemOf(string name) =>
        Names().IsMatch(name)
            ? null
            : $"'{name}' cannot be a snapshot's name: letters, digits, - _ and . are allowed, 64 at most, and the "
                + "first is a letter or a digit.";

    /// <summary>Where the files of a snapshot are.</summary>
    internal string FilesOf(string name) => $"{paths.Snapshots}/{name}/files";

    /// <summary>Where the files of the one that is made are.</summary>
    internal string UnfinishedFiles => $"{Unfinished}/files";

    /// <summary>True when there is one of this name.</summary>
    public bool Has(string name) => Directory.Exists($"{paths.Snapshots}/{name}");

    /// <summary>All of them, the oldest first.</summary>
    public IReadOnlyList<StoredSnapshot> List(CancellationToken cancellationToken) =>
        [
            .. NamesOfAll()
                .Select(n => Look(n, cancellationToken))
                .OrderBy(s => s.Info?.SavedAt ?? DateTimeOffset.MinValue)
                .ThenBy(s => s.Name, StringComparer.Ordinal),
        ];

    private IEnumerable<string> NamesOfAll() =>
        Directory.Exists(paths.Snapshots)
            ? Directory
                .EnumerateDirectories(paths.Snapshots)
                .Select(d => Path.GetFileName(d))
                .Where(n => Names().IsMatch(n))
            : [];

    private StoredSnapshot Look(string name, CancellationToken cancellationToken)
    {
        var bytes = DiskUsage.Of($"{paths.Snapshots}/{name}", cancellationToken);
        try
        {
            return new StoredSnapshot(name, bytes, Parse(name), null);
        }
        catch (Exception error) when (error is IOException or JsonException or UnauthorizedAccessException)
        {
            return new StoredSnapshot(name, bytes, null, error.Message);
        }
    }

    /// <summary>Reads what is known of one.</summary>
    /// <exception cref="LabException">There is none of that name, or it is damaged.</exception>
    public SnapshotInfo Read(string name)
    {
        if (ProblemOf(name) is { } problem)
        {
            throw new LabException(ExitCode.Usage, problem);
        }

        if (!Has(name))
        {
            var others = NamesOfAll().Order(StringComparer.Ordinal).ToArray();
            throw new LabException(ExitCode.NotFound, $"The lab has no snapshot '{name}'.")
            {
                Hints =
                [
                    others.Length == 0
                        ? $"Save one:  pgpoollab snapshot save {name}"
                        : $"There are:  {string.Join(", ", others)}",
                ],
            };
        }

        try
        {
            return Parse(name);
        }
        catch (Exception error) when (error is IOException or JsonException)
        {
            throw new LabException(ExitCode.Failed, $"The snapshot '{name}' is damaged: {error.Message}", error)
            {
                Hints = [$"Delete it:  pgpoollab snapshot drop {name}"],
            };
        }
    }

    private SnapshotInfo Parse(string name)
    {
        var file = $"{paths.Snapshots}/{name}/{InfoName}";
        return SnapshotInfo.Parse(
            RegularFile.ReadText(file, LargestInfo) ?? throw new IOException($"{file} is missing.")
        );
    }

    /// <summary>Makes room for one that is made; nothing is left of an earlier try.</summary>
    internal void Begin()
    {
        Sweep();
        if (!Directory.Exists(paths.Snapshots))
        {
            Make(paths.Snapshots);
        }

        Make(Unfinished);
        Make(UnfinishedFiles);
    }

    private static void Make(string folder)
    {
        Directory.CreateDirectory(folder);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, Modes.PrivateFolder);
        }
    }

    /// <summary>Gives the one that is made its name: from now on there is a snapshot, whole. One that had the name is
    /// deleted after that.</summary>
    internal void Complete(SnapshotInfo info)
    {
        LabStore.WriteWhole($"{Unfinished}/{InfoName}", info.ToJson());
        TreeCopier.Flush(paths.Snapshots);
        var place = $"{paths.Snapshots}/{info.Name}";
        if (!Directory.Exists(place))
        {
            Directory.Move(Unfinished, place);
            return;
        }

        TreeCopier.Exchange(Unfinished, place);
        Sweep();
    }

    /// <summary>Deletes one. Killed in the middle, it has left none that is half there.</summary>
    /// <exception cref="LabException">There is none of that name.</exception>
    public void Drop(string name)
    {
        if (!Has(name) || ProblemOf(name) is not null)
        {
            _ = Read(name);
        }

        Sweep();
        Directory.Move($"{paths.Snapshots}/{name}", Dropped);
        Sweep();
    }

    /// <summary>Deletes what a command has left that was killed.</summary>
    internal void Sweep()
    {
        foreach (var left in ((string[])[Unfinished, Dropped]).Where(Directory.Exists))
        {
            Directory.Delete(left, recursive: true);
        }
    }

    /// <summary>True when a command has left something that was killed.</summary>
    internal bool HasRemains => Directory.Exists(Unfinished) || Directory.Exists(Dropped);

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z")]
    private static partial Regex Names();
}
