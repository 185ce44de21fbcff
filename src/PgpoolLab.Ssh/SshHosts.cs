using PgpoolLab.Model;
using PgpoolLab.Ssh.Files;
using PgpoolLab.Ssh.Keys;

namespace PgpoolLab.Ssh;

/// <summary>Reaches hosts by SSH, several at once; a passphrase is asked for once for all of them.</summary>
/// <param name="options">How they are reached.</param>
public sealed class SshHosts(SshOptions options) : IDisposable
{
    /// <summary>Nobody has more hosts on the way.</summary>
    private const int MostJumps = 10;
    private readonly KeyRing _ring = new(options.Questions);

    /// <summary>Reaches one host, and no others.</summary>
    /// <inheritdoc cref="ConnectAsync(SshRequest, CancellationToken)"/>
    public static async Task<SshHost> ConnectAsync(string host, SshOptions options, CancellationToken cancellationToken)
    {
        using var hosts = new SshHosts(options);
        return await hosts.ConnectAsync(new SshRequest(SshAddress.Parse(host)), cancellationToken);
    }

    /// <summary>Connects to a host, logs in, and begins the program there that answers for it.</summary>
    /// <exception cref="HostUnreachableException">No connection comes about.</exception>
    /// <exception cref="HostKeyException">Its key is not to be trusted.</exception>
    /// <exception cref="LoginRefusedException">It lets nobody in.</exception>
    /// <exception cref="NoAgentException">The program does not run there.</exception>
    /// <exception cref="LabException">ssh's configuration is wrong.</exception>
    public async Task<SshHost> ConnectAsync(SshRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var settings = SshConfig.Resolve(request.Address, options.Home);
        var connection = await OpenAsync(
            request.Name ?? request.Address.Host,
            settings with
            {
                IdentityFiles =
                [
                    .. request.IdentityFile is { } file ? [file] : (string[])[],
                    .. settings.IdentityFiles.Where(f => f != request.IdentityFile),
                ],
            },
            request.Jumps ?? settings.Jumps,
            depth: 0,
            cancellationToken
        );
        try
        {
            return await new AgentStart(connection, options).RunAsync(cancellationToken);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>As ssh has it: the last host on the way is asked to connect to the target, by its own way.</summary>
    private async Task<SshConnection> OpenAsync(
        string name,
        SshSettings settings,
        IReadOnlyList<SshAddress> jumps,
        int depth,
        CancellationToken cancellationToken
    )
    {
        if (depth > MostJumps)
        {
            throw new LabException(ExitCode.Usage, $"The way to host {name} goes in a circle: see ProxyJump.");
        }

        SshConnection? last = null;
        if (jumps.Count > 0)
        {
            var (before, nearest) = (jumps.SkipLast(1).ToArray(), jumps[^1]);
            var its = SshConfig.Resolve(nearest, options.Home);
            last = await OpenAsync(
                nearest.Host,
                its,
                before.Length > 0 ? before : its.Jumps,
                depth + 1,
                cancellationToken
            );
        }

        return await SshConnection.OpenAsync(name, settings, last, options, _ring, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _ring.Dispose();
}
