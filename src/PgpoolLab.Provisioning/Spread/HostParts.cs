using System.Text.Json;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>One of a lab's hosts, connected to.</summary>
/// <param name="Host">Which it is.</param>
/// <param name="Machine">What it is asked through; null when it cannot be reached.</param>
/// <param name="Program">Where pgpoollab lies there.</param>
/// <param name="Problem">Why it cannot be reached.</param>
public sealed record ReachedHost(LabHost Host, IHost? Machine, string Program, LabException? Problem = null)
{
    /// <summary>The port of its sshd, by which it was reached.</summary>
    public int SshPort { get; init; } = DefaultSshPort;

    /// <summary>The port of ssh (RFC 4253).</summary>
    public const int DefaultSshPort = 22;
}

/// <summary>A host could not do what it was told for its part of a lab.</summary>
/// <param name="host">Which.</param>
/// <param name="what">What it could not do: <c>make its part of the lab</c>.</param>
/// <param name="code">The exit code of what failed.</param>
/// <param name="inner">The cause; null when the program there says it.</param>
public sealed class PartFailedException(LabHost host, string what, ExitCode code, Exception? inner = null)
    : LabException(code, $"Host {host?.Name} could not {what}{(inner is null ? "." : $": {inner.Message}")}", inner)
{
    /// <summary>Which host.</summary>
    public LabHost Host { get; } = host!;
}

/// <summary>Has pgpoollab do on a lab's hosts what it does with a lab on one machine: each host has a part that is such
/// a lab. One call is one question to the host, however much is done there.</summary>
/// <param name="hosts">The lab's hosts, by number.</param>
public sealed class HostParts(IReadOnlyList<ReachedHost> hosts)
{
    /// <summary>For how long a host may take to make its part: a base backup of a large lab over a slow line.</summary>
    private static readonly TimeSpan MostForMaking = TimeSpan.FromMinutes(30);

    /// <summary>For how long a host may take for anything else.</summary>
    private static readonly TimeSpan MostForOthers = TimeSpan.FromMinutes(10);

    /// <summary>For how long one that is asked how it is may take: servers that wait for hosts they are cut off from
    /// answer late.</summary>
    private static readonly TimeSpan MostForLooking = TimeSpan.FromMinutes(1);

    /// <summary>The hosts, by number.</summary>
    public IReadOnlyList<ReachedHost> Hosts { get; } = hosts;

    /// <summary>Says what a host would make; it touches nothing.</summary>
    internal Task<PartFacts> CheckAsync(LabHost host, PartRequest request, CancellationToken cancellationToken) =>
        AskAsync(host, "be used for the lab", ["part", "check"], request, cancellationToken);

    /// <summary>Has a host make its part: what fails there is undone there.</summary>
    internal Task<PartFacts> MakeAsync(LabHost host, PartRequest request, CancellationToken cancellationToken) =>
        AskAsync(host, "make its part of the lab", ["part", "make"], request, cancellationToken);

    /// <summary>Which nodes of a host would start as primaries.</summary>
    internal async Task<PartPrimaries> FindPrimariesAsync(LabHost host, CancellationToken cancellationToken)
    {
        const string what = "say which of its nodes is a primary";
        var text = await RunAsync(host, what, ["part", "primaries"], cancellationToken);
        try
        {
            return PartPrimaries.FromJson(text);
        }
        catch (JsonException error)
        {
            throw new PartFailedException(host, what, ExitCode.Failed, error);
        }
    }

    /// <summary>Runs a command of pgpoollab on the part of a host.</summary>
    /// <param name="host">The host; its root is known.</param>
    /// <param name="what">What it does, for messages: <c>start its servers</c>.</param>
    /// <param name="command">The command, and its arguments.</param>
    /// <param name="cancellationToken">Ends it, there, too.</param>
    /// <returns>What it printed.</returns>
    public async Task<string> RunAsync(
        LabHost host,
        string what,
        IReadOnlyList<string> command,
        CancellationToken cancellationToken
    ) => await RunAsync(host, what, [.. command, "--lab", host.Root!], null, MostForOthers, cancellationToken);

