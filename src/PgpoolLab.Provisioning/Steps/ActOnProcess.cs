using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Servers;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>Does something to one process of a server; the others go on.</summary>
/// <param name="Act">What; anything but stop.</param>
/// <param name="Node">The node whose process it is; null for a Pgpool-II's.</param>
/// <param name="Pgpool">The Pgpool-II whose process it is; null for a node's.</param>
/// <param name="Kind">What the process does: <c>walreceiver</c>, <c>child</c>.</param>
public sealed record ActOnProcess(ServerAct Act, PostgresNode? Node, PgpoolNode? Pgpool, string Kind) : IStep
{
    /// <inheritdoc/>
    public string Title => $"{Act} the {Kind} process of {Whose}";

    private string Whose =>
        Node is not null ? $"node {Node.Id}"
        : Pgpool!.Watchdog is null ? "Pgpool-II"
        : $"Pgpool-II {Pgpool.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        yield return $"{(Act is ServerAct.Kill ? "SIGKILL" : Act.Signals())} to one process of {Whose}: its {Kind}";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var live = new LiveLab(context.Host, context.Lab, context.Probes);
        var all = Node is not null
            ? await live.Of(Node).FindAllAsync(cancellationToken)
            : await live.Of(Pgpool!).FindAllAsync(cancellationToken);
        var signal = Act switch
        {
            ServerAct.Kill => ProcessSignal.Kill,
            ServerAct.Pause => ProcessSignal.Suspend,
            _ => ProcessSignal.Resume,
        };
        if (
            OneProcess.Find(all, Kind) is not { } process
            || !await context.Host.Processes.SignalAsync(process, signal, cancellationToken)
        )
        {
            throw new LabException(ExitCode.NotFound, $"{Whose} has no process that is its {Kind}.")
            {
                Details = all.Count == 0 ? [] : [$"It has {string.Join(", ", OneProcess.KindsOf(all))}."],
            };
        }
    }
}
