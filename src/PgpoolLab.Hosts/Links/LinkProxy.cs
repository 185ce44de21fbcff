using System.Net;
using PgpoolLab.Model.Links;

namespace PgpoolLab.Hosts.Links;

/// <summary>The proxy of a lab's links: connections to a link's address go on to whom it leads to, and what is on the
/// way can be held back, delayed or broken. Linux alone has all the addresses of loopback.</summary>
public sealed class LinkProxy : IDisposable
{
    private readonly LinkLoop _loop;
    private readonly Dictionary<LinkName, LiveLink> _links = [];
    private readonly TimeProvider _time;

    /// <summary>Makes one without links.</summary>
    /// <param name="time">The clock of what <c>links</c> shows.</param>
    /// <param name="failed">Is told what has failed in a way that nobody has foreseen.</param>
    public LinkProxy(TimeProvider time, Action<Exception> failed)
    {
        _time = time;
        _loop = new LinkLoop { Failed = failed };
    }

    /// <summary>Where links lead to; a test has other places.</summary>
    internal Func<LabLink, IPEndPoint> TargetOf { get; init; } = l => new IPEndPoint(IPAddress.Loopback, l.Port);

    /// <summary>Listens for these links, and for no others any more.</summary>
    /// <exception cref="IOException">It cannot listen for one of them; it does for those before it.</exception>
    public Task<IReadOnlyList<LinkView>> LoadAsync(IReadOnlyList<LabLink> links) =>
        _loop.DoAsync<IReadOnlyList<LinkView>>(() =>
        {
            foreach (var gone in _links.Values.Where(l => !links.Contains(l.Link)).ToArray())
            {
                gone.End();
                _links.Remove(gone.Link.Name);
            }

            foreach (var link in links.Where(l => !_links.ContainsKey(l.Name)))
            {
                _links.Add(link.Name, new LiveLink(_loop, link, TargetOf(link), _time));
            }

            return Views(_links.Values);
        });

    /// <summary>How links are.</summary>
    /// <param name="links">Which; null for all.</param>
    /// <exception cref="KeyNotFoundException">There is no such link.</exception>
    public Task<IReadOnlyList<LinkView>> LookAsync(IReadOnlyList<LinkName>? links) => OnAsync(links, _ => { });

    /// <summary>Brings links into a state, all at once; when this is done they are in it.</summary>
    /// <param name="links">Which; null for all.</param>
    /// <param name="state">The state.</param>
    /// <param name="time">After this they heal by themselves; null for never.</param>
    /// <param name="holder">Whoever wants them healed when he goes; null for nobody.</param>
    /// <exception cref="KeyNotFoundException">There is no such link; none has changed.</exception>
    public Task<IReadOnlyList<LinkView>> SetAsync(
        IReadOnlyList<LinkName>? links,
        LinkState state,
        TimeSpan? time = null,
        object? holder = null
    ) => OnAsync(links, l => l.Set(state, time, holder));

    /// <summary>Makes links whole.</summary>
    /// <param name="links">Which; null for all.</param>
    /// <exception cref="KeyNotFoundException">There is no such link; none has changed.</exception>
    public Task<IReadOnlyList<LinkView>> HealAsync(IReadOnlyList<LinkName>? links) =>
        OnAsync(
            links,
            l =>
            {
                if (!l.State.IsOpen)
                {
                    l.Heal();
                }
            }
        );

    /// <summary>Heals what somebody has done who goes.</summary>
    public Task<IReadOnlyList<LinkView>> LetGoAsync(object holder) =>
        OnAsync(
            null,
            l =>
            {
                if (l.Holder == holder)
                {
                    l.Heal();
                }
            }
        );

    /// <summary>Resets the connections of links, once.</summary>
    /// <param name="links">Which; null for all.</param>
    /// <exception cref="KeyNotFoundException">There is no such link; nothing was reset.</exception>
    public Task<IReadOnlyList<LinkView>> ResetAsync(IReadOnlyList<LinkName>? links) => OnAsync(links, l => l.Reset());

    private Task<IReadOnlyList<LinkView>> OnAsync(IReadOnlyList<LinkName>? names, Action<LiveLink> act) =>
        _loop.DoAsync<IReadOnlyList<LinkView>>(() =>
        {
            LiveLink[] links =
            [
                .. names is null
                    ? _links.Values
                    : names
                        .Distinct()
                        .Select(n =>
                            _links.TryGetValue(n, out var link)
                                ? link
                                : throw new KeyNotFoundException($"There is no link {n}.")
                        ),
            ];
            foreach (var link in links)
            {
                act(link);
            }

            return Views(links);
        });

    private static LinkView[] Views(IEnumerable<LiveLink> links) =>
        [
            .. links.Select(l => new LinkView
            {
                Link = l.Link.Name.ToString(),
                Address = l.Link.Address,
                Port = l.Link.Port,
                Fault = LinkWire.Of(l.State),
                State = l.State.ToString(),
                Since = l.Since,
                Until = l.Until,
                IsHeld = l.Holder is not null,
                Connections = l.Connections,
                BytesForth = l.Bytes(forth: true),
                BytesBack = l.Bytes(forth: false),
            }),
        ];

    /// <summary>Ends: every connection is reset, and every link refuses.</summary>
    public void Dispose()
    {
        _loop
            .DoAsync(() =>
            {
                foreach (var link in _links.Values)
                {
                    link.End();
                }

                _links.Clear();
                return true;
            })
            .Wait();
        _loop.Dispose();
    }
}
