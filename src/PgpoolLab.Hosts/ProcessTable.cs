namespace PgpoolLab.Hosts;

/// <summary>Reads the system's processes: from /proc on Linux, from ps elsewhere.</summary>
internal static class ProcessTable
{
    internal static bool HasProc => OperatingSystem.IsLinux();

    internal static ProcessFacts? Find(int id) =>
        HasProc ? FromProc(id) : FromPs(["-p", id.ToString()]).FirstOrDefault();

    /// <summary>True for whatever has this number, also for another user's. A zombie counts as none.</summary>
    internal static bool Exists(int id) => Find(id) is not null;

    /// <summary>Whether a process sees the files that we see: it is in our mount namespace, or its working folder is
    /// the very folder that has this path for us. Where there are no namespaces, all do; where it cannot be seen, it
    /// does not.</summary>
    internal static bool SeesOurFiles(int id) =>
        !HasProc
        || LinkTarget("/proc/self/ns/mnt") is not { } ours
        || LinkTarget($"/proc/{id}/ns/mnt") == ours
        || (
            LinkTarget($"/proc/{id}/cwd") is { } folder
            && Posix.FileIdOf($"/proc/{id}/cwd") is { } its
            && Posix.FileIdOf(folder) == its
        );

    /// <summary>How a process was started; nothing is known of one that has ended, nor where there is no
    /// /proc.</summary>
    internal static ProcessOrigin OriginOf(ProcessFacts process, string variable)
    {
        if (!HasProc)
        {
            return default;
        }

        var origin = new ProcessOrigin(LinkTarget($"/proc/{process.Id}/fd/1"), VariableOf(process.Id, variable));
        // Asked last: another may have got the number meanwhile.
        return Runs(process.Id, process.StartedAt) ? origin : default;
    }

    private static string? VariableOf(int id, string name)
    {
        const int largest = 1 << 20;
        using var file = SharedFile.TryOpen($"/proc/{id}/environ", out _);
        return file
            ?.Read(largest)
            ?.Split('\0')
            .FirstOrDefault(v => v.StartsWith(name + "=", StringComparison.Ordinal))
            ?[(name.Length + 1)..];
    }

    /// <summary>Every process that passes; of the others not much needs to be read. The kernel's own threads have no
    /// program, and are none.</summary>
    internal static IEnumerable<ProcessFacts> All(ProcessFilter filter) =>
        (
            HasProc
                ? Directory
                    .EnumerateDirectories("/proc")
                    .Select(d => int.TryParse(Path.GetFileName(d), out var id) ? FromProc(id, filter) : null)
                    .OfType<ProcessFacts>()
                : FromPs(["-ax"])
        ).Where(filter.Passes);

    /// <summary>True while a process of this number runs, and began then.</summary>
    internal static bool Runs(int id, string? startedAt) =>
        HasProc
            ? StatOf(id) is var (_, fields)
                && fields[State] is not ("Z" or "X")
                && (startedAt is null || fields[StartTime] == startedAt)
            : Find(id) is { } found && (startedAt is null || found.StartedAt == startedAt);

    /// <summary>True while a process of this group runs. Linux only.</summary>
    internal static bool AnyInGroup(int group) =>
        Directory
            .EnumerateDirectories("/proc")
            .Any(d =>
                int.TryParse(Path.GetFileName(d), out var id)
                && StatOf(id) is var (_, fields)
                && fields[State] is not ("Z" or "X")
                && fields[Group] == group.ToString()
            );

    /// <summary>Leaders of process groups in a session that were started with this variable, by our user. Linux
    /// only.</summary>
    internal static IEnumerable<int> LeadersIn(int session, string variable, string value) =>
        Directory
            .EnumerateDirectories("/proc")
            .Select(d => int.TryParse(Path.GetFileName(d), out var id) ? id : 0)
            .Where(id =>
                id > 0
                && StatOf(id) is var (_, fields)
                && fields[State] is not ("Z" or "X")
                && fields[Group] == id.ToString()
                && fields[Session] == session.ToString()
                && UserOf(id) == (int)Posix.EffectiveUserId()
                && VariableOf(id, variable) == value
            );

