using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace PgpoolLab.Ssh.Files;

/// <summary>A public key of SSH, of a host or of a user.</summary>
/// <remarks>RFC 4253, 6.6: it begins with the name of its type.</remarks>
public sealed class SshKey : IEquatable<SshKey>
{
    /// <summary>A type is shown to people and written into files, whoever has made it up.</summary>
    private static readonly SearchValues<byte> OfTypes = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyz0123456789@.-"u8
    );

    private readonly byte[] _blob;

    private SshKey(string type, byte[] blob)
    {
        Type = type;
        _blob = blob;
    }

    /// <summary>Its type as files name it: <c>ssh-ed25519</c>, <c>ssh-rsa</c>.</summary>
    public string Type { get; }

    /// <summary>The key as it goes over the wire.</summary>
    public ReadOnlySpan<byte> Blob => _blob;

    /// <summary>What people compare: <c>SHA256:</c> and 43 letters, as ssh-keygen -l prints it.</summary>
    public string Fingerprint => $"SHA256:{Convert.ToBase64String(SHA256.HashData(_blob)).TrimEnd('=')}";

    /// <summary>Its type as people say it: ED25519, RSA, ECDSA.</summary>
    public string Kind => KindOf(Type);

    /// <summary>Reads one as it goes over the wire.</summary>
    /// <returns>Null when it is none.</returns>
    public static SshKey? TryRead(ReadOnlySpan<byte> blob)
    {
        if (blob.Length < sizeof(int))
        {
            return null;
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(blob);
        return
            length is > 0 and < 100
            && length <= blob.Length - sizeof(int)
            && !blob.Slice(sizeof(int), (int)length).ContainsAnyExcept(OfTypes)
            ? new SshKey(Encoding.ASCII.GetString(blob.Slice(sizeof(int), (int)length)), blob.ToArray())
            : null;
    }

    /// <summary>Reads one as files have it: its type, and the key in base64.</summary>
    /// <returns>Null when it is none.</returns>
    public static SshKey? TryParse(string type, string base64)
    {
        ArgumentNullException.ThrowIfNull(base64);
        var bytes = new byte[base64.Length];
        return
            Convert.TryFromBase64String(base64, bytes, out var length)
            && TryRead(bytes.AsSpan(0, length)) is { } key
            && key.Type == type
            ? key
            : null;
    }

    internal static string KindOf(string type) =>
        type switch
        {
            "ssh-rsa" => "RSA",
            "ssh-dss" => "DSA",
            _ when type.StartsWith("ecdsa-", StringComparison.Ordinal) => "ECDSA",
            _ when type.StartsWith("ssh-", StringComparison.Ordinal) => type[4..].ToUpperInvariant(),
            _ => type,
        };

    /// <summary>As files have it.</summary>
    public string ToLine() => $"{Type} {Convert.ToBase64String(_blob)}";

    /// <summary>As people compare it.</summary>
    public override string ToString() => $"{Kind} {Fingerprint}";

    /// <inheritdoc/>
    public bool Equals(SshKey? other) => other is not null && _blob.AsSpan().SequenceEqual(other._blob);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SshKey);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(_blob);
        return hash.ToHashCode();
    }
}
