using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Facts;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>What can be done to one server.</summary>
public enum ServerAct
{
    /// <summary>End it in an orderly way.</summary>
    Stop,

    /// <summary>End all of its processes at one moment.</summary>
    Kill,

    /// <summary>Have all of its processes do nothing.</summary>
    Pause,

    /// <summary>Have them go on.</summary>
    Resume,
}

/// <summary>What is done to PostgreSQL and Pgpool-II in the same way.</summary>
internal static class ServerActs
{
    /// <summary>Does anything but stop, which each server has its own way to.</summary>
    internal static Task DoAsync(this ServerAct act, ILabServer server, CancellationToken cancellationToken) =>
        act switch
        {
            ServerAct.Kill => server.CrashAsync(cancellationToken),
            ServerAct.Pause => server.SuspendAsync(cancellationToken),
            _ => server.ResumeAsync(cancellationToken),
        };

    /// <summary>The same for who reads events.</summary>
    internal static StepAct Kind(this ServerAct act) =>
        act switch
        {
            ServerAct.Stop => StepAct.Stop,
            ServerAct.Kill => StepAct.Kill,
            ServerAct.Pause => StepAct.Pause,
            _ => StepAct.Resume,
        };

    /// <summary>What the processes are sent.</summary>
    internal static string Signals(this ServerAct act) =>
        act switch
        {
            ServerAct.Kill => "SIGSTOP, then SIGKILL",
            ServerAct.Pause => "SIGSTOP",
            _ => "SIGCONT",
        };
}

/// <summary>Does something to one PostgreSQL.</summary>
/// <param name="Act">What.</param>
/// <param name="Node">Which.</param>
/// <param name="Mode">How it is stopped.</param>
public sealed record ActOnNode(ServerAct Act, PostgresNode Node, StopMode Mode = StopMode.Fast) : IStep
{
    /// <inheritdoc/>
    public string Title =>
        $"{Act} node {Node.Id}{(Act is ServerAct.Stop && Mode is not StopMode.Fast ? $" ({Mode})" : "")}";

    /// <inheritdoc/>
    public StepSubject Subject => new(Act.Kind(), Node.Id);

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        var processes = $"the processes of PostgreSQL in {Hosts.Shell.Quote(Node.DataDirectory)}";
        yield return Act switch
        {
            ServerAct.Stop =>
                $"pg_ctl stop -m {Mode.ToString().ToLowerInvariant()} -D {Hosts.Shell.Quote(Node.DataDirectory)}",
            _ => $"{Act.Signals()} to all {processes}",
        };
    }

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var server = new LiveLab(context.Host, context.Lab, context.Probes).Of(Node);
        return Act is ServerAct.Stop
            ? server.StopAsync(Mode, cancellationToken)
            : Act.DoAsync(server, cancellationToken);
    }
}

/// <summary>Does something to one Pgpool-II.</summary>
/// <param name="Act">What.</param>
/// <param name="Pgpool">Which.</param>
public sealed record ActOnPgpool(ServerAct Act, PgpoolNode Pgpool) : IStep
{
    /// <inheritdoc/>
    public string Title => $"{Act} {(Pgpool.Watchdog is null ? "Pgpool-II" : $"Pgpool-II {Pgpool.Id}")}";

    /// <inheritdoc/>
    public StepSubject Subject => new(Act.Kind(), Pgpool: Pgpool.Id);

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        var processes = $"the processes of Pgpool-II in {Hosts.Shell.Quote(Pgpool.Folder)}";
        yield return Act switch
        {
            ServerAct.Stop => $"SIGINT to {processes}, the first one",
            _ => $"{Act.Signals()} to all {processes}",
        };
    }

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var server = new LiveLab(context.Host, context.Lab, context.Probes).Of(Pgpool);
        return Act is ServerAct.Stop ? server.StopAsync(cancellationToken) : Act.DoAsync(server, cancellationToken);
    }
}

/// <summary>What Pgpool-II can be told of a node.</summary>
public enum PcpAct
{
    /// <summary>pcp_attach_node.</summary>
    Attach,

    /// <summary>pcp_detach_node.</summary>
    Detach,

    /// <summary>pcp_recovery_node.</summary>
    Recover,

    /// <summary>pcp_promote_node --switchover.</summary>
    Switchover,
}

/// <summary>How online recovery makes a node a copy of the primary.</summary>
public enum RecoveryMethod
{
    /// <summary>As the lab was set up.</summary>
    AsConfigured,

    /// <summary>By pg_rewind alone.</summary>
    Rewind,

    /// <summary>By a base backup.</summary>
    BaseBackup,
}

/// <summary>Tells Pgpool-II something of a node.</summary>
/// <param name="Act">What.</param>
/// <param name="Node">Of which.</param>
/// <param name="Pgpool">The Pgpool-II that is told.</param>
public sealed record TellPgpool(PcpAct Act, PostgresNode Node, PgpoolNode Pgpool) : IStep
{
    /// <summary>What the lab's script of online recovery looks for when it begins.</summary>
    internal const string WordOfMethod = "asked=recovery.$node";

    /// <summary>Of <see cref="PcpAct.Recover"/>: how the node is made.</summary>
    public RecoveryMethod Method { get; init; }

