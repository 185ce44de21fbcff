using System.CommandLine;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Spread;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Cli.Commands;

/// <summary>What the commands do with a lab on several hosts, where it was made.</summary>
internal static class SpreadCommands
{
    /// <summary>The lab that a command is about, when it is one on several hosts and this is where it was made; null
    /// for any other, or none.</summary>
    internal static Lab? Find(ParseResult parsed) => Find(parsed.GetValue(CommandLine.Lab));

    /// <inheritdoc cref="Find(ParseResult)"/>
    /// <param name="nameOrFolder">Names it; null for the one around the current folder.</param>
    internal static Lab? Find(string? nameOrFolder)
    {
        LabManifest manifest;
        try
        {
            manifest = NamedLab.Find(nameOrFolder);
        }
        catch (LabException)
        {
            // Who looks for a lab of any kind says why.
            return null;
        }

        return OfWhole(manifest);
    }

    /// <summary>The lab of this manifest, when it is one on several hosts and this is where it was made.</summary>
    /// <exception cref="LabException">It is, and the manifest is another user's word.</exception>
    internal static Lab? OfWhole(LabManifest manifest)
    {
        if (manifest.Lab is not { IsWhole: true } lab)
        {
            return null;
        }

        LabLocator.RequireOwnWord(manifest);
        return lab;
    }

    /// <summary>Makes one, or shows what would be made.</summary>
    internal static async Task<int> SetupAsync(
        Terminal terminal,
        LabSpec spec,
        IReadOnlyList<HostRequest> hosts,
        LabFile said,
        bool dryRun,
        IReadOnlyList<string> commandLine,
        bool json,
        CancellationToken cancellationToken
    )
    {
        var began = TimeProvider.System.GetTimestamp();
        await using var session = await SpreadSession.FindAsync(
            terminal,
            hosts,
            said.Installed,
            said.AcceptNew ?? false,
            cancellationToken
        );
        var part = new PartOfLab(
            Guid.NewGuid().ToString("n")[..8],
            [.. session.Parts.Hosts.Select(h => h.Host)],
            Here: null
        )
        {
            VirtualIp = said.VirtualIp,
            Interface = said.VirtualIpInterface,
        };
        using var progress = new ProgressView(terminal);
        var setup = new SpreadSetup(Terminal.Operation(progress) with { NameOf = terminal.NameOf }, session.Parts);
        if (dryRun)
        {
            var plan = await setup.PlanAsync(spec, part, cancellationToken);
            progress.Dispose();
            SpreadPlanView.Print(terminal, plan, json);
            return (int)ExitCode.Done;
        }

        var result = await setup.ExecuteAsync(spec, part, commandLine, cancellationToken);
        progress.Dispose();
        var lab = result.Lab;
        if (json)
        {
            terminal.Out.WriteLine(LabInfo.Of(lab, spec.Setup.LeaveRunning, []).ToJson());
        }

        var seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        terminal.Say(
            $"The lab '{lab.Name}' is ready on {string.Join(", ", lab.Hosts.Select(h => h.Name))} ({seconds:0.0} s)."
        );
        foreach (var pgpool in lab.Pgpools)
        {
            var host = lab.Hosts[pgpool.Host!.Value];
            terminal.Say($"  {host.Name}: Pgpool-II {host.Address}:{pgpool.Port}, its part in {host.Root}");
        }

        if (lab.VirtualIp is { } ip)
        {
            terminal.Say($"  The one that leads is at {VirtualIp.AddressOf(ip)}:{lab.Ports.Pgpool(0)}, too.");
        }

        terminal.Say(
            spec.Setup.LeaveRunning
                ? $"See how it is:  pgpoollab nodes --lab {Shell.Quote(lab.Name)}"
                : $"Start it:  pgpoollab startall --lab {Shell.Quote(lab.Name)}"
        );
        return (int)ExitCode.Done;
    }

    /// <summary>Starts or stops all of it.</summary>
    internal static async Task<int> OnAllAsync(
        Terminal terminal,
        Lab lab,
        Func<HostParts, Lab, Action<string>, CancellationToken, Task> act,
        string done,
        bool json,
        CancellationToken cancellationToken
    )
    {
        await using var session = await ConnectAsync(terminal, lab, cancellationToken);
        using (LabLock.Take(lab.Root))
        {
            await act(session.Parts, lab, n => terminal.Say($"note {n}"), cancellationToken);
        }

        terminal.Say(done);
        if (json)
        {
            terminal.Out.WriteLine(NodesReporter.ToJson(await session.Parts.LookAsync(lab, cancellationToken)));
        }

        return (int)ExitCode.Done;
    }

    /// <summary>Connects to the hosts of one that is ready.</summary>
    internal static Task<SpreadSession> ConnectAsync(Terminal terminal, Lab lab, CancellationToken cancellationToken)
    {
        LabCommand.RequireReady(lab);
        return SpreadSession.ConnectAsync(terminal, lab.Hosts, acceptNew: false, cancellationToken);
    }

    /// <summary>Removes all of it. Where a host does not answer, the lab stays on the list, so that it can be tried
    /// again.</summary>
    /// <param name="terminal">Where it talks.</param>
    /// <param name="lab">The lab.</param>
    /// <param name="given">Hosts that are given up.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static async Task<int> DestroyAsync(
        Terminal terminal,
        Lab lab,
        IReadOnlyList<string> given,
        CancellationToken cancellationToken
    )
    {
        given = [.. given.Select(g => HostOf(lab, g).Name)];
        await using var session = await SpreadSession.ConnectAsync(terminal, lab.Hosts, false, cancellationToken);
        using var progress = new ProgressView(terminal);
        if (lab.Partition is not null && given.Count == 0)
        {
            await new HostCuts(session.Parts, lab).HealAsync(cancellationToken);
        }

        await new SpreadDestroy(Terminal.Operation(progress), session.Parts).ExecuteAsync(
            lab,
            given,
            cancellationToken
        );
        progress.Dispose();
        terminal.Say($"The lab '{lab.Name}' is gone from {string.Join(", ", lab.Hosts.Select(h => h.Name))}.");
        return (int)ExitCode.Done;
    }

    /// <summary>Goes on with the labs whose removal a host has kept from its end by not answering.</summary>
    internal static async Task<int> ResumeDestroyAsync(Terminal terminal, CancellationToken cancellationToken)
    {
        var labs = LabIndex
            .All()
            .Select(e => LabStore.Load(e.Root))
            .OfType<LabManifest>()
            .Where(m => m is { State: LabState.Destroying, Lab: { IsSpread: true, Here: null } })
            .ToArray();
        if (labs.Length == 0)
        {
            terminal.Say("There is no lab on several hosts whose removal was not finished.");
        }

        var worst = ExitCode.Done;
        foreach (var manifest in labs)
        {
            try
            {
                await DestroyAsync(terminal, OfWhole(manifest)!, [], cancellationToken);
            }
            catch (LabException error)
            {
                worst = ErrorView.Show(terminal, error);
            }
        }

        return (int)worst;
    }

    /// <summary>One of a lab's hosts, by what the user calls it.</summary>
    internal static LabHost HostOf(Lab lab, string name) =>
        lab.Hosts.FirstOrDefault(h => h.Name == name)
        ?? throw new LabException(ExitCode.Usage, $"The lab '{lab.Name}' has no host '{name}'.")
        {
            Hints = [$"Its hosts are {string.Join(", ", lab.Hosts.Select(h => h.Name))}."],
        };
}
