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
            return LabStore.FindRoot(currentFolder) is { } around ? LabStore.Load(around)!
                : throw new LabException(ExitCode.NotFound, $"There is no lab in {currentFolder} or above it.") { Hints = Hints() };
        }

        var folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(nameOrFolder, currentFolder));
        if (LabStore.Load(folder) is { } here)
        {
            return here;
        }

        return LabIndex.All().FirstOrDefault(l => l.Name == nameOrFolder) is { } named && LabStore.Load(named.Root) is { } found ? found
            : throw new LabException(ExitCode.NotFound, $"There is no lab named '{nameOrFolder}', and none in {folder}.") { Hints = Hints() };
    }

    /// <summary>Refuses a lab whose setup was never finished.</summary>
    /// <exception cref="LabException">It is not ready.</exception>
    public static Lab RequireReady(LabManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (manifest.MovedFrom is { } former)
        {
            throw new LabException(ExitCode.Failed, $"The lab '{manifest.Lab.Name}' was made in {former} and moved to {manifest.Lab.Root}; its configuration still names the old folder.")
            {
                Hints = [$"Move it back:  mv {Shell.Quote(manifest.Lab.Root)} {Shell.Quote(former)}", $"Or delete it:  pgpoollab destroy {Shell.Quote(manifest.Lab.Root)}"],
            };
        }

        return manifest.State is LabState.Ready ? manifest.Lab : throw new LabException(ExitCode.NotHealthy, manifest.State is LabState.Failed
            ? $"The lab '{manifest.Lab.Name}' in {manifest.Lab.Root} is what a failed setup was told to keep."
            : $"The lab '{manifest.Lab.Name}' in {manifest.Lab.Root} is not ready: its setup is still at work, or was killed after step {manifest.CompletedSteps.Count} ({manifest.CompletedSteps.LastOrDefault() ?? "none"}).")
        {
            Hints = [$"Delete it and make it anew:  pgpoollab destroy {Shell.Quote(manifest.Lab.Root)}"],
        };
    }

    /// <summary>Root works on a lab as the lab's user; anybody else must be that user.</summary>
    /// <exception cref="LabException">The lab is another user's.</exception>
    public static void BecomeOwner(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        // What the manifest says is the word of whoever can write it: the file must be that user's, and nothing of it is run as root.
        if (Identity.OwnerOf(lab.Paths.Manifest) is not { } file || file.User == 0 || (Identity.Find(lab.Owner) is { } named && named.UserId != file.User))
        {
            throw new LabException(ExitCode.Failed, $"The manifest {lab.Paths.Manifest} says that the lab runs as {lab.Owner}, but the file is not that user's; it cannot be trusted.");
        }

        if (Identity.Current.Name == lab.Owner)
        {
            return;
        }

        if (!Identity.IsRoot)
        {
            throw new LabException(ExitCode.Failed, $"The lab '{lab.Name}' belongs to {lab.Owner}.") { Hints = [$"Work as that user, for example with:  sudo -u {Shell.Quote(lab.Owner)} …"] };
        }

        var owner = Identity.Find(lab.Owner) ?? throw new LabException(ExitCode.Missing, $"The lab '{lab.Name}' runs as {lab.Owner}, and this machine has no such user any more.");
        Environment.CurrentDirectory = lab.Root;
        Identity.Become(owner);
    }

    private static string[] Hints()
    {
        var labs = LabIndex.All();
        return labs.Count == 0
            ? ["Make one:  pgpoollab setup DIR"]
            : ["Labs there are:  " + string.Join(", ", labs.Select(l => $"{l.Name} ({l.Root})")), "Name one:  --lab NAME"];
    }
}
