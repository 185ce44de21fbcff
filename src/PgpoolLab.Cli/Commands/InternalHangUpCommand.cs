using System.CommandLine;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>internal-hang-up PROCESS HOST PORT</c>: ends the connections of Pgpool-II's worker process to a node
/// that is lost, for whose answer it would wait. No person calls it: failover.sh does.</summary>
internal static class InternalHangUpCommand
{
    internal static Command Create(Terminal terminal)
    {
        var process = new Argument<int>("PROCESS") { Description = "Whose connections" };
        var host = new Argument<string>("HOST") { Description = "Where they lead: an address, or a socket's folder" };
        var port = new Argument<int>("PORT") { Description = "The port there" };
        var command = new Command("internal-hang-up", "End a process's connections to a server")
        {
            process,
            host,
            port,
        };
        command.Hidden = true;
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var whose = parsed.GetValue(process);
                try
                {
                    terminal.Out.WriteLine(
                        await ForeignSockets.ShutDownAsync(
                            whose,
                            parsed.GetRequiredValue(host),
                            parsed.GetValue(port),
                            cancellationToken
                        )
                    );
                    return (int)ExitCode.Done;
                }
                catch (IOException error)
                {
                    throw new LabException(
                        ExitCode.Failed,
                        $"The connections of process {whose} cannot be ended: {error.Message}",
                        error
                    );
                }
            }
        );
        return command;
    }
}
