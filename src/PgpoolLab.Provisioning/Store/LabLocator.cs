using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Store;

/// <summary>Finds the lab a command is about, and takes on its user's rights.</summary>
public static class LabLocator
{
    /// <summary>Finds a lab by name or folder, or from the current folder upwards.</summary>
    /// <param name="nameOrFolder"><c>--lab</c>; null to look around the current folder.</param>
    /// <param name="currentFolder">Where to begin.</param>
    /// <exception cref="LabException">There is none (<see cref="ExitCode.NotFound"/>).</exception>
    public static LabManifest Find(string? nameOrFolder, string currentFolder)
    {
        if (nameOrFolder is null)
        {
            return LabStore.FindRoot(currentFolder) is { } around
                ? LabStore.Load(around)!
                : throw new LabException(ExitCode.NotFound, $"There is no lab in {currentFolder} or above it.")
                {
                    Hints = [.. LabStore.StopHints(currentFolder), .. Hints()],
                };
        }

        var folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(nameOrFolder, currentFolder));
        if (LabStore.Load(folder) is { } here)
        {
            return here;
        }

        return
            LabIndex.All().FirstOrDefault(l => l.Name == nameOrFolder) is { } named
            && LabStore.Load(named.Root) is { } found
            ? found
            : throw new LabException(
                ExitCode.NotFound,
                $"There is no lab named '{nameOrFolder}', and none in {folder}."
            )
            {
                Hints = [.. LabStore.StopHints(folder), .. Hints()],
            };
    }

    /// <summary>Refuses a lab whose setup was never finished.</summary>
    /// <exception cref="LabException">It is not ready.</exception>
    public static Lab RequireReady(LabManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (LabPlaces.ProblemOf(manifest.Lab) is { } misplaced)
        {
            throw new LabException(ExitCode.Failed, misplaced) { Hints = LabPlaces.HintsOf(manifest.Lab) };
        }

        if (manifest.State is LabState.Ready)
        {
            return manifest.Lab;
        }

        var lab = $"The lab '{manifest.Lab.Name}' in {manifest.Lab.Root}";
        var isGoing = manifest.State is LabState.Destroying;
        throw new LabException(
            ExitCode.NotHealthy,
            manifest.State is LabState.Failed ? $"{lab} is what a failed setup was told to keep."
                : isGoing
                    ? $"{lab} is being destroyed, or a destroy of it was ended before it was done: "
                        + "files of it are deleted already."
                : $"{lab} is not ready: its setup is still at work, or was killed after step "
                    + $"{manifest.CompletedSteps.Count} ({manifest.CompletedSteps.LastOrDefault() ?? "none"})."
        )
        {
            Hints =
            [
                .. LabStore.StopHints(manifest.Lab.Root),
                (isGoing ? "Delete the rest" : "Delete it and make it again")
                    + $":  pgpoollab destroy {Shell.Quote(manifest.Lab.Root)}",
            ],
        };
    }

    /// <summary>Root works on a lab as the lab's user; anybody else must be that user.</summary>
    /// <param name="manifest">The lab's.</param>
    /// <param name="process">Becomes that user.</param>
    /// <exception cref="LabException">The lab is another user's, or one of its folders is a link.</exception>
    public static void BecomeOwner(LabManifest manifest, IThisProcess process)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(process);
        var lab = manifest.Lab;
        if (OtherOwnerOf(manifest) is not { } user)
        {
            RequireOwnFolders(lab);
            return;
        }

        // First the user, then the folder: what leads there is then followed with that user's rights.
        process.Become(user);
        RequireOwnFolders(lab);
        // Where it may not be entered we stay in the topmost one: every path is absolute.
        process.TryEnter(lab.Root);
    }

    /// <summary>The user whom root is to become to work on a lab.</summary>
    /// <param name="manifest">The lab's.</param>
    /// <returns>Null when we are that user.</returns>
    /// <exception cref="LabException">The lab is another user's.</exception>
    public static SystemUser? OtherOwnerOf(LabManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var lab = manifest.Lab;
        // What the manifest says is the word of whoever can write it: the file must be that user's, and nothing of it
        // is run as root.
        var named = Identity.Find(lab.Owner);
        var writer = Identity.IsRoot ? manifest.Source?.User : manifest.Source?.File?.User;
        if (writer is null or 0 || (named is not null && named.UserId != writer))
        {
            throw new LabException(
                ExitCode.Failed,
                $"The manifest {lab.Paths.Manifest} says that the lab runs as {lab.Owner}, but the file is not "
                    + "that user's alone; it cannot be trusted."
            )
            {
                Hints = [$"See whose it is:  ls -la {Shell.Quote(lab.Paths.Hidden)}"],
            };
        }

        if (Identity.Current.Name == lab.Owner)
        {
            return null;
        }

        if (!Identity.IsRoot)
        {
            throw new LabException(ExitCode.Failed, $"The lab '{lab.Name}' belongs to {lab.Owner}.")
            {
                Hints = [$"Work as that user, for example with:  sudo -u {Shell.Quote(lab.Owner)} …"],
            };
        }

        return named
            ?? throw new LabException(
                ExitCode.Missing,
                $"The lab '{lab.Name}' runs as {lab.Owner}, and this machine has no such user any more."
            );
    }

    /// <summary>Refuses the word of another user: it would have us log in to hosts of his choice, and run there what he
    /// names.</summary>
    /// <param name="manifest">Of a lab on several hosts, where it was made.</param>
    /// <exception cref="LabException">Somebody else has written it, or can.</exception>
    public static void RequireOwnWord(LabManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var lab = manifest.Lab;
        if (manifest.Source?.User != Identity.Current.UserId)
        {
            throw new LabException(
                ExitCode.Failed,
                $"The manifest {lab.Paths.Manifest} is not yours alone; it cannot be trusted with your way to other "
                    + "hosts."
            )
            {
                Hints = [$"See whose it is:  ls -la {Shell.Quote(lab.Paths.Hidden)}"],
            };
        }
    }

    /// <summary>A link in place of one of a lab's own folders leads to another's files: none is followed.</summary>
    private static void RequireOwnFolders(Lab lab)
    {
        foreach (var folder in lab.OwnPgpools.Select(p => p.Folder).Where(f => f != lab.Root).Append(lab.Paths.Hidden))
        {
            if (new FileInfo(folder).LinkTarget is not null)
            {
                throw new LabException(
                    ExitCode.Failed,
                    $"{folder} is a link, and not the lab's own folder: it is not followed."
                )
                {
                    Hints = [$"Delete the link:  rm {Shell.Quote(folder)}"],
                };
            }
        }
    }

    private static string[] Hints()
    {
        var labs = LabIndex.All();
        return labs.Count == 0
            ? ["Make one:  pgpoollab setup DIR"]
            :
            [
                "Labs there are:  " + string.Join(", ", labs.Select(l => $"{l.Name} ({l.Root})")),
                "Name one:  --lab NAME",
            ];
    }
}
