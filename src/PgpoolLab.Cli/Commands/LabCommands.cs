using System.CommandLine;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Reports;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Cli.Commands;

/// <summary>What the commands on an existing lab share.</summary>
internal static class LabCommand
{
    /// <summary>Finds the lab, refuses one that is not ready, and goes on as its user.</summary>
    internal static Lab Open(ParseResult parsed)
    {
        var manifest = LabLocator.Find(parsed.GetValue(CommandLine.Lab), Invocation.CurrentFolder);
        var lab = LabLocator.RequireReady(manifest);
        LabLocator.BecomeOwner(manifest);
        LabIndex.RegisterAgain(lab);
        return lab;
    }
}

/// <summary><c>startall</c>: starts every node, then Pgpool-II.</summary>
internal static class StartAllCommand
{
    internal static Command Create(Terminal terminal)
    {
        var command = new Command("startall", "Start every PostgreSQL, then Pgpool-II; what runs already is left alone") { CommandLine.Lab };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var lab = LabCommand.Open(parsed);
            using var progress = new ProgressView(terminal);
            await new StartOperation(Terminal.Operation(progress)).ExecuteAsync(lab, cancellationToken);
            progress.Dispose();
            terminal.Say($"The lab '{lab.Name}' is up; Pgpool-II listens on port {lab.Pgpool.Port}.");
            return (int)ExitCode.Done;
        });
        return command;
    }
}

/// <summary><c>stopall</c>: stops Pgpool-II, then every node.</summary>
internal static class StopAllCommand
{
    internal static Command Create(Terminal terminal)
    {
        var command = new Command("stopall", "Stop Pgpool-II, then every PostgreSQL; what is stopped already does not matter") { CommandLine.Lab };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var lab = LabCommand.Open(parsed);
            using var progress = new ProgressView(terminal);
            await new StopOperation(Terminal.Operation(progress)).ExecuteAsync(lab, cancellationToken);
            progress.Dispose();
            terminal.Say($"The lab '{lab.Name}' is stopped.");
            return (int)ExitCode.Done;
        });
        return command;
    }
}

/// <summary><c>destroy</c>: stops a lab and removes exactly what belongs to it; <c>destroy --orphans</c>: removes what nobody looks after any more.</summary>
internal static class DestroyCommand
{
    internal static Command Create(Terminal terminal)
    {
        var labArgument = new Argument<string?>("LAB") { Description = "The lab, by name or folder; by default the one around the current folder", Arity = ArgumentArity.ZeroOrOne };
        var orphans = new Option<bool>("--orphans") { Description = "Instead of a lab, remove what nobody looks after any more: labs whose setup was killed, and servers, sockets and entries of labs whose folder was deleted by hand" };
        var command = new Command("destroy", "Stop a lab and remove everything that belongs to it, also when it is half made") { labArgument, CommandLine.Lab, orphans, CommandLine.Json };
        command.Validators.Add(result =>
        {
            if (result.GetValue(orphans) && (result.GetValue(labArgument) ?? result.GetValue(CommandLine.Lab)) is not null)
            {
                result.AddError("--orphans is for all labs; name none with it.");
            }

            if (result.GetValue(CommandLine.Json) && !result.GetValue(orphans))
            {
                result.AddError("--json goes with --orphans; destroying one lab has nothing to report.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(orphans))
            {
                return (int)await OrphansAsync(terminal, parsed.GetValue(CommandLine.Json), cancellationToken);
            }

            var name = parsed.GetValue(labArgument) ?? parsed.GetValue(CommandLine.Lab);
            LabManifest manifest;
            try
            {
                manifest = LabLocator.Find(name, Invocation.CurrentFolder);
            }
            catch (LabException error) when (error.Code is ExitCode.NotFound && Path.GetFullPath(name ?? ".", Invocation.CurrentFolder) is var folder && LabRemains.AreIn(folder))
            {
                LabRemains.Remove(folder);
                terminal.Say($"There was no lab in {folder}, but what a command had left there that was killed; it is gone.");
                return (int)ExitCode.Done;
            }

            var lab = manifest.Lab;
            LabLocator.BecomeOwner(manifest);
            using var progress = new ProgressView(terminal);
            var result = await new DestroyOperation(Terminal.Operation(progress)).ExecuteAsync(lab, cancellationToken);
            progress.Dispose();
            terminal.Say($"The lab '{lab.Name}' is gone{(result.FolderIsGone ? ", and its folder with it" : "")}.");
            if (result.Left.Count > 0)
            {
                terminal.Say($"Left in {lab.Root}, as it is not the lab's: {string.Join(", ", result.Left)}");
            }

            return (int)ExitCode.Done;
        });
        return command;
    }

    private static async Task<ExitCode> OrphansAsync(Terminal terminal, bool json, CancellationToken cancellationToken)
    {
        OrphansReport report;
        using (var progress = new ProgressView(terminal))
        {
            report = await new DestroyOrphansOperation(Terminal.Operation(progress)).ExecuteAsync(cancellationToken);
        }

        if (json)
        {
            terminal.Out.WriteLine(report.ToJson());
        }
        else
        {
            OrphansView.Print(terminal, report);
        }

        return report.Kept.Count > 0 ? ExitCode.UndoFailed : ExitCode.Done;
    }
}

/// <summary><c>psql</c>: a session through Pgpool-II or with one node.</summary>
internal static class PsqlCommand
{
    internal static Command Create(Terminal terminal)
    {
        var target = new Argument<string>("TARGET") { Description = "pgpool (default), or a node's number", DefaultValueFactory = _ => "pgpool" };
        var rest = new Argument<string[]>("ARGS") { Description = "Passed on to psql; put -- before them", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("psql", "Open psql through Pgpool-II, or on one node") { target, rest, CommandLine.Lab };
        command.SetAction(async (parsed, _) =>
        {
            // "psql -- -c ..." leaves TARGET out: then the first argument is psql's.
            var (to, arguments) = (parsed.GetValue(target)!, parsed.GetValue(rest) ?? []);
            if (to != "pgpool" && !int.TryParse(to, out var _))
            {
                if (!to.StartsWith('-'))
                {
                    throw new LabException(ExitCode.Usage, $"'{to}' is neither pgpool nor a node's number.") { Hints = ["Arguments for psql come after --, for example:  pgpoollab psql 1 -- -c 'SELECT 1'"] };
                }

                arguments = [to, .. arguments];
                to = "pgpool";
            }

            var lab = LabCommand.Open(parsed);
            var port = to == "pgpool" ? lab.Pgpool.Port : lab.Nodes.FirstOrDefault(n => n.Id == int.Parse(to))?.Port
                ?? throw new LabException(ExitCode.NotFound, $"The lab '{lab.Name}' has no node {to}; its nodes are 0 to {lab.Nodes.Count - 1}.");
            return await LocalPrograms.RunInteractiveAsync(Provisioning.Tools.Psql.Interactive(lab.Tools, lab.HasPrivateSockets ? lab.SocketFolder : "localhost", port, lab.Owner, arguments));
        });
        return command;
    }
}
