using PgpoolLab.Hosts;

namespace PgpoolLab.Provisioning.Doctor;

/// <summary>Limits of the kernel that stop a lab's servers, often in words that say something else ("No space left on
/// device").</summary>
internal static class LimitChecks
{
    /// <summary>A Pgpool-II makes one set of nine; a PostgreSQL that was built for them makes sets of 17.</summary>
    private const int SemaphoresOfLab = 9;

    /// <summary>Two of Pgpool-II, one of each PostgreSQL.</summary>
    private const int SegmentsOfLab = 4;

    /// <summary>What a Pgpool-II of 32 children takes without its query cache (3 MB), with some air.</summary>
    private const long SegmentBytes = 8_000_000;

    /// <summary>PostgreSQL's dynamic shared memory of two nodes at rest; parallel queries want more.</summary>
    private const long PosixBytesOfLab = 4_000_000;

    private const long PosixBytesOfComfort = 64_000_000;

    /// <summary>PostgreSQL refuses to start with fewer than it needs for itself, and is slow below 1000.</summary>
    private const long FewestFiles = 256;

    private const long FilesOfComfort = 1024;

    /// <summary>32 children of Pgpool-II with its helpers, and two PostgreSQLs with theirs.</summary>
    private const long ProcessesOfLab = 70;

    internal static IEnumerable<DoctorFinding> Of(MachineFacts facts)
    {
        if (facts.Semaphores is { } semaphores)
        {
            yield return Semaphores(semaphores);
        }

        if (facts.SharedMemory is { } memory)
        {
            yield return SharedMemory(memory);
        }

        if (facts.PosixSharedMemory is { } volume)
        {
            yield return PosixSharedMemory(volume);
        }

        yield return Files(facts.OpenFiles);
        yield return Processes(
            "user processes",
            facts.UserProcesses,
            facts.UserProcessesNow,
            $"ulimit -u allows {facts.LabUser ?? "the user"}",
            "ulimit -u 4096"
        );
        if (facts.GroupProcesses is not null)
        {
            yield return Processes(
                "container",
                facts.GroupProcesses,
                facts.GroupProcessesNow,
                "This container or service (pids.max) may have",
                "docker run --pids-limit 4096 …, or TasksMax=4096 in the service"
            );
        }
    }

    private static DoctorFinding Semaphores(SemaphoreFacts f)
    {
        var seen =
            $"{Diagnosis.Count(f.UsedSets, "set")} of {f.Sets} (SEMMNI), "
            + $"{Diagnosis.Count(f.UsedAll, "semaphore")} of {f.All} (SEMMNS).";
        const string cause =
            "Every Pgpool-II makes a set of 9; without it says \"could not create semaphores: No space left on "
            + "device\".";
        return f.Sets - f.UsedSets < 1 || f.All - f.UsedAll < SemaphoresOfLab || f.PerSet < SemaphoresOfLab
                ? new DoctorFinding("semaphores", Severity.Problem, seen, cause, Sem(f))
            : f.Sets - f.UsedSets < 10 || f.All - f.UsedAll < 10 * SemaphoresOfLab
                ? new DoctorFinding("semaphores", Severity.Note, seen, cause, Sem(f))
            : new DoctorFinding("semaphores", Severity.Ok, seen);
    }

    private static string Sem(SemaphoreFacts f) =>
        $"sysctl -w kernel.sem=\"{Math.Max(f.PerSet, 250)} {Math.Max(2 * f.All, 32000)} 100 "
        + $"{Math.Max(2 * f.Sets, 1024)}\"";

    private static DoctorFinding SharedMemory(SharedMemoryFacts f)
    {
        var seen =
            $"{Diagnosis.Count(f.UsedSegments, "segment")} of {f.Segments} (shmmni), "
            + $"{Diagnosis.Megabytes(f.UsedBytes)} of {Bytes(f.AllBytes)} (shmall), one at most "
            + $"{Bytes(f.LargestSegment)} (shmmax).";
        const string cause = "Pgpool-II makes one of 3 MB, each PostgreSQL a small one.";
        return f.Segments - f.UsedSegments < SegmentsOfLab
                ? new DoctorFinding(
                    "shared memory",
                    Severity.Problem,
                    seen,
                    cause,
                    $"sysctl -w kernel.shmmni={Math.Max(2 * f.Segments, 4096)}"
                )
            : f.LargestSegment < SegmentBytes
                ? new DoctorFinding(
                    "shared memory",
                    Severity.Problem,
                    seen,
                    cause,
                    "sysctl -w kernel.shmmax=1073741824"
                )
            : f.AllBytes - f.UsedBytes < SegmentBytes
                ? new DoctorFinding("shared memory", Severity.Problem, seen, cause, "sysctl -w kernel.shmall=1048576")
            : new DoctorFinding("shared memory", Severity.Ok, seen);
    }

    /// <summary>Where there is no limit the kernel names a number close to the largest there is.</summary>
    private static string Bytes(decimal bytes) => bytes > 1e15m ? "no limit" : Diagnosis.Megabytes((long)bytes);

    private static DoctorFinding PosixSharedMemory(Volume volume)
    {
        var seen = $"/dev/shm has {Diagnosis.Megabytes(volume.FreeBytes)} free of {Diagnosis.Megabytes(volume.Bytes)}.";
        const string cause =
            "PostgreSQL keeps there what its processes share; a query with parallel workers says \"could not "
            + "resize shared memory segment: No space left on device\".";
        const string fix = "docker run --shm-size 256m …, or:  mount -o remount,size=256m /dev/shm";
        return volume.ReadOnly || volume.FreeBytes < PosixBytesOfLab
                ? new DoctorFinding(
                    "/dev/shm",
                    Severity.Problem,
                    volume.ReadOnly ? "/dev/shm is read-only." : seen,
                    cause,
                    volume.ReadOnly ? "mount -o remount,rw /dev/shm" : fix
                )
            : volume.FreeBytes < PosixBytesOfComfort ? new DoctorFinding("/dev/shm", Severity.Note, seen, cause, fix)
            : new DoctorFinding("/dev/shm", Severity.Ok, seen);
    }

    private static DoctorFinding Files(long? limit)
    {
        var seen = limit is { } n ? $"ulimit -n allows a process {n}." : "No limit.";
        return limit is null or >= FilesOfComfort
            ? new DoctorFinding("open files", Severity.Ok, seen)
            : new DoctorFinding(
                "open files",
                limit < FewestFiles ? Severity.Problem : Severity.Note,
                seen,
                "Every process of PostgreSQL opens up to 1000 files (max_files_per_process).",
                "ulimit -n 4096"
            );
    }

    private static DoctorFinding Processes(string check, long? limit, long now, string who, string fix)
    {
        if (limit is not { } most)
        {
            return new DoctorFinding(check, Severity.Ok, "No limit.");
        }

        var seen = $"{who} {most} processes; {now} are there.";
        return most - now >= 2 * ProcessesOfLab
            ? new DoctorFinding(check, Severity.Ok, seen)
            : new DoctorFinding(
                check,
                most - now < ProcessesOfLab ? Severity.Problem : Severity.Note,
                seen,
                $"A lab of two nodes has about {ProcessesOfLab}: 32 children of Pgpool-II, the rest its helpers "
                    + "and PostgreSQL's.",
                fix
            );
    }
}
