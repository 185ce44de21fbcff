namespace PgpoolLab.Model;

/// <summary>How clients that come by TCP prove who they are, to PostgreSQL and to Pgpool-II alike.</summary>
/// <remarks>PostgreSQL manual, "The pg_hba.conf File"; Pgpool-II manual, "Authentication Methods".</remarks>
public enum AuthMethod
{
    /// <summary>Not at all.</summary>
    Trust,

    /// <summary>By password, of which an MD5 hash is sent.</summary>
    Md5,

    /// <summary>By password, which is never sent (RFC 7677).</summary>
    ScramSha256,
}

/// <summary>Names of <see cref="AuthMethod"/>.</summary>
public static class AuthMethods
{
    /// <summary>What users write on the command line.</summary>
    public static IReadOnlyList<string> Names { get; } = ["scram", "md5", "trust"];

    /// <summary>Understands a name.</summary>
    /// <returns>Null when it is none.</returns>
    public static AuthMethod? Parse(string name) =>
        name switch
        {
            "scram" => AuthMethod.ScramSha256,
            "md5" => AuthMethod.Md5,
            "trust" => AuthMethod.Trust,
            _ => null,
        };

    /// <summary>The method's name in pg_hba.conf, pool_hba.conf and <c>password_encryption</c>.</summary>
    public static string Setting(this AuthMethod method) =>
        method switch
        {
            AuthMethod.ScramSha256 => "scram-sha-256",
            AuthMethod.Md5 => "md5",
            _ => "trust",
        };
}
