using PgpoolLab.Hosts;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Provisioning.Doctor;

/// <summary>A tablespace that nodes of a lab share.</summary>
/// <param name="Lab">The lab's name.</param>
/// <param name="Root">Its folder.</param>
/// <param name="Tablespace">The tablespace.</param>
public sealed record LabTablespace(string Lab, string Root, SharedTablespace Tablespace);

/// <summary>What is wrong with labs themselves that no server reports. None of it keeps new labs from being
/// made.</summary>
internal static class LabChecks
{
    internal static IEnumerable<DoctorFinding> Of(MachineFacts facts) =>
        facts.SharedTablespaces.Select(t => new DoctorFinding(
            "tablespaces",
            Severity.Note,
            $"Nodes {string.Join(" and ", t.Tablespace.Nodes)} of the lab '{t.Lab}' write the same files, and damage "
                + $"them: tablespace {t.Tablespace.Number} lies in {t.Tablespace.Folder} for all of them.",
            "A standby makes the tablespace it replays in the folder of the primary's. Recovery gives each its own; "
                + "LOCATION '' makes new ones so.",
            $"pgpoollab status --fix --lab {Shell.Quote(t.Root)}"
        ));
}
