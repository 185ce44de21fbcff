using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Settings;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>Restarts what runs of a lab, for settings that wait for it. Nodes are restarted while Pgpool-II is down: it
/// would take the restart of its primary for a failure.</summary>
/// <param name="context">What it works with.</param>
/// <param name="lab">The lab.</param>
/// <param name="log">The lab's log.</param>
internal sealed class LabRestart(OperationContext context, Lab lab, Serilog.ILogger log)
{
    /// <summary>Restarts what must be.</summary>
    /// <param name="waiting">What waits.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">No order of restarts works, or a server did not come up.</exception>
    internal async Task RestartAsync(IReadOnlyList<WaitingSetting> waiting, CancellationToken cancellationToken)
    {
        var nodes = waiting.Any(w => w.Program == SettingAssignment.Postgres);
        if (nodes && lab.WhyNotAlone("A restart of nodes, before which every Pgpool-II is stopped,") is { } whole)
        {
            throw new LabException(ExitCode.Failed, whole)
            {
                Details = [.. waiting.Select(w => $"{w.Server}: {w.Name} is {w.Now}, the file says {w.InFile}")],
            };
        }

        var order =
            nodes && lab.Mode is ClusteringMode.StreamingReplication
                ? RestartOrders.Of(waiting.Select(w => (w.Name, w.Now, w.InFile)))
                : RestartOrder.Together;
        if (order is RestartOrder.Impossible)
        {
            throw new LabException(
                ExitCode.Failed,
                "Of the settings that wait for a restart some grow and some shrink, and a standby never starts with "
                    + "less than its primary: nothing was restarted."
            )
            {
                Details = [.. waiting.Select(w => $"{w.Server}: {w.Name} is {w.Now}, the file says {w.InFile}")],
                Hints = ["Set those that grow, with --restart; then those that shrink."],
            };
        }

        await using var steps = new Steps(context, lab, log);
        var servers = new LiveLab(context.Host, lab, context.Probes);
        var pgpools = await RunningAsync(lab.OwnPgpools, (s, ct) => servers.Of(s).FindAsync(ct), cancellationToken);
        var running = await RunningAsync(
            lab.OwnsNodes ? lab.OwnNodes : [],
            (s, ct) => servers.Of(s).FindAsync(ct),
            cancellationToken
        );
        await steps.RunAsync([Stage.ForEach(pgpools, p => [new StopPgpool(p)])], cancellationToken);
        if (nodes)
        {
            await RestartNodesAsync(steps, running, order, cancellationToken);
        }

        if (pgpools.Count > 0)
        {
            var history = new LabHistory(context.Host, lab);
            var standbys = await StartOperation.FindStandbysAsync(history, lab, cancellationToken);
            var expected = StartPlans.Expect(lab, running, standbys);
            await steps.RunAsync(StartPlans.StagesOf(lab, lab.OwnPgpools, expected), cancellationToken);
        }
    }

    private async Task RestartNodesAsync(
        Steps steps,
        IReadOnlyList<PostgresNode> running,
        RestartOrder order,
        CancellationToken cancellationToken
    )
    {
        if (order is RestartOrder.Together)
        {
            await steps.RunAsync(
                [Stage.ForEach(running, n => [new StopNode(n)]), Stage.ForEach(running, n => [new StartNode(n)])],
                cancellationToken
            );
            return;
        }

        var history = new LabHistory(context.Host, lab);
        var standbys = await RunningAsync(
            running,
            async (n, token) => await history.IsStandbyAsync(n, token) ? n : null,
            cancellationToken
        );
        foreach (var primary in running.Except(standbys))
        {
            await steps.RunAsync(
                [Stage.Of(new StopNode(primary)), Stage.Of(new StartNode(primary))],
                cancellationToken
            );
            await using var client = await PostgresClient.ConnectAsync(
                lab,
                primary.Port,
                Lab.MaintenanceDatabase,
                cancellationToken
            );
            var position = (await client.RowsAsync("SELECT pg_current_wal_lsn()::text", cancellationToken))[0][0];
            foreach (var standby in standbys)
            {
                await context.Probes.WaitAsync(
                    new HasReplayed(lab, client, primary, standby, position!),
                    ProbeRunner.Patience,
                    cancellationToken
                );
            }
        }

        await steps.RunAsync([Stage.ForEach(standbys, n => [new StopNode(n), new StartNode(n)])], cancellationToken);
    }

    private static async Task<IReadOnlyList<T>> RunningAsync<T, TFound>(
        IEnumerable<T> servers,
        Func<T, CancellationToken, Task<TFound?>> find,
        CancellationToken cancellationToken
    )
        where TFound : class
    {
        var running = new List<T>();
        foreach (var server in servers)
        {
            if (await find(server, cancellationToken) is not null)
            {
                running.Add(server);
            }
        }

        return running;
    }

    /// <summary>Runs steps on a lab that exists. What was started stays started when a later one fails.</summary>
    private sealed class Steps(OperationContext context, Lab lab, Serilog.ILogger log) : IAsyncDisposable
    {
        private readonly StepContext _steps = new(
            context.Host,
            lab,
            new ConfigRenderer(new TemplateStore(), context.ProgramVersion),
            context.Probes,
            LabSecrets.None,
            new UndoStack(),
            log,
            context.Time
        );

        internal async Task RunAsync(IReadOnlyList<Stage> stages, CancellationToken cancellationToken) =>
            await new PlanRunner(context.Reader, context.Time).RunAsync(
                [.. stages.Where(s => s.Lanes.Count > 0)],
                _steps,
                null,
                cancellationToken
            );

        public ValueTask DisposeAsync() => _steps.Sessions.DisposeAsync();
    }
}
