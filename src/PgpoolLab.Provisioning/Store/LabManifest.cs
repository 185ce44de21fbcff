using System.Text.Json.Serialization;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Store;

/// <summary>How far a lab is in its life. What runs is never stored: it is probed.</summary>
public enum LabState
{
    /// <summary>Setup is at work, or was killed.</summary>
    Creating,

    /// <summary>Setup has finished and proved it.</summary>
    Ready,

    /// <summary>Setup failed and was told to keep what it made.</summary>
    Failed,

    /// <summary>Destroy deletes its files, or was ended before it was done: not all of them are there.</summary>
    Destroying,
}

/// <summary>What is written in <c>.pgpoollab/lab.json</c>. It holds no secrets.</summary>
public sealed record LabManifest
{
    /// <summary>Version of this file's shape. A reader refuses a newer one. In 1 a lab had one Pgpool-II.</summary>
    public const int CurrentSchema = 2;

    /// <summary>The shape this file has.</summary>
    public int Schema { get; init; } = CurrentSchema;

    /// <summary>The program version that wrote it.</summary>
    public required string ToolVersion { get; init; }

    /// <summary>The command line that made the lab.</summary>
    public required IReadOnlyList<string> CommandLine { get; init; }

    /// <summary>How far it is.</summary>
    public required LabState State { get; init; }

    /// <summary>Titles of the steps that are done, in order.</summary>
    public IReadOnlyList<string> CompletedSteps { get; init; } = [];

    /// <summary>The lab itself.</summary>
    public required Lab Lab { get; init; }

    /// <summary>This manifest with folders that are the lab's own, whatever the file says: commands delete what they
    /// name.</summary>
    internal LabManifest WithOwnFolders() => this with { Lab = Lab.WithOwnFolders() };

    /// <summary>Whose word this is; null for one that was not read.</summary>
    [JsonIgnore]
    internal ManifestSource? Source { get; init; }
}

/// <summary>Who has written a manifest: as the system said of the open file that was read, and of the open folder it
/// lay in.</summary>
/// <param name="File">The manifest's owner; null where that cannot be seen.</param>
/// <param name="Folder">The owner of the hidden folder it lies in; null where that cannot be seen.</param>
internal sealed record ManifestSource(Hosts.Ownership? File, Hosts.Ownership? Folder)
{
    /// <summary>The one user whose word it certainly is; null when another could have put it there, or can write in
    /// it.</summary>
    internal int? User =>
        File is { OnlyOwnerWrites: true } file && Folder is { OnlyOwnerWrites: true } folder && file.User == folder.User
            ? file.User
            : null;
}

/// <summary>One line of the index of a user's labs.</summary>
/// <param name="Id">The lab's id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Root">Its folder.</param>
/// <param name="Ports">Every port it uses.</param>
public sealed record LabIndexEntry(string Id, string Name, string Root, IReadOnlyList<int> Ports)
{
    /// <summary>Every socket of its servers, and the lock files beside them. They lie outside of the lab's folder: who
    /// deletes that by hand leaves them. Empty in a list that an older version wrote.</summary>
    public IReadOnlyList<string> Sockets { get; init; } = [];
}

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(LabManifest))]
[JsonSerializable(typeof(LabIndexEntry))]
[JsonSerializable(typeof(PortLease))]
[JsonSerializable(typeof(FolderRecord))]
internal sealed partial class StoreJson : JsonSerializerContext;
