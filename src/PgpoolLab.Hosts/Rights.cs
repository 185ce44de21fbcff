namespace PgpoolLab.Hosts;

/// <summary>The groups of a process.</summary>
/// <param name="Real">Its real group.</param>
/// <param name="Effective">Its effective one.</param>
/// <param name="Saved">Its saved one.</param>
/// <param name="Further">The supplementary ones.</param>
internal sealed record GroupRights(uint Real, uint Effective, uint Saved, IReadOnlyList<uint> Further);

/// <summary>The system calls by which a process changes its rights. Each throws when it fails, and has changed nothing
/// then.</summary>
internal interface IRightsCalls
{
    /// <summary>The effective user.</summary>
    uint User { get; }

    /// <summary>The groups.</summary>
    GroupRights Groups { get; }

    /// <summary>setresuid.</summary>
    void SetUsers(uint real, uint effective, uint saved);

    /// <summary>setresgid.</summary>
    void SetGroups(uint real, uint effective, uint saved);

    /// <summary>initgroups.</summary>
    void InitGroups(string user, uint group);

    /// <summary>setgroups.</summary>
    void SetFurther(IReadOnlyList<uint> groups);

    /// <summary>Ends the process at once.</summary>
    void End(string why);
}

/// <summary>Takes on a user's rights, and root's for a moment. Whatever fails on the way, the process has all the
/// rights that it had before, and no others; where that cannot be, it ends.</summary>
/// <param name="calls">The system calls.</param>
internal sealed class Rights(IRightsCalls calls)
{
    private const uint Keep = uint.MaxValue;

    /// <summary>Becomes a user; from another user by way of root.</summary>
    internal void Become(string name, uint user, uint group)
    {
        var (former, groups) = (calls.User, calls.Groups);
        try
        {
            calls.SetUsers(Keep, 0, Keep);
            calls.SetGroups(Keep, 0, Keep);
            calls.InitGroups(name, group);
            calls.SetGroups(group, group, 0);
            calls.SetUsers(user, user, 0);
        }
        catch
        {
            GoBack(former, groups);
            throw;
        }
    }

    /// <summary>Does one thing as root.</summary>
    /// <returns>False when this process cannot be root; nothing was done.</returns>
    internal bool TryWithRoot(Action action)
    {
        var (former, groups) = (calls.User, calls.Groups);
        try
        {
            calls.SetUsers(Keep, 0, Keep);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }

        try
        {
            calls.SetGroups(Keep, 0, Keep);
            action();
        }
        finally
        {
            GoBack(former, groups);
        }

        return true;
    }

    /// <summary>The groups first: only root may change them.</summary>
    private void GoBack(uint former, GroupRights groups)
    {
        try
        {
            if (calls.User == 0)
            {
                // Where they may not be set at all they have not changed.
                if (!calls.Groups.Further.SequenceEqual(groups.Further))
                {
                    calls.SetFurther(groups.Further);
                }

                calls.SetGroups(groups.Real, groups.Effective, groups.Saved);
                calls.SetUsers(Keep, former, Keep);
            }
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            calls.End($"Could not give root's rights up again: {error.Message}");
        }
    }
}
