using System.Buffers;
using System.IO.Hashing;
using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Clusters;

/// <summary>One file of a template.</summary>
/// <param name="Path">Relative to the data folder.</param>
/// <param name="Length">Length in bytes.</param>
/// <param name="Content">Bytes up to the last one that is not zero; the rest is a hole. A fresh WAL file is nearly all
/// hole.</param>
/// <param name="Hash">XxHash3 of that content, without the hole in it.</param>
/// <param name="Mode">Permissions.</param>
/// <param name="Hole">Where the largest hole in that content begins, in bytes; it is a multiple of what is read at
/// once.</param>
/// <param name="HoleEnd">Where that hole ends; as <paramref name="Hole"/> when there is none.</param>
public sealed record TemplateFile(
    string Path,
    long Length,
    long Content,
    ulong Hash,
    int Mode,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Hole = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long HoleEnd = 0
);

/// <summary>What is known of a template; lies beside it as <c>template.json</c>, and is written last.</summary>
/// <param name="Key">The recipe's key.</param>
/// <param name="PostgreSql">PostgreSQL's version, for people.</param>
/// <param name="Superuser">The cluster's superuser.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Folders">Folders in it, parents first.</param>
/// <param name="Files">Files in it.</param>
public sealed record TemplateManifest(
    string Key,
    string PostgreSql,
    string Superuser,
    DateTimeOffset Created,
    IReadOnlyList<string> Folders,
    IReadOnlyList<TemplateFile> Files
);

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TemplateManifest))]
internal sealed partial class ClusterJson : JsonSerializerContext;

/// <summary>A template is not what it was when it was made.</summary>
/// <param name="message">What differs.</param>
/// <param name="inner">The system's own error.</param>
public sealed class TemplateDamagedException(string message, Exception? inner = null)
    : LabException(ExitCode.Failed, message, inner);

/// <summary>A finished database cluster, never started, that labs are copied from.</summary>
public sealed class ClusterTemplate
{
    private const string ManifestName = "template.json";
    private const long MostManifest = 16 << 20;
    private const int BlockSize = 1 << 18;
    private const UnixFileMode PrivateFolder =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string _folder;

    private ClusterTemplate(string folder, TemplateManifest manifest) => (_folder, Manifest) = (folder, manifest);

    /// <summary>What is known of it.</summary>
    public TemplateManifest Manifest { get; }

    /// <summary>Bytes it takes on disk, about: holes take none.</summary>
    public long Bytes => Manifest.Files.Sum(Filled);

    private static long Filled(TemplateFile file) => file.Content - (file.HoleEnd - file.Hole);

