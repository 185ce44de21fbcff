using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Links;
using PgpoolLab.Servers.Verbs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>Stops a lab. What is stopped already does not matter; what does not stop keeps none of the others
/// up.</summary>
/// <param name="run">The call.</param>
public sealed class StopOperation(PlanRun run)
{
    /// <summary>Plans it. But for the links it is the same whatever runs.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="linked">The links to its sockets that are there.</param>
    /// <param name="only">The servers to stop; null for all.</param>
    /// <param name="stale">Those of the links that lead to nobody already; they go with any server.</param>
    public static VerbPlan Plan(
        Lab lab,
        IReadOnlyList<string> linked,
        ServerSet? only = null,
        IReadOnlyList<string>? stale = null
    )
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(linked);
        if (only is not null)
        {
            linked = [.. SocketLinks.Of(lab, only).Union(stale ?? []).Intersect(linked)];
        }

        return VerbPlan.Of([
            .. LabPlanner.Stop(lab, only).Select(s => s with { GoesOn = true }),
            .. linked.Count > 0 ? (Stage[])[Stage.Of(new UnlinkSockets(linked))] : [],
        ]);
    }

    /// <summary>Stops everything.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="only">The servers to stop; null for all.</param>
    /// <exception cref="LabException">Something did not stop; the rest did.</exception>
    public Task ExecuteAsync(CancellationToken cancellationToken, ServerSet? only = null) =>
        run.LockedAsync(
            async () =>
            {
                await WarnOfFailoverAsync(only, cancellationToken);
                var links = new SocketLinks(run.Context.Host, run.Lab);
                var linked = await links.FindAsync(cancellationToken);
                var stale = await links.FindStaleAsync(cancellationToken);
                StepFailure.ThrowIfAny(await run.DoAsync(Plan(run.Lab, linked, only, stale), cancellationToken));
            },
            cancellationToken
        );

    /// <summary>One host of several that stops its primary leaves the others to promote one of theirs.</summary>
    private async Task WarnOfFailoverAsync(ServerSet? only, CancellationToken cancellationToken)
    {
        var lab = run.Lab;
        if (lab.Here is null || run.IsDry || only is { Nodes.Count: 0 })
        {
            return;
        }

        var primaries = await new LabHistory(run.Context.Host, lab).FindPrimariesAsync(cancellationToken);
        if (primaries.Keys.FirstOrDefault(n => only is null || only.Nodes.Contains(n)) is { } primary)
        {
            run.Context.Note(
                $"Node {primary.Id} is a primary: while Pgpool-IIs of other hosts run, they promote another node in "
                    + "its place. The whole lab is stopped where it was made:  pgpoollab stopall"
            );
        }
    }

    /// <summary>Stops every process of the lab, without a word and without its lock, whatever state the lab is
    /// in.</summary>
    /// <returns>What could not be stopped, in words.</returns>
    internal static async Task<IReadOnlyList<string>> StopServersAsync(IHost host, ProbeRunner probes, Lab lab)
    {
        var servers = new LiveLab(host, lab, probes);
        var failures = new List<string>();
        await Task.WhenAll(lab.OwnPgpools.Select(p => TryAsync(() => servers.Of(p).StopAsync(CancellationToken.None))));
        await Task.WhenAll(
            lab.OwnNodes.Where(_ => lab.OwnsNodes)
                .Select(n => TryAsync(() => servers.Of(n).StopAsync(CancellationToken.None)))
        );
        await TryAsync(() => new LinkServer(host, lab, probes).StopAsync(CancellationToken.None));
        await new SocketLinks(host, lab).RemoveStaleAsync(null, CancellationToken.None);
        return failures;

        async Task TryAsync(Func<Task> stop)
        {
            try
            {
                await stop();
            }
            catch (LabException error)
            {
                lock (failures)
                {
                    failures.Add(error.Message);
                }
            }
        }
    }
}