    /// <summary>The session this process is in; null where there is no /proc.</summary>
    internal static int? OwnSession =>
        HasProc && StatOf(Environment.ProcessId) is var (_, fields) ? int.Parse(fields[Session]) : null;

    /// <summary>True for a process that was killed and has not ended yet, or has ended just now. Where that cannot be
    /// seen, none is.</summary>
    internal static bool IsBeingKilled(int id)
    {
        try
        {
            return HasProc
                && (
                    StatOf(id) is not var (_, fields)
                    || fields[State] is "Z" or "X"
                    || SmallFile.ReadText($"/proc/{id}/status") is not { } status
                    || IsBeingKilled(fields, status)
                );
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It has ended meanwhile.
            return true;
        }
    }

    /// <remarks>proc(5): flags in /proc/pid/stat (PF_EXITING of the kernel's linux/sched.h), SigPnd and ShdPnd in
    /// /proc/pid/status.</remarks>
    internal static bool IsBeingKilled(IReadOnlyList<string> fields, string status)
    {
        const uint exiting = 0x4;
        const ulong kill = 1UL << (int)(ProcessSignal.Kill - 1);
        return (uint.TryParse(fields[Flags], out var flags) && (flags & exiting) != 0)
            || status
                .Split('\n')
                .Where(l =>
                    l.StartsWith("SigPnd:", StringComparison.Ordinal)
                    || l.StartsWith("ShdPnd:", StringComparison.Ordinal)
                )
                .Any(l =>
                    ulong.TryParse(
                        l.AsSpan(7).Trim(),
                        System.Globalization.NumberStyles.HexNumber,
                        null,
                        out var pending
                    )
                    && (pending & kill) != 0
                );
    }

