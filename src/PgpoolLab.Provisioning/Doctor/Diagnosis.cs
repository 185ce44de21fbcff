namespace PgpoolLab.Provisioning.Doctor;

/// <summary>Judges what is known of a machine: facts in, findings out. Pure.</summary>
public static class Diagnosis
{
    /// <summary>Everything that is there, missing, too small, or left over.</summary>
    public static DoctorReport Of(MachineFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return new DoctorReport([
            .. ProgramChecks.Of(facts),
            .. LimitChecks.Of(facts),
            .. PlaceChecks.Of(facts),
            .. PortChecks.Of(facts),
            .. LabChecks.Of(facts),
            .. LeftoverChecks.Of(facts),
        ]);
    }

    /// <summary>For people: "150 MB", "70 GB".</summary>
    internal static string Megabytes(long bytes) =>
        bytes < 10_000_000_000 ? $"{bytes / 1_000_000} MB" : $"{bytes / 1_000_000_000} GB";

    /// <summary>"1 set", "2 sets".</summary>
    internal static string Count(long count, string thing) => count == 1 ? $"1 {thing}" : $"{count} {thing}s";
}
