namespace PgpoolLab.Hosts;

/// <summary>The unix sockets processes of this machine listen on.</summary>
internal static class UnixSockets
{
    private const string Table = "/proc/net/unix";

    /// <summary>Paths of all that are bound, as their servers named them. A server that is stopped or overloaded does
    /// not answer, but is in this list.</summary>
    /// <returns>Empty where the system does not tell.</returns>
    /// <remarks>Linux manual, proc(5), "/proc/net/unix".</remarks>
    internal static IReadOnlySet<string> Bound() =>
        File.Exists(Table) ? Parse(File.ReadAllText(Table)) : new HashSet<string>();

    /// <summary>Understands the table: seven fields, then the path, which may hold spaces.</summary>
    internal static IReadOnlySet<string> Parse(string table) =>
        table
            .Split('\n')
            .Skip(1)
            .Select(l => l.IndexOf('/', StringComparison.Ordinal) is >= 0 and var path ? l[path..].TrimEnd() : "")
            .Where(p => p.Length > 0)
            .ToHashSet(StringComparer.Ordinal);
}
