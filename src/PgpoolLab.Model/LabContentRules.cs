using System.Text;

namespace PgpoolLab.Model;

/// <summary>What the names of users' own databases and roles must be.</summary>
public static class LabContentRules
{
    /// <summary>PostgreSQL's own limit, in bytes (NAMEDATALEN - 1).</summary>
    private const int LongestName = 63;

    private static readonly string[] OwnDatabases = [Lab.MaintenanceDatabase, "template0", "template1"];

    private static readonly string[] OwnRoles = ["repl", "pgpool", "public", "none", "current_user", "session_user"];

    /// <summary>Why a name cannot be a database's, as a clause; null when it can.</summary>
    public static string? WhyNoDatabase(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return WhyNoName(name) ?? (OwnDatabases.Contains(name) ? "PostgreSQL has one of that name." : null);
    }

    /// <summary>Why a name cannot be a role's, as a clause; null when it can.</summary>
    public static string? WhyNoRole(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return WhyNoName(name)
            ?? (
                name.StartsWith("pg_", StringComparison.Ordinal) ? "names that begin with pg_ are PostgreSQL's."
                : OwnRoles.Contains(name) ? "that name is taken: it is the lab's own, or PostgreSQL's."
                : null
            );
    }

    /// <summary>What is wrong with a request's databases, roles and files of SQL.</summary>
    internal static IEnumerable<SpecProblem> Problems(LabSpec spec)
    {
        foreach (var role in spec.Roles)
        {
            if (WhyNoRole(role.Name) is { } why)
            {
                yield return new($"{SpecField.Roles} '{role.Name}': {why}");
            }

            foreach (var group in role.MemberOf.Where(g => !IsKnown(g)))
            {
                yield return new(
                    $"{SpecField.Roles} '{role.Name}' is to be a member of '{group}', which is not among the roles."
                );
            }
        }

        foreach (var twice in spec.Roles.GroupBy(r => r.Name).Where(g => g.Count() > 1))
        {
            yield return new($"{SpecField.Roles} '{twice.Key}' is there twice.");
        }

        foreach (var database in spec.Databases)
        {
            if (WhyNoDatabase(database.Name) is { } why)
            {
                yield return new($"{SpecField.Databases} '{database.Name}': {why}");
            }

            if (database.Owner is { } owner && spec.Roles.All(r => r.Name != owner))
            {
                yield return new(
                    $"{SpecField.Databases} '{database.Name}' is to belong to '{owner}', which is not among the roles."
                );
            }
        }

        foreach (var twice in spec.Databases.GroupBy(d => d.Name).Where(g => g.Count() > 1))
        {
            yield return new($"{SpecField.Databases} '{twice.Key}' is there twice.");
        }

        foreach (var file in spec.SqlFiles)
        {
            if (
                file.Database is not (Lab.Database or Lab.MaintenanceDatabase)
                && spec.Databases.All(d => d.Name != file.Database)
            )
            {
                yield return new(
                    $"{SpecField.Sql} {file.Path} is to run in '{file.Database}', which is not among the databases."
                );
            }
        }

        if (spec.Auth is AuthMethod.Trust && spec.Setup.RolePasswords.Keys.FirstOrDefault() is { } asked)
        {
            yield return new(
                $"{SpecField.Roles} '{asked}' has a password, and with {SpecField.Auth} trust nobody is asked for one."
            );
        }

        bool IsKnown(string group) =>
            group.StartsWith("pg_", StringComparison.Ordinal) || spec.Roles.Any(r => r.Name == group);
    }

    private static string? WhyNoName(string name) =>
        name.Length == 0 ? "a name cannot be empty."
        : Encoding.UTF8.GetByteCount(name) > LongestName ? $"PostgreSQL's names have at most {LongestName} bytes."
        : name.Any(char.IsControl) ? "it holds a line break or another control character."
        : null;
}
