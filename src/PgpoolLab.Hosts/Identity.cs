namespace PgpoolLab.Hosts;

/// <summary>An operating system user.</summary>
/// <param name="Name">Login name.</param>
/// <param name="UserId">Numeric user id.</param>
/// <param name="GroupId">Numeric id of the primary group.</param>
/// <param name="Home">Home folder.</param>
public sealed record SystemUser(string Name, int UserId, int GroupId, string Home);

/// <summary>Who this process is, and how root becomes somebody else: PostgreSQL refuses to run as root.</summary>
public static class Identity
{
    private static SystemUser? _became;
    private static SystemUser? _original;

    /// <summary>This process's number.</summary>
    public static int ProcessId => Environment.ProcessId;

    /// <summary>True when this process has root's rights.</summary>
    public static bool IsRoot => !OperatingSystem.IsWindows() && Posix.EffectiveUserId() == 0;

    /// <summary>True when this process has the rights of that user at this moment.</summary>
    public static bool IsEffective(int user) => OperatingSystem.IsWindows() || Posix.EffectiveUserId() == (uint)user;

    /// <summary>True after <see cref="Become"/>: called by root, working as another user.</summary>
    public static bool HasStoodDown => _became is not null;

    /// <summary>True when <see cref="Become"/> works: for root, and on Linux also for root that has become somebody
    /// else.</summary>
    public static bool CanBecomeAnother => IsRoot || (HasStoodDown && OperatingSystem.IsLinux());

    /// <summary>The user this process works as. As everywhere, HOME says where its home is.</summary>
    public static SystemUser Current => _became ?? (_original ??= Original());

    /// <summary>Looks a user up by name or number.</summary>
    /// <returns>Null when there is none.</returns>
    public static SystemUser? Find(string nameOrId)
    {
        // id -P prints a passwd line on BSD and macOS; getent does elsewhere. /etc/passwd alone would miss LDAP and the
        // like.
        var line =
            PasswdLines("/etc/passwd")
                .Select(l => l.Split(':'))
                .FirstOrDefault(f => f.Length >= 7 && (f[0] == nameOrId || f[2] == nameOrId))
            ?? (OperatingSystem.IsMacOS() ? Output("id", "-P", nameOrId) : Output("getent", "passwd", nameOrId))?.Split(
                ':'
            );
        return UserOf(line);
    }

    private static SystemUser? UserOf(string[]? line) =>
        line is { Length: >= 7 } && int.TryParse(line[2], out var user) && int.TryParse(line[3], out var group)
            ? new SystemUser(line[0], user, group, line[^2])
            : null;

    /// <summary>Every user of the machine, as far as the system lists them.</summary>
    public static IReadOnlyList<SystemUser> All() =>
        [
            .. (Output("getent", "passwd")?.Split('\n') ?? PasswdLines("/etc/passwd"))
                .Select(l => UserOf(l.Split(':')))
                .OfType<SystemUser>()
                .DistinctBy(u => u.UserId),
        ];

    /// <summary>The group that has this user's name and nobody else in it, as many systems make one for each user; with
    /// it their umask is 002.</summary>
    /// <returns>Its number; null when there is none, and for root.</returns>
    public static int? PrivateGroupOf(SystemUser user)
    {
        ArgumentNullException.ThrowIfNull(user);
        if (user.UserId == 0 || !OperatingSystem.IsLinux())
        {
            return null;
        }

        var fields =
            PasswdLines("/etc/group")
                .Select(l => l.Split(':'))
                .FirstOrDefault(f => f.Length >= 4 && f[2] == user.GroupId.ToString())
            ?? Output("getent", "group", user.GroupId.ToString())?.Split(':');
        return
            fields is { Length: >= 4 }
            && fields[0] == user.Name
            && fields[3].Split(',', StringSplitOptions.RemoveEmptyEntries).All(m => m == user.Name)
            && All().All(u => u.UserId == user.UserId || u.GroupId != user.GroupId)
            ? user.GroupId
            : null;
    }

