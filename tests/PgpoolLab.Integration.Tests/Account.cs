using System.Diagnostics;

namespace PgpoolLab.Integration.Tests;

/// <summary>Who calls the program: root, whose labs run as postgres, or a plain user.</summary>
public sealed record Account(string Name, string LabUser, IReadOnlyList<string> Prefix)
{
    public const string Root = "root";
    public const string Plain = "plain";

    private const string PlainUser = "nobody";

    public static bool TestsRunAsRoot { get; } = Environment.UserName == "root";

    /// <summary>Everybody who can call here: a plain user, and root where root tests.</summary>
    public static TheoryData<string> Callers { get; } = TestsRunAsRoot ? new(Plain, Root) : new(Plain);

    /// <summary>Root's tests need root; a plain user is <c>nobody</c> when root tests, else whoever tests.</summary>
    public static Account Of(string name) =>
        (name, TestsRunAsRoot) switch
        {
            (Root, _) => new Account(Root, "postgres", []),
            (_, true) => new Account(
                Plain,
                PlainUser,
                ["setpriv", "--reuid", PlainUser, "--regid", "nogroup", "--clear-groups"]
            ),
            _ => new Account(Plain, Environment.UserName, []),
        };

    public void Own(string folder)
    {
        if (Prefix.Count > 0)
        {
            Reaper.Start(new ProcessStartInfo("chown", ["-R", $"{PlainUser}:nogroup", folder])).WaitForExit();
        }
    }
}
