using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>Chooses the ports of a lab that is about to be made, and leases them, so that no other setup of any user
/// takes them.</summary>
/// <param name="context">The machine, the leases, and who is told.</param>
public sealed class PortClaim(OperationContext context)
{
    internal const int FirstAutomaticPort = 12000;
    internal const int LastAutomaticPort = 32000; // above begin the ports Linux hands out to clients

    /// <summary>A setup at work keeps its lock for longer, mostly. On a busy machine others hold theirs for longer than
    /// they need.</summary>
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(10);

    private bool _toldOfNoLeases;

    /// <summary>Those ports of a lab the user has chosen; the others are for us to choose.</summary>
    internal static IReadOnlyList<LabPort> FixedPortsOf(LabSpec spec)
    {
        var layout = PortLayout.From(spec.Port ?? 0, spec.PgpoolNodes, spec.PostgresPort);
        if (spec is { Part: { Here: { } here } part, Port: not null })
        {
            layout = layout with { IsShared = part.VirtualIp is not null };
            return
            [
                .. layout.OfPgpool(here),
                .. Enumerable.Range(0, spec.Nodes).Where(n => part.HostOfNode(n) == here).Select(layout.OfNode),
            ];
        }

        var nodes = spec.OwnsNodes ? spec.Nodes : 0;
        return spec.Port is not null ? layout.All(nodes).ToArray()
            : spec.PostgresPort is not null ? Enumerable.Range(0, nodes).Select(layout.OfNode).ToArray()
            : [];
    }

    /// <summary>What to do about a port that is taken.</summary>
    /// <param name="byOldCommandLine">Which options to advise.</param>
    public static IReadOnlyList<string> Advice(bool byOldCommandLine) =>
        byOldCommandLine
            ? ["Choose others:  -p PORT, -pg PORT (watchdog_setup: -wp PORT)"]
            : ["Let pgpoollab choose free ports:  --port auto", "Or choose others:  --port PORT, --pg-port PORT"];

    /// <summary>The first port a lab would get if it were made now. Takes nothing.</summary>
    public async Task<int> LookAsync(LabSpec spec, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (spec.Port is { } asked)
        {
            return asked;
        }

        var leased = context.Leases.Leased();
        return await ChooseAsync(
            spec,
            block => block.All(p => !leased.Contains(p.Port)),
            giveBack: () => { },
            cancellationToken
        );
    }

    /// <summary>Takes ports: those that were asked for, or a free block.</summary>
    /// <param name="spec">What was asked.</param>
    /// <param name="labId">The lab's id.</param>
    /// <param name="root">The lab's folder, with links resolved.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The first port of the lab; and the ports, until setup is done. Null for the latter where ports cannot
    /// be leased.</returns>
    /// <exception cref="PortTakenException">Another setup is just about to use one that was asked for.</exception>
    public async Task<(int First, HeldPorts? Held)> TakeAsync(
        LabSpec spec,
        string labId,
        string root,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(spec);
        var held = context.Leases.Begin(labId, root, out var problem);
        try
        {
            if (held is null)
            {
                Tell(problem);
                return (await LookAsync(spec, cancellationToken), null);
            }

            await TakeFixedAsync(held, FixedPortsOf(spec), spec.Conventions.HasFixedPorts, cancellationToken);
            var first =
                spec.Port
                ?? await ChooseAsync(
                    spec,
                    block => held.TryTakeAll(block.Select(p => p.Port)),
                    held.GiveBackLast,
                    cancellationToken
                );
            held.Complete();
            return (first, held);
        }
        catch (IOException error)
        {
            held?.Release();
            Tell(error.Message);
            return (await LookAsync(spec, cancellationToken), null);
        }
        catch
        {
            held?.Release();
            throw;
        }
    }

    private async Task TakeFixedAsync(
        HeldPorts held,
        IReadOnlyList<LabPort> ports,
        bool byOldCommandLine,
        CancellationToken cancellationToken
    )
    {
        var conflicts = new List<(LabPort Port, string Holder)>();
        var inTime = context.Probes.Limit(LongestLook);
        foreach (var port in ports)
        {
            var conflict = held.Take(port.Port);
            // Who sweeps locks what it looks at: for less than a millisecond, if it is not interrupted just then.
            while (conflict is not null && inTime())
            {
                await context.Probes.PauseAsync(BetweenLooks, cancellationToken);
                conflict = held.Take(port.Port);
            }

            if (conflict is not null)
            {
                conflicts.Add((port, conflict.Holder));
            }
        }

        if (conflicts.Count > 0)
        {
            throw Taken(conflicts, Advice(byOldCommandLine));
        }
    }

    /// <summary>The failure for ports that are taken.</summary>
    internal static PortTakenException Taken(
        IReadOnlyList<(LabPort Port, string Holder)> taken,
        IReadOnlyList<string> hints
    )
    {
        var lines = taken.Select(t => $"Port {t.Port.Port} ({t.Port.Use}) is {t.Holder}.").ToArray();
        return new PortTakenException(
            lines.Length == 1 ? lines[0] : $"{lines.Length} of the lab's ports are not free.",
            taken.Select(t => t.Port.Port).ToArray()
        )
        {
            Details = lines.Length == 1 ? [] : lines,
            Hints = hints,
        };
    }

    private void Tell(string problem)
    {
        if (!_toldOfNoLeases)
        {
            _toldOfNoLeases = true;
            context.Note(
                $"Ports cannot be leased in {context.Leases.Folder} ({problem}): another user's setup at the "
                    + "same moment could choose the same ones. Root's next setup repairs the folder."
            );
        }
    }

    private async Task<int> ChooseAsync(
        LabSpec spec,
        Func<IReadOnlyList<LabPort>, bool> take,
        Action giveBack,
        CancellationToken cancellationToken
    )
    {
        // Of labs that were made before there were leases, or whose leases were tidied away.
        var taken = LabIndex.All().SelectMany(l => l.Ports).Concat(FixedPortsOf(spec).Select(p => p.Port)).ToHashSet();
        // The nodes' ports are part of the block unless the user has fixed them: those are checked like all others.
        var nodesInBlock = spec.PostgresPort is null ? spec.Nodes : 0;
        var step = ((PortLayout.From(0, spec.PgpoolNodes, null).All(nodesInBlock).Count() / 10) + 1) * 10;
        var blocks = (LastAutomaticPort - FirstAutomaticPort) / step;
        // Those who choose at the same moment are not to try the same ones one after the other.
        var first = Random.Shared.Next(blocks);
        for (var i = 0; i < blocks; i++)
        {
            var candidate = FirstAutomaticPort + ((first + i) % blocks * step);
            var block = PortLayout.From(candidate, spec.PgpoolNodes, null).All(nodesInBlock).ToArray();
            if (block.Any(p => taken.Contains(p.Port)) || !take(block))
            {
                continue;
            }

            // Nobody who leases takes them now; a stranger may have had them before.
            if (await AllFreeAsync(block))
            {
                return candidate;
            }

            giveBack();
        }

        throw new LabException(
            ExitCode.InTheWay,
            $"There is no free block of {step} ports between {FirstAutomaticPort} and {LastAutomaticPort}."
        )
        {
            Hints =
            [
                $"Which labs have them is in {context.Leases.Folder}; destroy some, or choose ports above:  "
                    + "--port PORT",
            ],
        };

        async Task<bool> AllFreeAsync(LabPort[] ports)
        {
            foreach (var port in ports)
            {
                if (await ServerPorts.WhoHoldsAsync(context.Host, port, cancellationToken) is not null)
                {
                    return false;
                }
            }

            return true;
        }
    }
}
