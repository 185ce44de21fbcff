using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers.Verbs;
using PgpoolLab.Servers.Waiting;

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
    /// <summary>The most that a folder of sockets may have above it: 104 bytes are all a socket's path has on macOS,
    /// with the zero at its end; Linux has 108.</summary>
    public static int MostForSockets { get; } = 103 - "/run/.s.PGPOOLWD_CMD.65535".Length;

    /// <summary>Each copy takes up to two WAL senders on the node it is made from, whose settings have room for eight
    /// (nodes + 10).</summary>
    private const int CopiesAtATime = 4;

    /// <summary>Resolves every name, port and path, and lists the steps.</summary>
    /// <exception cref="InvalidSpecException">The request is wrong; it names every problem.</exception>
    /// <exception cref="LabException">This Pgpool-II cannot do what was asked.</exception>
    public static LabPlan Plan(LabSpec spec, HostFacts facts)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(facts);
        var lab = Resolve(spec, facts);
        RequireSupport(lab);
        RequireStatementToPromote(lab);
        if (lab.Here is not null)
        {
            return new LabPlan(lab, OnOneHost(lab, spec.SqlFiles));
        }

        // Whoever has settings of his own for Pgpool-II, or a template, sees the lab proved with them.
        var fewProcesses =
            lab.OwnsNodes && !spec.Setup.LeaveRunning && spec.Setup.Templates is null && lab.PgpoolSettings.Count == 0;
        Stage[] stages =
        [
            Stage.Of(new CreateFolders()),
            .. lab.UseTls ? (Stage[])[Stage.Of(new WriteCertificates())] : [],
            .. lab.Faults ? (Stage[])[Stage.Of(new StartLinks())] : [],
            .. lab.OwnsNodes ? WithNodes(lab, fewProcesses) : [Stage.Of(new WriteLabFiles(fewProcesses))],
        ];
        return new LabPlan(
            lab,
            !lab.OwnsNodes
                ? stages
                :
                [
                    .. stages,
                    .. ContentPlans.Fill(lab, lab.Nodes[0], spec.SqlFiles),
                    .. spec.Setup.LeaveRunning ? [] : Stop(lab),
                    Stage.Of(new HandOver([.. lab.Nodes], spec.Setup.LeaveRunning, fewProcesses)),
                    .. spec.Setup.LeaveRunning && lab.HasPrivateSockets ? (Stage[])[Stage.Of(new LinkSockets())] : [],
                ]
        );
    }

    /// <summary>What starts a lab that exists: the nodes, then every Pgpool-II.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="expected">What Pgpool-II should show of the nodes that are up.</param>
    public static IReadOnlyList<Stage> StartPgpools(Lab lab, IReadOnlyList<ExpectedNode> expected)
    {
        ArgumentNullException.ThrowIfNull(lab);
        if (!lab.HasWatchdog)
        {
            return [Stage.Of(new StartPgpool(lab.Pgpool, [.. expected]))];
        }

        // One after the other, but without waiting for one to answer: alone it takes long to find that it is alone.
        return StartOneByOne(lab.Pgpools, expected);
    }

    /// <summary>What starts Pgpool-IIs that have a watchdog.</summary>
    /// <param name="pgpools">Which.</param>
    /// <param name="expected">What each should show of the nodes that are up.</param>
    public static IReadOnlyList<Stage> StartOneByOne(
        IReadOnlyList<PgpoolNode> pgpools,
        IReadOnlyList<ExpectedNode> expected
    ) =>
        [
            new Stage([
                [.. pgpools.Select(p => new LaunchPgpool(p))],
            ]),
            Stage.ForEach(pgpools, p => [new AwaitPgpool(p, [.. expected])]),
            Stage.Of(new AwaitWatchdog([.. pgpools])),
        ];

    /// <summary>What stops a lab: Pgpool-II first, so that it takes no shutdown for a failure; the nodes do not wait
    /// for its end, but for its word.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="only">The servers to stop; null for all.</param>
    public static IReadOnlyList<Stage> Stop(Lab lab, ServerSet? only = null)
    {
        ArgumentNullException.ThrowIfNull(lab);
        only ??= ServerSet.AllOf(lab);
        var led = only.Pgpools.Count > 0;
        var all = only.Pgpools.Count == lab.OwnPgpools.Count && only.Nodes.Count == lab.OwnNodes.Count;
        return
        [
            new Stage([
                .. only.Pgpools.Select(p => (IReadOnlyList<IStep>)[new StopPgpool(p)]),
                .. lab.OwnsNodes
                    ? only.Nodes.Select(n => (IReadOnlyList<IStep>)[new StopNode(n, AtPgpoolsWord: led)])
                    : [],
            ])
            {
                Leading = only.Pgpools.Count,
            },
            .. lab.Faults && all ? (Stage[])[Stage.Of(new StopLinks())] : [],
        ];
    }

    // Modes differ in what the other nodes are to the first, and in what proves that the lab works.
    private static IReadOnlyList<Stage> WithNodes(Lab lab, bool fewProcesses)
    {
        var first = lab.Nodes[0];
        var others = lab.Nodes.Skip(1).ToArray();
        var streaming = lab.Mode is ClusteringMode.StreamingReplication;
        var subscribes =
            lab.Mode is ClusteringMode.LogicalReplication && lab.Conventions.Subscribes && others.Length > 0;
        var backups = streaming && lab.Standbys is StandbyMethod.BaseBackup ? others : [];
        var copies = lab.Nodes.Except(backups).ToArray();
        var slots = lab.UseSlots && others.Length > 0;
        // A standby needs the password it replicates with from its first moment on; elsewhere each node has its roles
        // for itself.
        var cloned = streaming ? copies.Except([first]).ToArray() : [];
        // A base backup needs none: it comes by the socket.
        IStep[] access = lab.Asks ? [new SetPasswords(first)] : [];
        IStep[] forStandbys = slots ? [new CreateSlots(first, [.. others]), .. access] : access;
        return
        [
            new Stage([
                [new CreateNodes([.. copies], streaming)],
                [new WriteLabFiles(fewProcesses)],
            ]),
            Stage.ForEach(
                copies.Except(cloned),
                n =>
                    [
                        new ConfigureNode(n),
                        new StartNode(n),
                        .. streaming || !lab.Asks ? [] : (IStep[])[new SetPasswords(n)],
                    ]
            ),
            .. Stages(streaming && backups.Length == 0 && forStandbys.Length > 0, new Stage([forStandbys])),
            .. Stages(
                cloned.Length > 0,
                Stage.ForEach(
                    cloned,
                    n => [new ConfigureNode(n), new ConfigureStandby(n, first, HasOwnSettings: true), new StartNode(n)]
                )
            ),
            .. BaseBackups(forStandbys, first, backups),
            .. Stages(subscribes, Stage.Of(new Publish(first)), Stage.ForEach(others, n => [new Subscribe(n, first)])),
            // watchdog_setup's way: the first Pgpool-II is proved by itself, then all get their watchdog, which takes
            // its time to start.
            .. lab is { HasWatchdog: true, Conventions.ProvesFirstPgpoolAlone: true }
                ?
                [
                    .. Proved([
                        Stage.Of(new StartPgpool(lab.Pgpool with { Watchdog = null }, [.. ExpectedNode.AllOf(lab)])),
                    ]),
                    Stage.Of(Proof(lab, subscribes, [lab.Pgpool])),
                    Stage.Of(new StopPgpool(lab.Pgpool)),
                    Stage.Of(new AddWatchdog()),
                ]
                : (IReadOnlyList<Stage>)
                    [
                        .. Proved(StartPgpools(lab, ExpectedNode.AllOf(lab))),
                        Stage.Of(Proof(lab, subscribes, lab.Pgpools)),
                    ],
        ];

        // What the proof needs is made ready while Pgpool-II starts; but one with a watchdog may end sessions once more
        // as it hears of the leader's primary.
        IReadOnlyList<Stage> Proved(IReadOnlyList<Stage> start) =>
            !streaming
                ? start
                :
                [
                    .. Stages(lab.Asks && others.Length > 0, Stage.Of(new AwaitPasswords([.. others]))),
                    new Stage([
                        .. others.Length > 0
                            ? (IStep[][])
                                [
                                    [new AwaitStreaming(first, [.. others])],
                                ]
                            : [],
                        start[0].Lanes[0],
                        [
                            new PrepareProof(
                                first,
                                [.. lab.Nodes],
                                [.. start[0].Lanes[0].OfType<StartPgpool>().Select(s => s.Pgpool)]
                            ),
                        ],
                    ]),
                    .. start.Skip(1),
                ];

        static Stage[] Stages(bool wanted, params Stage[] stages) => wanted ? stages : [];
    }

    /// <summary>One host's part of a lab on several: its nodes run afterwards, its Pgpool-II does not. The primary's
    /// host comes first; the standbys of the others are base backups of that.</summary>
    private static IReadOnlyList<Stage> OnOneHost(Lab lab, IReadOnlyList<SqlFile> sql)
    {
        var primary = lab.Nodes[0];
        var standbys = lab.OwnNodes.Where(n => n != primary).ToArray();
        var hasPrimary = lab.OwnNodes.Contains(primary);
        return
        [
            Stage.Of(new CreateFolders()),
            Stage.Of(new WriteCertificates()),
            hasPrimary
                ? new Stage([
                    [new CreateNodes([primary], Alike: true)],
                    [new WriteLabFiles(false)],
                ])
                : Stage.Of(new WriteLabFiles(false)),
            .. hasPrimary
                ? (Stage[])
                    [
                        new Stage([
                            [new ConfigureNode(primary), new StartNode(primary), new SetPasswords(primary)],
                        ]),
                        // What is in it then comes to the standbys with their base backups.
                        .. ContentPlans.Fill(lab, primary, sql),
                    ]
                : [],
            .. standbys.Length > 0
                ? (Stage[])
                    [
                        Stage.ForEach(
                            standbys,
                            CopiesAtATime,
                            n =>
                                [
                                    new CopyNode(n, primary),
                                    new ConfigureNode(n),
                                    new ConfigureStandby(n, primary, HasOwnSettings: true),
                                    new StartNode(n),
                                ]
                        ),
                    ]
                : [],
            .. lab.OwnNodes.Count > 0 ? (Stage[])[Stage.Of(new HandOver([.. lab.OwnNodes], Running: true))] : [],
            .. lab.HasPrivateSockets ? (Stage[])[Stage.Of(new LinkSockets())] : [],
        ];
    }

    /// <summary>The first is of the primary, the others are of the first standby. Each base backup of a primary ends
    /// with a switch to the next WAL segment, and all standbys that stream already receive the rest of the last one, 16
    /// MB of zeros: the more standbys, the more often and the more of them. One of a standby leaves the WAL
    /// alone.</summary>
    private static IEnumerable<Stage> BaseBackups(IStep[] meanwhile, PostgresNode primary, PostgresNode[] standbys) =>
        standbys is not [var first, .. var rest]
            ? []
            :
            [
                new Stage([.. meanwhile.Length > 0 ? [meanwhile] : (IStep[][])[], [new CopyNode(first, primary)]]),
                new Stage([
                    [
                        new ConfigureStandby(first, primary),
                        new StartNode(first),
                        .. rest.Length > 0 ? (IStep[])[new MoveOn(primary, first)] : [],
                    ],
                ]),
                .. rest.Length > 0
                    ? (Stage[])
                        [
                            Stage.ForEach(
                                rest,
                                CopiesAtATime,
                                n => [new CopyNode(n, first), new ConfigureStandby(n, primary), new StartNode(n)]
                            ),
                        ]
                    : [],
            ];

    private static ProveReplication Proof(Lab lab, bool subscribes, IReadOnlyList<PgpoolNode> writers) =>
        lab.Mode switch
        {
            ClusteringMode.StreamingReplication
            or ClusteringMode.NativeReplication
            or ClusteringMode.SnapshotIsolation => new ProveReplication(false, [.. writers], [.. lab.Nodes]),
            ClusteringMode.LogicalReplication when subscribes => new ProveReplication(
                CreateEverywhere: true,
                [.. writers],
                [.. lab.Nodes]
            ),
            _ => new ProveReplication(CreateEverywhere: false, [.. writers], [lab.Nodes[0]]),
        };

    private static void RequireSupport(Lab lab)
    {
        var version = lab.Tools.Pgpool;
        var lacks = lab.Mode switch
        {
            ClusteringMode.SnapshotIsolation when version.Number < 402 => "Snapshot isolation came with Pgpool-II 4.2",
            ClusteringMode.Slony when version.Number >= 407 => "Slony mode was removed in Pgpool-II 4.7",
            _ => null,
        };
        if (lacks is not null)
        {
            throw new LabException(ExitCode.Missing, $"{lacks}; this is {version} ({lab.Tools.PgpoolProgram}).")
            {
                Hints = ["Choose another installation:  --pgpool-dir DIR (or PGPOOL_INSTALL_DIR)"],
            };
        }
    }

    /// <summary>Between hosts a standby is promoted by a statement, which there is since PostgreSQL 12.</summary>
    private static void RequireStatementToPromote(Lab lab)
    {
        const int least = 12;
        if (lab.IsSpread && lab.Tools.Postgres.Major < least)
        {
            throw new LabException(
                ExitCode.Missing,
                $"A lab on several hosts needs PostgreSQL {least} or newer; this is {lab.Tools.Postgres} "
                    + $"({lab.Tools.PostgresBin})."
            )
            {
                Hints = ["Choose another installation:  --pg-version N, or --pg-bin DIR"],
            };
        }
    }

    /// <summary>pgpool.conf takes what is between two quotes as it stands, and has no way to write one.</summary>
    private static void RequireQuotable(HostFacts facts)
    {
        if (facts.Owner.Contains('\''))
        {
            throw new LabException(
                ExitCode.Failed,
                $"The servers cannot run as the user {facts.Owner}: pgpool.conf has no way to write a single quote."
            )
            {
                Hints = ["As root, choose another user:  --run-as USER"],
            };
        }

        if (facts.SocketDirectories.FirstOrDefault(d => d.Contains('\'')) is { } folder)
        {
            throw new LabException(
                ExitCode.Failed,
                $"Sockets cannot lie in {folder}: pgpool.conf has no way to write a single quote."
            )
            {
                Hints = ["Name another folder:  PGSOCKET_DIR=/tmp"],
            };
        }
    }

    /// <summary>The lab's users have roles already, and superusers they must stay.</summary>
    private static void RequireOwnRoles(LabSpec spec, HostFacts facts)
    {
        if (spec.Roles.FirstOrDefault(r => r.Name == facts.Owner || r.Name == facts.Invoker) is { } role)
        {
            throw new InvalidSpecException([
                new SpecProblem(
                    $"{SpecField.Roles} '{role.Name}': that is the lab's own superuser. Choose another name."
                ),
            ]);
        }
    }

    /// <summary>A second name for a lab's folder whose own path is no safe word, or too long for sockets; null when it
    /// needs none.</summary>
    internal static string? AliasOf(LabConventions conventions, string root, string id, Func<string> folder) =>
        Shell.IsSafeWord(root) && root.Length <= conventions.LongestRoot(MostForSockets) ? null : $"{folder()}/{id}";

    /// <summary>Resolves every name, port and path.</summary>
    internal static Lab Resolve(LabSpec spec, HostFacts facts)
    {
        RequireQuotable(facts);
        // A folder may have a name that could not be given to a lab: ".lab", say.
        var name = spec.Name ?? Path.GetFileName(facts.Root).TrimStart('.', '-');
        var resolved = spec with
        {
            Name = name.Length is > 0 and <= 100 ? name : facts.LabId,
            Port = spec.Port ?? facts.FreePort,
        };
        if (resolved.Validate() is { Count: > 0 } problems)
        {
            throw new InvalidSpecException(problems);
        }

        RequireOwnRoles(spec, facts);
        var ports = PortLayout.From(resolved.Port.Value, spec.PgpoolNodes, spec.PostgresPort) with
        {
            IsShared = spec.Part?.VirtualIp is not null,
        };
        var conventions = spec.Conventions;
        var own = conventions.HasRoles;
        var alias = AliasOf(conventions, facts.Root, facts.LabId, () => facts.AliasFolder);
        var streaming = spec.Mode is ClusteringMode.StreamingReplication;
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
            Pgpools = Enumerable
                .Range(0, spec.PgpoolNodes)
                .Select(i => new PgpoolNode(
                    i,
                    facts.Root,
                    facts.Root,
                    ports.Pgpool(i),
                    ports.Pcp(i),
                    ports.Watchdog(i),
                    facts.SocketDirectories,
                    LabSockets.PcpFolder
                )
                {
                    Host = spec.Part is null ? null : i,
                })
                .ToArray(),
            Nodes = Enumerable
                .Range(0, spec.Nodes)
                .Select(i => new PostgresNode(i, ports.Postgres(i), "", "") { Host = spec.Part?.HostOfNode(i) })
                .ToArray(),
            Hosts = spec.Part?.Hosts ?? [],
            Here = spec.Part?.Here,
            VirtualIp = spec.Part?.VirtualIp,
            Interface = spec.Part?.Interface,
            OwnsNodes = spec.OwnsNodes,
            PgpoolSetup = spec.PgpoolSetup,
            HasPrivateSockets = conventions.HasPrivateSockets,
            LinkDirectories = conventions.HasPrivateSockets ? facts.SocketDirectories : [],
            Auth = own ? spec.Auth : AuthMethod.Trust,
            ListenAddresses = own ? spec.ListenAddresses : [],
            UseTls = own && (spec.UseTls || spec.ListenAddresses.Count > 0),
            SafeAlias = alias,
            Standbys = spec.Standbys,
            UseSlots = spec.UseSlots && streaming,
            UseRewind = spec.UseRewind && streaming,
            Faults = spec.Faults,
            InitDbArguments = own ? spec.InitDbArguments : [],
            Databases = spec.Databases,
            Roles = spec.Roles,
            SqlRuns = [.. spec.SqlFiles.Select(f => f.Run)],
            Asked = LabAsked.Of(spec),
            PgpoolSettings = spec.AllSettingsOf("pgpool"),
            PostgresSettings = spec.AllSettingsOf("postgresql"),
        }.WithOwnFolders();
    }
}
