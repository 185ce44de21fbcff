using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>Settings that hold only while a lab is made, when nothing in it can be lost yet.</summary>
internal static class BuildingSettings
{
    /// <summary>The proof has one client: the 32 processes that Pgpool-II starts for clients take longer to start and
    /// to end than all else it does.</summary>
    internal const string FewProcesses = "num_init_children = 4";

    private const string Begin = "# while pgpoollab makes this lab\n";

    /// <summary>Nothing is forced to disk; who waits for a server that is about to come up looks often.</summary>
    private const string Text = "fsync = 'off'\nwal_retrieve_retry_interval = '5ms'\n";

    private const string TextSince12 = Text + "wal_init_zero = 'off'\n";

    private const string End = "# until here\n";

    internal static ValueTask AddAsync(
        StepContext context,
        string dataDirectory,
        CancellationToken cancellationToken
    ) =>
        context.Host.Files.AppendTextAsync(
            FileOf(dataDirectory),
            Begin + (context.Lab.Tools.Postgres.Major >= 12 ? TextSince12 : Text) + End,
            cancellationToken
        );

    /// <summary>Adds that Pgpool-II starts few processes.</summary>
    internal static string WithFewProcesses(string pgpoolConf) => $"{pgpoolConf}{Begin}{FewProcesses}\n{End}";

    /// <summary>Takes the settings back.</summary>
    internal static async Task RemoveAsync(Hosts.IHost host, string file, CancellationToken cancellationToken)
    {
        if (
            await host.Files.ReadTextAsync(file, cancellationToken) is { } text
            && text.IndexOf(Begin, StringComparison.Ordinal) is >= 0 and var from
            && text.IndexOf(End, from, StringComparison.Ordinal) is >= 0 and var to
        )
        {
            await host.Files.WriteTextAsync(
                file,
                text.Remove(from, to + End.Length - from),
                Modes.PrivateFile,
                cancellationToken
            );
        }
    }

    internal static string FileOf(string dataDirectory) => $"{dataDirectory}/postgresql.auto.conf";
}

/// <summary>Gives nodes the settings they are to have from now on.</summary>
/// <param name="Nodes">The nodes.</param>
/// <param name="Running">True when they go on running.</param>
/// <param name="FewProcesses">True when Pgpool-II was made to start few processes, and is stopped again.</param>
public sealed record HandOver(ValueList<PostgresNode> Nodes, bool Running, bool FewProcesses = false) : IStep
{
    /// <inheritdoc/>
    public string Title => "Take back the settings for making a lab";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        foreach (var node in Nodes)
        {
            yield return $"fsync on: in {Hosts.Shell.Quote($"{node.DataDirectory}/postgresql.auto.conf")}"
                + (Running ? ", and reload" : "");
        }

        foreach (var pgpool in FewProcesses ? lab.OwnPgpools : [])
        {
            yield return $"without {BuildingSettings.FewProcesses}: in {Hosts.Shell.Quote(pgpool.Paths.PgpoolConf)}";
        }
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var servers = new LiveLab(context.Host, context.Lab, context.Probes);
        foreach (var node in Nodes)
        {
            await BuildingSettings.RemoveAsync(
                context.Host,
                BuildingSettings.FileOf(node.DataDirectory),
                cancellationToken
            );
            if (Running && await servers.Of(node).FindAsync(cancellationToken) is { } process)
            {
                await context.Host.Processes.SignalAsync(process, Hosts.ProcessSignal.Hangup, cancellationToken);
            }
        }

        foreach (var pgpool in FewProcesses ? context.Lab.OwnPgpools : [])
        {
            await BuildingSettings.RemoveAsync(context.Host, pgpool.Paths.PgpoolConf, cancellationToken);
        }

        var wanted = context.Lab.PostgresSettings.TryGetValue("fsync", out var asked) ? asked : "on";
        foreach (var node in Running && wanted == "on" ? Nodes : [])
        {
            await context.Probes.WaitAsync(
                new NodeAnswers(
                    context.Lab,
                    context.Sessions,
                    node,
                    "postgres",
                    "SHOW fsync",
                    wanted,
                    $"node {node.Id} has fsync on again"
                ),
                ProbeRunner.Patience,
                cancellationToken
            );
        }
    }
}
