using System.Globalization;

namespace PgpoolLab.Provisioning.Doctor;

/// <summary>A System V shared memory segment.</summary>
/// <param name="Id">Its id, for ipcrm -m.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Creator">The process that made it.</param>
/// <param name="Users">How many processes have it.</param>
/// <param name="User">Numeric user it belongs to.</param>
public sealed record Segment(int Id, long Bytes, int Creator, long Users, int User);

/// <summary>A System V semaphore set.</summary>
/// <param name="Id">Its id, for ipcrm -s.</param>
/// <param name="Count">How many semaphores it has.</param>
/// <param name="User">Numeric user it belongs to.</param>
/// <param name="Changed">When it was made or set, in seconds since 1970.</param>
public sealed record SemaphoreSet(int Id, int Count, int User, long Changed);

/// <summary>Reads the system's tables of shared memory and semaphores.</summary>
/// <remarks>Linux manual, proc(5), "/proc/sysvipc".</remarks>
public static class SystemVIpc
{
    /// <summary>A server makes its semaphores within seconds of its start.</summary>
    private const int SecondsFromStart = 60;

    /// <summary>Understands <c>/proc/sysvipc/shm</c>.</summary>
    public static IReadOnlyList<Segment> Segments(string table) =>
        Rows(table)
            .Select(r => new Segment((int)r("shmid"), r("size"), (int)r("cpid"), r("nattch"), (int)r("uid")))
            .ToArray();

    /// <summary>Understands <c>/proc/sysvipc/sem</c>.</summary>
    public static IReadOnlyList<SemaphoreSet> SemaphoreSets(string table) =>
        Rows(table)
            .Select(r => new SemaphoreSet((int)r("semid"), (int)r("nsems"), (int)r("uid"), r("ctime")))
            .ToArray();

    /// <summary>Segments of this user that nobody uses and whose creator has ended.</summary>
    public static IReadOnlyList<Segment> Abandoned(IEnumerable<Segment> segments, int user, Func<int, bool> lives) =>
        segments.Where(s => s.User == user && s.Users == 0 && !lives(s.Creator)).ToArray();

    /// <summary>Sets of this user that none of the servers that run can have made: the system does not tell who did,
    /// but a server makes its sets as it starts.</summary>
    /// <param name="sets">The sets there are.</param>
    /// <param name="user">Numeric user.</param>
    /// <param name="starts">When the servers that run were started, in seconds since 1970.</param>
    public static IReadOnlyList<SemaphoreSet> Abandoned(
        IEnumerable<SemaphoreSet> sets,
        int user,
        IReadOnlyList<long> starts
    ) =>
        sets.Where(s =>
                s.User == user && !starts.Any(start => start <= s.Changed + 1 && s.Changed <= start + SecondsFromStart)
            )
            .ToArray();

    private static IEnumerable<Func<string, long>> Rows(string table)
    {
        var lines = table
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .ToArray();
        var titles = lines.FirstOrDefault() ?? [];
        return lines
            .Skip(1)
            .Where(l => l.Length == titles.Length)
            .Select(l =>
                (Func<string, long>)(
                    title =>
                        Array.IndexOf(titles, title) is >= 0 and var column
                        && long.TryParse(
                            l[column],
                            NumberStyles.AllowLeadingSign,
                            CultureInfo.InvariantCulture,
                            out var value
                        )
                            ? value
                            : 0
                )
            );
    }
}
