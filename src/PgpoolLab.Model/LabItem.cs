using System.Text.RegularExpressions;

namespace PgpoolLab.Model;

/// <summary>What a thing of a lab is to the system.</summary>
public enum LabItemKind
{
    /// <summary>A folder, with what lies in it.</summary>
    Folder,

    /// <summary>A file.</summary>
    File,

    /// <summary>A symbolic link.</summary>
    Link,

    /// <summary>A unix socket, or the lock file beside one.</summary>
    Socket,

    /// <summary>A port that is kept for the lab.</summary>
    Lease,

    /// <summary>Shared memory and semaphores.</summary>
    Memory,
}

/// <summary>What a thing of a lab is for.</summary>
public enum LabItemUse
{
    /// <summary>A cluster's data.</summary>
    Data,

    /// <summary>Archived WAL.</summary>
    Archive,

    /// <summary>What servers and clients read: settings, passwords, certificates.</summary>
    Configuration,

    /// <summary>What users call or read.</summary>
    Script,

    /// <summary>Logs and events.</summary>
    Log,

    /// <summary>What is there while servers run.</summary>
    Runtime,

    /// <summary>Saved states of the lab.</summary>
    Snapshot,

    /// <summary>What tells that there is a lab, and who is at work on it.</summary>
    Record,
}

/// <summary>Whose a thing of a lab is.</summary>
public enum LabItemOwner
{
    /// <summary>One PostgreSQL's.</summary>
    Node,

    /// <summary>One Pgpool-II's.</summary>
    Pgpool,

    /// <summary>The whole lab's.</summary>
    Lab,

    /// <summary>This program's.</summary>
    Tool,
}

/// <summary>By which operation a thing of a lab is made.</summary>
public enum LabItemMaker
{
    /// <summary>Setup, as it takes folder, name and ports.</summary>
    Claim,

    /// <summary>Setup, as it makes folders and links.</summary>
    Folders,

    /// <summary>Setup, as it writes configuration and scripts.</summary>
    Files,

    /// <summary>Setup, as it makes certificates.</summary>
    Certificates,

    /// <summary>Setup and add-node, as they make clusters.</summary>
    Clusters,

    /// <summary>Whatever starts servers, and the servers.</summary>
    Start,

    /// <summary>Online recovery.</summary>
    Recovery,

    /// <summary>Saving and restoring snapshots, and moving the lab.</summary>
    Snapshots,

    /// <summary>A setup that fails.</summary>
    Failure,

    /// <summary>Commands that look at a lab on several hosts, or are let in by it.</summary>
    Look,

    /// <summary>An earlier version of this program, or the pgpool_setup that watchdog_setup calls.</summary>
    Others,
}

/// <summary>Where a thing of a lab lies.</summary>
public enum LabItemPlace
{
    /// <summary>In the lab's folder.</summary>
    Lab,

    /// <summary>Somewhere else, by its path.</summary>
    Elsewhere,

    /// <summary>In the folder in which this program keeps what is a user's.</summary>
    State,

    /// <summary>In the folder of all users' leases, by its port.</summary>
    Leases,

    /// <summary>In memory; the path is that of the folder of the server that has it.</summary>
    Memory,
}

/// <summary>How a thing is recognized as the lab's.</summary>
public enum LabItemProof
{
    /// <summary>It lies in the lab's folder.</summary>
    Place,

    /// <summary>It is a link, and leads where the lab's does.</summary>
    Target,

    /// <summary>It is the user's own, and no server answers there: the name may be another lab's by now.</summary>
    Silence,

    /// <summary>It bears the lab's id.</summary>
    Id,

    /// <summary>Its maker works in the lab's folder, or did.</summary>
    Server,
}

/// <summary>One thing that belongs to a lab, whether it is there or not.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Use">What it is for.</param>
/// <param name="Owner">Whose it is.</param>
/// <param name="MadeBy">By which operation it is made.</param>
/// <param name="Path">Where it is: absolute, or relative to its <see cref="Place"/>.</param>
public sealed record LabItem(LabItemKind Kind, LabItemUse Use, LabItemOwner Owner, LabItemMaker MadeBy, string Path)
{
    /// <summary>The number of the node or of the Pgpool-II it is of; null for what is not one's.</summary>
    public int? Number { get; init; }

    /// <summary>Where it lies.</summary>
    public LabItemPlace Place { get; init; }

    /// <summary>Where a link leads.</summary>
    public string? Target { get; init; }

    /// <summary>The names of what the lab and its servers make in a folder; null where users put nothing.</summary>
    public Regex? Holds { get; init; }

    /// <summary>True for a folder in which users keep things of their own: it goes only when it is empty.</summary>
    public bool IsShared { get; init; }

    /// <summary>How it is recognized.</summary>
    public LabItemProof Proof =>
        Kind is LabItemKind.Socket ? LabItemProof.Silence
        : Place is LabItemPlace.Lab ? LabItemProof.Place
        : Place is LabItemPlace.Memory ? LabItemProof.Server
        : Kind is LabItemKind.Link ? LabItemProof.Target
        : LabItemProof.Id;

    /// <summary>True for what setup makes in the lab's folder and the lab keeps: while its servers are stopped, this is
    /// the lab.</summary>
    public bool IsLasting =>
        Place is LabItemPlace.Lab
        && MadeBy
            is LabItemMaker.Claim
                or LabItemMaker.Folders
                or LabItemMaker.Files
                or LabItemMaker.Certificates
                or LabItemMaker.Clusters;
}
