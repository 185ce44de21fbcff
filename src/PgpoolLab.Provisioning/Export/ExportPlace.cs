using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;

namespace PgpoolLab.Provisioning.Export;

/// <summary>Reaches an export's folder, and those in it, where nobody else can exchange them.</summary>
/// <param name="folder">The folder, absolute.</param>
internal sealed class ExportPlace(string folder)
{
    private static SystemUser User => Identity.Current;

    private static int? OwnGroup => Identity.PrivateGroupOf(User);

    /// <summary>Opens the folder.</summary>
    /// <returns>Null when it is not there, but can be made.</returns>
    /// <exception cref="LabException">It cannot be used.</exception>
    internal OpenFolder? Open()
    {
        RequireTrusted();
        using var parent = OpenParent();
        if (folder != "/" && !parent.Has(Path.GetFileName(folder)))
        {
            RequireWritable(parent, parent.Path);
            return null;
        }

        var top = TryOpen(folder) ?? throw NoFolder(folder, null);
        RequireWritable(top, folder);
        return top;
    }

    /// <summary>Makes the folder.</summary>
    internal OpenFolder Make(UndoStack undo)
    {
        using var parent = OpenParent();
        return Make(parent, Path.GetFileName(folder), folder, Modes.Script, undo);
    }

    /// <summary>Opens the folder of a file; a link is not followed.</summary>
    /// <param name="top">The export's folder.</param>
    /// <param name="path">Where the file lies in it.</param>
    /// <returns>Null when it is not there.</returns>
    internal OpenFolder? ParentOf(OpenFolder top, string path)
    {
        if (!path.Contains('/', StringComparison.Ordinal))
        {
            return top.TryGoTo("");
        }

        var name = path[..path.LastIndexOf('/')];
        OpenFolder? opened;
        try
        {
            opened = top.TryGoTo(name);
        }
        catch (IOException error)
        {
            throw new LabException(
                ExitCode.InTheWay,
                $"{folder}/{name} is a link, or no folder; an export follows no links in its folder.",
                error
            )
            {
                Hints = ["Move it away, or choose another folder."],
            };
        }

        if (opened?.Ownership is { } owner && WhyOthers(owner) is { } why)
        {
            opened.Dispose();
            throw new LabException(ExitCode.InTheWay, $"{folder}/{name} is not used for passwords: {why}.")
            {
                Hints =
                [
                    $"Look at what is in it; then make it yours alone:  chmod 700 {Shell.Quote($"{folder}/{name}")}",
                ],
            };
        }

        return opened;
    }

    /// <summary>Makes the folder of a file.</summary>
    internal OpenFolder MakeParentOf(OpenFolder top, string path, UndoStack undo)
    {
        var name = path[..path.IndexOf('/', StringComparison.Ordinal)];
        return Make(top, name, $"{folder}/{name}", Modes.PrivateFolder, undo);
    }

    /// <summary>Why others can change a file or folder, as a clause; null when nobody but this user and root
    /// can.</summary>
    internal static string? WhyOthers(Ownership owner) =>
        owner.OnlyChangedBy(User.UserId, () => OwnGroup) ? null
        : owner.User != User.UserId && owner.User != 0
            ? $"it belongs to {Identity.Find(owner.User.ToString())?.Name ?? $"the user {owner.User}"}"
        : "others can write it";

    private static OpenFolder Make(OpenFolder parent, string name, string path, UnixFileMode mode, UndoStack undo)
    {
        var made =
            parent.TryMake(name, mode)
            ?? throw new LabException(ExitCode.InTheWay, $"{path} has appeared in this moment; it is not overwritten.");
        var above = parent.Path;
        undo.Push(
            path,
            _ =>
            {
                // What somebody has put there meanwhile keeps it.
                using var opened = OpenFolder.TryOpen(above);
                opened?.DeleteEmpty(name);
                return Task.CompletedTask;
            }
        );
        return made;
    }

    private OpenFolder OpenParent()
    {
        var parent = Path.GetDirectoryName(folder) ?? "/";
        return TryOpen(parent)
            ?? throw new LabException(
                ExitCode.NotFound,
                $"There is no folder {parent} in which {folder} could be made."
            )
            {
                Hints = [$"Make it first:  mkdir -p {Shell.Quote(parent)}"],
            };
    }

    private static LabException NoFolder(string path, Exception? error) =>
        new(ExitCode.InTheWay, $"{path} is no folder.", error)
        {
            Hints = ["Choose a folder that is empty, or is not there yet."],
        };

    private static OpenFolder? TryOpen(string path)
    {
        try
        {
            return OpenFolder.TryOpen(Identity.RealPath(path));
        }
        catch (IOException error)
        {
            throw NoFolder(path, error);
        }
        catch (UnauthorizedAccessException)
        {
            throw NotWritable(path);
        }
    }

    /// <summary>Who could exchange the folder could have servers started and passwords taken that are not those of the
    /// export.</summary>
    private void RequireTrusted()
    {
        if (TrustedPath.WhyNot(folder, User.UserId, () => OwnGroup) is not { } distrust)
        {
            return;
        }

        throw new LabException(
            ExitCode.InTheWay,
            $"{folder} is no safe place for an export: {distrust.Why}. Its files could be exchanged there."
        )
        {
            Hints =
            [
                $"Choose a folder that only {User.Name} can change, such as {User.Home}/{Path.GetFileName(folder)}",
                .. distrust.Remedy is { } remedy
                    ? [$"Or let nobody else write there:  {remedy}"]
                    : Array.Empty<string>(),
            ],
        };
    }

    private static void RequireWritable(OpenFolder opened, string path)
    {
        if (!Identity.CanEnterAndWrite(opened.Path))
        {
            opened.Dispose();
            throw NotWritable(path);
        }
    }

    private static LabException NotWritable(string place) =>
        new(ExitCode.Missing, $"{Identity.Current.Name} cannot write into {place}: the export would lie there.")
        {
            Hints = ["A command about a lab runs as the lab's user, also for root: choose a folder of that user's."],
        };
}
