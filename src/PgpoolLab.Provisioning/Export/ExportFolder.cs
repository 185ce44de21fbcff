using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;

namespace PgpoolLab.Provisioning.Export;

/// <summary>What became of the files of an export.</summary>
/// <param name="Written">Those that were written, in their order; where they lie in the folder.</param>
/// <param name="Kept">Secrets that were there already, and stay.</param>
public sealed record ExportOutcome(IReadOnlyList<string> Written, IReadOnlyList<string> Kept);

/// <summary>Writes an export into a folder of this machine: all of it, or nothing. What is in it is run as servers, and
/// holds passwords: it goes nowhere where another user could exchange it, and no link in the folder is
/// followed.</summary>
/// <param name="folder">The folder, absolute.</param>
public sealed class ExportFolder(string folder)
{
    /// <summary>Stands near the beginning of each file that an export has written, but those that hold a password
    /// alone.</summary>
    public const string Mark = "Written by pgpoollab export";

    /// <summary>The mark's line is one of the first.</summary>
    private const int Beginning = 200;

    private readonly ExportPlace _place = new(folder);

    /// <summary>Which of these files are there already.</summary>
    /// <param name="paths">Where they lie in the folder.</param>
    /// <exception cref="LabException">The folder cannot be written to.</exception>
    public IReadOnlySet<string> Present(IEnumerable<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        using var top = _place.Open();
        return top is null ? new HashSet<string>() : paths.Where(p => Has(top, p)).ToHashSet(StringComparer.Ordinal);
    }

    private bool Has(OpenFolder top, string path)
    {
        using var parent = _place.ParentOf(top, path);
        return parent?.Has(NameOf(path)) is true;
    }

    /// <summary>Writes them.</summary>
    /// <param name="export">The files.</param>
    /// <param name="force">True to overwrite what an earlier export has written.</param>
    /// <param name="cancellationToken">Ends it, and undoes what was done.</param>
    /// <exception cref="LabException">There is something in the way, and nothing was touched; or it failed, and not
    /// everything could be undone.</exception>
    public async Task<ExportOutcome> WriteAsync(
        IReadOnlyList<ExportedFile> export,
        bool force,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(export);
        var undo = new UndoStack();
        var there = new Dictionary<string, Former>(StringComparer.Ordinal);
        using var before = _place.Open();
        if (before is not null)
        {
            RequireUsable(before, export, force, there);
        }

        try
        {
            using var top = before is null ? _place.Make(undo) : null;
            return Write(before ?? top!, export, there, undo, cancellationToken);
        }
        catch (Exception cause)
        {
            if (await undo.UnwindAsync(_ => { }) is { Count: > 0 } failures)
            {
                throw NotUndone(cause, failures);
            }

            throw;
        }
    }

    private ExportOutcome Write(
        OpenFolder top,
        IReadOnlyList<ExportedFile> export,
        Dictionary<string, Former> there,
        UndoStack undo,
        CancellationToken cancellationToken
    )
    {
        var (written, kept) = (new List<string>(), new List<string>());
        foreach (var file in export)
        {
            if (file.IsSecret && there.ContainsKey(file.Path))
            {
                kept.Add(file.Path);
                continue;
            }

            cancellationToken.ThrowIfCancellationRequested();
            using var parent = _place.ParentOf(top, file.Path) ?? _place.MakeParentOf(top, file.Path, undo);
            parent.WriteText(NameOf(file.Path), file.Text, file.Mode);
            undo.Push($"{folder}/{file.Path}", _ => TakeBack(top.Path, file, there.GetValueOrDefault(file.Path)));
            written.Add(file.Path);
        }

        foreach (var path in export.Where(f => f.IsSecret).Select(f => f.Path))
        {
            MakePrivate(top, path);
        }

        return new ExportOutcome(written, kept);
    }

