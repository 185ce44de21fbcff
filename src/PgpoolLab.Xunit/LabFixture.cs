using PgpoolLab.Client;
using Xunit;

namespace PgpoolLab.Xunit;

/// <summary>A lab for the tests of a class (<c>IClassFixture</c>), a collection or an assembly
/// (<c>AssemblyFixture</c>).</summary>
public class LabFixture : IAsyncLifetime
{
    private Lab? _lab;

    /// <summary>The lab.</summary>
    public Lab Lab => _lab ?? throw new InvalidOperationException("The lab is not made yet.");

    /// <summary>Says what the lab is to be: two nodes, when this is not overridden.</summary>
    protected virtual void Configure(LabOptions options) { }

    /// <summary>Prepares what all tests use, such as a schema.</summary>
    protected virtual ValueTask PrepareAsync(Lab lab) => default;

    /// <summary>Makes the lab.</summary>
    public async ValueTask InitializeAsync()
    {
        _lab = await Lab.StartAsync(Configure, TestContext.Current.CancellationToken);
        await PrepareAsync(_lab);
    }

    /// <summary>Removes it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_lab is not null)
        {
            await _lab.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }
}
