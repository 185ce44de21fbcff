using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Cli.Access;

/// <summary>The lab that a command is about: the one that is named, else the one of PGPOOLLAB_LAB, as <c>run</c> sets
/// it, else the one around the current folder. The variable is the caller's word as an option is: whose lab that is,
/// and what may be believed of it, is looked at in the same way.</summary>
internal static class NamedLab
{
    private static string? OfCaller =>
        Environment.GetEnvironmentVariable(LabVariables.Name) is { Length: > 0 } named ? named : null;

    /// <param name="nameOrFolder"><c>--lab</c>; null when it was not given.</param>
    /// <exception cref="LabException">There is none (<see cref="ExitCode.NotFound"/>).</exception>
    internal static LabManifest Find(string? nameOrFolder)
    {
        if (nameOrFolder is not null || OfCaller is not { } named)
        {
            return LabLocator.Find(nameOrFolder, Invocation.CurrentFolder);
        }

        try
        {
            return LabLocator.Find(named, Invocation.CurrentFolder);
        }
        catch (LabException none) when (none.Code is ExitCode.NotFound)
        {
            throw new LabException(none.Code, none.Message, none)
            {
                Hints =
                [
                    $"{LabVariables.Name} names it, and comes before the lab around the current folder. Forget it:  "
                        + $"unset {LabVariables.Name}",
                    .. none.Hints,
                ],
            };
        }
    }

    /// <summary>The folder where that lab would be.</summary>
    internal static string FolderOf(string? nameOrFolder) =>
        Path.GetFullPath(nameOrFolder ?? OfCaller ?? ".", Invocation.CurrentFolder);
}
