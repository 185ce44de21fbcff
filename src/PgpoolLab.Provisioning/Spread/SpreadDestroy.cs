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
    /// <param name="lab">The whole lab.</param>
    /// <param name="given">Hosts that will never answer again: what is left there is given up.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">A host does not answer, or something could not be removed there: the lab is still
    /// known, and the next call goes on with what is left.</exception>
    public async Task ExecuteAsync(Lab lab, IReadOnlyList<string> given, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(given);
        using (LabLock.Take(lab.Root))
        {
            LabStore.NoteDestroying(lab);
            try
            {
                await parts.ForEachAsync(async h =>
                {
                    if (given.Contains(h.Host.Name))
                    {
                        context.Note($"Host {h.Host.Name}: given up; its part, if there is one, is in {h.Host.Root}.");
                        return;
                    }

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
                        "The other hosts are done, and the lab stays on the list. When this one answers again:  "
                            + $"pgpoollab destroy --resume {PgpoolLab.Hosts.Shell.Quote(lab.Name)}",
                        "If it never will:  pgpoollab destroy --give-up HOST " + PgpoolLab.Hosts.Shell.Quote(lab.Name),
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
