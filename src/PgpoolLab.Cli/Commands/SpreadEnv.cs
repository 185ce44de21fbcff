using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>env</c> of a lab on several hosts: how programs find it by TCP, with all its Pgpool-IIs.</summary>
internal static class SpreadEnv
{
    /// <summary>Brings what lets them in, and says when this machine is none that is let in.</summary>
    /// <returns>PostgreSQL's superuser.</returns>
    /// <exception cref="LabException">No host answers that has it.</exception>
    internal static async Task<string> PrepareAsync(Terminal terminal, Lab lab, CancellationToken cancellationToken)
    {
        LabCommand.RequireReady(lab);
        await using var hosts = new SpreadHosts(terminal, lab);
        var looks = await hosts.OnceAsync(withDetails: false, cancellationToken);
        var first =
            looks.FirstOrDefault(l => l.Part is not null)
            ?? throw new LabException(ExitCode.NotHealthy, "No host of the lab answers.")
            {
                Details = [.. looks.Select(l => $"{l.Silence}.")],
                Hints = ["See what keeps them away:  pgpoollab hosts check HOST"],
            };
        var owner = first.Part!.Owner ?? lab.Owner;
        if (!SpreadAccess.IsHere(lab))
        {
            var machine = (await hosts.Looks.ReachAsync(first.Host, cancellationToken)).Machine!;
            SpreadAccess.Keep(
                lab,
                await ReadAsync(machine, first.Part.PasswordFile, cancellationToken) is { } text
                    ? SpreadAccess.Passwords(lab, owner, text)
                    : null,
                await ReadAsync(machine, first.Part.TlsAuthority, cancellationToken)
            );
        }

        if (!await IsLetInAsync(lab, cancellationToken))
        {
            terminal.Say(
                "note The lab lets in its own hosts only, so a program of this machine is refused at these addresses. "
                    + "'pgpoollab psql' and 'pgpoollab exec' go by ssh."
            );
        }

        return owner;
    }

    /// <summary>The variables by which libpq's programs find it.</summary>
    internal static Dictionary<string, string> Variables(Lab lab, string owner)
    {
        var variables = new Dictionary<string, string>
        {
            ["PGHOST"] = string.Join(',', lab.Pgpools.Select(p => lab.AddressOf(p.Host))),
            ["PGPORT"] = string.Join(',', lab.Pgpools.Select(p => $"{p.Port}")),
            ["PGDATABASE"] = Lab.Database,
            ["PGUSER"] = owner,
            ["PGPOOL_PORT"] = $"{lab.Pgpools[0].Port}",
        };
        if (lab.Asks)
        {
            variables["PGPASSFILE"] = lab.Paths.SpreadPgPass;
        }

        if (lab.UseTls)
        {
            variables["PGSSLMODE"] = "verify-full";
            variables["PGSSLROOTCERT"] = lab.Paths.SpreadTlsAuthority;
        }

        return variables;
    }

    /// <summary>Every server; all Pgpool-IIs together come first.</summary>
    internal static IReadOnlyList<Endpoint> Endpoints(Lab lab, string owner)
    {
        var pgpools = lab.Pgpools.Select(p => new Place(lab.AddressOf(p.Host), p.Port)).ToArray();
        return
        [
            Of("pgpool", pgpools[0]) with
            {
                Places = pgpools,
            },
            .. lab.Pgpools.Select(p => Of($"pgpool{p.Id}", new Place(lab.AddressOf(p.Host), p.Port))),
            .. lab.Nodes.Select(n => Of($"node{n.Id}", new Place(lab.AddressOf(n.Host), n.Port))),
        ];

        Endpoint Of(string name, Place place) =>
            new(
                name,
                place.Host,
                place.Port,
                Lab.Database,
                owner,
                lab.Asks ? lab.Paths.SpreadPgPass : null,
                lab.UseTls ? lab.Paths.SpreadTlsAuthority : null
            );
    }

    private static async Task<string?> ReadAsync(IHost machine, string? file, CancellationToken cancellationToken) =>
        file is null ? null : await machine.Files.ReadTextAsync(file, cancellationToken);

    /// <summary>The access rules name the hosts' addresses: whoever has one of them comes from there.</summary>
    private static async Task<bool> IsLetInAsync(Lab lab, CancellationToken cancellationToken)
    {
        foreach (var host in lab.Hosts)
        {
            var own = await Composition.Host().Ports.ResolveAsync(host.Address, cancellationToken);
            if (own.Any(a => a.IsOwn))
            {
                return true;
            }
        }

        return false;
    }
}
