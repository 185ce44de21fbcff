namespace PgpoolLab.Drills.Ledger;

/// <summary>A row as a node has it: who wrote it, which of his it is, and in which attempt.</summary>
/// <param name="Client">The client's number.</param>
/// <param name="Row">Which row of the client's.</param>
/// <param name="Attempt">Which attempt at it.</param>
public readonly record struct RowId(int Client, int Row, int Attempt);

/// <summary>What a node has, read from it directly.</summary>
/// <param name="Node">The node's number.</param>
/// <param name="TakesWrites">It was a primary when it was read.</param>
/// <param name="Rows">Its rows, each as often as it is there; null when it could not be read.</param>
/// <param name="Why">Why it could not.</param>
public sealed record NodeRows(int Node, bool TakesWrites, IReadOnlyList<RowId>? Rows, string? Why);
