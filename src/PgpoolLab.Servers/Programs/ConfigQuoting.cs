namespace PgpoolLab.Servers.Programs;

/// <summary>Quoting for configuration files. For the shell see <see cref="Hosts.Shell"/>.</summary>
public static class ConfigQuoting
{
    /// <summary>A value for postgresql.conf and pgpool.conf, in single quotes.</summary>
    /// <remarks>PostgreSQL manual, "Parameter Interaction via the Configuration File". pgpool.conf takes what is
    /// between the quotes as it stands, backslashes too: values for it are not quoted by this, and must hold no single
    /// quote.</remarks>
    public static string Value(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return $"'{text.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'";
    }

    /// <summary>A value inside a libpq connection string.</summary>
    /// <remarks>PostgreSQL manual, libpq, "Keyword/Value Connection Strings".</remarks>
    public static string ConnectionValue(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length > 0 && !text.Any(c => c is '\'' or '\\' or ' ' or '\t' or '\n' or '\v' or '\f' or '\r')
            ? text
            : $"'{text.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", @"\'", StringComparison.Ordinal)}'";
    }

    /// <summary>A name inside an SQL statement.</summary>
    /// <remarks>PostgreSQL manual, "Identifiers and Key Words".</remarks>
    public static string Identifier(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    /// <summary>A user's name in pg_hba.conf and pool_hba.conf, where some words and characters have a meaning of their
    /// own.</summary>
    /// <remarks>PostgreSQL manual, "The pg_hba.conf File": quoting removes the special meaning.</remarks>
    public static string AccessRuleName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return
            name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-')
            && name is not ("all" or "sameuser" or "samerole" or "samegroup" or "replication")
            ? name
            : Identifier(name);
    }

    /// <summary>A field of a password file.</summary>
    /// <remarks>PostgreSQL manual, libpq, "The Password File"; pcppass has the same rules.</remarks>
    public static string PasswordFileField(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Replace(@"\", @"\\", StringComparison.Ordinal).Replace(":", @"\:", StringComparison.Ordinal);
    }

    /// <summary>Text in a command that has %-escapes (archive_command, failover_command): a percent sign is written
    /// twice.</summary>
    public static string Percent(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Replace("%", "%%", StringComparison.Ordinal);
    }

    /// <summary>Text inside a shell's here-document whose end marker is not quoted.</summary>
    public static string HereDocument(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Replace(@"\", @"\\", StringComparison.Ordinal)
            .Replace("$", @"\$", StringComparison.Ordinal)
            .Replace("`", @"\`", StringComparison.Ordinal);
    }
}
