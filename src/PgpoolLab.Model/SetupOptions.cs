namespace PgpoolLab.Model;

/// <summary>How a lab is made, apart from what it is to be (<see cref="LabSpec"/>): of two labs of one spec nobody can
/// tell later which was made how.</summary>
public sealed record SetupOptions
{
    /// <summary>Leave the servers running.</summary>
    public bool LeaveRunning { get; init; }

    /// <summary>Keep the files of a setup that failed.</summary>
    public bool KeepOnFailure { get; init; }

    /// <summary>Folder with the user's own templates.</summary>
    public string? Templates { get; init; }

    /// <summary>Passwords of users' own roles, by the role's name; of others one is made up. Secrets: in memory
    /// and in the lab's password files alone.</summary>
    public IReadOnlyDictionary<string, string> RolePasswords { get; init; } = new Dictionary<string, string>();

    /// <summary>User to run the servers as when called by root; null to decide.</summary>
    public string? RunAs { get; init; }
}