    /// <inheritdoc/>
    public string Title =>
        Act switch
        {
            PcpAct.Recover when Method is RecoveryMethod.Rewind => $"Recover node {Node.Id} with pg_rewind",
            PcpAct.Recover when Method is RecoveryMethod.BaseBackup => $"Recover node {Node.Id} with a base backup",
            PcpAct.Switchover => $"Have node {Node.Id} take over",
            _ => $"{Act} node {Node.Id}",
        };

    /// <inheritdoc/>
    public StepSubject Subject =>
        new(
            Act switch
            {
                PcpAct.Attach => StepAct.Attach,
                PcpAct.Detach => StepAct.Detach,
                PcpAct.Recover => StepAct.Recover,
                _ => StepAct.Switchover,
            },
            Node.Id
        );

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return Method is RecoveryMethod.AsConfigured
            ? [CommandFor(lab).ToString()]
            :
            [
                $"write {Hosts.Shell.Quote(FileOfMethod(lab))}: {WordOf(Method)}, for the lab's script of recovery",
                CommandFor(lab).ToString(),
            ];
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        Hosts.CommandResult result;
        try
        {
            if (Method is not RecoveryMethod.AsConfigured)
            {
                await context.Host.Files.WriteTextAsync(
                    FileOfMethod(context.Lab),
                    $"{WordOf(Method)} {Hosts.Identity.ProcessId}\n",
                    Hosts.Modes.PrivateFile,
                    cancellationToken
                );
            }

            result = await context.Host.Programs.RunAsync(CommandFor(context.Lab), cancellationToken);
        }
        finally
        {
            if (Method is not RecoveryMethod.AsConfigured)
            {
                await context.Host.Files.DeleteAsync(FileOfMethod(context.Lab), CancellationToken.None);
            }
        }

        if (HasFailed(result))
        {
            var log =
                Act is PcpAct.Recover
                    ? new ServerLog($"{context.Lab.ServerPaths.Log}/recovery.log")
                    : ServerLog.Of(Pgpool);
            throw await ServerFailure.OfAsync(
                context,
                log,
                ExitCode.Failed,
                $"Could not {Act.ToString().ToLowerInvariant()} node {Node.Id}: {Said(result)}",
                cause: null,
                cancellationToken
            );
        }
    }

    private string FileOfMethod(Lab lab) => $"{lab.Pgpool.Paths.Run}/recovery.{Node.Id}";

    private static string WordOf(RecoveryMethod method) => method is RecoveryMethod.Rewind ? "rewind" : "basebackup";

    /// <summary>True when Pgpool-II has not done it. In 4.3 pcp_recovery_node ends with 0 although the recovery has
    /// failed, and says so on standard error alone.</summary>
    internal static bool HasFailed(Hosts.CommandResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return result.ExitCode != 0
            || result.Error.Split('\n').Any(l => l.StartsWith("ERROR:", StringComparison.Ordinal));
    }

    private static string Said(Hosts.CommandResult result) =>
        (result.Error.Trim() is { Length: > 0 } error ? error : result.Output.Trim()) is { Length: > 0 } said
            ? said.ReplaceLineEndings(" ")
            : $"the program ended with exit code {result.ExitCode}";

    private Hosts.CommandSpec CommandFor(Lab lab) =>
        Act switch
        {
            PcpAct.Attach => Pcp.Attach(lab, Pgpool, Node.Id),
            PcpAct.Detach => Pcp.Detach(lab, Pgpool, Node.Id),
            PcpAct.Recover => Pcp.Recover(lab, Pgpool, Node.Id),
            _ => Pcp.Switchover(lab, Pgpool, Node.Id),
        };
}

/// <summary>Makes a standby a primary behind Pgpool-II's back.</summary>
/// <param name="Node">Which.</param>
public sealed record PromoteBehind(PostgresNode Node) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Promote node {Node.Id} behind Pgpool-II's back";

    /// <inheritdoc/>
    public StepSubject Subject => new(StepAct.Promote, Node.Id);

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return [CommandFor(lab).ToString()];
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var result = await context.Host.Programs.RunAsync(CommandFor(context.Lab), cancellationToken);
        if (result.ExitCode != 0)
        {
            throw new LabException(ExitCode.Failed, $"Could not promote node {Node.Id}: {result.Error.Trim()}");
        }
    }

    private Hosts.CommandSpec CommandFor(Lab lab) =>
        new($"{lab.Tools.PostgresBin}/pg_ctl", "promote", "-w", "-t", "60", "-D", Node.DataDirectory);
}

/// <summary>Waits for a fact about the whole lab.</summary>
/// <param name="Fact">Which.</param>
/// <param name="Patience">How long.</param>
public sealed record AwaitFact(LabFact Fact, TimeSpan Patience) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Wait: {Fact.Expectation}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) =>
        [$"ask Pgpool-II and every PostgreSQL until it is so, at most {Patience.TotalSeconds:0} s"];

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var live = new LiveLab(context.Host, context.Lab, context.Probes);
        return context.Probes.WaitAsync(
            new LabShows(live, Fact) { Began = context.Began },
            Patience,
            cancellationToken
        );
    }
}
