using System.Net.Sockets;
using PgpoolLab.Model;
using PgpoolLab.Ssh.Files;
using PgpoolLab.Ssh.Keys;
using Renci.SshNet;
using Renci.SshNet.Common;
using Renci.SshNet.Messages.Transport;
using Shell = PgpoolLab.Hosts.Shell;

namespace PgpoolLab.Ssh;

/// <summary>One attempt to connect and to log in.</summary>
/// <param name="name">What the host is called.</param>
/// <param name="settings">What ssh's configuration says of it.</param>
/// <param name="guard">Makes sure of it.</param>
/// <param name="login">The keys that are offered.</param>
/// <param name="options">How hosts are reached.</param>
/// <param name="by">The last host on the way; null when there is none.</param>
internal sealed class SshAttempt(
    string name,
    SshSettings settings,
    HostKeyGuard guard,
    LoginKeys login,
    SshOptions options,
    string? by
)
{
    private bool _hasShownKey;

    /// <summary>Connects.</summary>
    /// <returns>Null when the host has shown a key that is not trusted.</returns>
    internal async Task<SshClient?> RunAsync((string Host, int Port) address, CancellationToken cancellationToken)
    {
        using var method = new PrivateKeyAuthenticationMethod(settings.User, login);
        var client = new SshClient(Information(address, method));
        var patience = options.ConnectTimeout ?? settings.ConnectTimeout;
        using var deadline = new CancellationTokenSource(patience, options.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        client.HostKeyReceived += (_, shown) =>
        {
            shown.CanTrust = guard.Trusts(shown.HostKey);
            if (!_hasShownKey)
            {
                _hasShownKey = true;
                // From here on each step has its own time. It shows its key again each time new keys are agreed on.
                deadline.CancelAfter(Timeout.InfiniteTimeSpan);
            }
        };
        try
        {
            // The library waits on the thread that calls it.
            var connecting = RemoteProgram.OnItsThread(() =>
                client.ConnectAsync(either.Token).GetAwaiter().GetResult()
            );
            try
            {
                await connecting.WaitAsync(either.Token);
            }
            catch (OperationCanceledException)
            {
                _ = connecting.ContinueWith(
                    static t => _ = t.Exception,
                    CancellationToken.None,
                    TaskContinuationOptions.None,
                    TaskScheduler.Default
                );
                throw;
            }

            return client;
        }
        catch (Exception error)
        {
            _ = RemoteProgram.OnItsThread(client.Dispose);
            cancellationToken.ThrowIfCancellationRequested();
            return guard.HasRefused ? null : throw Explained(error, patience);
        }
    }

    private ConnectionInfo Information((string Host, int Port) address, PrivateKeyAuthenticationMethod method)
    {
        var information = new ConnectionInfo(address.Host, address.Port, settings.User, method)
        {
            Timeout = options.StepTimeout,
        };
        var wanted = guard.Algorithms;
        foreach (var algorithm in information.HostKeyAlgorithms.Keys.Except(wanted).ToArray())
        {
            information.HostKeyAlgorithms.Remove(algorithm);
        }

        // What is broken, or nearly so, is not offered: every server of the last ten years has better.
        foreach (var exchange in information.KeyExchangeAlgorithms.Keys.Where(IsBroken).ToArray())
        {
            information.KeyExchangeAlgorithms.Remove(exchange);
        }

        foreach (var cipher in information.Encryptions.Keys.Where(IsBroken).ToArray())
        {
            information.Encryptions.Remove(cipher);
        }

        foreach (var code in information.HmacAlgorithms.Keys.Where(IsBroken).ToArray())
        {
            information.HmacAlgorithms.Remove(code);
        }

        return information;
    }

    private static bool IsBroken(string algorithm) =>
        algorithm.Contains("sha1", StringComparison.Ordinal)
        || algorithm.Contains("md5", StringComparison.Ordinal)
        || algorithm.EndsWith("-cbc", StringComparison.Ordinal);

    private string Host =>
        by is null ? $"Host {name} ({settings.Resolved})" : $"Host {name} ({settings.Resolved}, by {by})";

    private LabException Explained(Exception error, TimeSpan patience)
    {
        switch (error)
        {
            case OperationCanceledException or SshOperationTimeoutException:
                return Unreachable(
                    _hasShownKey
                        ? "does not go on with letting anybody in: nothing came for "
                            + $"{options.StepTimeout.TotalSeconds} s"
                        : $"has not answered within {patience.TotalSeconds} s",
                    error
                );
            case SocketException socket:
                return Unreachable(Words(socket), socket);
            case SshAuthenticationException refused:
                return Refused(refused);
            case SshConnectionException { DisconnectReason: DisconnectReason.KeyExchangeFailed }
                when OtherTypes is { } why:
                return new HostKeyException(name, HostKeyVerdict.Changed, why)
                {
                    Details = [error.Message],
                    Hints =
                    [
                        "If you know why, remove the old key:  " + $"ssh-keygen -R {Shell.Quote(settings.KeyName)}",
                    ],
                };
            case SshConnectionException broken when HangsUp(broken):
                return Refused(broken);
            case SshException or IOException or ObjectDisposedException:
                return Unreachable($"has broken off: {error.Message.TrimEnd('.')}", error);
            default:
                return Unreachable($"cannot be connected to: {error.Message.TrimEnd('.')}", error);
        }
    }

    /// <summary>What a host says that has been offered enough keys: OpenSSH's words.</summary>
    private static bool HangsUp(SshException error) =>
        error.Message.Contains("Too many authentication failures", StringComparison.OrdinalIgnoreCase);

    private string? OtherTypes =>
        guard.KnownTypes is { Count: > 0 } known && !_hasShownKey
            ? $"{Host} has no key of the type that is known of it ({string.Join(", ", known.Select(SshKey.KindOf))})."
            : null;

    private string Words(SocketException error) =>
        error.SocketErrorCode switch
        {
            SocketError.ConnectionRefused => $"cannot be reached: nobody listens at its port {settings.Port}",
            SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData =>
                $"cannot be reached: nobody knows the name {settings.HostName}",
            SocketError.TimedOut => "cannot be reached: it does not answer",
            _ => $"cannot be reached: {error.Message.TrimEnd('.')}",
        };

    /// <summary>The host as ssh is to be given it.</summary>
    private string ForSsh => $"-p {settings.Port} {Shell.Quote($"{settings.User}@{settings.Name}")}";

    private HostUnreachableException Unreachable(string what, Exception error) =>
        new(name, $"{Host} {what}.", error) { Hints = [$"See what ssh says:  ssh -v {ForSsh}"] };

    private LoginRefusedException Refused(SshException error)
    {
        var tooMany = HangsUp(error);
        return new LoginRefusedException(
            name,
            login.IsEmpty
                ? $"{Host} lets nobody in without a key, and there is none to offer."
                : $"{Host} lets {settings.User} in with none of the keys that were offered.",
            error
        )
        {
            Details = [.. login.Report(), $"it said: {error.Message}"],
            Hints = tooMany
                ? ["It hangs up after a few: name the right one, IdentityFile and IdentitiesOnly yes in ~/.ssh/config"]
                : [$"Put a public key into ~/.ssh/authorized_keys there:  ssh-copy-id {ForSsh}"],
        };
    }
}
