namespace PgpoolLab.Provisioning.Snapshots;

/// <summary>What is wanted of a lab that is made of another one.</summary>
/// <param name="Directory">Its folder, absolute.</param>
public sealed record CloneRequest(string Directory)
{
    /// <summary>The snapshot it is made of; null for the lab as it is.</summary>
    public string? From { get; init; }

    /// <summary>What to call it; null for its folder's name.</summary>
    public string? Name { get; init; }

    /// <summary>The first of its ports; null for a free block.</summary>
    public int? Port { get; init; }

    /// <summary>True for passwords of its own; else it has those of the other lab.</summary>
    public bool NewPasswords { get; init; }

    /// <summary>Whether it is started; null to start it when servers of the other lab ran.</summary>
    public bool? Start { get; init; }
}

/// <summary>A lab that was made of another one.</summary>
/// <param name="Lab">The lab.</param>
/// <param name="Source">The lab it was made of.</param>
/// <param name="Frozen">How long that one's servers stood still; null when they did not.</param>
/// <param name="Started">True when it runs.</param>
public sealed record ClonedLab(Model.Lab Lab, Model.Lab Source, TimeSpan? Frozen, bool Started);
