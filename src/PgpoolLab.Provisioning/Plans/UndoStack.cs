namespace PgpoolLab.Provisioning.Plans;

/// <summary>How to take back what a run has done. A step registers the undo at the moment it creates
/// something.</summary>
public sealed class UndoStack
{
    private readonly Stack<(string Title, Func<CancellationToken, Task> Undo)> _entries = new();
    private readonly Lock _gate = new();

    /// <summary>Registers an undo.</summary>
    /// <param name="title">What it does: "stop node 1".</param>
    /// <param name="undo">Does it. It must bear that the creation was only begun.</param>
    public void Push(string title, Func<CancellationToken, Task> undo)
    {
        lock (_gate)
        {
            _entries.Push((title, undo));
        }
    }

    /// <summary>How much there is to undo.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>Undoes everything, last in first out, and goes on when one fails.</summary>
    /// <param name="starting">Is told each title.</param>
    /// <param name="downTo">How much, of what came first, remains: what <see cref="Count"/> was before that which is to
    /// be undone.</param>
    /// <returns>What failed, in words; empty when nothing did.</returns>
    public async Task<IReadOnlyList<string>> UnwindAsync(Action<string> starting, int downTo = 0)
    {
        ArgumentNullException.ThrowIfNull(starting);
        var failures = new List<string>();
        while (true)
        {
            (string Title, Func<CancellationToken, Task> Undo) entry;
            lock (_gate)
            {
                if (_entries.Count <= downTo || !_entries.TryPop(out entry))
                {
                    return failures;
                }
            }

            starting(entry.Title);
            try
            {
                await entry.Undo(CancellationToken.None);
            }
            catch (Exception error)
            {
                failures.Add($"{entry.Title}: {error.Message}");
            }
        }
    }
}
