using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Store;

/// <summary>A manifest that this program cannot read.</summary>
/// <param name="what">What is wrong with it.</param>
/// <param name="inner">The cause.</param>
public sealed class ManifestException(string what, Exception? inner = null) : LabException(ExitCode.Failed, what, inner)
{
    /// <summary>True when a newer version wrote it; false when it is damaged.</summary>
    public bool IsNewer { get; init; }
}

/// <summary>Reads and writes a lab's manifest, and finds labs. Manifests lie on the machine this program runs
/// on.</summary>
public sealed class LabStore
{
    /// <summary>A manifest of the largest lab has a twentieth of that.</summary>
    private const int MostText = 4 << 20;

    internal const int MostIndexEntry = 1 << 20;

    private const UnixFileMode PrivateFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // Paths stay readable: nobody embeds this file in a web page.
    private static readonly StoreJson Json = new(
        new JsonSerializerOptions(StoreJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }
    );

    /// <summary>Writes the manifest whole or not at all.</summary>
    public static void Save(LabManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        WriteTo(manifest.Lab.Paths.Manifest, manifest);
    }

    /// <summary>The same to another place: one that lies ready.</summary>
    internal static void WriteTo(string file, LabManifest manifest) =>
        WriteWhole(file, JsonSerializer.Serialize(manifest, Json.LabManifest) + "\n");

