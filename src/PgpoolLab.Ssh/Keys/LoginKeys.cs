using System.Net.Sockets;
using System.Text;
using PgpoolLab.Ssh.Files;
using Renci.SshNet;
using Renci.SshNet.Security;

namespace PgpoolLab.Ssh.Keys;

/// <summary>The keys that are offered to a host, in ssh's order: those of the agent that the configuration names, its
/// others, then files.</summary>
internal sealed class LoginKeys : IPrivateKeySource
{
    private static readonly TimeSpan AgentPatience = TimeSpan.FromSeconds(10);
    private readonly List<Offer> _offers = [];
    private readonly List<string> _problems = [];
    private readonly List<string> _missing = [];
    private readonly KeyRing _ring;
    private readonly CancellationToken _cancellation;

    private LoginKeys(KeyRing ring, CancellationToken cancellation)
    {
        _ring = ring;
        _cancellation = cancellation;
    }

    /// <inheritdoc/>
    /// <remarks>A second algorithm of an RSA key is a second try, of which hosts allow few: it comes last.</remarks>
    public IReadOnlyCollection<HostAlgorithm> HostKeyAlgorithms =>
        [
            .. _offers.Select(o => new OfferedAlgorithm(BestOf(o.Key.Type), o.Key, o.SignAsync)),
            .. _offers
                .Where(o => o.Key.Type == "ssh-rsa")
                .Select(o => new OfferedAlgorithm("rsa-sha2-256", o.Key, o.SignAsync)),
        ];

    /// <summary>Whether there is any key.</summary>
    internal bool IsEmpty => _offers.Count == 0;

    private static string BestOf(string type) => type == "ssh-rsa" ? "rsa-sha2-512" : type;

    /// <summary>Looks for the keys of a host.</summary>
    /// <param name="settings">What the configuration says of it.</param>
    /// <param name="user">Who uses them.</param>
    /// <param name="ring">Opens them.</param>
    /// <param name="cancellationToken">Gives up, also later, when one is opened.</param>
    internal static async Task<LoginKeys> CollectAsync(
        SshSettings settings,
        int user,
        KeyRing ring,
        CancellationToken cancellationToken
    )
    {
        var keys = new LoginKeys(ring, cancellationToken);
        KeyFile[] files = [.. settings.IdentityFiles.Select(f => KeyFile.Look(f, user))];
        await keys.AddAgentAsync(settings, files);
        foreach (var file in files)
        {
            await keys.AddAsync(file);
        }

        return keys;
    }

    private async Task AddAgentAsync(SshSettings settings, KeyFile[] files)
    {
        if (settings.AgentSocket is not { } socket)
        {
            return;
        }

        var agent = new SshAgent(socket);
        IReadOnlyList<AgentKey> held;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_cancellation);
        patience.CancelAfter(AgentPatience);
        try
        {
            held = await agent.ListAsync(patience.Token);
        }
        catch (Exception error) when (error is SocketException or IOException or OperationCanceledException)
        {
            _cancellation.ThrowIfCancellationRequested();
            var why = error is OperationCanceledException ? "It does not answer." : error.Message;
            _problems.Add($"the agent at {socket}: {why}");
            return;
        }

