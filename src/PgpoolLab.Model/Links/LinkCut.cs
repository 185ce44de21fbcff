namespace PgpoolLab.Model.Links;

/// <summary>How a link is cut.</summary>
public enum LinkCut
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>Nothing moves; whoever connects is connected, and hears nothing.</summary>
    Stall,

    /// <summary>Nothing moves, and whoever connects gets no answer at all: a black hole.</summary>
    Hole,

    /// <summary>Connections are reset, and whoever connects is refused.</summary>
    Refuse,

    /// <summary>What the one who connects sends does not arrive; what it is sent does.</summary>
    Half,

    /// <summary>What the one who listens sends does not arrive; what it is sent does.</summary>
    HalfBack,
}

/// <summary>The words for it.</summary>
public static class LinkCuts
{
    /// <summary>The word that resets connections once, and changes nothing else.</summary>
    public const string Reset = "reset";

    /// <summary>The word for a way to cut a link; <c>open</c> for none.</summary>
    public static string Word(this LinkCut cut) =>
        cut switch
        {
            LinkCut.None => "open",
            LinkCut.Stall => "stall",
            LinkCut.Hole => "hole",
            LinkCut.Refuse => "refuse",
            LinkCut.Half => "half",
            _ => "half-back",
        };

    /// <summary>Reads such a word; null for anything else.</summary>
    public static LinkCut? Parse(string word) =>
        Enum.GetValues<LinkCut>().Cast<LinkCut?>().FirstOrDefault(c => c!.Value.Word() == word);

    /// <summary>The words a link can be cut by.</summary>
    public static IReadOnlyList<string> Words { get; } =
    [.. Enum.GetValues<LinkCut>().Where(c => c is not LinkCut.None).Select(Word)];
}
