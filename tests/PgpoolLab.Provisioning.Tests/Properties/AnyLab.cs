using CsCheck;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Tests.Properties;

/// <summary>Labs of every kind setup can make.</summary>
internal static class AnyLab
{
    private static readonly Gen<string> Folder = Any
        .FolderName.Array[1, 3]
        .Select(names => "/" + string.Join('/', names));

    private static readonly Gen<Toolset> Tools = Gen.Select(
            Folder,
            Folder,
            Gen.Int[PostgresVersion.SupportedMajors.Oldest, PostgresVersion.SupportedMajors.Newest],
            Gen.Int[1, 7],
            Gen.Int[0, 30]
        )
        .Select(
            (postgres, pgpool, major, minor, patch) =>
                new Toolset(
                    postgres,
                    new PostgresVersion(major, patch),
                    $"{pgpool}/pgpool",
                    pgpool,
                    new PgpoolVersion(4, minor, patch)
                )
        );

    /// <summary>A lab made by <c>setup</c>.</summary>
    internal static Gen<Lab> OfSetup { get; } =
        Gen.Select(
            Gen.Select(Folder, Any.FolderName, Any.User, Any.User.Null(0.7), Tools),
            Gen.Select(Gen.Int[1, 5], Gen.Int[1, 3], Gen.Int[1, 60000], Gen.Bool, Gen.Bool),
            Gen.Select(
                Gen.OneOf(Enum.GetValues<ClusteringMode>()),
                Gen.Enum<StandbyMethod>(),
                Any.Line,
                Any.Line.Select(v => v.Replace("'", "", StringComparison.Ordinal))
            ),
            (names, numbers, rest) =>
            {
                var (root, name, owner, invoker, tools) = names;
                var (nodes, pgpools, port, slots, rewind) = numbers;
                var (mode, standbys, postgresValue, pgpoolValue) = rest;
                var lab = Labs.Fixed(
                    nodes: nodes,
                    root: root,
                    alias: Hosts.Shell.IsSafeWord(root) ? null : Labs.NastyAlias,
                    slots: slots,
                    rewind: rewind && mode is ClusteringMode.StreamingReplication,
                    mode: mode,
                    pgpools: pgpools
                );
                var ports = PortLayout.From(port, pgpools, null);
                return (
                    lab with
                    {
                        Name = name,
                        Owner = owner,
                        Invoker = invoker,
                        Tools = tools,
                        Standbys = standbys,
                        Pgpools = lab
                            .Pgpools.Select(p =>
                                p with
                                {
                                    Port = ports.Pgpool(p.Id),
                                    PcpPort = ports.Pcp(p.Id),
                                    Watchdog = ports.Watchdog(p.Id),
                                }
                            )
                            .ToArray(),
                        Nodes = lab.Nodes.Select(n => n with { Port = ports.Postgres(n.Id) }).ToArray(),
                        PostgresSettings = new Dictionary<string, string> { ["some.setting"] = postgresValue },
                        PgpoolSettings = new Dictionary<string, string> { ["some_setting"] = pgpoolValue },
                    }
                ).WithOwnFolders();
            }
        );

    /// <summary>A lab made by an old command line.</summary>
    internal static Gen<Lab> OfOldCommandLine { get; } =
        Gen.Select(OfSetup, Folder, Folder.Null(0.5), Gen.Bool, Gen.Bool, Gen.Bool, Any.Line.Array[0, 3].Null(0.5))
            .Select(
                (lab, install, libraries, debug, test, waits, arguments) =>
                    lab with
                    {
                        Name = Path.GetFileName(lab.Root),
                        PgpoolSetup = new PgpoolSetupConventions
                        {
                            InstallDirectory = Path.GetDirectoryName(lab.Tools.PgpoolBin) ?? "/",
                            Debug = debug,
                            EnableTest = test,
                            WaitForTimeWait = waits,
                            LibraryPath = libraries,
                            InitDbArguments = arguments,
                        },
                        OwnsNodes = lab.HasWatchdog || debug,
                        PostgresSettings = new Dictionary<string, string>(),
                        PgpoolSettings = new Dictionary<string, string>(),
                    }
            );

    /// <summary>Either.</summary>
    internal static Gen<Lab> OfAnyKind { get; } = Gen.Frequency((2, OfSetup), (1, OfOldCommandLine));

    /// <summary>What tells the lab apart, for a failure's message.</summary>
    internal static string Print(Lab lab) =>
        $"root {Any.Shown(lab.Root)}, alias {lab.SafeAlias}, name {Any.Shown(lab.Name)}, owner {lab.Owner}, "
        + $"invoker {lab.Invoker}, tools {Any.Shown(lab.Tools.ToString())}, {lab.Nodes.Count} nodes, "
        + $"{lab.Pgpools.Count} pgpools, {lab.Mode}, slots {lab.UseSlots}, rewind {lab.UseRewind}, settings "
        + $"{Any.Shown(string.Join(' ', lab.PostgresSettings.Concat(lab.PgpoolSettings)))}, "
        + $"{Any.Shown(lab.PgpoolSetup?.ToString() ?? "by setup")}";
}
