using System.Text;
using PgpoolLab.Hosts;

namespace PgpoolLab.Ssh.Files;

/// <summary>Adds keys to a file of known hosts.</summary>
public static class KnownHostsFile
{
    /// <summary>Adds a line in one write at the file's end, where several may write at once. A file that is made is
    /// its owner's alone, and so is its folder.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">From <see cref="KnownHosts.NameOf"/>.</param>
    /// <param name="key">The key.</param>
    /// <param name="hashed">Whether the name is hidden: <c>HashKnownHosts</c>.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public static void Append(string path, string name, SshKey key, bool hashed)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(key);
        if (!hashed && !MeansItself(name))
        {
            throw new IOException($"\"{name}\" would mean other hosts, too.");
        }

        if (Path.GetDirectoryName(path) is { Length: > 0 } folder && !Directory.Exists(folder))
        {
            MakePrivate(folder);
        }

        var line = $"{(hashed ? HashedName.Of(name) : name)} {key.ToLine()}\n";
        using var file = RegularFile.OpenToWrite(path, append: true);
        // Somebody's editor may have left the last line open.
        var bytes = Encoding.UTF8.GetBytes(EndsInLine(path) ? line : "\n" + line);
        using var stream = new FileStream(file, FileAccess.Write, bufferSize: 0);
        stream.Write(bytes);
    }

    /// <summary>In a line of such a file some characters mean more than one host, or another kind of line.</summary>
    private static bool MeansItself(string name) =>
        name.Length > 0 && name[0] is not ('|' or '#' or '@') && !name.Any(c => c is '*' or '?' or '!' or ',' or ' ');

    private static void MakePrivate(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, Modes.PrivateFolder);
        }
    }

    private static bool EndsInLine(string path)
    {
        using var file = RegularFile.Open(path);
        var length = RandomAccess.GetLength(file);
        Span<byte> last = stackalloc byte[1];
        return length == 0 || RandomAccess.Read(file, last, length - 1) == 0 || last[0] == (byte)'\n';
    }
}
