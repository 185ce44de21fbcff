namespace PgpoolLab.Servers.Logs;

/// <summary>Puts what comes from several sources into the order of time. Each source sends in its own order, and says
/// now and then up to which moment it has sent everything: what is older than that in all of them can be given out.
/// Pure: it knows no clock.</summary>
/// <typeparam name="T">What is put in order.</typeparam>
/// <param name="sources">How many there are.</param>
public sealed class TimeMerge<T>(int sources)
{
    private readonly Source[] _sources = [.. Enumerable.Range(0, sources).Select(_ => new Source())];

    /// <summary>Takes something in.</summary>
    /// <param name="source">Where it comes from.</param>
    /// <param name="at">When it was; null for as early as what came before it.</param>
    /// <param name="item">What it is.</param>
    public void Add(int source, DateTimeOffset? at, T item)
    {
        var from = _sources[source];
        // One whose clock goes back keeps its order.
        from.Last = at > from.Last ? at.Value : from.Last;
        from.Items.Enqueue((from.Last, item));
    }

    /// <summary>Everything from before this moment has come.</summary>
    public void Reach(int source, DateTimeOffset until)
    {
        var from = _sources[source];
        from.Until = until > from.Until ? until : from.Until;
    }

    /// <summary>Waits for nothing from this one any more.</summary>
    public void Leave(int source) => _sources[source].IsLeft = true;

    /// <summary>Waits for it again.</summary>
    public void Return(int source) => _sources[source].IsLeft = false;

    /// <summary>True when nothing waits, and nothing is waited for.</summary>
    public bool IsOver => Array.TrueForAll(_sources, s => s.IsLeft && s.Items.Count == 0);

    /// <summary>What can be given out, in its order; of equal times, the source with the lowest number first.</summary>
    /// <param name="late">What is not newer than this is given out though a source has not come so far: its clock, or
    /// one of its servers', may be wrong. One that has not said anything yet is waited for all the same.</param>
    public IEnumerable<(int Source, T Item)> Take(DateTimeOffset? late = null)
    {
        while (true)
        {
            var first = -1;
            for (var i = 0; i < _sources.Length; i++)
            {
                if (_sources[i].Items.TryPeek(out var head) && (first < 0 || head.At < _sources[first].Items.Peek().At))
                {
                    first = i;
                }
            }

            if (first < 0)
            {
                yield break;
            }

            var at = _sources[first].Items.Peek().At;
            if (
                Array.Exists(
                    _sources,
                    s =>
                        !s.IsLeft
                        && s.Items.Count == 0
                        && s.Until <= at
                        && (s.Until == DateTimeOffset.MinValue || !(at <= late))
                )
            )
            {
                yield break;
            }

            yield return (first, _sources[first].Items.Dequeue().Item);
        }
    }

    private sealed class Source
    {
        internal Queue<(DateTimeOffset At, T Item)> Items { get; } = new();

        internal DateTimeOffset Last { get; set; } = DateTimeOffset.MinValue;

        internal DateTimeOffset Until { get; set; } = DateTimeOffset.MinValue;

        internal bool IsLeft { get; set; }
    }
}