    /// <summary>Runs a command of pgpoollab on the part of a host, with words after <c>--</c>.</summary>
    /// <param name="host">The host; its root is known.</param>
    /// <param name="what">What it does, for messages.</param>
    /// <param name="command">The command, and its arguments.</param>
    /// <param name="rest">The words: arguments of the program that it runs.</param>
    /// <param name="cancellationToken">Ends it, there, too.</param>
    /// <returns>What it printed.</returns>
    public Task<string> RunAsync(
        LabHost host,
        string what,
        IReadOnlyList<string> command,
        IReadOnlyList<string> rest,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(host);
        return RunAsync(
            host,
            what,
            [.. command, "--lab", host.Root!, "--", .. rest],
            null,
            MostForOthers,
            cancellationToken
        );
    }

    /// <summary>Has every host do something, all at once; what fails on one keeps nobody from the others.</summary>
    /// <exception cref="LabException">It failed on some. Of one it is that failure, of several one that tells
    /// all.</exception>
    public async Task ForEachAsync(Func<ReachedHost, Task> act)
    {
        var failures = await Task.WhenAll(Hosts.Select(h => TryAsync(h, act)));
        switch (failures.OfType<LabException>().ToArray())
        {
            case []:
                return;
            case [var one]:
                throw one;
            case var several:
                throw new LabException(several[0].Code, string.Join(" ", several.Select(f => f.Message)), several[0])
                {
                    Details = [.. several.SelectMany(f => f.Details)],
                    Hints = [.. several.SelectMany(f => f.Hints).Distinct()],
                };
        }
    }

    /// <summary>How every node is, asked on all hosts at once.</summary>
    /// <param name="lab">The whole lab.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<NodesReport> LookAsync(Lab lab, CancellationToken cancellationToken)
    {
        var cut = new HostCuts(this, lab).IsInPlaceAsync(cancellationToken);
        var parts = await Task.WhenAll(Hosts.Select(h => LookAsync(h, cancellationToken)));
        return SpreadNodes.Merge(await cut ? lab : lab with { Partition = null }, parts);
    }

    private static async Task<LabException?> TryAsync(ReachedHost host, Func<ReachedHost, Task> act)
    {
        try
        {
            await act(host);
            return null;
        }
        catch (LabException error)
        {
            return error;
        }
    }

    private async Task<HostLook> LookAsync(ReachedHost host, CancellationToken cancellationToken)
    {
        HostLook Silent(string problem) => new(host.Host, default, null, HostLook.ProblemOf(host.Host, problem));
        try
        {
            string[] command = ["part", "look", "--lab", host.Host.Root!];
            var text = await RunAsync(
                host.Host,
                "say how its servers are",
                command,
                null,
                MostForLooking,
                cancellationToken
            );
            return new HostLook(host.Host, default, PartLook.FromJson(text), null);
        }
        catch (JsonException error)
        {
            return Silent($"its answer is not understood: {error.Message}");
        }
        catch (PartFailedException error) when (error.InnerException is LabException inner)
        {
            return Silent(inner.Message);
        }
        catch (PartFailedException error)
        {
            return Silent(error.Details is [.., var last] ? last : error.Message);
        }
    }

    private async Task<PartFacts> AskAsync(
        LabHost host,
        string what,
        IReadOnlyList<string> command,
        PartRequest request,
        CancellationToken cancellationToken
    )
    {
        var text = await RunAsync(host, what, command, request.ToJson(), MostForMaking, cancellationToken);
        try
        {
            return PartFacts.FromJson(text);
        }
        catch (JsonException error)
        {
            throw new PartFailedException(host, what, ExitCode.Failed, error);
        }
    }

    private async Task<string> RunAsync(
        LabHost host,
        string what,
        IReadOnlyList<string> arguments,
        string? input,
        TimeSpan timeout,
        CancellationToken cancellationToken
    )
    {
        var reached = Hosts[host.Id];
        if (reached.Machine is not { } machine)
        {
            throw new PartFailedException(host, what, reached.Problem?.Code ?? ExitCode.NotHealthy, reached.Problem);
        }

        CommandResult result;
        try
        {
            result = await machine.Programs.RunAsync(
                new CommandSpec(reached.Program, arguments) { Input = input, Timeout = timeout },
                cancellationToken
            );
        }
        catch (LabException error)
        {
            throw new PartFailedException(host, what, error.Code, error);
        }

        return result.ExitCode == 0
            ? result.Output
            : throw new PartFailedException(host, what, CodeOf(result.ExitCode))
            {
                Details = [.. result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(20)],
            };
    }

    private static ExitCode CodeOf(int code) =>
        Enum.IsDefined((ExitCode)code) && code != 0 ? (ExitCode)code : ExitCode.Failed;
}
