using System.Collections.Concurrent;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Spread;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Ssh;
using PgpoolLab.Ssh.Keys;

namespace PgpoolLab.Cli.Access;

/// <summary>The hosts of a lab, for commands that look at it: they are connected to when they are asked, and again when
/// they were lost.</summary>
internal sealed class SpreadHosts : IAsyncDisposable
{
    /// <summary>For how long a host may take with each step after it has shown its key.</summary>
    private static readonly TimeSpan StepTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Nobody waits long to take leave of a host that does not answer.</summary>
    private static readonly TimeSpan MostForLeave = TimeSpan.FromSeconds(1);

    /// <summary>A WAL receiver that was just started again streams within these, in milliseconds.</summary>
    private static readonly int[] BetweenLooks = [100, 300, 900];

    private readonly Terminal _terminal;
    private readonly SshHosts _ssh;
    private readonly ConcurrentDictionary<int, SshHost> _hosts = new();
    private readonly CancellationTokenSource _end = new();
    private IReadOnlyDictionary<int, DateTimeOffset> _silences;

    /// <summary>Nothing is connected to yet.</summary>
    /// <param name="terminal">Where it is asked about keys, and told what ssh's configuration says and is not
    /// done.</param>
    /// <param name="lab">The whole lab.</param>
    /// <param name="asks">False to ask nobody: a host that needs an answer is then one that cannot be reached.</param>
    internal SpreadHosts(Terminal terminal, Lab lab, bool asks = true)
    {
        _terminal = terminal;
        _silences = HostSilences.Load(lab);
        _ssh = new SshHosts(
            new SshOptions(SpreadSession.AgentFor(lab.Hosts))
            {
                Questions = asks ? new SshQuestions(terminal) : new NoQuestions(),
                StepTimeout = StepTimeout,
                Clock = Composition.Clock,
            }
        );
        Looks = new HostLooks(lab, ConnectAsync, Composition.Clock, _silences);
    }

    /// <summary>Asks them.</summary>
    internal HostLooks Looks { get; }

    private Lab Lab => Looks.Lab;

    /// <summary>How all nodes are.</summary>
    internal async Task<NodesReport> NodesAsync(CancellationToken cancellationToken) =>
        SpreadNodes.Merge(Lab, await LookAsync(withDetails: false, cancellationToken));

    /// <summary>What is wrong with the lab, why, and what ends it.</summary>
    internal async Task<StatusReport> StatusAsync(CancellationToken cancellationToken) =>
        SpreadNodes.Status(Lab, await LookAsync(withDetails: true, cancellationToken));

    /// <summary>What each host says. When a standby does not stream yet it is looked at again, for a second or
    /// so.</summary>
    internal async Task<IReadOnlyList<HostLook>> LookAsync(bool withDetails, CancellationToken cancellationToken)
    {
        var looks = await OnceAsync(withDetails, cancellationToken);
        foreach (var pause in BetweenLooks)
        {
            if (!SpreadNodes.MayStreamSoon(SpreadNodes.Merge(Lab, looks)))
            {
                break;
            }

            await Composition
                .Probes(Composition.Host())
                .PauseAsync(TimeSpan.FromMilliseconds(pause), cancellationToken);
            looks = await OnceAsync(withDetails, cancellationToken);
        }

        return looks;
    }

    /// <summary>What each host says, asked once.</summary>
    internal async Task<IReadOnlyList<HostLook>> OnceAsync(bool withDetails, CancellationToken cancellationToken)
    {
        var looks = await Looks.LookAsync(withDetails, cancellationToken);
        var silences = Looks.Silences;
        if (!silences.OrderBy(s => s.Key).SequenceEqual(_silences.OrderBy(s => s.Key)))
        {
            _silences = silences;
            HostSilences.Save(Lab, silences);
        }

        return looks;
    }

    private async Task<ReachedHost> ConnectAsync(LabHost host, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _end.Token);
        if (_hosts.TryRemove(host.Id, out var former))
        {
            _ = former.DisposeAsync().AsTask();
        }

        var (reached, problem) = await SpreadSession.ReachAsync(_ssh, host, either.Token);
        if (reached is not null)
        {
            _hosts[host.Id] = reached;
            foreach (var note in former is null ? reached.Notes : [])
            {
                _terminal.Say($"note {host.Name}: {note}");
            }
        }

        return new ReachedHost(host, reached, reached?.AgentFile ?? "", problem);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        try
        {
            await Task.WhenAll(_hosts.Values.Select(h => h.DisposeAsync().AsTask()))
                .WaitAsync(MostForLeave, Composition.Clock);
        }
        catch (TimeoutException)
        {
            // It ends with this program.
        }

        _ssh.Dispose();
    }
}
