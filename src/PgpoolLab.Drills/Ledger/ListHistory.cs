namespace PgpoolLab.Drills.Ledger;

/// <summary>A list as a client saw it at a moment.</summary>
/// <param name="List">Which list.</param>
/// <param name="Items">What was in it, in order: <c>client.row.attempt</c> each.</param>
public sealed record ListSeen(int List, string Items);
