using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Steps;

namespace PgpoolLab.Provisioning.Planning;

/// <summary>What a plan must know of the machine.</summary>
public sealed record HostFacts
{
    /// <summary>The folder, with links resolved.</summary>
    public required string Root { get; init; }

    /// <summary>A fresh lab id, 8 hexadecimal digits.</summary>
    public required string LabId { get; init; }

    /// <summary>Login name of the user the servers run as.</summary>
    public required string Owner { get; init; }

    /// <summary>Login name of the user who called, when that is another one.</summary>
    public string? Invoker { get; init; }

    /// <summary>Where the folder came from.</summary>
    public required FolderOrigin Folder { get; init; }

    /// <summary>The programs found.</summary>
    public required Toolset Tools { get; init; }

    /// <summary>Folders for sockets which exist and can be written to; the one libpq looks in first.</summary>
    public required IReadOnlyList<string> SocketDirectories { get; init; }

    /// <summary>A folder whose path is one safe word, for a link to the lab when its own path is not.</summary>
    public required string AliasFolder { get; init; }

    /// <summary>The first port of a free block, when the user left the choice to us.</summary>
    public required int FreePort { get; init; }
}

/// <summary>Makes a plan: pure, from what was asked and what is known of the machine.</summary>
public static class LabPlanner
{
    /// <summary>Where the pcp programs look for a socket when they are given no host; it is compiled into them.</summary>
    public const string PcpSocketDirectory = "/tmp";

    /// <summary>Resolves every name, port and path, and lists the steps.</summary>
    /// <exception cref="InvalidSpecException">The request is wrong; it names every problem.</exception>
    public static LabPlan Plan(LabSpec spec, HostFacts facts)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(facts);
        var lab = Resolve(spec, facts);
        var stages = spec.Mode switch
        {
            ClusteringMode.StreamingReplication => StreamingReplication(lab),
            _ => throw new ArgumentOutOfRangeException(nameof(spec)),
        };
        return new LabPlan(lab, spec.LeaveRunning ? stages : [.. stages, .. Stop(lab)]);
    }

    /// <summary>What starts a lab that exists: every node but those that must not run, then Pgpool-II.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="primary">The node that is to be primary; null when there is none.</param>
    /// <param name="nodes">The nodes to start.</param>
    public static IReadOnlyList<Stage> Start(Lab lab, PostgresNode? primary, IReadOnlyList<PostgresNode> nodes)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(nodes);
        var standbys = nodes.Where(n => n != primary).ToArray();
        return
        [
            Stage.ForEach(nodes, n => [new StartNode(n)]),
            Stage.Of(new StartPgpool(primary, standbys)),
        ];
    }

    /// <summary>What stops a lab: Pgpool-II first, so that it takes no shutdown for a failure.</summary>
    public static IReadOnlyList<Stage> Stop(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return [Stage.Of(new StopPgpool()), Stage.ForEach(lab.Nodes, n => [new StopNode(n)])];
    }

    private static Stage[] StreamingReplication(Lab lab)
    {
        var primary = lab.Nodes[0];
        var standbys = lab.Nodes.Skip(1).ToArray();
        return
        [
            Stage.Of(new CreateFolders()),
            new Stage([[new InitializePrimary(primary), new ConfigureNode(primary, null)], [new WriteLabFiles()]]),
            Stage.Of(new StartNode(primary)),
            Stage.Of(new PreparePrimary(primary)),
            .. standbys.Length == 0 ? Array.Empty<Stage>() :
            [
                Stage.ForEach(standbys, s => [new CopyPrimary(s, primary), new ConfigureNode(s, primary), new StartNode(s)]),
                Stage.Of(new AwaitStreaming(primary, standbys)),
            ],
            Stage.Of(new StartPgpool(primary, standbys)),
            Stage.Of(new ProveReplication()),
        ];
    }

    private static Lab Resolve(LabSpec spec, HostFacts facts)
    {
        // A folder may have a name that could not be given to a lab: ".lab", say.
        var name = spec.Name ?? Path.GetFileName(facts.Root).TrimStart('.', '-');
        var resolved = spec with { Name = name.Length is > 0 and <= 100 ? name : facts.LabId, Port = spec.Port ?? facts.FreePort };
        if (resolved.Validate() is { Count: > 0 } problems)
        {
            throw new InvalidSpecException(problems);
        }

        var ports = PortLayout.From(resolved.Port.Value, spec.PostgresPort);
        // Pgpool-II's extension has room for about 1000 characters of command line, in which the folder stands three times.
        const int shortEnough = 200;
        var alias = Shell.IsSafeWord(facts.Root) && facts.Root.Length <= shortEnough ? null : $"{facts.AliasFolder}/{facts.LabId}";
        return new Lab
        {
            Id = facts.LabId,
            Name = resolved.Name,
            Root = facts.Root,
            Mode = spec.Mode,
            Owner = facts.Owner,
            Invoker = facts.Invoker,
            Folder = facts.Folder,
            Tools = facts.Tools,
            Pgpool = new PgpoolNode(ports.Pgpool, ports.Pcp, facts.SocketDirectories, PcpSocketDirectory),
            Nodes = Enumerable.Range(0, spec.Nodes).Select(i => new PostgresNode(i, ports.Postgres(i), $"{facts.Root}/data{i}", $"{alias ?? facts.Root}/data{i}")).ToArray(),
            SafeAlias = alias,
            UseSlots = spec.UseSlots,
            UseRewind = spec.UseRewind,
            PgpoolSettings = spec.SettingsOf("pgpool"),
            PostgresSettings = spec.SettingsOf("postgresql"),
        };
    }
}
