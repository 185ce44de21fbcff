using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>What was left in a lab's folder because it is not the lab's.</summary>
/// <param name="FolderIsGone">True when the folder itself was setup's and is gone.</param>
/// <param name="Left">What in the folder is the user's own, relative to it.</param>
public sealed record DestroyResult(bool FolderIsGone, IReadOnlyList<string> Left);

/// <summary>Removes exactly what belongs to a lab, however far it had come and whatever runs of it.</summary>
/// <param name="context">What it works with.</param>
public sealed class DestroyOperation(OperationContext context)
{
    /// <summary>Looks at all that would be stopped and deleted. Touches nothing.</summary>
    public async Task<DestroyLook> LookCloselyAsync(Lab lab, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var look = await LookAsync(lab, cancellationToken);
        lab = look.Lab;
        var deletes = new List<string>();
        foreach (var path in (await new LabDeletion(context.Host).PathsAsync(lab)).Append(lab.Paths.Hidden).Distinct())
        {
            if (await context.Host.Files.ExistsAsync(path, cancellationToken))
            {
                deletes.Add(path);
            }
        }

        var top = deletes
            .Select(p => Path.GetRelativePath(lab.Root, p).Split('/')[0])
            .ToHashSet(StringComparer.Ordinal);
        return look with
        {
            Facts = new DestroyFacts(
                [
                    .. ProcessFacts
                        .WithoutChildren(await new LabSurvey(context.Host).FindServersAsync(lab, cancellationToken))
                        .Select(p => $"{p.Name} (pid {p.Id}) in {p.WorkingDirectory}"),
                ],
                [
                    .. deletes.Where(p =>
                        p == lab.Paths.Snapshots || !deletes.Any(d => p.StartsWith(d + "/", StringComparison.Ordinal))
                    ),
                ],
                [.. await new UsersFiles(context.Host).FindAsync(look.Reached, cancellationToken)],
                [
                    .. (await context.Host.Files.ListAsync(lab.Root, cancellationToken))
                        .Where(n => !top.Contains(n))
                        .Order(StringComparer.Ordinal)
                        .Select(n => $"{lab.Root}/{n}"),
                ]
            ),
        };
    }

    /// <summary>Stops the servers and deletes the lab. What users have put into its folders stays.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="deletesUsersFiles">True to delete that as well, where it lies in a folder that is the
    /// lab's.</param>
    /// <param name="cancellationToken">Ends it before something is deleted.</param>
    /// <exception cref="LabException">Something could not be stopped or deleted; the manifest is still there, so that
    /// it can be tried again.</exception>
    public async Task<DestroyResult> ExecuteAsync(Lab lab, bool deletesUsersFiles, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var run = new PlanRun(context, lab);
        IReadOnlyList<string> kept = [];
        await run.LockedAsync(
            async () =>
            {
                var look = await LookAsync(lab, cancellationToken);
                lab = look.Lab;
                foreach (var plan in DestroyPlans.Of(look, deletesUsersFiles))
                {
                    await run.DoAsync(plan, cancellationToken);
                }

                kept = deletesUsersFiles
                    ? []
                    : await new UsersFiles(context.Host).FindAsync(look.Reached, CancellationToken.None);
            },
            cancellationToken,
            logged: false
        );
        // What tells that there is a lab goes last, its lock with it.
        context.Leases.Release(lab);
        LabIndex.Remove(lab);
        await new LabDeletion(context.Host).DeleteAsync(lab, lab.Paths.Hidden);
        var left = await context.Host.Files.ListAsync(lab.Root, CancellationToken.None);
        // The folder of a moved lab is the one that setup had made, and that of a copy is like it: neither is anybody's
        // when it is empty.
        var isMoved = lab.Former is { IsSetups: true };
        var givenBack =
            left.Count == 0 && (isMoved ? LabFolder.DeleteEmpty(lab.Root) : LabFolder.GiveBack(lab.Root, lab.Folder));
        var inside = kept.Select(k => Path.GetRelativePath(lab.Root, k)).ToArray();
        return new DestroyResult(
            givenBack && (isMoved || lab.Folder.CreatedFrom is not null),
            [.. left.Where(n => !inside.Any(k => k.StartsWith(n + "/", StringComparison.Ordinal))), .. inside]
        );
    }

    private async Task<DestroyLook> LookAsync(Lab lab, CancellationToken cancellationToken)
    {
        var survey = await new LabSurvey(context.Host).LookAsync(lab, cancellationToken);
        return new DestroyLook(survey.Lab, LabPlaces.WithoutLinkedNodes(survey.Lab), survey.Unlisted);
    }
}
