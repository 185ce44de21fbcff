using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Doctor;

/// <summary>The folders labs write in, and their sockets.</summary>
internal static class PlaceChecks
{
    /// <summary>Two fresh nodes with their WAL, and some of the user's.</summary>
    private const long BytesOfLab = 150_000_000;

    private const long BytesOfComfort = 1_000_000_000;

    /// <summary>A fresh node has about 1000 files.</summary>
    private const long FilesOfLab = 2_500;

    /// <summary>Bytes of a socket's path.</summary>
    /// <remarks>Linux manual, unix(7): sun_path has 108 with the zero at its end; 104 on BSD and macOS.</remarks>
    private static int LongestSocket => OperatingSystem.IsMacOS() ? 103 : 107;

    internal static IEnumerable<DoctorFinding> Of(MachineFacts facts)
    {
        foreach (var place in facts.Places)
        {
            yield return Check(place, facts);
        }

        var usable = facts
            .SocketFolders.Where(f =>
                f.CanWrite
                && System.Text.Encoding.UTF8.GetByteCount(f.Folder + "/.s.PGPOOLWD_CMD.65535") <= LongestSocket
            )
            .Select(f => f.Folder)
            .ToArray();
        yield return usable.Length > 0
            ? new DoctorFinding("sockets", Severity.Ok, $"Sockets can lie in {string.Join(" and ", usable)}.")
            : new DoctorFinding(
                "sockets",
                Severity.Note,
                $"{facts.LabUser ?? "The lab's user"} can write in none of "
                    + $"{string.Join(", ", facts.SocketFolders.Select(f => f.Folder))}.",
                "Without a folder for sockets, clients must connect by TCP: psql -h localhost.",
                "chmod 1777 /tmp"
            );
        if (
            facts.Places.FirstOrDefault(p => p.Use is PlaceUse.Lab) is { } here
            && System.Text.Encoding.UTF8.GetByteCount(here.Path + "/run/.s.PGPOOLWD_CMD.65535") is var bytes
            && bytes > LongestSocket
        )
        {
            yield return new DoctorFinding(
                "socket path",
                Severity.Note,
                $"A socket inside of {here.Path} would have a path of {bytes} bytes; the system allows "
                    + $"{LongestSocket}.",
                "A lab keeps its sockets elsewhere, but your own sockets (unix_socket_directories) could not lie here.",
                "pgpoollab setup DIR  (a shorter folder)"
            );
        }
    }

    private static DoctorFinding Check(Place place, MachineFacts facts)
    {
        var (check, use) = place.Use switch
        {
            PlaceUse.Lab => ("this folder", "a lab here"),
            PlaceUse.State => ("list of labs", "the list of labs"),
            _ => ("cache", "the cache of fresh clusters"),
        };
        // Labs can be made in another folder and without a cache; without a list they cannot.
        var severity = place.Use is PlaceUse.State ? Severity.Problem : Severity.Note;
        var user = facts.LabUser is { } name ? $"The user {name}" : "The lab's user";
        if (place.Volume is { ReadOnly: true })
        {
            return new DoctorFinding(
                check,
                severity,
                $"{place.Path} is on a file system that is read-only.",
                Because(place.Use),
                place.Use is PlaceUse.Lab ? "pgpoollab setup DIR  (on another file system)" : Elsewhere(place.Use)
            )
            {
                Code = ExitCode.InTheWay,
            };
        }

        if (place is { Use: PlaceUse.Lab, Volume.NoPrograms: true })
        {
            return new DoctorFinding(
                check,
                severity,
                $"{place.Path} is on a file system from which no program can be run (noexec).",
                "Pgpool-II could not call the scripts of a lab here; it can be made elsewhere.",
                "pgpoollab setup DIR  (on another file system)"
            )
            {
                Code = ExitCode.InTheWay,
            };
        }

        if (!place.CanWrite)
        {
            return new DoctorFinding(
                check,
                severity,
                $"{user} cannot write in {place.Path}, or cannot enter one of the folders above it.",
                Because(place.Use),
                place.Use is PlaceUse.Lab
                    ? $"pgpoollab setup DIR  (a folder that user can write in)"
                    : Elsewhere(place.Use)
            )
            {
                Code = ExitCode.InTheWay,
            };
        }

        if (place.Volume is not { } volume)
        {
            return new DoctorFinding(check, Severity.Ok, $"{place.Path} can be written to.");
        }

        var seen =
            $"{place.Path}: {Diagnosis.Megabytes(volume.FreeBytes)}"
            + (volume.FreeFiles is { } files ? $" and {Diagnosis.Count(files, "file")} free." : " free.");
        return volume.FreeBytes < BytesOfLab || volume.FreeFiles < FilesOfLab
                ? new DoctorFinding(
                    check,
                    place.Use is PlaceUse.Lab ? Severity.Problem : severity,
                    seen,
                    $"There is too little room for {use}: two nodes take about 100 MB in 2000 files.",
                    place.Use is PlaceUse.Lab ? "pgpoollab setup DIR  (on a disk with more room)" : Elsewhere(place.Use)
                )
                {
                    Code = ExitCode.InTheWay,
                }
            : volume.FreeBytes < BytesOfComfort
                ? new DoctorFinding(
                    check,
                    Severity.Note,
                    seen,
                    "That is room for a few labs; pgbench and WAL fill it quickly.",
                    "pgpoollab list  (shows what labs take)"
                )
            : new DoctorFinding(check, Severity.Ok, seen);
    }

    private static string Because(PlaceUse use) =>
        use switch
        {
            PlaceUse.Lab => "A lab cannot be made here, but elsewhere.",
            PlaceUse.State => "Every lab is on its user's list.",
            _ => "Every setup runs initdb instead, which takes half a second more.",
        };

    private static string Elsewhere(PlaceUse use) =>
        use is PlaceUse.State ? "export XDG_STATE_HOME=DIR" : "export XDG_CACHE_HOME=DIR";
}