    /// <summary>Makes a template in a folder that does not exist yet.</summary>
    public static async Task<ClusterTemplate> MakeAsync(
        string folder,
        ClusterRecipe recipe,
        IHost host,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(time);
        CreateFolder(folder);
        var data = DataOf(folder);
        // An initdb that fails deletes the folder it has made, but only the contents of one it has found: by which what
        // it leaves outside is known.
        CreateFolder(data);
        await recipe.MakeAsync(host, data, cancellationToken);
        ClusterWal.Forget(data);
        var folders = Directory
            .EnumerateDirectories(data, "*", SearchOption.AllDirectories)
            .Select(d => Path.GetRelativePath(data, d))
            .Order(StringComparer.Ordinal)
            .ToArray();
        var files = Directory
            .EnumerateFiles(data, "*", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .ToArray();
        var described = new TemplateFile[files.Length];
        Parallel.For(
            0,
            files.Length,
            new ParallelOptions { CancellationToken = cancellationToken },
            i => described[i] = Describe(data, files[i])
        );
        var manifest = new TemplateManifest(
            recipe.Key(),
            recipe.Tools.Postgres.ToString(),
            recipe.Superuser,
            time.GetUtcNow(),
            folders,
            described
        );
        await File.WriteAllTextAsync(
            $"{folder}/{ManifestName}",
            JsonSerializer.Serialize(manifest, ClusterJson.Default.TemplateManifest),
            cancellationToken
        );
        return new ClusterTemplate(folder, manifest);
    }

    /// <summary>Reads what is known of the template in a folder.</summary>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="TemplateDamagedException">There is one, but it cannot be understood.</exception>
    public static ClusterTemplate? Find(string folder)
    {
        try
        {
            using var stream = new FileStream(RegularFile.Open($"{folder}/{ManifestName}"), FileAccess.Read);
            if (stream.Length > MostManifest)
            {
                throw new TemplateDamagedException($"The description of the template in {folder} is too large.");
            }

            return
                JsonSerializer.Deserialize(stream, ClusterJson.Default.TemplateManifest) is { } manifest
                && IsSound(manifest)
                ? new ClusterTemplate(folder, manifest)
                : throw new TemplateDamagedException(
                    $"The template in {folder} has no description, or one of what no cluster has."
                );
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception error) when (error is JsonException or UnauthorizedAccessException or IOException)
        {
            throw new TemplateDamagedException($"The template in {folder} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Copies the cluster into new folders, each file read and checked once.</summary>
    /// <param name="targets">Data folders to make; their parents exist.</param>
    /// <param name="cancellationToken">Ends it half-way.</param>
    /// <exception cref="TemplateDamagedException">A file is not what it was; what was copied is of no use.</exception>
    public void CopyTo(IReadOnlyList<string> targets, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(targets);
        foreach (var target in targets)
        {
            CreateFolder(target);
            foreach (var folder in Manifest.Folders)
            {
                CreateFolder($"{target}/{folder}");
            }
        }

        // The few large files first, so that no thread is left with one at the end.
        var files = Manifest.Files.OrderByDescending(Filled).ToArray();
        try
        {
            Parallel.ForEach(
                System.Collections.Concurrent.Partitioner.Create(files, EnumerablePartitionerOptions),
                new ParallelOptions
                {
                    CancellationToken = cancellationToken,
                    MaxDegreeOfParallelism = Environment.ProcessorCount,
                },
                file => CopyFile(DataOf(_folder), file, targets)
            );
        }
        catch (AggregateException several)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
        }
    }

    private const System.Collections.Concurrent.EnumerablePartitionerOptions EnumerablePartitionerOptions = System
        .Collections
        .Concurrent
        .EnumerablePartitionerOptions
        .NoBuffering;

    /// <summary>The data folder of a template.</summary>
    internal static string DataOf(string folder) => $"{folder}/cluster";

    /// <summary>True when everything it names lies in the cluster's folder, once, and can be a file or folder of
    /// PostgreSQL's. What a file holds is checked when it is copied.</summary>
    private static bool IsSound(TemplateManifest manifest)
    {
        const long longest = 1L << 30; // of tables and WAL alike
        const int permissions = 0b111_111_111;
        return manifest is { Key: not null, Folders: not null, Files: not null }
            && !manifest.Folders.Contains(null!)
            && !manifest.Files.Contains(null!)
            && manifest.Folders.Concat(manifest.Files.Select(f => f.Path)).All(IsRelative)
            && manifest.Folders.Concat(manifest.Files.Select(f => f.Path)).ToHashSet() is var all
            && all.Count == manifest.Folders.Count + manifest.Files.Count
            && manifest.Folders.Append("").ToHashSet() is var folders
            && all.All(p => folders.Contains(Path.GetDirectoryName(p)!))
            && manifest.Files.All(f =>
                f.Content >= 0
                && f.Content <= f.Length
                && f.Length <= longest
                && f.Hole >= 0
                && f.Hole <= f.HoleEnd
                && f.HoleEnd <= f.Content
                && (f.Mode & ~permissions) == 0
            );

        static bool IsRelative(string? path) =>
            path is { Length: > 0 and <= 200 }
            && path.Split('/')
                .All(name =>
                    name is not ("" or "." or "..")
                    && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.')
                );
    }

    private static void CreateFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, PrivateFolder);
        }
    }

