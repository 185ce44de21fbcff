using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Export;

/// <summary>What became of the files of an export.</summary>
/// <param name="Written">Those that were written, in their order; where they lie in the folder.</param>
/// <param name="Kept">Secrets that were there already, and stay.</param>
public sealed record ExportOutcome(IReadOnlyList<string> Written, IReadOnlyList<string> Kept);

/// <summary>Writes an export into a folder: all of it, or nothing.</summary>
/// <param name="files">The machine's files.</param>
/// <param name="folder">The folder, absolute.</param>
public sealed class ExportFolder(IFiles files, string folder)
{
    /// <summary>Stands near the beginning of each file that an export has written, but those that hold a password
    /// alone.</summary>
    public const string Mark = "Written by pgpoollab export";

    /// <summary>The mark's line is one of the first.</summary>
    private const int Beginning = 200;

    private readonly Stack<Func<Task>> _undo = new();

    /// <summary>Writes them.</summary>
    /// <param name="export">The files.</param>
    /// <param name="force">True to overwrite what an earlier export has written.</param>
    /// <param name="cancellationToken">Ends it, and undoes what was done.</param>
    /// <exception cref="LabException">There is something in the way; nothing was touched.</exception>
    public async Task<ExportOutcome> WriteAsync(
        IReadOnlyList<ExportedFile> export,
        bool force,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(export);
        var there = await RequireUsableAsync(export, force, cancellationToken);
        var (written, kept) = (new List<string>(), new List<string>());
        try
        {
            await MakeFolderAsync(folder, Modes.Script, cancellationToken);
            foreach (var file in export)
            {
                if (file.IsSecret && there.ContainsKey(file.Path))
                {
                    kept.Add(file.Path);
                    continue;
                }

                var path = $"{folder}/{file.Path}";
                if (Path.GetDirectoryName(path) is { } parent && parent != folder)
                {
                    await MakeFolderAsync(parent, Modes.PrivateFolder, cancellationToken);
                }

                cancellationToken.ThrowIfCancellationRequested();
                await files.WriteTextAsync(path, file.Text, file.Mode, cancellationToken);
                _undo.Push(
                    there.TryGetValue(file.Path, out var before)
                        ? async () => await files.WriteTextAsync(path, before, file.Mode, CancellationToken.None)
                        : async () => await files.DeleteAsync(path, CancellationToken.None)
                );
                written.Add(file.Path);
            }
        }
        catch
        {
            while (_undo.TryPop(out var undo))
            {
                await undo();
            }

            throw;
        }

        return new ExportOutcome(written, kept);
    }

    private async Task MakeFolderAsync(string path, UnixFileMode mode, CancellationToken cancellationToken)
    {
        if (!await files.ExistsAsync(path, cancellationToken) && !await files.IsFolderAsync(path, cancellationToken))
        {
            await files.CreateDirectoryAsync(path, mode, cancellationToken);
            _undo.Push(async () => await files.DeleteAsync(path, CancellationToken.None));
        }
    }

    /// <summary>Finds what is in the way.</summary>
    /// <returns>The files of an earlier export that are there, and what they say.</returns>
    private async Task<Dictionary<string, string>> RequireUsableAsync(
        IReadOnlyList<ExportedFile> export,
        bool force,
        CancellationToken cancellationToken
    )
    {
        var there = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!await files.IsFolderAsync(folder, cancellationToken))
        {
            if (await files.LookAsync(folder, cancellationToken) is not null)
            {
                throw new LabException(ExitCode.InTheWay, $"{folder} is no folder.");
            }

            var parent = Path.GetDirectoryName(folder) ?? "/";
            if (!await files.IsFolderAsync(parent, cancellationToken))
            {
                throw new LabException(
                    ExitCode.NotFound,
                    $"There is no folder {parent} in which {folder} could be made."
                )
                {
                    Hints = [$"Make it first:  mkdir -p {Shell.Quote(parent)}"],
                };
            }

            await RequireWritableAsync(parent, cancellationToken);
            return there;
        }

        await RequireWritableAsync(folder, cancellationToken);
        var names = await files.ListAsync(folder, cancellationToken);
        if (names.Count > 0 && !force)
        {
            throw new LabException(
                ExitCode.InTheWay,
                $"{folder} is not empty: {string.Join(", ", names.Order(StringComparer.Ordinal).Take(5))}"
                    + (names.Count > 5 ? $" and {names.Count - 5} more." : ".")
            )
            {
                Hints =
                [
                    "Choose a folder that is empty, or is not there yet.",
                    "To overwrite what an earlier export has written there:  the same command with --force",
                ],
            };
        }

        foreach (var file in export)
        {
            var path = $"{folder}/{file.Path}";
            if (await files.LookAsync(path, cancellationToken) is not { } facts)
            {
                continue;
            }

            var text = facts.Kind is FileKind.File ? await files.ReadTextAsync(path, cancellationToken) : null;
            if (text is null || (!IsOfSecrets(file) && !IsOurs(text)))
            {
                throw new LabException(
                    ExitCode.InTheWay,
                    $"{path} was not written by pgpoollab export; --force does not overwrite it."
                )
                {
                    Hints = ["Move it away, or choose another folder."],
                };
            }

            there[file.Path] = text;
        }

        return there;
    }

    /// <summary>A file that holds a password, or an example of one, and nothing else.</summary>
    private static bool IsOfSecrets(ExportedFile file) =>
        file.IsSecret || file.Path.StartsWith("secrets/", StringComparison.Ordinal);

    private static bool IsOurs(string text) =>
        text[..Math.Min(text.Length, Beginning)].Contains(Mark, StringComparison.Ordinal);

    private async Task RequireWritableAsync(string place, CancellationToken cancellationToken)
    {
        if (!await files.CanWriteAsync(place, cancellationToken))
        {
            throw new LabException(
                ExitCode.Missing,
                $"{Identity.Current.Name} cannot write into {place}: the export would lie there."
            )
            {
                Hints =
                [
                    "A command about a lab runs as the lab's user, also for root: choose a folder of that user's.",
                ],
            };
        }
    }
}
