using PgpoolLab.Provisioning.Tests;

[assembly: AssemblyFixture(typeof(StateHome))]

namespace PgpoolLab.Provisioning.Tests;

/// <summary>The tests' own place for what belongs to a user: the list of labs of whoever runs them is not their
/// business.</summary>
public sealed class StateHome : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public StateHome() => Environment.SetEnvironmentVariable("XDG_STATE_HOME", _folder.Path);

    public void Dispose() => _folder.Dispose();
}
