using PgpoolLab.Client;
using Xunit;

namespace PgpoolLab.Xunit;

/// <summary>A lab for the tests of a class (<c>IClassFixture</c>), a collection or an assembly
/// (<c>AssemblyFixture</c>).</summary>
public class LabFixture : IAsyncLifetime
{
    private Lab? _lab;
    private LabSnapshot? _prepared;

    /// <summary>The lab.</summary>
    public Lab Lab => _lab ?? throw new InvalidOperationException("The lab is not made yet.");

    /// <summary>Says what the lab is to be: two nodes, when this is not overridden.</summary>
    protected virtual void Configure(LabOptions options) { }

    /// <summary>Prepares what all tests use, such as a schema.</summary>
    protected virtual ValueTask PrepareAsync(Lab lab) => default;

    /// <summary>True for a lab that is put back before each <see cref="LabTest"/> to how <see cref="PrepareAsync"/>
    /// left it, with all nodes and roles, if anything has changed. Such tests must not run side by side. When this is
    /// not overridden, a test has a database of its own instead, and mends what it breaks.</summary>
    protected internal virtual bool IsPutBack => false;

    /// <summary>Makes the lab.</summary>
    public async ValueTask InitializeAsync()
    {
        var cancellation = TestContext.Current.CancellationToken;
        _lab = await Lab.StartAsync(Configure, cancellation);
        await PrepareAsync(_lab);
        if (IsPutBack)
        {
            _prepared = await _lab.SnapshotAsync(cancellationToken: cancellation);
        }
    }

    /// <summary>Puts the lab back, if it is one that <see cref="IsPutBack"/> and anything has changed.</summary>
    public Task PutBackAsync(CancellationToken cancellationToken = default) =>
        _prepared is null ? Task.CompletedTask : Lab.RestoreAsync(_prepared, cancellationToken);

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
