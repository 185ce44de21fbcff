using System.Text.RegularExpressions;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.Snapshots;

/// <summary>Gives the lab's own roles and pcp users other passwords in its files; lines that people have added
/// stay.</summary>
/// <param name="lab">The lab, whose servers do not run.</param>
internal sealed partial class NewPasswords(Lab lab)
{
    private const int LargestText = 4 << 20;

    /// <summary>Makes them up, and writes them.</summary>
    /// <returns>What the nodes are to be told.</returns>
    internal LabSecrets Write()
    {
        var made = LabSecrets.For(lab);
        foreach (var paths in lab.OwnPgpools.Select(p => p.Paths))
        {
            var key = Read(paths.PoolKey)?.TrimEnd('\n') ?? "";
            var encrypted = made.DatabaseUsers.ToDictionary(u => u.Name, u => u.PoolPasswdLine(key));
            var former = new Dictionary<string, string>(StringComparer.Ordinal);
            Edit(
                paths.PoolPasswd,
                line =>
                {
                    if (encrypted.TryGetValue(NameOf(line), out var other) && line.Length > NameOf(line).Length)
                    {
                        former[line[(NameOf(line).Length + 1)..]] = other[(NameOf(line).Length + 1)..];
                        return other;
                    }

                    return line;
                }
            );
            Edit(
                paths.PgpoolConf,
                line =>
                    former.Aggregate(
                        made.WatchdogKey.Length > 0 ? WatchdogKey().Replace(line, $"${{1}}'{made.WatchdogKey}'") : line,
                        (text, f) => text.Replace($"'{f.Key}'", $"'{f.Value}'", StringComparison.Ordinal)
                    )
            );
            Edit(paths.PgPass, line => InPasswordFile(line, 5, made.DatabaseUsers.Select(u => (u.Name, u.Password))));
            Edit(paths.PcpPass, line => InPasswordFile(line, 4, made.PcpUsers.Select(u => (u.Name, u.Password))));
            Edit(
                paths.PcpConf,
                line =>
                    made.PcpUsers.FirstOrDefault(u => u.Name == NameOf(line)) is { } user
                        ? $"{user.Name}:{user.PasswordHash}"
                        : line
            );
        }

        return made;
    }

    /// <summary>A line of a password file with another password, when it is of one of these users.</summary>
    /// <param name="line">The line.</param>
    /// <param name="fields">How many fields it has; the last two are user and password.</param>
    /// <param name="users">The users and their passwords.</param>
    /// <remarks>PostgreSQL manual, libpq, "The Password File".</remarks>
    internal static string InPasswordFile(string line, int fields, IEnumerable<(string Name, string Password)> users)
    {
        var parts = Field().Matches(line);
        if (parts.Count < fields - 1 || line.StartsWith('#'))
        {
            return line;
        }

        var user = parts[fields - 2].Groups[1].Value;
        return users.FirstOrDefault(u => ConfigQuoting.PasswordFileField(u.Name) == user) is { Name: not null } known
            ? string.Concat(parts.Take(fields - 1).Select(p => p.Value))
                + ConfigQuoting.PasswordFileField(known.Password)
            : line;
    }

    private static string NameOf(string line) => line.Split(':')[0];

    private static void Edit(string path, Func<string, string> edit)
    {
        if (Read(path) is not { } text)
        {
            return;
        }

        LabStore.WriteWhole(path, string.Join('\n', text.Split('\n').Select(l => l.Length == 0 ? l : edit(l))));
    }

    private static string? Read(string path) => RegularFile.ReadText(path, LargestText);

    [GeneratedRegex(@"\A(\s*wd_authkey\s*=\s*).*\z")]
    private static partial Regex WatchdogKey();

    [GeneratedRegex(@"\G((?:[^:\\]|\\.)*):")]
    private static partial Regex Field();
}
