using System.Buffers.Binary;
using PgpoolLab.Hosts;
using PgpoolLab.Ssh.Files;

namespace PgpoolLab.Ssh.Keys;

/// <summary>What a file with a private key tells without its passphrase.</summary>
/// <param name="Path">The file.</param>
internal sealed record KeyFile(string Path)
{
    private const int MostBytes = 1 << 20;

    /// <summary>The public key; null when it is not known yet.</summary>
    internal SshKey? Key { get; private init; }

    /// <summary>Whether there is a private key in it.</summary>
    internal bool HasPrivateKey { get; private init; }

    /// <summary>Whether it needs a passphrase.</summary>
    internal bool IsEncrypted { get; private init; }

    /// <summary>Whether there is no such file.</summary>
    internal bool IsMissing { get; private init; }

    /// <summary>Why it is not used, for people; null when it is.</summary>
    internal string? Problem { get; private init; }

    /// <summary>Looks at one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="user">Whose it should be.</param>
    internal static KeyFile Look(string path, int user)
    {
        var file = new KeyFile(path);
        try
        {
            var beside = PublicKeyIn(RegularFile.ReadText(path + ".pub", MostBytes));
            if (RegularFile.ReadOwned(path, MostBytes) is not var (text, owner))
            {
                return file with { IsMissing = true, Key = beside };
            }

            // A public key alone names one of an agent's.
            return PublicKeyIn(text) is { } alone
                ? file with
                {
                    Key = alone,
                }
                : Private(file, text, beside, owner?.User == user ? Exposed(path, owner) : null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return file with { Problem = $"cannot be read: {error.Message}" };
        }
    }

    private static KeyFile Private(KeyFile file, string text, SshKey? beside, string? exposed)
    {
        var lines = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var begin = lines.FirstOrDefault(l => l.StartsWith("-----BEGIN ", StringComparison.Ordinal));
        if (begin is null || !begin.EndsWith("PRIVATE KEY-----", StringComparison.Ordinal))
        {
            return file with { Key = beside, Problem = "has no private key that is understood" };
        }

        var looked = begin.Contains("OPENSSH", StringComparison.Ordinal)
            ? OpenSsh(file, lines)
            : file with
            {
                HasPrivateKey = true,
                IsEncrypted = text.Contains("ENCRYPTED", StringComparison.Ordinal),
            };
        return looked with { Key = looked.Key ?? beside, Problem = looked.Problem ?? exposed };
    }

    /// <summary>ssh does not use a private key that others can read, either.</summary>
    private static string? Exposed(string path, Ownership owner)
    {
        const UnixFileMode others =
            UnixFileMode.GroupRead
            | UnixFileMode.GroupWrite
            | UnixFileMode.GroupExecute
            | UnixFileMode.OtherRead
            | UnixFileMode.OtherWrite
            | UnixFileMode.OtherExecute;
        return (owner.Permissions & others) != 0
            ? $"can be read by others, so it is not used:  chmod 600 {Shell.Quote(path)}"
            : null;
    }

    /// <remarks>PROTOCOL.key of OpenSSH: a magic word, cipher, derivation with its options, a count, the public
    /// key.</remarks>
    private static KeyFile OpenSsh(KeyFile file, string[] lines)
    {
        var broken = file with { Problem = "has no private key that is understood" };
        var base64 = string.Concat(lines.Where(l => !l.StartsWith('-')));
        var bytes = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64, bytes, out var length))
        {
            return broken;
        }

        var magic = "openssh-key-v1\0"u8;
        var rest = bytes.AsSpan(0, length);
        if (!rest.StartsWith(magic))
        {
            return broken;
        }

        rest = rest[magic.Length..];
        if (
            !TryTake(ref rest, out var cipher)
            || !TryTake(ref rest, out _)
            || !TryTake(ref rest, out _)
            || rest.Length < sizeof(int)
        )
        {
            return broken;
        }

        rest = rest[sizeof(int)..];
        return TryTake(ref rest, out var blob) && SshKey.TryRead(blob) is { } key
            ? file with
            {
                Key = key,
                HasPrivateKey = true,
                IsEncrypted = !cipher.SequenceEqual("none"u8),
            }
            : broken;
    }

    private static bool TryTake(ref Span<byte> from, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (from.Length < sizeof(int))
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(from);
        if (length > from.Length - sizeof(int))
        {
            return false;
        }

        taken = from.Slice(sizeof(int), (int)length);
        from = from[(sizeof(int) + (int)length)..];
        return true;
    }

    private static SshKey? PublicKeyIn(string? text) =>
        text?.Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var type, var base64, ..]
            ? SshKey.TryParse(type, base64.Trim())
            : null;
}
