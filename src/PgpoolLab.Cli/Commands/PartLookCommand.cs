using System.CommandLine;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>part look</c>: says how this machine's part of a lab on several hosts is, for the pgpoollab that puts
/// all parts together.</summary>
internal static class PartLookCommand
{
    internal static Command Create(Terminal terminal)
    {
        var details = new Option<bool>("--details") { Description = "With what status explains by" };
        var look = new Command("look", "Say how the servers here are") { details, CommandLine.Lab };
        look.SetAction(
            async (parsed, cancellationToken) =>
            {
                var lab = LabCommand.Open(parsed);
                var host = Composition.Host();
                var reporter = new PartReporter(host, Composition.Probes(host));
                var part = await reporter.LookAsync(lab, parsed.GetValue(details), cancellationToken);
                terminal.Out.WriteLine(part.ToJson());
                return (int)ExitCode.Done;
            }
        );
        return look;
    }
}
