using PgpoolLab.Client;
using Xunit;

namespace PgpoolLab.Xunit;

/// <summary>A test with a database of its own in a lab that it shares with others. When it fails, how the lab is and
/// its logs are in the test's output.</summary>
/// <param name="fixture">The lab.</param>
public abstract class LabTest(LabFixture fixture) : IAsyncLifetime
{
    private readonly TimeProvider _clock = TimeProvider.System;
    private long _began;
    private LabDatabase? _database;

    /// <summary>The lab.</summary>
    protected Lab Lab => fixture.Lab;

    /// <summary>The test's own database, on every node; it is dropped after the test.</summary>
    /// <exception cref="InvalidOperationException">The lab is put back for each test: then its one database is the
    /// test's, which <see cref="PgpoolLab.Client.Lab.ConnectionString"/> connects to.</exception>
    protected LabDatabase Database =>
        _database
        ?? throw new InvalidOperationException(
            fixture.IsPutBack
                ? "The lab is put back for each test, which uses the lab's own database: Lab.ConnectionString."
                : "The test has not begun."
        );

    /// <summary>The database that a test's own is a copy of; null for an empty one.</summary>
    protected virtual string? Template => null;

    /// <summary>Makes the database, or puts the lab back.</summary>
    public virtual async ValueTask InitializeAsync()
    {
        _began = _clock.GetTimestamp();
        var cancellation = TestContext.Current.CancellationToken;
        await fixture.PutBackAsync(cancellation);
        if (!fixture.IsPutBack)
        {
            _database = await Lab.CreateDatabaseAsync(Template, cancellation);
        }
    }

    /// <summary>Says how the lab is when the test has failed, and drops the database.</summary>
    public virtual async ValueTask DisposeAsync()
    {
        if (TestContext.Current.TestState?.Result is TestResult.Failed)
        {
            TestContext.Current.TestOutputHelper?.WriteLine(
                await Lab.DescribeAsync(_clock.GetElapsedTime(_began), CancellationToken.None)
            );
        }

        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }
}