    /// <remarks>proc(5): a process's start is counted in ticks since the machine's, 100 a second on every Linux;
    /// /proc/uptime has seconds.</remarks>
    internal static TimeSpan? AgeOf(ProcessFacts process)
    {
        const double ticksPerSecond = 100;
        return
            HasProc
            && long.TryParse(process.StartedAt, out var start)
            && SmallFile.ReadText("/proc/uptime")?.Split(' ')[0] is { } text
            && double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var uptime)
            ? TimeSpan.FromSeconds(Math.Max(0, uptime - (start / ticksPerSecond)))
            : null;
    }

    internal static IEnumerable<int> Children(int id)
    {
        const string unknown = "?";
        string children;
        try
        {
            children =
                (HasProc ? SmallFile.ReadText($"/proc/{id}/task/{id}/children") : null)
                ?? (HasProc && Path.Exists($"/proc/{id}") ? unknown : "");
        }
        catch (IOException)
        {
            return [];
        }

        // The kernel may be built without that file (CONFIG_PROC_CHILDREN).
        return children == unknown
            ? All(ProcessFilter.All).Select(p => p.Id).Where(p => ParentOf(p) == id)
            : children.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse);
    }

    private static int ParentOf(int id)
    {
        try
        {
            return SmallFile.ReadText($"/proc/{id}/stat") is { } stat
                ? int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1])
                : 0;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    // Of what follows the name.
    private const int State = 0;
    private const int Parent = 1;
    private const int Group = 2;
    private const int Session = 3;
    private const int Flags = 6;
    private const int StartTime = 19;

    /// <summary>A process's name and the fields after it; null when there is none.</summary>
    /// <remarks>proc(5), /proc/pid/stat: pid (comm) state ppid pgrp session ... starttime is the 22nd field; comm may
    /// hold spaces and brackets.</remarks>
    private static (string Name, string[] Fields)? StatOf(int id)
    {
        try
        {
            if (SmallFile.ReadText($"/proc/{id}/stat") is { } stat && stat.LastIndexOf(')') is > 0 and var close)
            {
                return (stat[(stat.IndexOf('(', StringComparison.Ordinal) + 1)..close], stat[(close + 2)..].Split(' '));
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It has ended meanwhile.
        }

        return null;
    }

    /// <param name="id">The process.</param>
    /// <param name="filter">Which ones are asked for; null for this one, whatever it is.</param>
    private static ProcessFacts? FromProc(int id, ProcessFilter? filter = null)
    {
        try
        {
            // What costs least and tells most comes first: a busy machine has thousands of processes.
            var owner = OwnerOf(id);
            if (
                IsOfAnother(owner)
                || StatOf(id) is not var (name, fields)
                || fields[State] is "Z" or "X"
                || filter?.Names?.Contains(name) == false
                || (filter is not null && IsOfKernel(fields))
            )
            {
                return null;
            }

            owner ??= UserInStatus(id);
            return IsOfAnother(owner) || SmallFile.ReadText($"/proc/{id}/cmdline") is not { } command
                ? null
                : new ProcessFacts(
                    id,
                    fields[StartTime],
                    name,
                    command.TrimEnd('\0').Replace('\0', ' '),
                    LinkTarget($"/proc/{id}/cwd"),
                    int.Parse(fields[Session])
                )
                {
                    UserId = owner,
                    ParentId = int.Parse(fields[Parent]),
                    State = fields[State][0],
                };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        bool IsOfAnother(int? user) => user is { } actual && filter?.UserId is { } wanted && actual != wanted;
    }

    /// <remarks>PF_KTHREAD of the kernel's linux/sched.h.</remarks>
    private static bool IsOfKernel(string[] fields) =>
        uint.TryParse(fields[Flags], out var flags) && (flags & 0x200000) != 0;

    private static int? UserOf(int id) => OwnerOf(id) ?? UserInStatus(id);

    /// <summary>Whose the process's files are.</summary>
    /// <returns>Null when they are root's.</returns>
    /// <remarks>proc(5): the files of a process that may not be looked into belong to root; its status tells who it
    /// is.</remarks>
    private static int? OwnerOf(int id) => Posix.OwnerOf($"/proc/{id}") is { User: > 0 and var user } ? user : null;

    private static int? UserInStatus(int id)
    {
        const string effective = "Uid:";
        return
            SmallFile
                .ReadText($"/proc/{id}/status")
                ?.Split('\n')
                .FirstOrDefault(l => l.StartsWith(effective, StringComparison.Ordinal))
                ?.Split('\t')
                is [_, _, var number, ..]
            && int.TryParse(number, out var told)
            ? told
            : null;
    }

    private static IEnumerable<ProcessFacts> FromPs(string[] selection)
    {
        string output;
        try
        {
            using var ps = ChildProcess.Start(
                new CommandSpec("ps", [.. selection, "-o", "pid=,uid=,ppid=,sess=,state=,lstart=,args="]),
                redirect: true
            );
            output = ps.StandardOutput.ReadToEnd();
        }
        catch (ProgramNotFoundException)
        {
            yield break;
        }

        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // pid user parent session state "Mon Nov 23 01:31:00 2026" args…
            var fields = line.Split(' ', 11, StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length == 11 && int.TryParse(fields[0], out var id) && !fields[4].StartsWith('Z'))
            {
                _ = int.TryParse(fields[3], out var session);
                yield return new ProcessFacts(
                    id,
                    string.Join(' ', fields[5..10]),
                    Path.GetFileName(fields[10].Split(' ')[0]),
                    fields[10],
                    null,
                    session
                )
                {
                    UserId = int.TryParse(fields[1], out var user) ? user : null,
                    ParentId = int.TryParse(fields[2], out var parent) ? parent : null,
                    State = fields[4][0],
                };
            }
        }
    }

    internal static string? LinkTarget(string link)
    {
        try
        {
            return new FileInfo(link).LinkTarget;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
