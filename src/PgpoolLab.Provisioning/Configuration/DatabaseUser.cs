using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Configuration;

/// <summary>A role of a lab's databases that has a password.</summary>
/// <param name="Name">The role.</param>
/// <param name="Password">The password in clear; in <c>pgpass</c> (mode 0600), and encrypted in
/// <c>pool_passwd</c>.</param>
public sealed record DatabaseUser(string Name, string Password)
{
    /// <summary>PostgreSQL's default, and the least some clients accept (RFC 7677).</summary>
    public const int UsualIterations = 4096;

    /// <summary>For roles only servers log in as, and do all the time: repeating the hash makes guessing slow, and
    /// nobody guesses 16 random characters.</summary>
    public const int LeastIterations = 1;

    private const int ScramSaltBytes = 16;
    private const int Sha256Bytes = 32;

    /// <summary>What PostgreSQL stores of the password: it can be sent to the server, and land in its log, without
    /// telling the password.</summary>
    /// <param name="method">The method that will ask for it.</param>
    /// <param name="iterations">How often SCRAM repeats its hash.</param>
    /// <remarks>PostgreSQL manual, "pg_authid", rolpassword; RFC 5803; RFC 5802, section 3.</remarks>
    public string Verifier(AuthMethod method, int iterations = UsualIterations) =>
        method is AuthMethod.Md5
            ? Md5Verifier()
            : ScramVerifier(RandomNumberGenerator.GetBytes(ScramSaltBytes), iterations);

    /// <summary>The verifier for SCRAM-SHA-256 with this salt.</summary>
    public string ScramVerifier(byte[] salt, int iterations = UsualIterations)
    {
        ArgumentNullException.ThrowIfNull(salt);
        var salted = Rfc2898DeriveBytes.Pbkdf2(Password, salt, iterations, HashAlgorithmName.SHA256, Sha256Bytes);
        var storedKey = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
        var serverKey = HMACSHA256.HashData(salted, "Server Key"u8);
        return $"SCRAM-SHA-256${iterations}:{Convert.ToBase64String(salt)}"
            + $"${Convert.ToBase64String(storedKey)}:{Convert.ToBase64String(serverKey)}";
    }

    /// <summary>The user's line in <c>pool_passwd</c>: from it Pgpool-II has the password itself, which it needs to
    /// answer what a backend asks by SCRAM.</summary>
    /// <param name="key">What <c>.pgpoolkey</c> holds.</param>
    /// <remarks>Pgpool-II manual, "pg_enc".</remarks>
    public string PoolPasswdLine(string key) => $"{Name}:{Encrypted(key)}";

    /// <summary>The password as pgpool.conf, too, may have it.</summary>
    /// <param name="key">What <c>.pgpoolkey</c> holds.</param>
    /// <remarks>Pgpool-II manual, "health_check_password".</remarks>
    public string Encrypted(string key) => "AES" + Encrypt(Password, key);

    /// <inheritdoc/>
    public override string ToString() => Name;

    [SuppressMessage(
        "Security",
        "CA5351:Do Not Use Broken Cryptographic Algorithms",
        Justification = "PostgreSQL's md5 authentication is made of it, and the user has asked for that."
    )]
    private string Md5Verifier() =>
        $"md5{Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(Password + Name)))}";

    /// <summary>AES-256-CBC with the key and the first block that OpenSSL's EVP_BytesToKey makes of a text by SHA-1,
    /// once and without salt: Pgpool-II's own way.</summary>
    [SuppressMessage(
        "Security",
        "CA5350:Do Not Use Weak Cryptographic Algorithms",
        Justification = "Pgpool-II reads no other encryption."
    )]
    [SuppressMessage(
        "Security",
        "CA5401:Do not use CreateEncryptor with non-default IV",
        Justification = "Pgpool-II reads no other encryption."
    )]
    private static string Encrypt(string text, string key)
    {
        const int keyBytes = 32;
        const int blockBytes = 16;
        var secret = Encoding.UTF8.GetBytes(key);
        byte[] material = [];
        for (byte[] last = []; material.Length < keyBytes + blockBytes; material = [.. material, .. last])
        {
            last = SHA1.HashData([.. last, .. secret]);
        }

        using var aes = Aes.Create();
        aes.Key = material[..keyBytes];
        return Convert.ToBase64String(
            aes.EncryptCbc(Encoding.UTF8.GetBytes(text), material[keyBytes..(keyBytes + blockBytes)])
        );
    }
}
