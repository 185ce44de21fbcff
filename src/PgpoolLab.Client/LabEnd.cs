namespace PgpoolLab.Client;

/// <summary>Ends what a test has begun.</summary>
internal sealed class LabEnd(Func<Task> end) : IAsyncDisposable
{
    public async ValueTask DisposeAsync() => await end().ConfigureAwait(false);
}
