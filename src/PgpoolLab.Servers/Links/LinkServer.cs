using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Links;
using PgpoolLab.Model;
using PgpoolLab.Model.Links;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Servers.Links;

/// <summary>The proxy of a lab's links: finds it, starts and stops it, and never touches a process that is not the
/// lab's.</summary>
public sealed class LinkServer
{
    /// <summary>The command by which this program is the proxy.</summary>
    public const string Command = "internal-links";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly ServerTools _tools;
    private readonly TimeProvider _time;

    /// <summary>Nothing is looked at yet.</summary>
    /// <param name="host">Where it runs.</param>
    /// <param name="lab">The lab.</param>
    /// <param name="probes">Waits.</param>
    /// <param name="time">The clock; by default the system's.</param>
    public LinkServer(IHost host, Lab lab, ProbeRunner probes, TimeProvider? time = null) =>
        (_tools, _time) = (new ServerTools(host, lab, probes), time ?? TimeProvider.System);

    private Lab Lab => _tools.Lab;

    /// <summary>Its process; null when it does not run.</summary>
    public async Task<ProcessFacts?> FindAsync(CancellationToken cancellationToken) =>
        int.TryParse((await _tools.Host.Files.ReadTextAsync(Lab.LinkPid, cancellationToken))?.Trim(), out var id)
        && await _tools.Host.Processes.FindAsync(id, cancellationToken) is { } process
        && process.CommandLine.EndsWith($" {Command} {Lab.Root}", StringComparison.Ordinal)
        && await _tools.MayBeOursAsync(process, cancellationToken)
            ? process
            : null;

    /// <summary>How the links are; null when the proxy does not run, or does not answer.</summary>
    public Task<IReadOnlyList<LinkView>?> LookAsync(CancellationToken cancellationToken) =>
        LookAsync(_tools.Host, Lab, _time, cancellationToken);

    /// <inheritdoc cref="LookAsync(CancellationToken)"/>
    internal static async Task<IReadOnlyList<LinkView>?> LookAsync(
        IHost host,
        Lab lab,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        if (await LinkControl.TryConnectAsync(host, lab, time, cancellationToken) is not { } control)
        {
            return null;
        }

        await using (control)
        {
            try
            {
                return await control.LookAsync(cancellationToken);
            }
            catch (LabException)
            {
                return null;
            }
        }
    }

    /// <summary>Starts it, unless it runs. It listens for every link when this returns.</summary>
    /// <param name="program">What calls this program.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>True when it was started.</returns>
    /// <exception cref="LabException">It does not come up.</exception>
    public async Task<bool> StartAsync(CommandSpec program, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(program);
        if (!OperatingSystem.IsLinux())
        {
            throw new LabException(ExitCode.Failed, "A lab has links on Linux only: no other system has all of 127.*.");
        }

        if (await LookAsync(cancellationToken) is not null)
        {
            return false;
        }

        await StopAsync(cancellationToken);
        var id = await _tools.Host.Programs.StartDetachedAsync(
            CommandOf(Lab, program),
            Lab.LinkLog,
            append: true,
            cancellationToken
        );
        await _tools.Probes.WaitAsync(
            new LinksAnswer(_tools.Host, this, id, new ServerLog(Lab.LinkLog)),
            Patience,
            cancellationToken
        );
        return true;
    }

    /// <summary>How this program is called to be the proxy.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="program">What calls this program.</param>
    public static CommandSpec CommandOf(Lab lab, CommandSpec program)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(program);
        return program with { Arguments = [.. program.Arguments, Command, lab.Root], WorkingDirectory = "/" };
    }

    /// <summary>Ends it, with every connection through it, and removes what a killed one has left.</summary>
    /// <returns>True when it ran.</returns>
    public async Task<bool> StopAsync(CancellationToken cancellationToken)
    {
        var process = await FindAsync(cancellationToken);
        if (process is not null)
        {
            await LetGoAsync(cancellationToken);
            // It has nothing left to do.
            await _tools.Host.Processes.SignalAsync(process, ProcessSignal.Kill, cancellationToken);
            await _tools.WaitForEndAsync([process], "the process of the links", null, cancellationToken);
        }

        await _tools.TidyAsync(Lab.LinkPid, cancellationToken);
        if (process is not null)
        {
            await _tools.TidyAsync(Lab.LinkSocket, cancellationToken);
        }
        else
        {
            await _tools.DeleteStaleSocketAsync(Lab.LinkSocket, cancellationToken);
        }

        return process is not null;
    }

    /// <summary>Has it close whatever it listens at: of a process with several threads that is killed, some may still
    /// have it open when it has ended for everybody else.</summary>
    private async Task LetGoAsync(CancellationToken cancellationToken)
    {
        if (await LinkControl.TryConnectAsync(_tools.Host, Lab, _time, cancellationToken) is not { } control)
        {
            return;
        }

        await using (control)
        {
            try
            {
                await control.EndAsync(cancellationToken);
            }
            catch (LabException)
            {
                // It does not answer: it is killed.
            }
        }
    }

    /// <summary>Has it have the links that the lab has, and no others; nothing when it does not run.</summary>
    public async Task ReloadAsync(CancellationToken cancellationToken)
    {
        if (await LinkControl.TryConnectAsync(_tools.Host, Lab, _time, cancellationToken) is { } control)
        {
            await using (control)
            {
                await control.ReloadAsync(LabLink.AllOf(Lab), cancellationToken);
            }
        }
    }

    /// <summary>Waits for its first answer.</summary>
    private sealed class LinksAnswer(IHost host, LinkServer server, int process, ServerLog log) : IProbe
    {
        public string Expectation => "the process of the links listens for each of them";

        public ServerLog? Log => log;

        public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
        {
            var links = await server.LookAsync(cancellationToken);
            return new Observation(links is not null, links is null ? "it does not answer yet" : "it answers");
        }

        public async Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) =>
            await host.Processes.FindAsync(process, cancellationToken) is null ? "its process has ended" : null;
    }
}