    /// <summary>The path with every symbolic link resolved; the path itself when it does not exist.</summary>
    public static string RealPath(string path) =>
        OperatingSystem.IsWindows() ? Path.GetFullPath(path) : Posix.RealPath(path) ?? Path.GetFullPath(path);

    /// <summary>What tells a file from every other on this machine, whatever its path; null where that cannot be
    /// seen.</summary>
    public static string? FileIdOf(string path) =>
        OperatingSystem.IsLinux() && Posix.FileIdOf(path) is { } id ? $"{id.Device}:{id.Inode}" : null;

    /// <summary>Numeric owner and group of a path; null when it cannot be seen.</summary>
    public static (int User, int Group)? OwnerOf(string path)
    {
        if (OperatingSystem.IsLinux())
        {
            return Posix.OwnerOf(path);
        }

        var fields = Output("ls", "-ldn", "--", path)?.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return
            fields is { Length: > 4 } && int.TryParse(fields[2], out var user) && int.TryParse(fields[3], out var group)
            ? (user, group)
            : null;
    }

    /// <summary>Gives a path to a user. Needs root.</summary>
    public static void Own(string path, int user, int group) => Posix.Own(path, (uint)user, (uint)group);

    /// <summary>Works as another user from now on, with that user's groups and environment. Needs
    /// <see cref="CanBecomeAnother"/>.</summary>
    public static void Become(SystemUser user)
    {
        Posix.Become(user.Name, (uint)user.UserId, (uint)user.GroupId);
        _became = user;
        Environment.SetEnvironmentVariable("HOME", user.Home);
        Environment.SetEnvironmentVariable("USER", user.Name);
        Environment.SetEnvironmentVariable("LOGNAME", user.Name);
        foreach (
            var roots in new[]
            {
                "XDG_STATE_HOME",
                "XDG_CACHE_HOME",
                "XDG_CONFIG_HOME",
                "XDG_DATA_HOME",
                "XDG_RUNTIME_DIR",
            }
        )
        {
            Environment.SetEnvironmentVariable(roots, null);
        }
    }

    /// <summary>Does one thing with the rights this process began with: as root when it has stood down, else simply as
    /// it is.</summary>
    /// <returns>False when root's rights cannot be had back; nothing was done.</returns>
    public static bool WithOriginalRights(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        if (_became is { } user)
        {
            return Posix.WithRoot(action);
        }

        action();
        return true;
    }

    /// <summary>True when the current user may enter this folder and create files in it.</summary>
    public static bool CanEnterAndWrite(string directory) =>
        OperatingSystem.IsWindows() ? Directory.Exists(directory) : Posix.CanEnterAndWrite(directory);

    /// <summary>True when the current user may execute this file.</summary>
    public static bool CanExecute(string path) =>
        File.Exists(path) && (OperatingSystem.IsWindows() || Posix.CanExecute(path));

    private static SystemUser Original()
    {
        if (OperatingSystem.IsWindows())
        {
            return new SystemUser(
                Environment.UserName,
                0,
                0,
                Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)
            );
        }

        var id = (int)Posix.EffectiveUserId();
        var user = Find(id.ToString()) ?? new SystemUser(Environment.UserName, id, 0, "/");
        // "sudo -E" leaves root with the caller's HOME: what lies there is that user's word.
        return
            Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home && (id != 0 || TrustedPath.Is(home, 0))
            ? user with
            {
                Home = home,
            }
            : user;
    }

    private static string[] PasswdLines(string file) => File.Exists(file) ? File.ReadAllLines(file) : [];

    private static string? Output(string program, params string[] arguments)
    {
        try
        {
            using var process = ChildProcess.Start(new CommandSpec(program, arguments), redirect: true);
            var text = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? text.Trim() : null;
        }
        catch (ProgramNotFoundException)
        {
            return null;
        }
    }
}
