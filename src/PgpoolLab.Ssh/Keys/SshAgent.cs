using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using PgpoolLab.Ssh.Files;

namespace PgpoolLab.Ssh.Keys;

/// <summary>A key that an agent holds.</summary>
/// <param name="Key">The key.</param>
/// <param name="Comment">Its comment, mostly the name of its file.</param>
internal sealed record AgentKey(SshKey Key, string Comment);

/// <summary>A program that holds private keys and signs with them: ssh-agent and its like.</summary>
/// <param name="socket">Its socket.</param>
/// <remarks>draft-ietf-sshm-ssh-agent, sections 3.5 and 3.6.</remarks>
internal sealed class SshAgent(string socket)
{
    private const byte RequestIdentities = 11,
        Identities = 12,
        RequestSignature = 13,
        Signature = 14;

    /// <summary>ssh-agent's own limit.</summary>
    private const int MostBytes = 256 * 1024;

    /// <summary>Flags of a signature by an RSA key.</summary>
    private const uint WithSha256 = 2,
        WithSha512 = 4;

    /// <summary>Its keys, in its order.</summary>
    /// <exception cref="SocketException">Nobody answers.</exception>
    /// <exception cref="IOException">What answers is no agent.</exception>
    internal async Task<IReadOnlyList<AgentKey>> ListAsync(CancellationToken cancellationToken)
    {
        var answer = new AgentReader(await AskAsync([RequestIdentities], cancellationToken));
        if (answer.Byte() != Identities)
        {
            throw new IOException("It lists no keys.");
        }

        var keys = new List<AgentKey>();
        for (var left = answer.Number(); left > 0; left--)
        {
            var blob = answer.Bytes();
            var comment = Encoding.UTF8.GetString(answer.Bytes());
            if (SshKey.TryRead(blob) is { } key)
            {
                keys.Add(new AgentKey(key, comment));
            }
        }

        return keys;
    }

    /// <summary>Signs.</summary>
    /// <param name="key">One of its keys.</param>
    /// <param name="algorithm">How.</param>
    /// <param name="data">What.</param>
    /// <param name="cancellationToken">Gives up: it may wait for somebody to touch something.</param>
    /// <returns>The signature with its algorithm; null when it refuses.</returns>
    internal async Task<byte[]?> SignAsync(
        SshKey key,
        string algorithm,
        byte[] data,
        CancellationToken cancellationToken
    )
    {
        var flags = algorithm switch
        {
            "rsa-sha2-512" => WithSha512,
            "rsa-sha2-256" => WithSha256,
            _ => 0u,
        };
        byte[] request =
        [
            RequestSignature,
            .. Number((uint)key.Blob.Length),
            .. key.Blob,
            .. Number((uint)data.Length),
            .. data,
            .. Number(flags),
        ];
        var answer = new AgentReader(await AskAsync(request, cancellationToken));
        return answer.Byte() == Signature ? answer.Bytes() : null;
    }

    private async Task<byte[]> AskAsync(byte[] request, CancellationToken cancellationToken)
    {
        using var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellationToken);
        await using var stream = new NetworkStream(connection);
        await stream.WriteAsync((byte[])[.. Number((uint)request.Length), .. request], cancellationToken);
        var length = new byte[sizeof(uint)];
        await stream.ReadExactlyAsync(length, cancellationToken);
        var expected = BinaryPrimitives.ReadUInt32BigEndian(length);
        if (expected is 0 or > MostBytes)
        {
            throw new IOException("What it says is no answer of an agent.");
        }

        var answer = new byte[expected];
        await stream.ReadExactlyAsync(answer, cancellationToken);
        return answer;
    }

    private static byte[] Number(uint number)
    {
        var bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return bytes;
    }

    /// <summary>Reads an answer from its beginning to its end.</summary>
    private sealed class AgentReader(byte[] answer)
    {
        private int _at;

        internal byte Byte() => Take(1)[0];

        internal uint Number() => BinaryPrimitives.ReadUInt32BigEndian(Take(sizeof(uint)));

        internal byte[] Bytes() =>
            Number() is <= MostBytes and var length ? Take((int)length).ToArray() : throw Broken();

        private ReadOnlySpan<byte> Take(int count)
        {
            if (count > answer.Length - _at)
            {
                throw Broken();
            }

            _at += count;
            return answer.AsSpan(_at - count, count);
        }

        private static IOException Broken() => new("Its answer ends too early.");
    }
}
