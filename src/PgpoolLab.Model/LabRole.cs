namespace PgpoolLab.Model;

/// <summary>A role of the users' own in a lab's databases. Its password, where the lab asks for one, is the lab's
/// secret.</summary>
/// <param name="Name">Its name.</param>
/// <remarks>PostgreSQL manual, "CREATE ROLE".</remarks>
public sealed record LabRole(string Name)
{
    /// <summary>True when somebody can log in as it.</summary>
    public bool CanLogin { get; init; } = true;

    /// <summary>True for a superuser.</summary>
    public bool IsSuperuser { get; init; }

    /// <summary>True when it may create databases.</summary>
    public bool CreatesDatabases { get; init; }

    /// <summary>True when it may create roles.</summary>
    public bool CreatesRoles { get; init; }

    /// <summary>True when it may replicate.</summary>
    public bool Replicates { get; init; }

    /// <summary>The roles it is a member of.</summary>
    public IReadOnlyList<string> MemberOf
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Equal when all is equal, the roles it is a member of one by one.</summary>
    public bool Equals(LabRole? other) =>
        other is not null
        && (Name, CanLogin, IsSuperuser, CreatesDatabases, CreatesRoles, Replicates)
            == (
                other.Name,
                other.CanLogin,
                other.IsSuperuser,
                other.CreatesDatabases,
                other.CreatesRoles,
                other.Replicates
            )
        && MemberOf.SequenceEqual(other.MemberOf);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, CanLogin, IsSuperuser, MemberOf.Count);

    /// <summary>What <c>--role</c> takes after the name: the attributes a role can have, and those with a value end in
    /// <c>=</c>.</summary>
    public static IReadOnlyList<string> Attributes { get; } =
    ["superuser", "createdb", "createrole", "replication", "nologin", "member-of=", "password-file="];

    /// <summary>The attributes it has, as <see cref="Attributes"/> calls them, but its password.</summary>
    public IEnumerable<string> AttributeWords() =>
        (
            (string?[])
                [
                    IsSuperuser ? "superuser" : null,
                    CreatesDatabases ? "createdb" : null,
                    CreatesRoles ? "createrole" : null,
                    Replicates ? "replication" : null,
                    CanLogin ? null : "nologin",
                    .. MemberOf.Select(r => $"member-of={r}"),
                ]
        ).OfType<string>();
}
