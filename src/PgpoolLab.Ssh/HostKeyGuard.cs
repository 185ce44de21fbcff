using PgpoolLab.Hosts;
using PgpoolLab.Ssh.Files;
using PgpoolLab.Ssh.Keys;

namespace PgpoolLab.Ssh;

/// <summary>Makes sure that a host is the one that is meant.</summary>
/// <param name="name">What it is called.</param>
/// <param name="settings">What ssh's configuration says of it.</param>
/// <param name="options">How hosts are reached.</param>
/// <param name="ring">Asks a person.</param>
internal sealed class HostKeyGuard(string name, SshSettings settings, SshOptions options, KeyRing ring)
{
    private KnownHosts _known = Read(settings, options);
    private HostKeyAnswer? _answer;
    private SshKey? _shown;
    private SshKey? _trusted;

    private static KnownHosts Read(SshSettings settings, SshOptions options) =>
        KnownHosts.Read(settings.UserKnownHosts.Concat(settings.GlobalKnownHosts), options.Home, settings.RevokedKeys);

    /// <summary>What could not be done, for people.</summary>
    internal List<string> Notes { get; } = [];

    /// <summary>What to ask the host for.</summary>
    internal IReadOnlyList<string> Algorithms =>
        HostKeyAlgorithms.For(_trusted is { } key ? [key.Type] : _known.TypesOf(settings.KeyName));

    /// <summary>The types that are known of it; empty when none is.</summary>
    internal IReadOnlyList<string> KnownTypes => _known.TypesOf(settings.KeyName);

    /// <summary>Whether the host has shown a key that was not trusted.</summary>
    internal bool HasRefused => _answer is not null;

    /// <summary>The host shows its key. Nobody is asked here: the connection would not wait.</summary>
    /// <returns>Whether it may go on.</returns>
    internal bool Trusts(ReadOnlySpan<byte> blob)
    {
        if (SshKey.TryRead(blob) is not { } key)
        {
            return false;
        }

        if (key.Equals(_trusted))
        {
            return true;
        }

        var answer = _known.Compare(settings.KeyName, key);
        if (answer.Verdict is HostKeyVerdict.Known)
        {
            return true;
        }

        (_shown, _answer) = (key, answer);
        return false;
    }

    /// <summary>What becomes of a key that was not trusted. When this returns the host may be tried again.</summary>
    /// <exception cref="HostKeyException">It stays so.</exception>
    internal async Task DecideAsync(CancellationToken cancellationToken)
    {
        var (key, answer) = (_shown!, _answer!);
        (_shown, _answer) = (null, null);
        if (answer.Verdict is not HostKeyVerdict.Unknown)
        {
            throw Refusal(key, answer);
        }

        // Another connection to the same host may ask already: hosts of a lab have their way in common.
        await ring.OneQuestion.WaitAsync(cancellationToken);
        try
        {
            _known = Read(settings, options);
            answer = _known.Compare(settings.KeyName, key);
            if (answer.Verdict is HostKeyVerdict.Known)
            {
                return;
            }

            // One that shows a new key each time, where none can be noted, is not asked about again and again.
            if (
                answer.Verdict is HostKeyVerdict.Unknown
                && _trusted is null
                && await MayBeAddedAsync(key, cancellationToken)
            )
            {
                _trusted = key;
                Add(key);
                return;
            }
        }
        finally
        {
            ring.OneQuestion.Release();
        }

        throw Refusal(key, answer);
    }

    private async Task<bool> MayBeAddedAsync(SshKey key, CancellationToken cancellationToken)
    {
        if (options.AcceptNew || settings.UnknownKeys is UnknownHostKeys.Accept)
        {
            return true;
        }

        return settings.UnknownKeys is UnknownHostKeys.Ask
            && ring.CanAsk
            && await ring.TrustAsync(
                new UnknownHostKey(name, settings.KeyName, key, settings.UserKnownHosts.FirstOrDefault()),
                cancellationToken
            );
    }

    private void Add(SshKey key)
    {
        if (settings.UserKnownHosts is not [var file, ..])
        {
            return;
        }

        try
        {
            KnownHostsFile.Append(file, settings.KeyName, key, settings.HidesNames);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Notes.Add($"The key of host {name} is trusted for now; {file} cannot be written: {error.Message}");
        }
    }

    private HostKeyException Refusal(SshKey key, HostKeyAnswer answer)
    {
        var shown = $"shown: {key}";
        var known = answer.Entries.Select(e => $"known: {e.Key} ({e.Place})");
        switch (answer.Verdict)
        {
            case HostKeyVerdict.Revoked:
                return new HostKeyException(name, answer.Verdict, $"The key of host {name} is revoked.")
                {
                    Details = [shown, .. answer.Entries.Select(e => $"revoked: {e.Place}")],
                    Hints = ["Somebody may be listening in. Ask whoever looks after the host for its new key."],
                };
            case HostKeyVerdict.Changed:
                return new HostKeyException(
                    name,
                    answer.Verdict,
                    $"Host {name} ({settings.Resolved}) shows another key than the known one: "
                        + "somebody may be listening in, or it was installed again."
                )
                {
                    Details = [shown, .. known],
                    Hints =
                    [
                        .. answer
                            .Entries.Select(e => e.File)
                            .Distinct()
                            .Select(f =>
                                "If you know why it has changed, remove the old one:  "
                                + $"ssh-keygen -f {Shell.Quote(f)} -R {Shell.Quote(settings.KeyName)}"
                            ),
                    ],
                };
            default:
                return new HostKeyException(
                    name,
                    answer.Verdict,
                    $"The key of host {name} ({settings.Resolved}) is not known, so it is not trusted."
                )
                {
                    Details = [shown, .. answer.Notes],
                    Hints =
                    [
                        "Compare it with what the host itself says:  "
                            + $"ssh-keygen -lf /etc/ssh/ssh_host_{key.Kind.ToLowerInvariant()}_key.pub",
                        settings.UnknownKeys is UnknownHostKeys.Refuse
                            ? "Then connect once with --accept-new: StrictHostKeyChecking yes says that nobody is asked"
                            : "Then connect once in a terminal, which asks you, or with --accept-new",
                    ],
                };
        }
    }
}
