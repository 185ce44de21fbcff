using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Spread;
using PgpoolLab.Ssh;
using PgpoolLab.Ssh.Files;

namespace PgpoolLab.Cli.Access;

/// <summary>The hosts of a lab, connected to by SSH. They are left when this is disposed of; servers run on.</summary>
internal sealed class SpreadSession : IAsyncDisposable
{
    private readonly SshHosts _ssh;
    private readonly IReadOnlyList<SshHost?> _hosts;

    private SpreadSession(SshHosts ssh, IReadOnlyList<SshHost?> hosts, HostParts parts) =>
        (_ssh, _hosts, Parts) = (ssh, hosts, parts);

    /// <summary>The hosts, for what is done on them.</summary>
    internal HostParts Parts { get; }

    /// <summary>Connects to hosts whose addresses are not known yet, and finds them.</summary>
    /// <exception cref="LabException">One cannot be reached, or has no address by which others could.</exception>
    internal static async Task<SpreadSession> FindAsync(
        Terminal terminal,
        IReadOnlyList<HostRequest> hosts,
        string? installed,
        bool acceptNew,
        CancellationToken cancellationToken
    )
    {
        var session = await ConnectAsync(
            terminal,
            [
                .. hosts.Select(
                    (h, i) =>
                        new LabHost(i, h.Name, "") { Program = installed, Login = h.Login == h.Name ? null : h.Login }
                ),
            ],
            acceptNew,
            cancellationToken
        );
        try
        {
            if (session.Parts.Hosts.FirstOrDefault(h => h.Problem is not null) is { Problem: { } problem })
            {
                throw problem;
            }

            var found = await Task.WhenAll(
                session.Parts.Hosts.Select(async h =>
                    h with
                    {
                        Host = h.Host with
                        {
                            Address = await AddressOfAsync(session._hosts[h.Host.Id]!, cancellationToken),
                        },
                    }
                )
            );
            return new SpreadSession(session._ssh, session._hosts, new HostParts(found));
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>Connects to a lab's hosts, all at once. One that cannot be reached is among them with the
    /// reason.</summary>
    internal static async Task<SpreadSession> ConnectAsync(
        Terminal terminal,
        IReadOnlyList<LabHost> hosts,
        bool acceptNew,
        CancellationToken cancellationToken
    )
    {
        var ssh = new SshHosts(
            new SshOptions(AgentFor(hosts))
            {
                Questions = new SshQuestions(terminal),
                AcceptNew = acceptNew,
                Clock = Composition.Clock,
            }
        );
        var reached = await Task.WhenAll(hosts.Select(h => ReachAsync(ssh, h, cancellationToken)));
        foreach (var (host, _) in reached)
        {
            foreach (var note in host?.Notes ?? [])
            {
                terminal.Say($"note {host!.Name}: {note}");
            }
        }

        return new SpreadSession(
            ssh,
            [.. reached.Select(r => r.Host)],
            new HostParts([
                .. hosts.Zip(
                    reached,
                    (h, r) =>
                        new ReachedHost(h, r.Host, r.Host?.AgentFile ?? "", r.Problem)
                        {
                            SshPort = r.Host?.Port ?? ReachedHost.DefaultSshPort,
                        }
                ),
            ])
        );
    }

    /// <summary>The program that answers on a lab's hosts.</summary>
    internal static AgentProgram AgentFor(IReadOnlyList<LabHost> hosts) =>
        hosts is [{ Program: { } installed }, ..] ? new InstalledAgent(installed) : AgentProgram.OfThisProgram();

    /// <summary>Connects to one host.</summary>
    /// <returns>It, or why it cannot be reached.</returns>
    internal static async Task<(SshHost? Host, LabException? Problem)> ReachAsync(
        SshHosts ssh,
        LabHost host,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return (
                await ssh.ConnectAsync(new SshRequest(SshAddress.Parse(host.Login ?? host.Name)), cancellationToken),
                null
            );
        }
        catch (LabException error)
        {
            return (null, error);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            return (null, new LabException(ExitCode.NotHealthy, $"Host {host.Name}: {error.Message}", error));
        }
    }

    /// <summary>Which of the addresses it is reached at is its own: that is what the others are told.</summary>
    private static async Task<string> AddressOfAsync(SshHost host, CancellationToken cancellationToken)
    {
        var meant = await Composition.Host().Ports.ResolveAsync(host.Address, cancellationToken);
        foreach (var address in meant)
        {
            if ((await host.Ports.ResolveAsync(address.Text, cancellationToken)).Any(a => a.IsOwn))
            {
                return address.Text;
            }
        }

        throw new LabException(
            ExitCode.InTheWay,
            $"Host {host.Name} is reached at {host.Address}, which is not an address of its own: the other hosts would "
                + "not find it there."
        )
        {
            Details = ["It is behind a router that translates addresses, or is reached by a port that is passed on."],
            Hints = ["Let HostName in ~/.ssh/config be the address by which the hosts reach each other."],
        };
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_hosts.Select(h => h?.DisposeAsync().AsTask() ?? Task.CompletedTask));
        _ssh.Dispose();
    }
}
