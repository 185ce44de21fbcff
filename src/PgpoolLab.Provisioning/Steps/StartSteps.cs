using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>Makes the link again by which servers know the lab's folder: it lies elsewhere, where somebody may have
/// tidied up.</summary>
public sealed record LinkLab : IStep
{
    /// <inheritdoc/>
    public string Title => "Link the lab's folder to its other name";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab.SafeAlias is { } alias ? [$"ln -s {Shell.Quote(lab.Root)} {Shell.Quote(alias)}"] : [];
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Lab.SafeAlias is { } alias)
        {
            var folder = Path.GetDirectoryName(alias)!;
            await context.Host.Files.CreateDirectoryAsync(folder, Modes.PrivateFolder, cancellationToken);
            await context.Host.Files.CreateLinkAsync(alias, context.Lab.Root, cancellationToken);
        }
    }
}

/// <summary>Gives standbys the moment they need before they stream: Pgpool-II looks once as it starts which do, and
/// again only a second later. One that does not is in nobody's way; Pgpool-II's own report tells of it.</summary>
/// <param name="Primary">The primary.</param>
/// <param name="Standbys">The standbys.</param>
public sealed record LetStandbysStream(PostgresNode Primary, ValueList<PostgresNode> Standbys) : IStep
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public string Title => $"Give {(Standbys.Count == 1 ? "the standby" : "standbys")} time to stream";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) =>
        new AwaitStreaming(Primary, Standbys).Preview(lab).Append($"at most {Patience.TotalSeconds:0} s");

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            await context.Probes.WaitAsync(
                new StandbysAreStreaming(context.Lab, context.Sessions, Primary, Standbys),
                Patience,
                cancellationToken
            );
        }
        catch (ProbeFailedException)
        {
            // Told by Pgpool-II, with all else it sees.
        }
    }
}

/// <summary>Asks a Pgpool-II that ran already and did not answer again: it may have been failing over, or is only just
/// starting. One that has given up every node lets nobody in.</summary>
/// <param name="Pgpool">The Pgpool-II.</param>
public sealed record RequireAnswer(PgpoolNode Pgpool) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Ask the Pgpool-II on port {Pgpool.Port} again";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) => ["SHOW pool_nodes"];

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var server = new LiveLab(context.Host, context.Lab, context.Probes).Of(Pgpool);
        if (await server.FindAsync(cancellationToken) is not { } process)
        {
            throw await ServerFailure.OfAsync(
                context,
                ServerLog.Of(Pgpool),
                ExitCode.NotHealthy,
                $"{context.Lab.TitleOf(Pgpool)} has ended meanwhile.",
                cause: null,
                cancellationToken
            );
        }

        var answers = new PgpoolLetsIn(context.Host, context.Lab, Pgpool, process, context.Time);
        try
        {
            await context.Probes.WaitAsync(answers, ProbeRunner.Patience, cancellationToken);
        }
        catch (ProbeFailedException)
        {
            throw new LabException(
                ExitCode.NotHealthy,
                $"{context.Lab.TitleOf(Pgpool)} runs, but lets nobody in: {answers.Problem}"
            )
            {
                Hints = ["It may have given up every node. Start it anew:  stopall, then startall"],
                LogFile = Pgpool.Paths.PgpoolLog,
                LogTail = await LogTail.ReadAsync(context.Host, Pgpool.Paths.PgpoolLog, cancellationToken),
            };
        }
    }
}
