using PgpoolLab.Hosts;

namespace PgpoolLab.Provisioning.Doctor;

/// <summary>What labs that are dead have left. None of it keeps new labs from being made.</summary>
internal static class LeftoverChecks
{
    /// <summary>A command line that can still be read.</summary>
    private const int MostAtOnce = 50;

    internal static IEnumerable<DoctorFinding> Of(MachineFacts facts)
    {
        var left = facts.Leftovers;
        DoctorFinding?[] found =
        [
            .. left.Orphans.Select(o => Note(o, null, "pgpoollab destroy --orphans")),
            left.CacheFolders.Count == 0
                ? null
                : Note(
                    $"{Diagnosis.Count(left.CacheFolders.Count, "cluster")} in the cache "
                        + $"{(left.CacheFolders.Count == 1 ? "was" : "were")} never finished: "
                        + $"{Shown(left.CacheFolders)}.",
                    "Who made them was killed.",
                    "pgpoollab destroy --orphans"
                ),
            .. left.Strays.Select(s =>
                Note(
                    $"{s.Name} (pid {s.Id}) works in {s.Folder}, which was deleted; it is on no list of labs.",
                    null,
                    $"kill -{(s.Name == "pgpool" ? "INT" : "QUIT")} {s.Id}"
                )
            ),
            left.Sockets.Count == 0
                ? null
                : Note(
                    $"Nobody listens on {Shown(left.Sockets)}.",
                    Cause(left.Sockets.Count),
                    "rm -f " + string.Join(' ', left.Sockets.Take(MostAtOnce).Select(Shell.Quote))
                ),
            left.Segments.Count == 0
                ? null
                : Note(
                    $"{Diagnosis.Count(left.Segments.Count, "shared memory segment")} "
                        + $"({Diagnosis.Megabytes(left.Segments.Sum(s => s.Bytes))}) {Are(left.Segments.Count)} "
                        + $"used by nobody, and who made {Them(left.Segments.Count)} has ended.",
                    Cause(left.Segments.Count),
                    "ipcrm " + string.Join(' ', left.Segments.Take(MostAtOnce).Select(s => $"-m {s.Id}"))
                ),
            left.Semaphores.Count == 0
                ? null
                : Note(
                    $"{Diagnosis.Count(left.Semaphores.Count, "semaphore set")}: no server of this user that "
                        + $"runs began when {(left.Semaphores.Count == 1 ? "it was" : "they were")} made.",
                    Cause(left.Semaphores.Count),
                    "ipcrm " + string.Join(' ', left.Semaphores.Take(MostAtOnce).Select(s => $"-s {s}"))
                ),
            .. left.RecoveryFolders.Select(f =>
                Note(
                    $"{f} lies beside a data folder.",
                    "An online recovery was killed. The next recovery of that node clears it away.",
                    "pcp_recovery_node  (of that node)"
                )
            ),
        ];
        var findings = found.OfType<DoctorFinding>().ToArray();
        return findings.Length > 0
            ? findings
            : [new DoctorFinding("leftovers", Severity.Ok, "Dead labs have left nothing.")];
    }

    private static DoctorFinding Note(string seen, string? cause, string fix) =>
        new("leftovers", Severity.Note, seen, cause, fix);

    private static string Cause(int count) =>
        count > MostAtOnce
            ? $"Servers were killed. The command names the first {MostAtOnce}; this one, again, the next."
            : "A server was killed.";

    private static string Shown(IReadOnlyList<string> paths) =>
        string.Join(", ", paths.Take(3)) + (paths.Count > 3 ? $" and {paths.Count - 3} more" : "");

    private static string Are(int count) => count == 1 ? "is" : "are";

    private static string Them(int count) => count == 1 ? "it" : "them";
}