    /// <summary>Notes that files of a lab are deleted from now on. Where that cannot be written, on a full disk or a
    /// read-only one, they are deleted all the same.</summary>
    internal static void NoteDestroying(Lab lab)
    {
        // The manifest of a moved or copied lab is the original's word.
        if (lab.Former is not null)
        {
            return;
        }

        try
        {
            if (Load(lab.Root) is { } manifest && manifest.Lab.Id == lab.Id)
            {
                Save(manifest with { State = LabState.Destroying });
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or LabException) { }
    }

    /// <summary>Reads the manifest of the lab in exactly this folder.</summary>
    /// <returns>Null when the folder holds no lab.</returns>
    /// <exception cref="LabException">The manifest is damaged, or newer than this program.</exception>
    public static LabManifest? Load(string root) => Load(root, LabPlaces.Placed);

    /// <summary>The same as the file has it, wherever the lab lies now.</summary>
    internal static LabManifest? LoadAsWritten(string root) => Load(root, (lab, _) => lab);

    private static LabManifest? Load(string root, Func<Lab, string, Lab> placed)
    {
        root = Hosts.Identity.RealPath(root);
        var file = new LabPaths(root).Manifest;
        if (Read(root, file) is not var (text, source))
        {
            return null;
        }

        try
        {
            // The shape first: a newer one may have nothing else in common with this one.
            using var document = JsonDocument.Parse(text);
            RequireOnceEach(document.RootElement);
            if (
                document.RootElement.TryGetProperty("schema", out var schema)
                && schema.TryGetInt32(out var version)
                && version > LabManifest.CurrentSchema
            )
            {
                var writer = document.RootElement.TryGetProperty("toolVersion", out var tool)
                    ? tool.ToString()
                    : "of an unknown version";
                throw new ManifestException(
                    $"The lab in {root} was made by pgpoollab {writer}, which is newer than this program and "
                        + "writes its manifest in another shape."
                )
                {
                    IsNewer = true,
                    Hints = ["Use that version, or a newer one.", .. StopHints(root)],
                };
            }

            return Upgraded(document.RootElement) is { } manifest && IsWhole(manifest)
                ? (manifest with { Lab = placed(manifest.Lab, root), Source = source }).WithOwnFolders()
                : throw new JsonException("The lab itself is missing in it, or a part of it.");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new ManifestException($"The manifest {file} is damaged: {error.Message}", error)
            {
                Hints =
                [
                    .. StopHints(root),
                    $"When they are stopped, the lab can be deleted with its folder:  rm -r {Hosts.Shell.Quote(root)}",
                ],
            };
        }
    }

    /// <summary>How the servers of a lab are stopped that no command works on: by the script in its folder, if it has
    /// one that does not hand over.</summary>
    internal static IEnumerable<string> StopHints(string root)
    {
        if (File.Exists($"{root}/stopall"))
        {
            yield return $"The servers can still be stopped:  {Hosts.Shell.Quote($"{root}/stopall")} --plain";
        }
        else if (File.Exists($"{root}/shutdownall"))
        {
            yield return $"The servers can still be stopped:  {Hosts.Shell.Quote($"{root}/shutdownall")}";
        }
    }

    /// <summary>Reads the file, and whose it is: both of one and the same open file, in a folder that is reached
    /// through no link. Who could exchange the file between the two would have one user's words taken for
    /// another's.</summary>
    private static (string Text, ManifestSource Source)? Read(string root, string file)
    {
        try
        {
            using var folder = Hosts.OpenFolder.TryOpen(root);
            using var hidden = folder?.TryOpenFolder(Path.GetFileName(new LabPaths(root).Hidden));
            return hidden?.ReadText(Path.GetFileName(file), MostText) is var (text, owner)
                ? (text, new ManifestSource(owner, hidden.Ownership))
                : null;
        }
        catch (UnauthorizedAccessException error)
        {
            throw new LabException(
                ExitCode.NotFound,
                $"There is a lab in {root}, but it belongs to another user.",
                error
            )
            {
                Details = [error.Message],
            };
        }
        catch (IOException) when (!Directory.Exists(root))
        {
            return null;
        }
        catch (IOException error)
        {
            throw new ManifestException($"The manifest {file} is damaged: {error.Message}", error)
            {
                Hints = ["Remove what is in its place, when you know what it is."],
            };
        }
    }

    /// <summary>The text of the manifest in a folder; null when there is none.</summary>
    /// <param name="root">The folder, with links resolved.</param>
    internal static string? ReadText(string root) => Read(root, new LabPaths(root).Manifest)?.Text;

    /// <summary>True when nothing is missing that a command would miss: JSON knows neither what must be there nor which
    /// numbers are ports.</summary>
    private static bool IsWhole(LabManifest manifest)
    {
        return manifest is { ToolVersion: not null, CommandLine: not null, CompletedSteps: not null, Lab: { } lab }
            && Enum.IsDefined(manifest.State)
            && lab
                is {
                    Id: not null,
                    Name: not null,
                    Root: not null,
                    Owner: not null,
                    Folder: not null,
                    PgpoolSettings: not null,
                    PostgresSettings: not null,
                    Tools: { PostgresBin: not null, PgpoolProgram: not null, PcpBin: not null },
                    Nodes.Count: > 0 and <= LabSpec.MaxNodes,
                    Pgpools.Count: > 0 and <= LabSpec.MaxPgpoolNodes,
                    PgpoolSetup: null or { InstallDirectory: not null },
                }
            && Enum.IsDefined(lab.Mode)
            && Enum.IsDefined(lab.Standbys)
            && Enum.IsDefined(lab.Auth)
            && lab.Nodes.All(n => n is not null && IsPort(n.Port))
            && lab.Pgpools.All(p =>
                p is { SocketDirectories: not null, PcpSocketDirectory: not null }
                && p.SocketDirectories.All(IsText)
                && IsText(p.PcpSocketDirectory)
                && IsPort(p.Port)
                && IsPort(p.PcpPort)
                && p.Watchdog is null or { Port: > 0 and <= 65535, Heartbeat: > 0 and <= 65535 }
            )
            && (
                (string[])
                    [
                        lab.Root,
                        lab.SafeAlias ?? lab.Root,
                        lab.Tools.PostgresBin,
                        lab.Tools.PgpoolProgram,
                        lab.Tools.PcpBin,
                    ]
            ).All(p => IsText(p) && Path.IsPathRooted(p))
            && ((string[])[lab.Id, lab.Name, lab.Root, lab.Owner, lab.Invoker ?? ""]).All(t => !t.Any(char.IsControl))
            && manifest
                .CommandLine.Concat(manifest.CompletedSteps)
                .Concat(lab.PgpoolSettings.Values)
                .Concat(lab.PostgresSettings.Values)
                .Concat(lab.ListenAddresses)
                .Concat(lab.LinkDirectories)
                .All(IsText);

        static bool IsPort(int number) => number is > 0 and <= 65535;

        // No name and no argument of the system can hold NUL.
        static bool IsText(string? text) => text is not null && !text.Contains('\0');
    }

    /// <summary>Of two values of one name nobody knows which is meant. (JsonDocument can look for them itself, and
    /// loads all of OpenSSL for it.)</summary>
    private static void RequireOnceEach(JsonElement element)
    {
        if (element.ValueKind is JsonValueKind.Object)
        {
            var names = new HashSet<string>(StringComparer.Ordinal);
            foreach (var property in element.EnumerateObject())
            {
                if (!names.Add(property.Name))
                {
                    throw new JsonException($"'{property.Name}' stands there twice.");
                }

                RequireOnceEach(property.Value);
            }
        }
        else if (element.ValueKind is JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray())
            {
                RequireOnceEach(item);
            }
        }
    }

