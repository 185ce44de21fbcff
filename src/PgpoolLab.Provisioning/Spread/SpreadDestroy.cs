using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>Removes a lab from all its hosts, then from the user's own machine.</summary>
/// <param name="context">What it works with, on the user's own machine.</param>
/// <param name="parts">The hosts.</param>
public sealed class SpreadDestroy(OperationContext context, HostParts parts)
{
    /// <summary>Removes it.</summary>
    /// <exception cref="LabException">A host does not answer, or something could not be removed there: the lab is still
    /// known, and the next call goes on with what is left.</exception>
    public async Task ExecuteAsync(Lab lab, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        using (LabLock.Take(lab.Root))
        {
            LabStore.NoteDestroying(lab);
            try
            {
                await parts.ForEachAsync(async h =>
                {
                    await SpreadSetup.RemoveAsync(parts, h.Host, cancellationToken);
                    context.Note($"Host {h.Host.Name}: its part is gone.");
                });
            }
            catch (LabException error)
            {
                throw new LabException(error.Code, error.Message, error)
                {
                    Details = error.Details,
                    Hints =
                    [
                        .. error.Hints,
                        $"The other hosts are done. When this one answers again:  pgpoollab destroy "
                            + PgpoolLab.Hosts.Shell.Quote(lab.Root),
                    ],
                };
            }

            LabIndex.Remove(lab);
        }

        await new LabDeletion(context.Host).DeleteAsync(lab, lab.Paths.Hidden);
        if ((await context.Host.Files.ListAsync(lab.Root, CancellationToken.None)).Count == 0)
        {
            LabFolder.GiveBack(lab.Root, lab.Folder);
        }
    }
}
