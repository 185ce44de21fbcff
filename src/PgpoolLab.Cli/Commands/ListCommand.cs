using System.CommandLine;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Reports;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>list</c>: every lab of this user, and how it is.</summary>
internal static class ListCommand
{
    internal static Command Create(Terminal terminal)
    {
        var all = new Option<bool>("--all") { Description = "For root: the labs of every user of this machine" };
        var names = new Option<bool>("--names") { Description = "Print only the names, one per line" };
        var command = new Command(
            "list",
            "List every lab: its folder, what of it runs, its ports and versions, and leftovers of deleted labs"
        )
        {
            all,
            names,
            CommandLine.Json,
        }
            .Guide(
                CommandGroup.Look,
                ("pgpoollab list", "List your labs"),
                ("pgpoollab list --json", "Print the same for a program"),
                ("pgpoollab list --names", "Print their names, for a script or to complete them")
            )
            .Synonyms("ls", "labs");
        command.Validators.Add(result =>
        {
            if (result.GetValue(names) && result.GetValue(CommandLine.Json))
            {
                result.AddError("--names prints plain lines; leave out --json, or --names.");
            }

            if (result.GetValue(all) && !Identity.IsRoot)
            {
                result.AddError("--all shows the labs of every user; only root can look at them.");
            }
        });
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                if (parsed.GetValue(names))
                {
                    PrintNames(terminal, LabIndex.Registrations(parsed.GetValue(all)));
                    return (int)ExitCode.Done;
                }

                var report = await new LabsReporter(Composition.Host(), TimeProvider.System)
                {
                    OnHosts = (lab, ct) => OnHostsAsync(terminal, lab, ct),
                }.ReportAsync(Invocation.CurrentFolder, parsed.GetValue(all), cancellationToken);
                if (parsed.GetValue(CommandLine.Json))
                {
                    terminal.Out.WriteLine(report.ToJson());
                }
                else if (report.Labs.Count == 0)
                {
                    terminal.Say("There are no labs. Make one:  pgpoollab up DIR");
                }
                else
                {
                    LabsView.Print(terminal.Data, report);
                }

                return (int)ExitCode.Done;
            }
        );
        return command;
    }

    /// <summary>Nobody is asked for a passphrase, or whether a host is to be trusted: a list is only read.</summary>
    private static async Task<NodesReport> OnHostsAsync(Terminal terminal, Lab lab, CancellationToken cancellationToken)
    {
        // Another user's word is not followed to other hosts; root sees the row alone.
        LabLocator.RequireOwnWord(LabStore.Load(lab.Root)!);
        await using var hosts = new SpreadHosts(terminal, lab, asks: false);
        return SpreadNodes.Merge(lab, await hosts.OnceAsync(withDetails: false, cancellationToken));
    }

    private static void PrintNames(Terminal terminal, IReadOnlyList<LabRegistration> labs)
    {
        foreach (var name in labs.Select(l => l.Entry.Name).Distinct().Order(StringComparer.Ordinal))
        {
            terminal.Out.WriteLine(name);
        }
    }
}