    /// <summary>Undoes the writing of one file.</summary>
    private Task TakeBack(string top, ExportedFile file, Former? former)
    {
        using var opened = OpenFolder.TryOpen(top);
        using var parent = opened is null ? null : _place.ParentOf(opened, file.Path);
        if (former is null)
        {
            parent?.Delete(NameOf(file.Path));
        }
        else
        {
            parent?.WriteText(NameOf(file.Path), former.Text, former.Owner?.Permissions ?? file.Mode);
        }

        return Task.CompletedTask;
    }

    /// <summary>Whoever made a secret by hand may have had another umask.</summary>
    private void MakePrivate(OpenFolder top, string path)
    {
        using var parent = _place.ParentOf(top, path)!;
        var (name, user) = (NameOf(path), Identity.Current.UserId);
        if (parent.Path != top.Path && parent.Ownership?.User == user)
        {
            parent.SetMode(Modes.PrivateFolder);
        }

        if (parent.OwnershipOf(name) is { } owner && owner.User == user && owner.Permissions != Modes.PrivateFile)
        {
            parent.SetModeOf(name, Modes.PrivateFile);
        }
    }

    /// <summary>Finds what is in the way.</summary>
    /// <param name="top">The folder.</param>
    /// <param name="export">The files that are to be written.</param>
    /// <param name="force">True to overwrite what an earlier export has written.</param>
    /// <param name="there">Gets the files of an earlier export that are there.</param>
    private void RequireUsable(
        OpenFolder top,
        IReadOnlyList<ExportedFile> export,
        bool force,
        Dictionary<string, Former> there
    )
    {
        var names = top.List();
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
            using var parent = _place.ParentOf(top, file.Path);
            if (parent?.Has(NameOf(file.Path)) is true)
            {
                there[file.Path] = RequireOurs(parent, file);
            }
        }
    }

    private Former RequireOurs(OpenFolder parent, ExportedFile file)
    {
        var (path, name) = ($"{folder}/{file.Path}", NameOf(file.Path));
        // What is kept becomes the servers' password: nobody else may have chosen it.
        if (file.IsSecret && parent.OwnershipOf(name) is { } secret && ExportPlace.WhyOthers(secret) is { } why)
        {
            throw new LabException(ExitCode.InTheWay, $"{path} holds a password and is not kept: {why}.")
            {
                Hints = ["Look whether it is the one that you mean; then make it yours alone, or move it away."],
            };
        }

        var read = parent.HasFile(name) ? parent.ReadText(name, RegularFile.MostText) : null;
        if (read is not { } former || (!IsOfSecrets(file) && !IsOurs(former.Text)))
        {
            throw new LabException(
                ExitCode.InTheWay,
                $"{path} was not written by pgpoollab export; --force does not overwrite it."
            )
            {
                Hints = ["Move it away, or choose another folder."],
            };
        }

        return file.KeptFor is { } needed && !former.Text.Contains(needed, StringComparison.Ordinal)
            ? throw new LabException(ExitCode.InTheWay, $"{path} is another lab's: it has no \"{needed}\".")
            {
                Hints = ["Move it away, or choose another folder."],
            }
            : new Former(former.Text, former.Owner);
    }

    /// <summary>A file that holds a password, or an example of one, and nothing else.</summary>
    private static bool IsOfSecrets(ExportedFile file) =>
        file.IsSecret || file.Path.StartsWith("secrets/", StringComparison.Ordinal);

    private static bool IsOurs(string text) =>
        text[..Math.Min(text.Length, Beginning)].Contains(Mark, StringComparison.Ordinal);

    private static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    private LabException NotUndone(Exception cause, IReadOnlyList<string> failures) =>
        new(
            ExitCode.UndoFailed,
            cause is OperationCanceledException
                ? $"The export into {folder} was interrupted, and not everything it had written could be undone."
                : $"The export into {folder} failed ({cause.Message.TrimEnd('.')}), and not everything it had written "
                    + "could be undone.",
            cause
        )
        {
            Details = [.. failures],
            Hints = ["Remove these yourself, or repeat the export with --force when the cause is gone."],
        };

    /// <summary>A file before it was overwritten.</summary>
    private sealed record Former(string Text, Ownership? Owner);
}
