namespace PgpoolLab.Hosts;

/// <summary>
/// What of the caller's environment reaches the lab's servers and the programs run for a lab: a fixed list. Whatever
/// else a shell holds, a secret or where another database is, is nobody's business there.
/// </summary>
public static class CleanEnvironment
{
    /// <summary>The variables that are passed on.</summary>
    /// <remarks>POSIX, Environment Variables; ld.so(8): programs that were built by hand may not find their libraries
    /// without it; pgpoollab itself may need DOTNET_ROOT for that.</remarks>
    public static IReadOnlyList<string> Kept { get; } =
    [
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "TMPDIR",
        "TZ",
        "TZDIR",
        "LANG",
        "LANGUAGE",
        "LC_ALL",
        "LC_COLLATE",
        "LC_CTYPE",
        "LC_MESSAGES",
        "LC_MONETARY",
        "LC_NUMERIC",
        "LC_TIME",
        "LD_LIBRARY_PATH",
        "LD_PRELOAD",
        "DYLD_LIBRARY_PATH",
        "DOTNET_ROOT",
    ];

    /// <summary>What a program on the user's own terminal is given as well.</summary>
    public static IReadOnlyList<string> KeptOnTerminal { get; } =
    ["TERM", "COLORTERM", "NO_COLOR", "PG_COLOR", "LESS", "PAGER", "PSQL_PAGER", "EDITOR", "VISUAL", "PSQL_EDITOR"];

    /// <summary>libpq and PostgreSQL's programs read these: each can lead them to another server, as another user, or
    /// have them fail.</summary>
    /// <remarks>PostgreSQL 18 manual, libpq, "Environment Variables", and those of former releases; PGDATA is that of
    /// the servers' programs.</remarks>
    public static IReadOnlyList<string> Libpq { get; } =
    [
        "PGHOST",
        "PGHOSTADDR",
        "PGPORT",
        "PGDATABASE",
        "PGUSER",
        "PGPASSWORD",
        "PGPASSFILE",
        "PGREQUIREAUTH",
        "PGCHANNELBINDING",
        "PGSERVICE",
        "PGSERVICEFILE",
        "PGOPTIONS",
        "PGAPPNAME",
        "PGSSLMODE",
        "PGREQUIRESSL",
        "PGSSLNEGOTIATION",
        "PGSSLCOMPRESSION",
        "PGSSLCERT",
        "PGSSLKEY",
        "PGSSLCERTMODE",
        "PGSSLROOTCERT",
        "PGSSLCRL",
        "PGSSLCRLDIR",
        "PGSSLSNI",
        "PGSSLKEYLOGFILE",
        "PGREQUIREPEER",
        "PGSSLMINPROTOCOLVERSION",
        "PGSSLMAXPROTOCOLVERSION",
        "PGGSSENCMODE",
        "PGKRBSRVNAME",
        "PGKRB5CCNAME",
        "PGREALM",
        "PGGSSLIB",
        "PGGSSDELEGATION",
        "PGCONNECT_TIMEOUT",
        "PGCLIENTENCODING",
        "PGTARGETSESSIONATTRS",
        "PGLOADBALANCEHOSTS",
        "PGMINPROTOCOLVERSION",
        "PGMAXPROTOCOLVERSION",
        "PGOAUTHDEBUG",
        "PGDATESTYLE",
        "PGTZ",
        "PGGEQO",
        "PGSYSCONFDIR",
        "PGLOCALEDIR",
        "PGDATA",
    ];

    /// <summary>The value of a variable that is passed on; null when it is not set.</summary>
    public static string? ValueOf(string kept) => Kept.Contains(kept) ? Environment.GetEnvironmentVariable(kept) : null;

    /// <summary>Takes out of an environment what is not in <see cref="Kept"/>.</summary>
    /// <param name="environment">Is changed.</param>
    /// <param name="onTerminal">Whether <see cref="KeptOnTerminal"/> stays, too.</param>
    public static void Clean(IDictionary<string, string?> environment, bool onTerminal)
    {
        ArgumentNullException.ThrowIfNull(environment);
        foreach (
            var name in environment
                .Keys.Where(n => !Kept.Contains(n) && !(onTerminal && KeptOnTerminal.Contains(n)))
                .ToArray()
        )
        {
            environment.Remove(name);
        }
    }
}
