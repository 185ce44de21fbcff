using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;

namespace PgpoolLab.Provisioning.Export;

/// <summary>What an export is to be.</summary>
/// <param name="Target">The engine.</param>
/// <param name="Folder">Where to, absolute.</param>
public sealed record ExportRequest(ExportTarget Target, string Folder)
{
    /// <summary>Make up passwords, and write them into files for the user alone.</summary>
    public bool WithSecrets { get; init; }

    /// <summary>Overwrite what an earlier export has written.</summary>
    public bool Force { get; init; }

    /// <summary>Settings to do without, as <c>pgpool.NAME</c> or <c>postgresql.NAME</c>.</summary>
    public IReadOnlyCollection<string> LeaveOut { get; init; } = [];
}

/// <summary>Writes what runs a lab's cluster on another engine. The lab itself is only read.</summary>
/// <param name="files">The files of the lab's machine.</param>
/// <param name="renderer">Has the templates.</param>
public sealed class LabExport(IFiles files, ConfigRenderer renderer)
{
    /// <summary>Exports a lab.</summary>
    /// <returns>What was exported, and which files were written.</returns>
    /// <exception cref="InvalidSpecException">The engine cannot be told something of this lab.</exception>
    /// <exception cref="LabException">There is something in the way. Nothing was written.</exception>
    public async Task<(ExportedLab Exported, ExportOutcome Files)> ExecuteAsync(
        Lab lab,
        ExportRequest request,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(request);
        var planner = new ExportPlanner(request.Target, request.LeaveOut);
        // An old command line's lab has its settings elsewhere, and is refused anyway.
        var settings = lab.PgpoolSetup is null
            ? await LabSettings.ReadAsync(lab, files, cancellationToken)
            : LabSettings.OfSetup(lab);
        var exported = planner.Plan(lab, settings);
        var folder = new ExportFolder(request.Folder);
        var export = new ExportFiles(renderer).Of(
            exported,
            request.WithSecrets ? PcpUser.RandomPassword : null,
            request.Force ? folder.Present(ExportFiles.SecretsOf(request.Target)) : null
        );
        var outcome = await folder.WriteAsync(export, request.Force, cancellationToken);
        return (exported, outcome);
    }
}
