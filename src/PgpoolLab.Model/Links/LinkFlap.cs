namespace PgpoolLab.Model.Links;

/// <summary>A link that is cut and healed again and again.</summary>
/// <param name="On">How long it is cut each time.</param>
/// <param name="Off">How long it is whole each time.</param>
/// <param name="Times">How often it is cut; after the last time it is whole.</param>
public sealed record LinkFlap(TimeSpan On, TimeSpan Off, int Times);
