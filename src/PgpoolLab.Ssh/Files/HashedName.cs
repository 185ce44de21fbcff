using System.Security.Cryptography;
using System.Text;

namespace PgpoolLab.Ssh.Files;

/// <summary>Names of hosts which nobody can read out of a file again: <c>|1|SALT|HASH</c>.</summary>
/// <remarks>The format says HMAC-SHA1.</remarks>
internal static class HashedName
{
    private const string Kind = "|1|";

    internal static bool Fits(string hashed, string name)
    {
        if (
            !hashed.StartsWith(Kind, StringComparison.Ordinal)
            || hashed[Kind.Length..].Split('|') is not [var salt, var hash]
        )
        {
            return false;
        }

        try
        {
            return Hash(Convert.FromBase64String(salt), name).AsSpan().SequenceEqual(Convert.FromBase64String(hash));
        }
        catch (FormatException)
        {
            return false;
        }
    }

    internal static string Of(string name)
    {
        var salt = RandomNumberGenerator.GetBytes(HMACSHA1.HashSizeInBytes);
        return $"{Kind}{Convert.ToBase64String(salt)}|{Convert.ToBase64String(Hash(salt, name))}";
    }

    private static byte[] Hash(byte[] salt, string name) => HMACSHA1.HashData(salt, Encoding.UTF8.GetBytes(name));
}
