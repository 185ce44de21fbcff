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

    /// <summary>Gives up root for another user. On Linux the saved ids stay root, so that <see cref="WithRoot"/> works,
    /// and so that this works again for a further user; no child inherits them (execve copies the effective ids over
    /// the saved ones).</summary>
    internal static void Become(string name, uint user, uint group)
    {
        if (OperatingSystem.IsLinux() && EffectiveUserId() is not 0 and var former)
        {
            BecomeAnother(former, name, user, group);
            return;
        }

        Check(InitGroups(name, group));
        if (OperatingSystem.IsLinux())
        {
            Check(SetGroups(group, group, 0));
            Check(SetUsers(user, user, 0));
        }
        else
        {
            Check(SetGroup(group));
            Check(SetUser(user));
        }
    }

    /// <summary>From one user to another, by way of root. Whatever fails on the way, root's rights are not kept.</summary>
    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    private static void BecomeAnother(uint former, string name, uint user, uint group)
    {
        const uint keep = uint.MaxValue;
        Check(SetUsers(keep, 0, keep));
        try
        {
            Check(SetGroups(keep, 0, keep));
            Check(InitGroups(name, group));
            Check(SetGroups(group, group, 0));
            Check(SetUsers(user, user, 0));
        }
        catch
        {
            Check(SetUsers(keep, former, keep));
            throw;
        }
    }

    /// <summary>Does one thing as root again, after <see cref="Become"/>.</summary>
    /// <returns>False when this process cannot be root again; nothing was done.</returns>
    internal static bool WithRoot(uint user, uint group, Action action)
    {
        const uint keep = uint.MaxValue;
        if (!OperatingSystem.IsLinux() || SetUsers(keep, 0, keep) != 0)
        {
            return false;
        }

        try
        {
            Check(SetGroups(keep, 0, keep));
            action();
        }
        finally
        {
            Check(SetGroups(keep, group, keep));
            Check(SetUsers(keep, user, keep));
        }

        return true;
    }
}
