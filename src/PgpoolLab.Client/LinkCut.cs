namespace PgpoolLab.Client;

/// <summary>How a network between servers is cut: <c>docs/links.md</c>.</summary>
public enum LinkCut
{
    /// <summary>Nothing moves, and nobody who connects is answered: as a cable that is pulled.</summary>
    Hole,

    /// <summary>Nothing moves; connections can still be made.</summary>
    Stall,

    /// <summary>Connections are reset, and new ones refused.</summary>
    Refuse,

    /// <summary>What the one that connects sends is lost.</summary>
    Half,

    /// <summary>What the other one sends is lost.</summary>
    HalfBack,

    /// <summary>Connections are reset once; new ones work.</summary>
    Reset,
}
