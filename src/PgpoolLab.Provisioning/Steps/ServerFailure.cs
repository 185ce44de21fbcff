using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>A failure of a step, with the end of the server's log, which says more.</summary>
internal static class ServerFailure
{
    internal static async Task<LabException> OfAsync(
        StepContext context,
        ServerLog log,
        ExitCode code,
        string what,
        Exception? cause,
        CancellationToken cancellationToken
    )
    {
        var file = await log.FindAsync(context.Host, cancellationToken);
        return new(code, what, cause)
        {
            LogFile = file,
            LogTail = await LogTail.ReadAsync(context.Host, file, cancellationToken),
        };
    }
}
