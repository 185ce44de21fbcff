using System.Collections.Concurrent;
using Renci.SshNet;
using Renci.SshNet.Security;

namespace PgpoolLab.Ssh.Keys;

/// <summary>Private keys that are open, for all connections of one command: a passphrase is asked once.</summary>
/// <param name="questions">Asks for it.</param>
internal sealed class KeyRing(ISshQuestions questions) : IDisposable
{
    private const int Tries = 3;
    private readonly ConcurrentDictionary<string, PrivateKeyFile> _open = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _closed = new(StringComparer.Ordinal);

    /// <summary>How many keys were opened with a passphrase so far.</summary>
    internal int Answers { get; private set; }

    /// <summary>Whether somebody is there to ask.</summary>
    internal bool CanAsk => questions.CanAsk;

    /// <summary>Taken while somebody is asked: by several hosts at once nobody can be.</summary>
    internal SemaphoreSlim OneQuestion { get; } = new(1, 1);

    /// <summary>Asks whether a host is the one that is meant.</summary>
    internal Task<bool> TrustAsync(UnknownHostKey unknown, CancellationToken cancellationToken) =>
        questions.TrustAsync(unknown, cancellationToken);

    /// <summary>Opens a key.</summary>
    /// <returns>What can sign; or why there is none.</returns>
    internal async Task<(IReadOnlyCollection<HostAlgorithm>? Algorithms, string? Why)> OpenAsync(
        KeyFile file,
        CancellationToken cancellationToken
    )
    {
        await OneQuestion.WaitAsync(cancellationToken);
        try
        {
            if (_open.TryGetValue(file.Path, out var open))
            {
                return (open.HostKeyAlgorithms, null);
            }

            if (_closed.TryGetValue(file.Path, out var why))
            {
                return (null, why);
            }

            (open, why) = file.IsEncrypted ? await AskAsync(file, cancellationToken) : TryOpen(file, null);
            if (open is null)
            {
                _closed[file.Path] = why!;
                return (null, why);
            }

            _open[file.Path] = open;
            return (open.HostKeyAlgorithms, null);
        }
        finally
        {
            OneQuestion.Release();
        }
    }

    private async Task<(PrivateKeyFile? Open, string? Why)> AskAsync(KeyFile file, CancellationToken cancellationToken)
    {
        if (!questions.CanAsk)
        {
            return (null, NoTerminal);
        }

        for (var wrong = 0; wrong < Tries; wrong++)
        {
            var request = new PassphraseRequest(file.Path, file.Key, wrong);
            var passphrase = await questions.PassphraseAsync(request, cancellationToken);
            if (string.IsNullOrEmpty(passphrase))
            {
                return (null, "has a passphrase, which was not given");
            }

            if (TryOpen(file, passphrase).Open is { } open)
            {
                Answers++;
                return (open, null);
            }
        }

        return (null, $"has another passphrase than the {Tries} that were given");
    }

    /// <summary>Why an encrypted key is left out where nobody can be asked.</summary>
    internal const string NoTerminal =
        "has a passphrase, which can only be asked for in a terminal (or give the key to an agent: ssh-add)";

    /// <summary>Of the ways in which a key does not open none is told from the other by the library: a wrong passphrase
    /// makes nonsense of the rest.</summary>
    private static (PrivateKeyFile? Open, string? Why) TryOpen(KeyFile file, string? passphrase)
    {
        try
        {
            return (new PrivateKeyFile(file.Path, passphrase), null);
        }
        catch (Exception error)
        {
            return (null, $"cannot be used: {error.Message.TrimEnd('.')}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var open in _open.Values)
        {
            open.Dispose();
        }

        OneQuestion.Dispose();
    }
}
