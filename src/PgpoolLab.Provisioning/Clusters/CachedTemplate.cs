namespace PgpoolLab.Provisioning.Clusters;

/// <summary>A template in the cache, for <c>cache list</c>.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Folder">Where it lies.</param>
/// <param name="PostgreSql">PostgreSQL's version; null when the template is damaged.</param>
/// <param name="Superuser">The cluster's superuser.</param>
/// <param name="Bytes">Bytes on disk.</param>
/// <param name="Created">When it was made.</param>
/// <param name="LastUsed">When a lab was last made from it.</param>
public sealed record CachedTemplate(
    string Key,
    string Folder,
    string? PostgreSql,
    string? Superuser,
    long Bytes,
    DateTimeOffset? Created,
    DateTimeOffset LastUsed
);
