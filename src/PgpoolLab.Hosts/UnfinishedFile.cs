namespace PgpoolLab.Hosts;

/// <summary>A file that is being written, beside the one it will replace: who is killed on the way leaves it.</summary>
public static class UnfinishedFile
{
    private const string End = ".tmp";

    /// <summary>Its path.</summary>
    /// <param name="path">The file it will replace.</param>
    public static string Beside(string path) => $"{path}.{Environment.ProcessId}{End}";

    /// <summary>The name of the file this one would have replaced; null when it is no such file.</summary>
    /// <param name="name">A name without its folder.</param>
    public static string? Replaces(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var rest = name.EndsWith(End, StringComparison.Ordinal) ? name[..^End.Length] : "";
        var dot = rest.LastIndexOf('.');
        return dot > 0 && rest[(dot + 1)..] is { Length: > 0 } id && id.All(char.IsAsciiDigit) ? rest[..dot] : null;
    }
}
