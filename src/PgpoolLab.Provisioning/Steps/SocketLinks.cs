using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>Links to a running lab's private sockets in the folders where programs look for sockets by themselves: so
/// that <c>psql -p 11000</c> and <c>pcp_node_count -p 11001</c> find it. They open nothing: who follows one is stopped
/// at the private folder.</summary>
/// <param name="host">Where the lab is.</param>
/// <param name="lab">The lab; one without private sockets has no links.</param>
public sealed class SocketLinks(IHost host, Lab lab)
{
    /// <summary>The links to the sockets of these servers.</summary>
    internal static IEnumerable<string> Of(Lab lab, ServerSet servers)
    {
        var sockets = servers
            .Nodes.Select(n => n.Port)
            .Concat(servers.Pgpools.SelectMany(p => (int[])[p.Port, p.PcpPort]))
            .Select(p => LabSockets.Path(lab.SocketFolder, p))
            .ToHashSet(StringComparer.Ordinal);
        return LabSockets.LinksOf(lab).Where(l => sockets.Contains(l.Socket)).Select(l => l.Link);
    }

    /// <summary>Those that lead to the lab's sockets.</summary>
    public async Task<IReadOnlyList<string>> FindAsync(CancellationToken cancellationToken)
    {
        var linked = new List<string>();
        foreach (var (link, socket) in LabSockets.LinksOf(lab))
        {
            if (await host.Files.LinkTargetAsync(link, cancellationToken) == socket)
            {
                linked.Add(link);
            }
        }

        return linked;
    }

    /// <summary>Those that lead to the lab's sockets on which nobody listens.</summary>
    public async Task<IReadOnlyList<string>> FindStaleAsync(CancellationToken cancellationToken)
    {
        var stale = new List<string>();
        foreach (var (link, socket) in LabSockets.LinksOf(lab))
        {
            if (await IsStaleAsync(link, socket, cancellationToken))
            {
                stale.Add(link);
            }
        }

        return stale;
    }

    /// <summary>Makes those whose sockets are there. What answers at a link's place already is another server's, and
    /// stays.</summary>
    /// <param name="some">Which; null for all.</param>
    /// <param name="making">Is told each link that is about to be made.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task MakeAsync(IReadOnlyList<string>? some, Action<string> making, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(making);
        // A Pgpool-II's socket for pcp may come a moment later than the one for clients: its link is made with the
        // latter.
        var first = lab.OwnPgpools.ToDictionary(
            p => LabSockets.Path(lab.SocketFolder, p.PcpPort),
            p => LabSockets.Path(lab.SocketFolder, p.Port)
        );
        foreach (var (link, socket) in LabSockets.LinksOf(lab).Where(l => some?.Contains(l.Link) is not false))
        {
            if (
                await host.Files.ExistsAsync(first.GetValueOrDefault(socket, socket), cancellationToken)
                && await host.Files.LinkTargetAsync(link, cancellationToken) != socket
                && await host.Files.LookAsync(link, cancellationToken) is not { Kind: FileKind.Folder }
                && !await host.Ports.SocketAnswersAsync(link, cancellationToken)
            )
            {
                await TryAsync(async () =>
                {
                    making(link);
                    await host.Files.DeleteAsync(link, cancellationToken);
                    await host.Files.CreateLinkAsync(link, socket, cancellationToken);
                });
            }
        }
    }

    /// <summary>Removes some of them, as long as they are the lab's.</summary>
    public async Task RemoveAsync(IReadOnlyList<string> some, CancellationToken cancellationToken)
    {
        foreach (var (link, socket) in LabSockets.LinksOf(lab).Where(l => some.Contains(l.Link)))
        {
            if (await host.Files.LinkTargetAsync(link, cancellationToken) == socket)
            {
                await TryAsync(() => host.Files.DeleteAsync(link, cancellationToken).AsTask());
            }
        }
    }

    /// <summary>Removes those that lead to sockets on which nobody listens.</summary>
    /// <param name="some">Which of them; null for all.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RemoveStaleAsync(IReadOnlyList<string>? some, CancellationToken cancellationToken)
    {
        foreach (var (link, socket) in LabSockets.LinksOf(lab).Where(l => some?.Contains(l.Link) is not false))
        {
            if (await IsStaleAsync(link, socket, cancellationToken))
            {
                await TryAsync(() => host.Files.DeleteAsync(link, cancellationToken).AsTask());
            }
        }
    }

    private async Task<bool> IsStaleAsync(string link, string socket, CancellationToken cancellationToken) =>
        await host.Files.LinkTargetAsync(link, cancellationToken) == socket
        && !await host.Ports.SocketAnswersAsync(socket, cancellationToken);

    /// <summary>They are a convenience: where one cannot be made (another user's file has its name), the lab works
    /// without.</summary>
    private static async Task TryAsync(Func<Task> change)
    {
        try
        {
            await change();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException) { }
    }
}
