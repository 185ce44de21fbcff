using System.CommandLine;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Ssh;
using PgpoolLab.Ssh.Files;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>reach HOST...</c>: goes to hosts by SSH, all at once, and says what answers there. Not shown: no lab is
/// on other hosts yet.</summary>
internal static class ReachCommand
{
    internal static Command Create(Terminal terminal)
    {
        var hosts = new Argument<string[]>("HOST")
        {
            Description = "A name of ~/.ssh/config, or user@host:port",
            Arity = ArgumentArity.OneOrMore,
        };
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
        var command = new Command("reach", "Go to hosts by SSH, and say what answers there")
        {
            hosts,
            agent,
            installed,
            acceptNew,
        };
        command.Hidden = true;
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
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
                var reached = parsed
                    .GetRequiredValue(hosts)
                    .Select(host => ReachAsync(ssh, host, cancellationToken))
                    .ToArray();
                var worst = ExitCode.Done;
                foreach (var one in reached)
                {
                    try
                    {
                        var (line, notes) = await one;
                        terminal.Out.WriteLine(line);
                        foreach (var note in notes)
                        {
                            terminal.Error.WriteLine($"  {note}");
                        }
                    }
                    catch (Exception error)
                    {
                        var code = ErrorView.Show(terminal, error);
                        worst = worst is ExitCode.Done ? code : worst;
                    }
                }

                return (int)worst;
            }
        );
        return command;
    }

    private static async Task<(string Line, IReadOnlyList<string> Notes)> ReachAsync(
        SshHosts ssh,
        string name,
        CancellationToken cancellationToken
    )
    {
        await using var host = await ssh.ConnectAsync(new SshRequest(SshAddress.Parse(name)), cancellationToken);
        var user = await host.Users.CurrentAsync(cancellationToken);
        return ($"{host.Name}: {host.Resolved}, pgpoollab {host.AgentVersion}, home {user.Home}", host.Notes);
    }
}
