using System.IO.Compression;
using PgpoolLab.Hosts;

namespace PgpoolLab.Provisioning.Configuration;

/// <summary>The pgpool.conf.sample of a Pgpool-II installation, which labs of pgpool_setup's conventions begin
/// with.</summary>
public static class SampleConfiguration
{
    /// <summary>Where packages and source installs put the samples.</summary>
    private static readonly string[] UsualFolders =
    [
        "/etc/pgpool2",
        "/etc/pgpool-II",
        "/usr/share/doc/pgpool2/examples",
        "/usr/share/pgpool-II/etc",
        "/usr/local/etc",
    ];

    /// <summary>Finds the sample.</summary>
    /// <param name="files">The machine's files.</param>
    /// <param name="asked">PGPOOLDIR; null when not given.</param>
    /// <param name="installDirectory">Pgpool-II's prefix.</param>
    /// <param name="modeSuffix">Before 4.2 each mode has a sample of its own: its suffix, such as <c>-stream</c>; empty
    /// for the general one.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>A file; null when there is none.</returns>
    public static ValueTask<string?> FindAsync(
        IFiles files,
        string? asked,
        string installDirectory,
        string modeSuffix,
        CancellationToken cancellationToken
    )
    {
        string[] folders = [.. asked is null ? [] : (string[])[asked], $"{installDirectory}/etc", .. UsualFolders];
        string[] names =
        [
            .. modeSuffix.Length > 0 ? (string[])[$"pgpool.conf.sample{modeSuffix}"] : [],
            "pgpool.conf.sample",
        ];
        return files.FirstFileAsync(
            folders.SelectMany(f => names.SelectMany(n => (string[])[$"{f}/{n}", $"{f}/{n}.gz"])),
            cancellationToken
        );
    }

    /// <summary>The sample's text, with a line break at its end.</summary>
    /// <param name="files">The machine's files.</param>
    /// <param name="file">As found; Debian may have compressed it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static async Task<string> ReadAsync(IFiles files, string file, CancellationToken cancellationToken)
    {
        var bytes =
            await files.ReadBytesAsync(file, cancellationToken)
            ?? throw new FileNotFoundException($"Could not find file '{file}'.", file);
        using var stream = new MemoryStream(bytes);
        using Stream plain = file.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(stream, CompressionMode.Decompress)
            : stream;
        using var reader = new StreamReader(plain);
        var text = await reader.ReadToEndAsync(cancellationToken);
        return text.EndsWith('\n') ? text : text + "\n";
    }
}
