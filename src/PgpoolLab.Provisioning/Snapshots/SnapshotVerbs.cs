using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Provisioning.Snapshots;

/// <summary>A lab that was restored.</summary>
/// <param name="Snapshot">What was restored.</param>
/// <param name="Lab">The lab as it is now.</param>
/// <param name="Started">True when its servers were started again.</param>
public sealed record RestoredLab(SnapshotInfo Snapshot, Lab Lab, bool Started);

/// <summary>Saves, restores and drops snapshots of a lab.</summary>
/// <param name="run">The call.</param>
public sealed class SnapshotVerbs(PlanRun run)
{
    private readonly SnapshotStore _store = new(run.Lab.Paths);

    /// <summary>Saves the lab as it is, running or not.</summary>
    /// <param name="name">What to call it.</param>
    /// <param name="replace">True to put it in the place of one that has the name.</param>
    /// <param name="cancellationToken">Ends it; nothing is left.</param>
    /// <returns>What was saved; null when the plan was only shown.</returns>
    /// <exception cref="LabException">There is one of that name, or the lab cannot be saved.</exception>
    public async Task<SnapshotInfo?> SaveAsync(string name, bool replace, CancellationToken cancellationToken)
    {
        RequireSupport(run.Lab, "A snapshot");
        RequireName(name);
        await run.LockedAsync(
            async () =>
            {
                if (_store.Has(name) && !replace)
                {
                    throw new LabException(ExitCode.InTheWay, $"The lab has a snapshot '{name}' already.")
                    {
                        Hints =
                        [
                            $"Replace it:  pgpoollab snapshot save {name} --replace",
                            "Or give this one another name.",
                        ],
                    };
                }

                await run.DoAsync(
                    VerbPlan.Of(Stage.Of(new SaveSnapshot(name, run.Context.ProgramVersion))) with
                    {
                        IsTakenBack = true,
                    },
                    cancellationToken
                );
            },
            cancellationToken
        );
        return run.IsDry ? null : _store.Read(name);
    }

    /// <summary>Puts the lab back to a snapshot: files, nodes, settings. It runs afterwards when it ran
    /// before.</summary>
    /// <param name="name">Which.</param>
    /// <param name="cancellationToken">Ends it until the servers are ended; from then on it is brought to its
    /// end.</param>
    /// <exception cref="LabException">It cannot be restored; nothing was touched. Or it was, and its servers do not
    /// start.</exception>
    public async Task<RestoredLab> RestoreAsync(string name, CancellationToken cancellationToken)
    {
        RequireSupport(run.Lab, "A snapshot");
        RequireName(name);
        var (lab, context) = (run.Lab, run.Context);
        SnapshotInfo? info = null;
        var (to, ran) = (lab, false);
        await run.LockedAsync(
            async () =>
            {
                info = _store.Read(name);
                to = AsItIsToBe(lab, info);
                await RequireProgramsAsync(to, cancellationToken);
                using var ports = await TakePortsAsync(lab, to, cancellationToken);
                var freezer = new LabFreezer(context.Host, context.Probes, lab);
                await freezer.PrepareAsync(cancellationToken);
                ran = !(await freezer.FindAsync(cancellationToken)).IsStopped;
                await run.DoAsync(
                    VerbPlan.Of(Stage.Of(new MakeSnapshotReady(name, info.Manifest with { Lab = to }))) with
                    {
                        Before = Differences(lab, to),
                        IsTakenBack = true,
                    },
                    cancellationToken
                );
                await run.DoAsync(
                    VerbPlan.Of(
                        Stage.Of(new EndServers()),
                        Stage.Of(new PutSnapshotInPlace(name, [.. Places(lab, to, info)], to))
                    ) with
                    {
                        RunsToItsEnd = true,
                    },
                    cancellationToken
                );
            },
            cancellationToken
        );
        // What ran at that moment runs again; of a snapshot of a stopped lab, everything.
        var next = new PlanRun(context, to, run.Show);
        if (ran)
        {
            await new StartOperation(next).ExecuteAsync(
                cancellationToken,
                afterStop: run.IsDry,
                OnlyThoseThatRan(to, info!)
            );
        }

        await next.LockedAsync(
            () => next.DoAsync(VerbPlan.Of(Stage.Of(new DeleteReplaced())), CancellationToken.None),
            cancellationToken
        );
        return new RestoredLab(info!, to, ran);
    }

    /// <summary>Deletes one.</summary>
    /// <exception cref="LabException">There is none of that name.</exception>
    public Task DropAsync(string name, CancellationToken cancellationToken) =>
        run.LockedAsync(
            () =>
            {
                _store.Drop(name);
                return Task.CompletedTask;
            },
            cancellationToken
        );

    private static void RequireName(string name)
    {
        if (SnapshotStore.ProblemOf(name) is { } problem)
        {
            throw new LabException(ExitCode.Usage, problem);
        }
    }

    /// <summary>Refuses labs of which not everything is here.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="what">What is asked for, to begin a sentence.</param>
    internal static void RequireSupport(Lab lab, string what)
    {
        if (lab.IsSpread)
        {
            throw new LabException(
                ExitCode.Usage,
                $"{what} of a lab on several hosts is not possible: each host has a part of it, and no moment is the "
                    + "same on all of them."
            );
        }

        if (!lab.OwnsNodes)
        {
            throw new LabException(
                ExitCode.Failed,
                $"{what} holds a lab with its nodes, and the nodes of this one belong to another lab."
            )
            {
                Hints = ["Use the command there."],
            };
        }
    }

