using PgpoolLab.Model;
using PgpoolLab.Provisioning.Settings;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>Has every server that runs read its configuration files again.</summary>
/// <param name="context">What it works with.</param>
public sealed class ReloadOperation(OperationContext context)
{
    /// <summary>Reloads, and waits until the servers have read their files.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="restart">True to restart what a reload does not change, too.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">A file has an error; no server was reloaded.</exception>
    public async Task<ReloadResult> ExecuteAsync(Lab lab, bool restart, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        using var labLock = LabLock.Take(lab.Root);
        using var log = context.OpenLog(lab.ToolLog);
        var reloader = new Reloader(context.Host, lab, context.Probes);
        var result = await reloader.ReloadAsync(lab.OwnNodes, lab.OwnPgpools, cancellationToken);
        log.Information("Reloaded {Servers}", result.Reloaded);
        if (restart && result.Waiting.Count > 0)
        {
            await new LabRestart(context, lab, log).RestartAsync(result.Waiting, cancellationToken);
            // What still waits now, a restart does not change either.
            result = await reloader.ReloadAsync(lab.OwnNodes, lab.OwnPgpools, cancellationToken);
        }

        return result;
    }
}
