namespace PgpoolLab.Model;

/// <summary>What is now in the folder that a lab was made in and does not lie in any more.</summary>
public enum FormerPlaceState
{
    /// <summary>Nothing, and the folder above it is there.</summary>
    Free,

    /// <summary>Nothing, and the folder above it is not there either.</summary>
    NoFolderAbove,

    /// <summary>An empty folder.</summary>
    EmptyFolder,

    /// <summary>The lab itself: what lies elsewhere is a copy of it.</summary>
    ThisLab,

    /// <summary>Something else, or something that cannot be seen.</summary>
    SomethingElse,
}

/// <summary>Where a lab was made that lies in another folder now. Its configuration still names that folder.</summary>
/// <param name="Root">The folder.</param>
/// <param name="State">What is there now.</param>
/// <param name="SafeAlias">The lab's link to it; null when it has none.</param>
/// <param name="IsSetups">True when setup had made the folder.</param>
public sealed record FormerPlace(string Root, FormerPlaceState State, string? SafeAlias, bool IsSetups)
{
    /// <summary>True when the lab itself is still there, so that this is but a copy of it.</summary>
    public bool HasOriginal => State is FormerPlaceState.ThisLab;
}
