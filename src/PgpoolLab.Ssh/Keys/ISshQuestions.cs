using PgpoolLab.Ssh.Files;

namespace PgpoolLab.Ssh.Keys;

/// <summary>What a person has to decide about a host whose key nobody knows.</summary>
/// <param name="Host">The host, as it was asked for.</param>
/// <param name="KeyName">The name under which it would be known.</param>
/// <param name="Key">The key that it shows.</param>
/// <param name="File">The file that it would be added to; null when it would be added nowhere.</param>
public sealed record UnknownHostKey(string Host, string KeyName, SshKey Key, string? File);

/// <summary>What a person has to know to open a key.</summary>
/// <param name="File">The file with the private key.</param>
/// <param name="Key">The key, where the file says it without its passphrase.</param>
/// <param name="WrongBefore">How many passphrases were wrong.</param>
public sealed record PassphraseRequest(string File, SshKey? Key, int WrongBefore);

/// <summary>Asks a person at a terminal: made by the front end. One question is asked at a time.</summary>
public interface ISshQuestions
{
    /// <summary>Whether somebody is there.</summary>
    bool CanAsk { get; }

    /// <summary>Asks whether a host is the one that is meant.</summary>
    /// <returns>True when its key is to be trusted from now on.</returns>
    Task<bool> TrustAsync(UnknownHostKey unknown, CancellationToken cancellationToken);

    /// <summary>Asks for a passphrase.</summary>
    /// <returns>Null or empty when the key is to be left out.</returns>
    Task<string?> PassphraseAsync(PassphraseRequest request, CancellationToken cancellationToken);
}

/// <summary>Nobody is there.</summary>
public sealed class NoQuestions : ISshQuestions
{
    /// <inheritdoc/>
    public bool CanAsk => false;

    /// <inheritdoc/>
    public Task<bool> TrustAsync(UnknownHostKey unknown, CancellationToken cancellationToken) => Task.FromResult(false);

    /// <inheritdoc/>
    public Task<string?> PassphraseAsync(PassphraseRequest request, CancellationToken cancellationToken) =>
        Task.FromResult<string?>(null);
}