    /// <summary>A manifest; one of schema 1 in today's shape: its one Pgpool-II becomes a list of one.</summary>
    private static LabManifest? Upgraded(JsonElement root)
    {
        if (!root.TryGetProperty("schema", out var schema) || !schema.TryGetInt32(out var version) || version != 1)
        {
            return root.Deserialize(Json.LabManifest);
        }

        var manifest = JsonObject.Create(root)!;
        if (manifest["lab"] is JsonObject lab && lab["pgpool"] is JsonObject pgpool)
        {
            lab.Remove("pgpool");
            var folder = lab["root"]?.GetValue<string>();
            (pgpool["id"], pgpool["folder"], pgpool["serverFolder"]) = (0, folder, folder);
            lab["pgpools"] = new JsonArray(pgpool);
            lab["ownsNodes"] = true;
        }

        return manifest.Deserialize(Json.LabManifest);
    }

    /// <summary>The folder of the lab around this folder, looking upwards as git does.</summary>
    public static string? FindRoot(string folder)
    {
        for (var candidate = new DirectoryInfo(folder); candidate is not null; candidate = candidate.Parent)
        {
            if (HasManifest(candidate.FullName))
            {
                return candidate.FullName;
            }
        }

        return null;
    }

    /// <summary>True when a manifest lies in exactly this folder, whatever it says.</summary>
    internal static bool HasManifest(string root) => File.Exists(new LabPaths(root).Manifest);

    internal static LabIndexEntry? ReadIndexEntry(string file)
    {
        try
        {
            return Hosts.RegularFile.ReadText(file, MostIndexEntry) is { } text ? ParseIndexEntry(text) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    internal static LabIndexEntry? ParseIndexEntry(string text)
    {
        try
        {
            // The list's files are named by the lab, and so is its second name beside the list: an id is no path.
            return
                JsonSerializer.Deserialize(text, Json.LabIndexEntry)
                    is { Id: { Length: 8 } id, Name: not null, Root: { } root, Ports: not null } entry
                && id.All(char.IsAsciiHexDigitLower)
                && Path.IsPathRooted(root)
                ? entry
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    internal static void WriteIndexEntry(string file, LabIndexEntry entry) =>
        WriteWhole(file, JsonSerializer.Serialize(entry, Json.LabIndexEntry));

    /// <summary>Writes a file whole or not at all, for its owner alone.</summary>
    internal static void WriteWhole(string file, string text)
    {
        var temporary = Hosts.UnfinishedFile.Beside(file);
        // Never one that is there: it may be a pipe, or a link.
        File.Delete(temporary);
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                stream.Write(System.Text.Encoding.UTF8.GetBytes(text));
            }

            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(temporary, PrivateFile);
            }

            File.Move(temporary, file, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
