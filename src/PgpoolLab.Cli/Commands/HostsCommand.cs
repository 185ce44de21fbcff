using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Machines;
using PgpoolLab.Provisioning.Tools;
using PgpoolLab.Ssh;
using PgpoolLab.Ssh.Files;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>hosts check HOST...</c>: goes to hosts by SSH, all at once, and says what each has and lacks for labs,
/// and whether they reach each other.</summary>
internal static class HostsCommand
{
    internal static Command Create(Terminal terminal) =>
        new Command("hosts", "Look at other machines, by SSH") { Check(terminal) }.Guide(
            CommandGroup.Look,
            ("pgpoollab hosts check a b c", "Check three hosts of ~/.ssh/config, and the ways between them")
        );

    private static Command Check(Terminal terminal)
    {
        var hosts = new Argument<string[]>("HOST")
        {
            Description = "A host as ssh knows it by name, or user@host:port",
            Arity = ArgumentArity.OneOrMore,
        };
        var port = new Option<int>("--port")
        {
            Description = "The TCP port by which each host tries to reach each other one",
            HelpName = "N",
            DefaultValueFactory = _ => PortLayout.DefaultPgpool,
        };
        port.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1024 or > 65535)
            {
                result.AddError("--port must be from 1024 to 65535.");
            }
        });
        var agent = new Option<string>("--agent")
        {
            Description = "The pgpoollab that answers there: a program of this machine, which is copied there",
            HelpName = "PATH",
        };
        var installed = new Option<string>("--installed")
        {
            Description = "The pgpoollab that answers there: a program of that host",
            HelpName = "PATH",
        };
        var acceptNew = new Option<bool>("--accept-new")
        {
            Description = "Trust hosts whose keys nobody knows yet, and remember their keys",
        };
        var vip = new Option<string>("--vip")
        {
            Description = "A virtual IP, as setup --hosts takes it: who could have it, and may",
            HelpName = "IP",
        };
        CommandLine.IsVirtualIp(vip);
        var command = new Command(
            "check",
            "Report what hosts have and lack for a lab, how they differ, and whether they reach each other. Each is "
                + "reached by SSH; for a moment something listens on --port there, and says a random word"
        )
        {
            hosts,
            port,
            agent,
            installed,
            acceptNew,
            vip,
            CommandLine.Json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var names = parsed
                    .GetRequiredValue(hosts)
                    .SelectMany(h =>
                        h.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                    )
                    .Distinct(StringComparer.Ordinal)
                    .ToArray();
                var program =
                    parsed.GetValue(installed) is { } there ? new InstalledAgent(there)
                    : parsed.GetValue(agent) is { } here ? new CopiedAgent(here)
                    : AgentProgram.OfThisProgram();
                using var ssh = new SshHosts(
                    new SshOptions(program)
                    {
                        Questions = new SshQuestions(terminal),
                        AcceptNew = parsed.GetValue(acceptNew),
                        Clock = Composition.Clock,
                    }
                );
                var report = await CheckAsync(
                    terminal,
                    ssh,
                    names,
                    parsed.GetValue(port),
                    parsed.GetValue(vip),
                    cancellationToken
                );
                if (parsed.GetValue(CommandLine.Json))
                {
                    terminal.Out.WriteLine(report.ToJson());
                }
                else
                {
                    MachinesView.Print(terminal, report);
                }

                return (int)report.ExitCode;
            }
        );
        return command.Guide(
            ("pgpoollab hosts check a b c", "Check three hosts of ~/.ssh/config, and the ways between them"),
            ("pgpoollab hosts check a b c --vip 192.0.2.9", "And whether they could take turns with a virtual IP"),
            ("pgpoollab hosts check postgres@192.0.2.7:2222 --accept-new", "A host that is in no file of ssh's yet")
        );
    }

    private static async Task<MachinesReport> CheckAsync(
        Terminal terminal,
        SshHosts ssh,
        IReadOnlyList<string> names,
        int port,
        string? virtualIp,
        CancellationToken cancellationToken
    )
    {
        var connections = await Task.WhenAll(
            names.Select(n => TryAsync(n, () => ReachAsync(ssh, n, cancellationToken)))
        );
        try
        {
            var (survey, here) = (new MachineSurvey(Composition.Clock), Composition.Host());
            var looks = await Task.WhenAll(
                connections.Select(async c =>
                {
                    if (c.Value is not { } host)
                    {
                        return new MachineView(c.Name) { Error = c.Error };
                    }

                    foreach (var note in host.Notes)
                    {
                        terminal.Say($"note {c.Name}: {note}");
                    }

                    var look = await TryAsync(
                        c.Name,
                        () =>
                            survey.LookAsync(
                                Machine(c.Name, host),
                                new ToolRequest(null, null, null, null),
                                cancellationToken
                            )
                    );
                    if (look.Value is not { } view)
                    {
                        return new MachineView(c.Name) { Login = host.Resolved, Error = look.Error };
                    }

                    if (virtualIp is not null)
                    {
                        view = await WithVirtualIpAsync(view, host, virtualIp, cancellationToken);
                    }

                    // Which address is its own is its word: others are sent to none that is not meant here, too.
                    var meant = await here.Ports.ResolveAsync(host.Address, cancellationToken);
                    return view with { OwnAddresses = [.. view.OwnAddresses.Where(a => meant.Any(m => m.Text == a))] };
                })
            );
            var linked = connections
                .Zip(looks)
                .Where(p => p.First.Value is not null && p.Second is { Error: null, OwnAddresses.Count: > 0 })
                .Select(p => (Machine(p.First.Name, p.First.Value!), p.Second.OwnAddresses[0]))
                .ToArray();
            var ways = await new WaySurvey(Composition.Probes(here)).LookAsync(linked, port, cancellationToken);
            return MachinesDiagnosis.Of(looks, ways);
        }
        finally
        {
            await Task.WhenAll(connections.Select(c => c.Value?.DisposeAsync().AsTask() ?? Task.CompletedTask));
        }
    }

    private static async Task<MachineView> WithVirtualIpAsync(
        MachineView view,
        SshHost host,
        string virtualIp,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var user = await host.Users.CurrentAsync(cancellationToken);
            var place = await new VirtualIpCheck(host, user).FindAsync(virtualIp, null, cancellationToken);
            return view with { VirtualIp = place };
        }
        catch (LabException error)
        {
            return view with { VirtualIpProblem = error };
        }
    }

    private static Task<SshHost> ReachAsync(SshHosts ssh, string name, CancellationToken cancellationToken) =>
        ssh.ConnectAsync(new SshRequest(SshAddress.Parse(name)), cancellationToken);

    private static ReachedMachine Machine(string name, SshHost host) => new(name, host.Resolved, host.Address, host);

    private sealed record Attempt<T>(string Name, T? Value, LabException? Error);

    /// <summary>What goes wrong with one host keeps nobody from the others.</summary>
    private static async Task<Attempt<T>> TryAsync<T>(string name, Func<Task<T>> attempt)
        where T : class
    {
        try
        {
            return new Attempt<T>(name, await attempt(), null);
        }
        catch (LabException error)
        {
            return new Attempt<T>(name, null, error);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            return new Attempt<T>(name, null, new LabException(ExitCode.NotHealthy, error.Message, error));
        }
    }
}
