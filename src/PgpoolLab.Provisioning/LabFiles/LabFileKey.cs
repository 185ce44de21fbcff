using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>A key of a lab file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it says, a sentence without its full stop.</param>
/// <param name="Shape">What it may have.</param>
internal sealed record LabFileKey(string Name, string Description, Shape Shape)
{
    /// <summary>The option of <c>setup</c> that says the same; null where an option says it in parts, or in
    /// another way.</summary>
    internal string? Option { get; init; }

    /// <summary>The field of a request that it is about; null for none that messages name.</summary>
    internal SpecField? Field { get; init; }

    /// <summary>True when its map must have it.</summary>
    internal bool IsRequired { get; init; }
}
