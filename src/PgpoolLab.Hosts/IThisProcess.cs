namespace PgpoolLab.Hosts;

/// <summary>What changes this whole process, and so all that it does at that moment and later. There is one, at the
/// top: who must work as another user is handed it, and takes no other way.</summary>
public interface IThisProcess
{
    /// <summary>Works as another user from now on, with that user's groups and environment. There is no way back, only
    /// one to a further user. Needs <see cref="CanBecomeAnother"/>. When it fails, the process has the rights that it
    /// had before.</summary>
    /// <param name="user">Whom to become.</param>
    /// <param name="folder">Where to be then, opened with root's rights; null for the topmost folder, as the user may
    /// not be allowed in the current one.</param>
    void Become(SystemUser user, OpenFolder? folder = null);

    /// <summary>True when <see cref="Become"/> works, as <see cref="Identity.CanBecomeAnother"/> says.</summary>
    bool CanBecomeAnother { get; }

    /// <summary>Makes a folder the current one.</summary>
    /// <returns>False when this user may not be there, or when there is none; then nothing has changed.</returns>
    bool TryEnter(string folder);
}