    private static TemplateFile Describe(string data, string file)
    {
        using var handle = RegularFile.Open(file);
        var length = RandomAccess.GetLength(handle);
        var buffer = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            long content = 0;
            var (hole, holeEnd) = (0L, 0L);
            for (long at = 0, begin = 0; at < length; )
            {
                var read = RandomAccess.Read(handle, buffer.AsSpan(0, BlockSize), at);
                if (read == 0)
                {
                    break;
                }

                var last = buffer.AsSpan(0, read).LastIndexOfAnyExcept((byte)0);
                content = last >= 0 ? at + last + 1 : content;
                // What ends with the file is no hole in its content.
                (hole, holeEnd) = last >= 0 && at - begin > holeEnd - hole ? (begin, at) : (hole, holeEnd);
                at += read;
                begin = last >= 0 ? at : begin;
            }

            var hash = new XxHash3();
            for (var at = Beyond(0, hole, holeEnd); at < content; )
            {
                var read = RandomAccess.Read(handle, buffer.AsSpan(0, ToRead(at, content, hole)), at);
                hash.Append(buffer.AsSpan(0, read));
                at = Beyond(at + read, hole, holeEnd);
            }

            return new TemplateFile(
                Path.GetRelativePath(data, file),
                length,
                content,
                hash.GetCurrentHashAsUInt64(),
                OperatingSystem.IsWindows() ? 0 : (int)File.GetUnixFileMode(handle),
                hole,
                holeEnd
            );
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static long Beyond(long at, long hole, long holeEnd) => at == hole ? holeEnd : at;

    private static int ToRead(long at, long content, long hole) =>
        (int)Math.Min(BlockSize, (at < hole ? hole : content) - at);

    private static void CopyFile(string data, TemplateFile file, IReadOnlyList<string> targets)
    {
        var handles = new Microsoft.Win32.SafeHandles.SafeFileHandle?[targets.Count + 1];
        var buffer = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            // Shared for writing: else .NET locks each file, which nobody needs here.
            var source = handles[^1] = OpenSource($"{data}/{file.Path}");
            for (var i = 0; i < targets.Count; i++)
            {
                handles[i] = Open($"{targets[i]}/{file.Path}", file.Mode);
            }

            var hash = new XxHash3();
            for (var at = Beyond(0, file.Hole, file.HoleEnd); at < file.Content; )
            {
                var read = RandomAccess.Read(source, buffer.AsSpan(0, ToRead(at, file.Content, file.Hole)), at);
                if (read == 0)
                {
                    throw new TemplateDamagedException($"{data}/{file.Path} is shorter than it was.");
                }

                var block = buffer.AsSpan(0, read);
                hash.Append(block);
                for (var i = 0; i < targets.Count; i++)
                {
                    RandomAccess.Write(handles[i]!, block, at);
                }

                at = Beyond(at + read, file.Hole, file.HoleEnd);
            }

            if (hash.GetCurrentHashAsUInt64() != file.Hash)
            {
                throw new TemplateDamagedException($"{data}/{file.Path} is not what it was.");
            }

            for (var i = 0; i < targets.Count && file.Length > file.Content; i++)
            {
                RandomAccess.SetLength(handles[i]!, file.Length);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            foreach (var handle in handles)
            {
                handle?.Dispose();
            }
        }

        static Microsoft.Win32.SafeHandles.SafeFileHandle OpenSource(string path)
        {
            try
            {
                return RegularFile.Open(path);
            }
            catch (Exception error)
                when (error is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
            {
                throw new TemplateDamagedException($"{path} is gone.", error);
            }
        }
    }

    private static Microsoft.Win32.SafeHandles.SafeFileHandle Open(string path, int mode)
    {
        var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite);
        const int usual = 0b110_000_000;
        // initdb gives its files to their owner alone, whatever the umask.
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(handle, (UnixFileMode)(mode == 0 ? usual : mode));
        }

        return handle;
    }
}
