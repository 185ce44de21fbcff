using System.Text.Json;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Cli.Keeping;

/// <summary>What who has had a lab made is told of it.</summary>
internal static class LabsMade
{
    /// <param name="info">What setup has said of it.</param>
    internal static MadeLab Of(LabInfo info)
    {
        var lab = LabStore.Load(info.Directory)?.Lab;
        if (lab is null)
        {
            throw new LabException(
                ExitCode.NotFound,
                $"The lab in {info.Directory} was removed as soon as it was made."
            );
        }

        var path = ShellSession.OfCaller().Path;
        if (Identity.IsRoot)
        {
            return OfAnother(info, Wrappers.WriteForRoot(StateFolder.Open(), lab), path);
        }

        return Of(info, Endpoint.Of(lab), LabVariables.ForOwner(lab, path, Wrappers.TryWrite(lab)));
    }

    /// <summary>
    /// Another user runs the lab of root, and can write all that lies in it. So root's programs are led by what setup
    /// has said, which root has started itself, not by the manifest; passwords are in a copy of root's own, not where a
    /// link could lead to a file of root's; and on PATH is a folder of root's alone (decision 0034).
    /// </summary>
    /// <param name="info">What setup has said of it.</param>
    /// <param name="own">A folder of root's own, which goes with the lab.</param>
    /// <param name="path">The caller's PATH.</param>
    private static MadeLab OfAnother(LabInfo info, string own, string path)
    {
        var user =
            Identity.Find(info.User)
            ?? throw new LabException(ExitCode.Missing, $"This machine has no user {info.User} any more.");
        var paths = new LabPaths(info.Pgpools[0].Directory);
        var passwords = OwnCopy.Make(paths.PgPass, user.UserId, $"{own}/.pgpass");
        var pcpPasswords = OwnCopy.Make(paths.PcpPass, user.UserId, $"{own}/.pcppass");
        var authority = OwnCopy.Make(paths.TlsAuthority, user.UserId, $"{own}/.ca.crt");
        IReadOnlyList<Endpoint> endpoints =
        [
            .. info.Pgpools.Select((p, i) => At(i == 0 ? "pgpool" : $"pgpool{p.Id}", p.Port)),
            .. info.Nodes.Select(n => At($"node{n.Id}", n.Port)),
        ];
        var first = endpoints[0];
        var variables = CleanEnvironment.Libpq.Except(LabVariables.Harmless).ToDictionary(v => v, _ => (string?)null);
        foreach (
            var (name, value) in (IReadOnlyList<(string, string?)>)
                [
                    ("PGHOST", first.Host),
                    ("PGPORT", $"{first.Port}"),
                    ("PGDATABASE", first.Database),
                    ("PGUSER", first.User),
                    ("PGPASSFILE", passwords),
                    ("PGSSLMODE", authority is null ? null : "verify-full"),
                    ("PGSSLROOTCERT", authority),
                    ("PGPOOL_PORT", $"{info.PgpoolPort}"),
                    ("PCP_PORT", $"{info.PcpPort}"),
                    ("PCPPASSFILE", pcpPasswords),
                    ("PATH", string.Join(':', path.Split(':').Where(f => f != own).Prepend(own))),
                ]
        )
        {
            variables[name] = value;
        }

        // Programs on root's PATH run as the lab's user, who cannot read root's copies: the variables name what each
        // can read.
        return Of(info, endpoints, variables, endpoint => endpoint with { PasswordFile = null, TlsAuthority = null });

        Endpoint At(string name, int port) =>
            new(name, "localhost", port, info.Database, info.User, passwords, authority);
    }

    private static MadeLab Of(
        LabInfo info,
        IReadOnlyList<Endpoint> endpoints,
        IReadOnlyDictionary<string, string?> variables,
        Func<Endpoint, Endpoint>? inVariables = null
    )
    {
        inVariables ??= static endpoint => endpoint;
        var environment = new Dictionary<string, string?>(variables)
        {
            [LabVariables.Name] = info.Directory,
            ["DATABASE_URL"] = inVariables(endpoints[0]).Uri,
        };
        foreach (var endpoint in endpoints.Skip(info.Pgpools.Count))
        {
            environment[$"PGPOOLLAB_{endpoint.Name.ToUpperInvariant()}_URL"] = inVariables(endpoint).Uri;
        }

        return new MadeLab(info, endpoints, environment);
    }

    /// <summary>What <c>setup --json</c> has printed.</summary>
    internal static LabInfo Parse(CommandEnd setup) =>
        setup.Json?.Deserialize(MadeLabJson.Default.LabInfo)
        ?? throw new LabException(ExitCode.Failed, "Setup has not said which lab it has made.")
        {
            Details = setup.Said,
        };
}
