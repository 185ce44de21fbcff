using PgpoolLab.Ssh.Keys;

namespace PgpoolLab.Cli.Rendering;

/// <summary>Asks whoever sits at the terminal about hosts and keys.</summary>
/// <param name="terminal">Where it is asked.</param>
internal sealed class SshQuestions(Terminal terminal) : ISshQuestions
{
    /// <inheritdoc/>
    public bool CanAsk => Question.CanAsk && OperatingSystem.IsLinux();

    /// <inheritdoc/>
    public async Task<bool> TrustAsync(UnknownHostKey unknown, CancellationToken cancellationToken)
    {
        terminal.Error.WriteLine($"The key of host {unknown.Host} ({unknown.KeyName}) is not known:");
        terminal.Error.WriteLine($"  {unknown.Key}");
        terminal.Error.WriteLine("Compare it with what the host itself says:");
        terminal.Error.WriteLine($"  ssh-keygen -lf /etc/ssh/ssh_host_{unknown.Key.Kind.ToLowerInvariant()}_key.pub");
        var kept = unknown.File is { } file ? $" Then it is added to {file}." : "";
        return await Question.AskAsync(terminal, $"Is it the host you mean?{kept} [y/N]", cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<string?> PassphraseAsync(PassphraseRequest request, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        if (request.WrongBefore > 0)
        {
            terminal.Error.WriteLine("That is not its passphrase.");
        }

        return await Question.AskSecretAsync(
            terminal,
            $"Passphrase of {request.File} (empty: leave it out):",
            cancellationToken
        );
    }
}
