using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Facts;
using PgpoolLab.Servers.Verbs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>Waits, for scripts.</summary>
/// <param name="context">What it works with.</param>
/// <param name="lab">The lab.</param>
public sealed class WaitVerb(OperationContext context, Lab lab)
{
    /// <summary>Waits for a fact, without the lab's lock: others may work on it.</summary>
    /// <exception cref="ProbeFailedException">It did not happen in time.</exception>
    /// <exception cref="LabException">One host of several cannot see it.</exception>
    public Task ExecuteAsync(LabFact fact, TimeSpan patience, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(fact);
        if (fact.Node is { } node)
        {
            lab.RequireInReach(Target.NodeOf(lab, node));
        }
        else if (lab.WhyNotAlone($"What is waited for ({fact})") is { } whole)
        {
            throw new LabException(ExitCode.Failed, whole);
        }

        return context.Probes.WaitAsync(
            new LabShows(new LiveLab(context.Host, lab, context.Probes), fact) { OutlivesServers = true },
            patience,
            cancellationToken
        );
    }
}
