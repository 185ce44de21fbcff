namespace PgpoolLab.Model;

/// <summary>A database of the users' own in a lab.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Owner">The role it belongs to; null for the lab's user.</param>
public sealed record LabDatabase(string Name, string? Owner = null);
