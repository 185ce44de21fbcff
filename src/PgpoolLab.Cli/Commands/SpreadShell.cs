using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>psql</c> and <c>run</c> of a lab on several hosts: a program of this machine, whose connections go by
/// ssh to the unix socket of a server on its host. That lets in who may log in there, and asks for no
/// password.</summary>
internal static class SpreadShell
{
    /// <summary>Runs psql.</summary>
    /// <returns>Its exit code.</returns>
    internal static async Task<int> PsqlAsync(
        Terminal terminal,
        Lab lab,
        Target target,
        IReadOnlyList<string> arguments,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await RunAsync(terminal, lab, target, "psql", arguments, cancellationToken);
        }
        catch (ProgramNotFoundException error)
        {
            throw new LabException(ExitCode.Missing, "This machine has no psql.", error)
            {
                Hints =
                [
                    "Install it, for example with:  apt-get install postgresql-client",
                    $"Or use one of the lab's hosts:  {SpreadRefusal.There(lab.Hosts[0], "psql")}",
                ],
            };
        }
    }

    /// <summary>Runs a program for which the lab's server is where libpq looks first.</summary>
    /// <returns>Its exit code.</returns>
    internal static async Task<int> RunAsync(
        Terminal terminal,
        Lab lab,
        Target target,
        string program,
        IReadOnlyList<string> arguments,
        CancellationToken cancellationToken
    )
    {
        if (LabPrograms.IsPcp(program))
        {
            throw new LabException(
                ExitCode.Usage,
                $"The lab '{lab.Name}' is on several hosts; the programs of pcp work on one of them."
            )
            {
                Hints =
                [
                    .. lab.Hosts.Select(h => $"On host {h.Name}:  {SpreadRefusal.There(h, $"exec -- {program}")}"),
                ],
            };
        }

        LabCommand.RequireReady(lab);
        await using var hosts = new SpreadHosts(terminal, lab);
        var looks = await hosts.OnceAsync(withDetails: false, cancellationToken);
        var (look, port) = Find(lab, target, looks);
        if (look.Part?.SocketFolder is not { } folder)
        {
            throw new LabException(ExitCode.NotHealthy, $"{look.Silence}.")
            {
                Hints = ["Name a server of another host, or see how they are:  pgpoollab status"],
            };
        }

        var name = $".s.PGSQL.{port}";
        var reached = await hosts.Looks.ReachAsync(look.Host, cancellationToken);
        await using var door = SocketDoor.Open(
            name,
            ct => reached.Machine?.Ports.ConnectAsync($"{folder}/{name}", ct) ?? new((Stream?)null)
        );
        return await ChildProcess.RunInteractiveAsync(
            Command(program, arguments, door.Folder, port, look.Part.Owner ?? lab.Owner)
        );
    }

    /// <summary>The server that is meant: its host, and its port.</summary>
    internal static (HostLook Host, int Port) Find(Lab lab, Target target, IReadOnlyList<HostLook> looks)
    {
        var report = SpreadNodes.Merge(lab, looks);
        if (target.Text == "pgpool")
        {
            // Any that answers; the one that leads first. One that is just busy the program waits for, if it likes.
            var leader = report.Watchdog.FirstOrDefault(w => w.Status is "LEADER" or "MASTER")?.Id;
            var pgpool =
                lab.Pgpools.Where(p => looks[p.Host ?? 0].Part is { Pgpool: { Answers: true } or { Runs: true } })
                    .MaxBy(p => (looks[p.Host ?? 0].Part!.Pgpool.Answers, p.Id == leader))
                ?? throw new LabException(ExitCode.NotHealthy, "No Pgpool-II answers.")
                {
                    Hints = ["See why:  pgpoollab status", "Connect to a node itself:  pgpoollab psql 0"],
                };
            return (looks[pgpool.Host ?? 0], pgpool.Port);
        }

        if (target.IsAll)
        {
            // It says why not.
            _ = target.ResolvePort(lab, report);
        }

        var servers = target.Resolve(lab, report);
        return servers is { Nodes: [var node, ..] }
            ? (looks[node.Host ?? 0], node.Port)
            : (looks[servers.Pgpools[0].Host ?? 0], servers.Pgpools[0].Port);
    }

    private static CommandSpec Command(
        string program,
        IReadOnlyList<string> arguments,
        string folder,
        int port,
        string user
    )
    {
        var own = new Dictionary<string, string?>
        {
            ["PGHOST"] = folder,
            ["PGPORT"] = $"{port}",
            ["PGUSER"] = user,
            ["PGDATABASE"] = Lab.Database,
        };
        return new CommandSpec(program, arguments)
        {
            KeepsEnvironment = true,
            OnTerminal = true,
            Environment = CleanEnvironment.Libpq.ToDictionary(v => v, v => own.GetValueOrDefault(v)),
        };
    }
}
