using PgpoolLab.Hosts;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>A test's process stays who and where it is.</summary>
internal sealed class SameProcess : IThisProcess
{
    public void Become(SystemUser user, OpenFolder? folder = null) =>
        throw new InvalidOperationException($"A test does not become {user.Name}.");

    public bool CanBecomeAnother => false;

    public bool TryEnter(string folder) => throw new InvalidOperationException($"A test does not go to {folder}.");
}
