using System.Text.RegularExpressions;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>Finds what users have put into the folders that <c>destroy</c> deletes: what neither setup nor a server of
/// the lab makes there.</summary>
/// <param name="host">Where the lab lies.</param>
internal sealed class UsersFiles(IHost host)
{
    /// <summary>Files and folders that are the user's own, absolute.</summary>
    internal async Task<IReadOnlyList<string>> FindAsync(Lab lab, CancellationToken cancellationToken)
    {
        var found = new List<string>();
        foreach (var folder in LabInventory.Of(lab).Items.Where(i => i.Holds is not null))
        {
            found.AddRange(await OthersAsync(folder.Path, folder.Holds!, cancellationToken));
        }

        return found;
    }

    private async Task<IEnumerable<string>> OthersAsync(
        string folder,
        Regex ours,
        CancellationToken cancellationToken
    ) =>
        (await host.Files.ListAsync(folder, cancellationToken))
            .Where(n => !ours.IsMatch(UnfinishedFile.Replaces(n) ?? n))
            .Order(StringComparer.Ordinal)
            .Select(n => $"{folder}/{n}");
}
