using System.Text.Json;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Store;

/// <summary>Labs that do not lie where they were made: somebody has moved or copied the folder. Their configuration
/// names the folder they were made in, so whoever started a copy would start the original.</summary>
internal static class LabPlaces
{
    /// <summary>The lab as it lies in this folder. Folders are compared as the system knows them, not by their paths: a
    /// link or a second mount may lead to the lab.</summary>
    /// <param name="lab">The lab as its manifest has it.</param>
    /// <param name="root">The folder of that manifest, with links resolved.</param>
    internal static Lab Placed(Lab lab, string root)
    {
        if (lab.Root == root)
        {
            return lab;
        }

        var made = Identity.RealPath(lab.Root);
        if (made == root || (Identity.FileIdOf(root) is { } id && Identity.FileIdOf(made) == id))
        {
            return made == lab.Root ? lab : Relinked(lab, made);
        }

        return lab.MovedTo(
            root,
            new FormerPlace(lab.Root, StateOf(lab), lab.SafeAlias, lab.Folder.CreatedFrom is not null)
        );
    }

    /// <summary>A lab that lies elsewhere, without the nodes whose data folder is a link: the lab it is a copy of may
    /// have the same link, and the server is then that lab's. A lab in its place as it is.</summary>
    internal static Lab WithoutLinkedNodes(Lab lab) =>
        lab.Former is null
            ? lab
            : lab with
            {
                Nodes = [.. lab.Nodes.Where(n => Identity.RealPath(n.DataDirectory) == n.DataDirectory)],
            };

    /// <summary>What is wrong with a lab that lies elsewhere; null when it lies where it was made.</summary>
    internal static string? ProblemOf(Lab lab) =>
        lab.Former is not { } former ? null
        : former.HasOriginal
            ? $"{lab.Root} is a copy of the lab '{lab.Name}' in {former.Root}; its configuration names that "
                + "folder, so it cannot be used."
        : $"The lab '{lab.Name}' was made in {former.Root} and moved to {lab.Root}; its configuration still "
            + "names the old folder.";

    /// <summary>What can be done with such a lab.</summary>
    internal static IReadOnlyList<string> HintsOf(Lab lab)
    {
        if (lab.Former is not { } former)
        {
            return [];
        }

        var destroy = $"pgpoollab destroy {Shell.Quote(lab.Root)}";
        return former.HasOriginal
            ?
            [
                $"Use the lab itself:  cd {Shell.Quote(former.Root)}",
                "Or make another:  pgpoollab setup DIR",
                $"Delete the copy; the lab itself is not touched:  {destroy}",
            ]
            :
            [
                WayBack(lab, former) is { } command
                    ? $"Move it back:  {command}"
                    : $"To move it back, first move away what is in {former.Root} now.",
                $"Or delete it:  {destroy}",
            ];
    }

    /// <summary>The one command that helps; null when there is none that can be run as it is.</summary>
    internal static string? FixOf(Lab lab) =>
        lab.Former is not { } former ? null
        : former.HasOriginal ? $"pgpoollab destroy {Shell.Quote(lab.Root)}"
        : WayBack(lab, former);

    /// <summary>The command that moves a lab back; null while something is in its way: mv would move it into
    /// that.</summary>
    private static string? WayBack(Lab lab, FormerPlace former)
    {
        var move = $"mv {Shell.Quote(lab.Root)} {Shell.Quote(former.Root)}";
        return former.State switch
        {
            FormerPlaceState.Free => move,
            FormerPlaceState.NoFolderAbove => $"mkdir -p {Shell.Quote(Path.GetDirectoryName(former.Root)!)} && {move}",
            FormerPlaceState.EmptyFolder => $"rmdir {Shell.Quote(former.Root)} && {move}",
            _ => null,
        };
    }

    /// <summary>A lab whose folder, or one above it, was moved, and a link left in its place: its configuration is
    /// right, and it works.</summary>
    private static Lab Relinked(Lab lab, string root)
    {
        var created =
            lab.Folder.CreatedFrom is { } from
            && Identity.RealPath(from) is var real
            && (root == real || root.StartsWith(real + "/", StringComparison.Ordinal))
                ? real
                : null;
        return (
            lab with
            {
                Root = root,
                SafeAlias = lab.SafeAlias ?? lab.Root,
                Folder = lab.Folder with { CreatedFrom = created },
            }
        ).WithOwnFolders();
    }

    private static FormerPlaceState StateOf(Lab lab)
    {
        try
        {
            if (!Path.Exists(lab.Root) && new FileInfo(lab.Root).LinkTarget is null)
            {
                return Directory.Exists(Path.GetDirectoryName(lab.Root))
                    ? FormerPlaceState.Free
                    : FormerPlaceState.NoFolderAbove;
            }

            return IdIn(lab.Root) == lab.Id ? FormerPlaceState.ThisLab
                : new FileInfo(lab.Root).LinkTarget is null
                && Directory.Exists(lab.Root)
                && !Directory.EnumerateFileSystemEntries(lab.Root).Any()
                    ? FormerPlaceState.EmptyFolder
                : FormerPlaceState.SomethingElse;
        }
        catch (Exception error)
            when (error is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            return FormerPlaceState.SomethingElse;
        }
    }

    /// <summary>Which lab's manifest lies there, of whatever version; null for none.</summary>
    private static string? IdIn(string root)
    {
        if (LabStore.ReadText(Identity.RealPath(root)) is not { } text)
        {
            return null;
        }

        using var document = JsonDocument.Parse(text);
        return document.RootElement.TryGetProperty("lab", out var lab) && lab.TryGetProperty("id", out var id)
            ? id.GetString()
            : null;
    }
}
