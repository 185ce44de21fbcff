using System.Text;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>Has pcp.conf and pcppass, the file of the programs that ask, agree again.</summary>
/// <param name="host">Where the lab is.</param>
/// <param name="lab">The lab.</param>
internal sealed class PcpPasswords(IHost host, Lab lab)
{
    private const UnixFileMode OwnersAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes the passwords that pcppass has into pcp.conf; what else is there stays. Pgpool-II reads it at
    /// each login.</summary>
    /// <exception cref="LabException">pcppass has no password for that Pgpool-II.</exception>
    internal async Task WriteAsync(PgpoolNode pgpool, CancellationToken cancellationToken)
    {
        using var labLock = LabLock.Take(lab.Root);
        var users = UsersIn(
            await host.Files.ReadTextAsync(pgpool.Paths.PcpPass, cancellationToken) ?? "",
            pgpool.PcpPort
        );
        if (users.Count == 0)
        {
            throw new LabException(
                ExitCode.Failed,
                $"{pgpool.Paths.PcpPass} has no password for port {pgpool.PcpPort}."
            );
        }

        var text = await host.Files.ReadTextAsync(pgpool.Paths.PcpConf, cancellationToken) ?? "";
        await host.Files.WriteTextAsync(pgpool.Paths.PcpConf, With(text, users), OwnersAlone, cancellationToken);
    }

    /// <summary>A pcp.conf in which these users have their lines.</summary>
    internal static string With(string conf, IReadOnlyList<PcpUser> users)
    {
        var lines = conf.Split('\n')
            .Where(l => l.Length > 0)
            .Where(l => !users.Any(u => l.StartsWith(u.Name + ":", StringComparison.Ordinal)))
            .Concat(users.Select(u => $"{u.Name}:{u.PasswordHash}"));
        return string.Join('\n', lines) + "\n";
    }

    /// <summary>The users and passwords that a pcppass has for a port.</summary>
    /// <remarks>PostgreSQL manual, libpq, "The Password File": a backslash escapes a colon or a backslash.</remarks>
    internal static IReadOnlyList<PcpUser> UsersIn(string pcppass, int port) =>
        [
            .. pcppass
                .Split('\n')
                .Select(Fields)
                .Where(f => f.Count == 4 && (f[1] == "*" || f[1] == $"{port}"))
                .Select(f => new PcpUser(f[2], f[3]))
                .DistinctBy(u => u.Name),
        ];

    private static List<string> Fields(string line)
    {
        var (fields, field) = (new List<string>(), new StringBuilder());
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == ':')
            {
                fields.Add(field.ToString());
                field.Clear();
                continue;
            }

            i += line[i] == '\\' && i + 1 < line.Length ? 1 : 0;
            field.Append(line[i]);
        }

        fields.Add(field.ToString());
        return fields;
    }
}
