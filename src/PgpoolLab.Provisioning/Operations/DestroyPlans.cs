using PgpoolLab.Model;
using PgpoolLab.Provisioning.Leftovers;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>What is seen of a lab that is to be destroyed.</summary>
/// <param name="Lab">The lab with everything that lies in its folder.</param>
/// <param name="Reached">The same without nodes whose data may be another lab's.</param>
/// <param name="Unlisted">What its manifest does not name, in words.</param>
public sealed record DestroyLook(Lab Lab, Lab Reached, IReadOnlyList<string> Unlisted)
{
    /// <summary>What is there of it now; null when nobody has asked for that.</summary>
    public DestroyFacts? Facts { get; init; }
}

/// <summary>What there is of a lab that is to be destroyed.</summary>
/// <param name="Running">What runs of it, in words.</param>
/// <param name="Deletes">Its files and folders, absolute; folders with all that is in them.</param>
/// <param name="UsersFiles">What lies in these folders and was made neither by setup nor by a server of the lab: it
/// stays, unless that is asked for.</param>
/// <param name="Stays">What else lies in the lab's folder: it stays in any case.</param>
public sealed record DestroyFacts(
    ValueList<string> Running,
    ValueList<string> Deletes,
    ValueList<string> UsersFiles,
    ValueList<string> Stays
);

/// <summary>Plans how a lab is destroyed: pure, from a look.</summary>
public static class DestroyPlans
{
    /// <summary>The plans, one after the other: from the second on it does not end half-way.</summary>
    /// <param name="look">What was seen.</param>
    /// <param name="deletesUsersFiles">True to delete also what users have put into the lab's folders.</param>
    public static IReadOnlyList<VerbPlan> Of(DestroyLook look, bool deletesUsersFiles)
    {
        ArgumentNullException.ThrowIfNull(look);
        var lab = look.Lab;
        ValueList<int> reached = [.. look.Reached.Nodes.Select(n => n.Id)];
        return
        [
            VerbPlan.Of(Stage.Of(new StopWhatRuns(reached, look.Facts))) with
            {
                Lab = lab,
                Before =
                [
                    .. look.Unlisted.Count == 0
                        ? []
                        : (string[])
                            [
                                $"The lab's manifest does not name {string.Join(" and ", look.Unlisted)}, "
                                    + "which lies in "
                                    + "its folder: it is stopped and deleted, too.",
                            ],
                    .. lab
                        .Nodes.Where(n => !reached.Contains(n.Id))
                        .Select(n =>
                            $"{n.DataDirectory} is a link, and may lead to data of the lab in {lab.Former!.Root}: the "
                            + "link is deleted, and what it leads to is not touched."
                        ),
                ],
            },
            VerbPlan.Of(Stage.Of(new DeleteLabFiles(reached, deletesUsersFiles, look.Facts))) with
            {
                Lab = lab,
                RunsToItsEnd = true,
            },
        ];
    }
}

/// <summary>Stops every process of a lab, whatever state the lab is in.</summary>
/// <param name="Reached">The numbers of the nodes that are certainly the lab's.</param>
/// <param name="Facts">What was seen of it, to be shown; null when nobody has looked.</param>
public sealed record StopWhatRuns(ValueList<int> Reached, DestroyFacts? Facts = null) : IStep
{
    /// <inheritdoc/>
    public string Title => "Stop what runs";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        if (Facts is not null)
        {
            return Facts.Running.Count == 0 ? ["nothing runs"] : Facts.Running.Select(s => $"stop {s}");
        }

        return StopOperation
            .Plan(Of(lab, Reached), [])
            .Stages.SelectMany(s => s.Lanes)
            .SelectMany(l => l)
            .Select(s => s.Title);
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var (host, lab, reached) = (context.Host, context.Lab, Of(context.Lab, Reached));
        if (await StopOperation.StopServersAsync(host, context.Probes, reached) is { Count: > 0 } running)
        {
            throw new LabException(
                ExitCode.UndoFailed,
                $"The lab '{lab.Name}' was not destroyed: not all of its servers could be stopped."
            )
            {
                Details = running,
            };
        }

        // What runs in the lab's folders and is not found by a PID file: its data folder was deleted under it, say.
        var survey = new LabSurvey(host);
        if (await survey.FindServersAsync(lab, cancellationToken) is { Count: > 0 } others)
        {
            await new OrphanServers(host, context.Probes, lab.Name, dataIsThere: true).EndAsync(
                others,
                () => survey.FindServersAsync(lab, cancellationToken),
                cancellationToken
            );
        }

        await new Orphans(host, context.Probes).EndAsync(reached);
    }

    /// <summary>The lab with these nodes alone.</summary>
    internal static Lab Of(Lab lab, ValueList<int> nodes) =>
        lab with
        {
            Nodes = [.. lab.Nodes.Where(n => nodes.Contains(n.Id))],
        };
}

/// <summary>Deletes what is a lab's, but for what tells that there is one.</summary>
/// <param name="Reached">The numbers of the nodes that are certainly the lab's.</param>
/// <param name="DeletesUsersFiles">True to delete also what users have put into the lab's folders.</param>
/// <param name="Facts">What was seen of it, to be shown; null when nobody has looked.</param>
public sealed record DeleteLabFiles(ValueList<int> Reached, bool DeletesUsersFiles, DestroyFacts? Facts = null) : IStep
{
    /// <inheritdoc/>
    public string Title => "Delete the files";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        if (Facts is null)
        {
            return LabInventory.Of(lab).Deleted.Select(i => Remove(i.Path, recursively: i.Kind is LabItemKind.Folder));
        }

        var folders = LabInventory
            .Of(lab)
            .Items.Where(i => i.Kind is LabItemKind.Folder)
            .Select(i => i.Path)
            .ToHashSet(StringComparer.Ordinal);
        return
        [
            .. Facts.Deletes.Select(p => Remove(p, folders.Contains(p))),
            .. (DeletesUsersFiles ? [] : Facts.UsersFiles).Select(p =>
                $"keep {Hosts.Shell.Quote(p)}: neither the lab nor its servers have made it (--yes deletes it)"
            ),
            .. Facts.Stays.Select(p => $"leave {Hosts.Shell.Quote(p)}: it is not the lab's"),
        ];
    }

    private static string Remove(string path, bool recursively) =>
        $"rm {(recursively ? "-r " : "")}{Hosts.Shell.Quote(path)}";

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var kept = DeletesUsersFiles
            ? []
            : await new UsersFiles(context.Host).FindAsync(
                StopWhatRuns.Of(context.Lab, Reached),
                CancellationToken.None
            );
        LabStore.NoteDestroying(context.Lab);
        var deletion = new LabDeletion(context.Host);
        await deletion.DeleteAsync(context.Lab, kept);
        await deletion.DeleteEmptyFoldersAsync(context.Lab);
    }
}
