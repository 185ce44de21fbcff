using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace PgpoolLab.Provisioning.Configuration;

/// <summary>A user of the pcp programs.</summary>
/// <param name="Name">User name.</param>
/// <param name="Password">Password in clear; it is in <c>pcppass</c> (mode 0600) and nowhere else.</param>
/// <remarks>Pgpool-II manual, "Configuring pcp.conf".</remarks>
public sealed record PcpUser(string Name, string Password)
{
    /// <summary>What pcp.conf wants: the MD5 of the password, hexadecimal.</summary>
    [SuppressMessage(
        "Security",
        "CA5351:Do Not Use Broken Cryptographic Algorithms",
        Justification = "pcp.conf knows nothing else."
    )]
    public string PasswordHash => Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(Password)));

    /// <summary>A random password of 16 letters and digits: easy to type when a pcp program asks for it.</summary>
    public static string RandomPassword() =>
        RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", 16);

    /// <summary>The user's line in <c>pool_passwd</c>, as <c>pg_md5 -m</c> writes it.</summary>
    /// <remarks>Pgpool-II manual, "pg_md5".</remarks>
    [SuppressMessage(
        "Security",
        "CA5351:Do Not Use Broken Cryptographic Algorithms",
        Justification = "PostgreSQL's md5 authentication is made of it."
    )]
    public string PoolPasswdLine =>
        $"{Name}:md5{Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(Password + Name)))}";

    /// <inheritdoc/>
    public override string ToString() => Name;
}