    /// <summary>The lab of a snapshot, where it lies now: it may have been moved since.</summary>
    internal static Lab AsItIsToBe(Lab now, SnapshotInfo info)
    {
        var then = info.Lab;
        return then.Id == now.Id
            ? (
                then with
                {
                    Name = now.Name,
                    Root = now.Root,
                    SafeAlias = now.SafeAlias,
                    Folder = now.Folder,
                }
            ).WithOwnFolders()
            : throw new LabException(
                ExitCode.Failed,
                $"The snapshot '{info.Name}' is of another lab, '{then.Name}', which lay in {then.Root}."
            );
    }

    /// <summary>What the user is to know before the lab becomes what it was.</summary>
    internal static IReadOnlyList<string> Differences(Lab now, Lab then)
    {
        var notes = new List<string>();
        if (then.Nodes.Count != now.Nodes.Count)
        {
            notes.Add(
                then.Nodes.Count < now.Nodes.Count
                    ? $"The lab had {then.Nodes.Count} nodes then: "
                        + $"{NumbersOf(now.Nodes.Skip(then.Nodes.Count))} goes, with its data."
                    : $"The lab had {then.Nodes.Count} nodes then: "
                        + $"{NumbersOf(then.Nodes.Skip(now.Nodes.Count))} comes back."
            );
        }

        if (then.Pgpools.Count != now.Pgpools.Count)
        {
            notes.Add($"The lab had {then.Pgpools.Count} Pgpool-IIs then, and will have as many again.");
        }

        return notes;

        static string NumbersOf(IEnumerable<PostgresNode> nodes) =>
            string.Join(" and ", nodes.Select(n => $"node {n.Id}"));
    }

    /// <summary>What is exchanged: all that the snapshot holds; and what the lab has now and had not then, goes. Last
    /// comes the manifest.</summary>
    internal static IEnumerable<RestoredPlace> Places(Lab now, Lab then, SnapshotInfo info)
    {
        var held = info.Items.Select(i => i.Path).ToHashSet(StringComparer.Ordinal);
        return SnapshotContents
            .Of(now)
            .Concat(SnapshotContents.Of(then))
            .Select(i => i.Path)
            .Concat(SnapshotContents.OfRecovery(now))
            .Distinct()
            .Where(p => !held.Contains(p))
            .Select(p => new RestoredPlace(p, IsNew: false))
            .Concat(held.Order(StringComparer.Ordinal).Select(p => new RestoredPlace(p, IsNew: true)))
            .Append(new RestoredPlace(Path.GetRelativePath(now.Root, now.Paths.Manifest), IsNew: true));
    }

    private static ServerSet? OnlyThoseThatRan(Lab lab, SnapshotInfo info) =>
        !info.Ran || info.Servers.All(s => s.Ran)
            ? null
            : new ServerSet(
                [.. lab.OwnNodes.Where(n => info.Servers.Any(s => s.Ran && s.Server == $"node {n.Id}"))],
                [.. lab.OwnPgpools.Where(p => info.Servers.Any(s => s.Ran && s.Server == lab.TitleOf(p)))]
            );

    private async Task RequireProgramsAsync(Lab lab, CancellationToken cancellationToken)
    {
        foreach (var program in (string[])[$"{lab.Tools.PostgresBin}/postgres", lab.Tools.PgpoolProgram])
        {
            if (!await run.Context.Host.Files.CanExecuteAsync(program, cancellationToken))
            {
                throw new LabException(
                    ExitCode.Missing,
                    $"The lab of this snapshot runs with {program} ({lab.Tools.Postgres}, {lab.Tools.Pgpool}), which "
                        + "is not there any more. Nothing was touched."
                );
            }
        }
    }

    /// <summary>Ports that the lab had then and has not now: somebody else may have taken them.</summary>
    /// <returns>The leases, until the lab's manifest names these ports; null when there are none.</returns>
    private async Task<HeldPorts?> TakePortsAsync(Lab now, Lab then, CancellationToken cancellationToken)
    {
        var own = now.AllPorts.Select(p => p.Port).ToHashSet();
        var back = then.AllPorts.Where(p => !own.Contains(p.Port)).ToArray();
        if (back.Length == 0)
        {
            return null;
        }

        var taken = new List<(LabPort, string)>();
        foreach (var port in back)
        {
            if (
                await ServerPorts.WhoHoldsAsync(run.Context.Host, port, cancellationToken) is { } holder
                && holder != PortState.Lingering
            )
            {
                taken.Add((port, holder));
            }
        }

        if (taken.Count > 0)
        {
            throw PortClaim.Taken(taken, ["End that program, then try again: the lab was not touched."]);
        }

        if (run.IsDry || run.Context.Leases.Begin(now.Id, now.Root, out _) is not { } held)
        {
            return null;
        }

        foreach (var port in back)
        {
            if (!held.TryTakeAll([port.Port]))
            {
                held.Release();
                throw PortClaim.Taken(
                    [(port, "another lab's")],
                    ["Destroy that lab, then try again: this one was not touched."]
                );
            }
        }

        held.Complete();
        return held;
    }
}