        var named = files.Select(f => f.Key).OfType<SshKey>().ToList();
        foreach (
            var key in held.Where(k => !settings.IdentitiesOnly || named.Contains(k.Key))
                .OrderBy(k => named.IndexOf(k.Key) is >= 0 and var at ? at : int.MaxValue)
        )
        {
            _offers.Add(
                new Offer(
                    key.Key,
                    $"{key.Comment} (agent)",
                    (algorithm, data) => SignAsync(agent, key.Key, algorithm, data)
                )
                {
                    Refused = "the agent does not sign with it",
                }
            );
        }
    }

    private async Task<byte[]?> SignAsync(SshAgent agent, SshKey key, string algorithm, byte[] data)
    {
        try
        {
            return await agent.SignAsync(key, algorithm, data, _cancellation);
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            // It has ended meanwhile.
            return null;
        }
    }

    private async Task AddAsync(KeyFile file)
    {
        if (_offers.Any(o => o.Key.Equals(file.Key)))
        {
            return;
        }

        if (file.IsMissing)
        {
            _missing.Add(file.Path);
            return;
        }

        if (file.Problem is { } problem)
        {
            _problems.Add($"{file.Path} {problem}");
            return;
        }

        if (!file.HasPrivateKey)
        {
            _problems.Add($"{file.Path} is a public key, and no agent holds its private one");
            return;
        }

        if (file.IsEncrypted && !_ring.CanAsk)
        {
            _problems.Add($"{file.Path} {KeyRing.NoTerminal}");
            return;
        }

        var key = file.Key;
        if (key is null)
        {
            // Files of this kind say nothing before they are open.
            var (algorithms, why) = await _ring.OpenAsync(file, _cancellation);
            if (algorithms is null || SshKey.TryRead(algorithms.First().Data) is not { } found)
            {
                _problems.Add($"{file.Path} {why ?? "has a key of an unknown type"}");
                return;
            }

            key = found;
        }

        _offers.Add(new Offer(key, file.Path, (algorithm, data) => SignAsync(file, algorithm, data)));
    }

    /// <summary>The host would take this key.</summary>
    private async Task<byte[]?> SignAsync(KeyFile file, string algorithm, byte[] data)
    {
        var (algorithms, why) = await _ring.OpenAsync(file, _cancellation);
        if (algorithms?.FirstOrDefault(a => a.Name == algorithm) is { } found)
        {
            return found.Sign(data);
        }

        _problems.Add($"{file.Path} {why ?? $"does not sign by {algorithm}"}");
        return null;
    }

    /// <summary>What was offered, and what was not, for people.</summary>
    internal IReadOnlyList<string> Report() =>
        [
            .. _offers.Select(o => $"offered: {o.Name}, {o.Key}{(o.WasRefused ? $", but {o.Refused}" : "")}"),
            .. _problems.Distinct().Select(p => $"not offered: {p}"),
            .. _missing.Count == 0 ? (string[])[] : [$"not there: {string.Join(", ", _missing)}"],
        ];

    /// <summary>A key, and who signs with it.</summary>
    private sealed class Offer(SshKey key, string name, Func<string, byte[], Task<byte[]?>> sign)
    {
        internal SshKey Key => key;

        internal string Name => name;

        internal string Refused { get; init; } = "it could not be opened";

        internal bool WasRefused { get; private set; }

        internal async Task<byte[]> SignAsync(string algorithm, byte[] data)
        {
            if (await sign(algorithm, data) is { } signature)
            {
                return signature;
            }

            WasRefused = true;
            return Nothing(algorithm);
        }

        /// <summary>A signature that proves nothing: the host refuses it, and is offered the next key. An exception
        /// would end the connection.</summary>
        private static byte[] Nothing(string algorithm)
        {
            var name = Encoding.ASCII.GetBytes(algorithm);
            return [0, 0, 0, (byte)name.Length, .. name, 0, 0, 0, 0];
        }
    }

    /// <summary>A way to prove who one is, of which nothing is opened before the host has said that it would
    /// do.</summary>
    private sealed class OfferedAlgorithm(string name, SshKey key, Func<string, byte[], Task<byte[]>> sign)
        : HostAlgorithm(name)
    {
        /// <inheritdoc/>
        public override byte[] Data => key.Blob.ToArray();

        /// <inheritdoc/>
        public override byte[] Sign(byte[] data) => sign(Name, data).GetAwaiter().GetResult();

        /// <inheritdoc/>
        public override bool VerifySignature(byte[] data, byte[] signature) => throw new NotSupportedException();
    }
}
