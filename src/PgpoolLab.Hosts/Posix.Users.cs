using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PgpoolLab.Hosts;

// System calls: users and groups of this process, and owners.
internal static partial class Posix
{
    [LibraryImport(C, EntryPoint = "geteuid")]
    internal static partial uint EffectiveUserId();

    [LibraryImport(C, EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport(C, EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Access(string path, int mode);

    [LibraryImport(C, EntryPoint = "initgroups", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int InitGroups(string user, uint group);

    [LibraryImport(C, EntryPoint = "setresgid", SetLastError = true)]
    private static partial int SetGroups(uint real, uint effective, uint saved);

    [LibraryImport(C, EntryPoint = "setresuid", SetLastError = true)]
    private static partial int SetUsers(uint real, uint effective, uint saved);

    [LibraryImport(C, EntryPoint = "setgid", SetLastError = true)]
    private static partial int SetGroup(uint group);

    [LibraryImport(C, EntryPoint = "setuid", SetLastError = true)]
    private static partial int SetUser(uint user);

    /// <summary>Owner and group of a path, of a link itself; null when it cannot be seen. Linux only.</summary>
    internal static (int User, int Group)? OwnerOf(string path) =>
        StatusOf(path) is { } status ? (status.User, status.Group) : null;

    [LibraryImport(C, EntryPoint = "fchown", SetLastError = true)]
    private static partial int ChangeOwner(SafeFileHandle file, uint user, uint group);

    internal static void Own(SafeFileHandle file, int user, int group) =>
        Check(ChangeOwner(file, (uint)user, (uint)group));

    internal static void OwnByRoot(SafeFileHandle file) => Check(ChangeOwner(file, 0, 0));

    internal static bool CanEnterAndWrite(string directory) => Access(directory, 1 | 2) == 0;

    internal static bool CanExecute(string path) => Access(path, 1) == 0;

    internal static void Own(string path, uint user, uint group) => Check(ChangeOwner(path, user, group));

    [LibraryImport(C, EntryPoint = "getresgid", SetLastError = true)]
    private static unsafe partial int GroupIds(uint* real, uint* effective, uint* saved);

    [LibraryImport(C, EntryPoint = "getgroups", SetLastError = true)]
    private static unsafe partial int FurtherGroups(int most, uint* groups);

    [LibraryImport(C, EntryPoint = "setgroups", SetLastError = true)]
    private static unsafe partial int SetFurtherGroups(nuint count, uint* groups);

    /// <summary>Gives up root for another user. On Linux the saved ids stay root, so that <see cref="WithRoot"/> works,
    /// and so that this works again for a further user; no child inherits them (execve copies the effective ids over
    /// the saved ones).</summary>
    internal static void Become(string name, uint user, uint group)
    {
        if (OperatingSystem.IsLinux())
        {
            new Rights(LinuxRights.Instance).Become(name, user, group);
            return;
        }

        Check(InitGroups(name, group));
        Check(SetGroup(group));
        Check(SetUser(user));
    }

    /// <summary>Does one thing as root again, after <see cref="Become"/>.</summary>
    /// <returns>False when this process cannot be root again; nothing was done.</returns>
    internal static bool WithRoot(Action action) =>
        OperatingSystem.IsLinux() && new Rights(LinuxRights.Instance).TryWithRoot(action);

    /// <summary>The system calls.</summary>
    private sealed unsafe class LinuxRights : IRightsCalls
    {
        internal static LinuxRights Instance { get; } = new();

        public uint User => EffectiveUserId();

        public GroupRights Groups
        {
            get
            {
                uint real,
                    effective,
                    saved;
                Check(GroupIds(&real, &effective, &saved));
                var further = new uint[Math.Max(0, FurtherGroups(0, null))];
                fixed (uint* first = further)
                {
                    var count = FurtherGroups(further.Length, first);
                    Check(count == further.Length ? 0 : -1);
                }

                return new GroupRights(real, effective, saved, further);
            }
        }

        public void SetUsers(uint real, uint effective, uint saved) => Check(Posix.SetUsers(real, effective, saved));

        public void SetGroups(uint real, uint effective, uint saved) => Check(Posix.SetGroups(real, effective, saved));

        public void InitGroups(string user, uint group) => Check(Posix.InitGroups(user, group));

        public void SetFurther(IReadOnlyList<uint> groups)
        {
            fixed (uint* first = groups.ToArray())
            {
                Check(SetFurtherGroups((nuint)groups.Count, first));
            }
        }

        // With root's rights nothing may go on.
        public void End(string why) => Environment.FailFast(why);
    }
}
