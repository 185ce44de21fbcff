using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>Reads the files that a request names, with the rights of whoever calls: root may read more than the user
/// it becomes.</summary>
public static class LabFileInputs
{
    private const int MostPassword = 4096;

    /// <summary>The request with what is in the files.</summary>
    /// <param name="said">What was said.</param>
    /// <param name="spec">The request made of it.</param>
    /// <param name="nameOf">What the user calls its parts, <c>--pgpool-conf</c> and <c>--postgresql-conf</c> by
    /// those names.</param>
    /// <exception cref="InvalidSpecException">A file is not there, cannot be read, or is not what it is to be; every
    /// such file is named.</exception>
    public static LabSpec Read(LabFile said, LabSpec spec, Func<string, string> nameOf)
    {
        ArgumentNullException.ThrowIfNull(said);
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(nameOf);
        var problems = new List<SpecProblem>();
        var sql = new List<SqlFile>();
        foreach (var file in said.Sql)
        {
            if (TryRead(SpecField.Sql, file.Path, RegularFile.MostText) is not { } text)
            {
                continue;
            }

            if (text.Contains('\uFFFD', StringComparison.Ordinal))
            {
                problems.Add(new($"{SpecField.Sql}: {file.Path} is not UTF-8."));
            }

            sql.Add(new SqlFile(file.Path, said.DatabaseOf(file), text));
        }

        var passwords = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (role, path) in said.PasswordFiles)
        {
            if (TryRead(SpecField.Roles, path, MostPassword) is { } text)
            {
                var password = text.TrimEnd('\n').TrimEnd('\r');
                if (password.Length == 0 || password.Any(char.IsControl))
                {
                    problems.Add(new($"{SpecField.Roles} '{role}': {path} must hold one line, the password."));
                }

                passwords[role] = password;
            }
        }

        var files = new List<SettingsFile>();
        foreach (
            var (program, option, path) in ((string Program, string Option, string? Path)[])
                [
                    (SettingAssignment.Pgpool, "--pgpool-conf", said.PgpoolConf),
                    (SettingAssignment.Postgres, "--postgresql-conf", said.PostgresConf),
                ]
        )
        {
            if (path is null)
            {
                continue;
            }

            try
            {
                files.Add(SettingsFileReader.Read(program, nameOf(option), path));
            }
            catch (InvalidSpecException error)
            {
                problems.AddRange(error.Problems);
            }
        }

        return problems.Count > 0
            ? throw new InvalidSpecException(problems)
            : spec with
            {
                SqlFiles = sql,
                SettingsFiles = files,
                Setup = spec.Setup with { RolePasswords = passwords },
            };

        string? TryRead(SpecField field, string path, int limit)
        {
            try
            {
                if (RegularFile.ReadText(path, limit) is { } text)
                {
                    return text;
                }

                problems.Add(
                    Directory.Exists(path)
                        ? new($"{field}: {path} is a folder, not a file.")
                        : new($"{field}: there is no file {path}.")
                );
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                problems.Add(new($"{field}: {path} cannot be read: {error.Message}"));
            }

            return null;
        }
    }
}
