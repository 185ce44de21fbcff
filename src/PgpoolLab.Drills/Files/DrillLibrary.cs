namespace PgpoolLab.Drills.Files;

/// <summary>The drills that the program brings.</summary>
public static class DrillLibrary
{
    private const string Prefix = "drills/",
        Ending = ".yaml";

    /// <summary>Their names, in the order of the alphabet.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. typeof(DrillLibrary)
            .Assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(n => n[Prefix.Length..^Ending.Length])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The text of one; null when there is none of this name.</summary>
    public static string? TextOf(string name)
    {
        using var stream = typeof(DrillLibrary).Assembly.GetManifestResourceStream($"{Prefix}{name}{Ending}");
        if (stream is null)
        {
            return null;
        }

        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
