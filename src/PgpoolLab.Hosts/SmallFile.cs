using System.Text;

namespace PgpoolLab.Hosts;

/// <summary>Files of a few hundred bytes that are read again and again while something is awaited.
/// <see cref="File.ReadAllText(string)"/> makes 20 KB of buffers for each.</summary>
internal static class SmallFile
{
    private const int Most = 4096;

    /// <summary>Reads a file whole; one that is no regular file is refused.</summary>
    /// <returns>Its text (UTF-8); null when there is none.</returns>
    /// <exception cref="IOException">It cannot be read: of a process that has just ended, for example.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    internal static string? ReadText(string path)
    {
        using var file = RegularFile.TryOpen(path);
        if (file is null)
        {
            return null;
        }

        Span<byte> buffer = stackalloc byte[Most];
        var length = 0;
        // Files of /proc may come in pieces, and do not tell their length.
        while (length < Most && RandomAccess.Read(file, buffer[length..], length) is > 0 and var read)
        {
            length += read;
        }

        return length < Most
            ? Encoding.UTF8.GetString(WithoutMark(buffer[..length]))
            : RegularFile.Read(file, path, RegularFile.MostText);
    }

    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> text) =>
        text.StartsWith(Encoding.UTF8.Preamble) ? text[Encoding.UTF8.Preamble.Length..] : text;
}
