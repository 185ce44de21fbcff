using System.CommandLine;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Commands;

/// <summary>What a command that does not work on a lab on several hosts says, and what to do instead.</summary>
internal static class SpreadRefusal
{
    /// <summary>The refusal.</summary>
    /// <param name="lab">The whole lab.</param>
    /// <param name="command">The command, as it is called.</param>
    internal static LabException Of(Lab lab, string command)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var several = $"The lab '{lab.Name}' is on several hosts";
        return command switch
        {
            "add-node" or "remove-node" => Refused(
                $"{several}; its number of nodes stays as it is: files on each of them name all nodes.",
                "Make another one:  pgpoollab up "
                    + $"--hosts {Shell.Quote(string.Join(',', lab.Hosts.Select(h => h.Name)))} -n NODES DIR"
            ),
            "faults" or "cut" or "slow" or "flap" or "links" => Refused(
                $"{several}; links are for labs on one machine.",
                "Cut its hosts off from each other:  pgpoollab partition HOSTS"
            ),
            "export" => Refused(
                $"{several}; what is exported is a lab on one machine.",
                "Make one like it:  pgpoollab setup "
                    + $"-n {lab.Nodes.Count} DIR, and then  pgpoollab export --lab DIR"
            ),
            _ when command.StartsWith("snapshot", StringComparison.Ordinal) => Refused(
                $"{several}; a snapshot of it is not possible: no moment is the same on all of them.",
                $"Make a lab on this machine for it:  pgpoollab up -n {lab.Nodes.Count} DIR"
            ),
            _ => Refused(
                $"{several}; '{command}' works on one host's part of it.",
                [.. lab.Hosts.Select(h => $"On host {h.Name}:  {There(h, command)}")]
            ),
        };
    }

    /// <summary>A command as it is called, without its arguments: <c>config set</c>.</summary>
    internal static string NameOf(ParseResult parsed)
    {
        var names = new List<string>();
        for (var at = parsed.CommandResult; at?.Parent is System.CommandLine.Parsing.CommandResult parent; at = parent)
        {
            names.Insert(0, at.Command.Name);
        }

        return string.Join(' ', names);
    }

    /// <summary>A command on a host's part, to be pasted here.</summary>
    /// <param name="host">The host.</param>
    /// <param name="command">The command, as the shell there is to read it.</param>
    internal static string There(LabHost host, string command)
    {
        ArgumentNullException.ThrowIfNull(host);
        // A copy lies in a folder that is called by its content; the newest is this program's.
        var program = host.Program is { } installed
            ? Shell.Quote(installed)
            : "\"$(ls -t ~/.pgpoollab/agent/*/pgpoollab | head -n 1)\"";
        return $"ssh -t {Shell.Quote(host.Name)} "
            + Shell.Quote($"cd {Shell.Quote(host.Root ?? "")} && {program} {command} …");
    }

    private static LabException Refused(string message, params IReadOnlyList<string> hints) =>
        new(ExitCode.Usage, message) { Hints = hints };
}
