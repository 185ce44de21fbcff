using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Tools;

namespace PgpoolLab.Cli.Compatibility;

/// <summary>What the old command lines were given as options. Null and false mean: not given; then the environment
/// counts.</summary>
internal sealed record OldOptions
{
    internal string? Mode { get; init; }

    internal int? Nodes { get; init; }

    internal int? Port { get; init; }

    internal int? PostgresPort { get; init; }

    internal bool LeaveRunning { get; init; }

    internal bool Debug { get; init; }

    internal bool Slots { get; init; }

    internal bool Rewind { get; init; }

    internal bool NoClusters { get; init; }

    internal bool EnableTest { get; init; }

    internal bool SampleScripts { get; init; }

    /// <summary>Number of Pgpool-IIs; null for pgpool_setup, which makes one.</summary>
    internal int? PgpoolNodes { get; init; }

    internal string? VirtualIp { get; init; }
}

/// <summary>Turns the old command lines and their environment variables into the same <see cref="LabSpec"/> the new one
/// makes.</summary>
/// <param name="environment">Looks a variable up.</param>
internal sealed class OldEnvironment(Func<string, string?> environment)
{
    /// <summary>Resolves options and variables; options win.</summary>
    /// <param name="options">The options.</param>
    /// <param name="folder">The current folder, absolute.</param>
    /// <param name="tools">The programs found, for what the samples and scripts must know of them.</param>
    /// <param name="files">The files of the machine that has the samples.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">A variable holds what cannot be understood, or sample scripts are asked for that
    /// are not there.</exception>
    internal async Task<LabSpec> SpecAsync(
        OldOptions options,
        string folder,
        Toolset tools,
        IFiles files,
        CancellationToken cancellationToken
    )
    {
        var mode = ClusteringModes.Parse(options.Mode ?? ClusteringMode.StreamingReplication.Letter())!.Value;
        var watchdog = options.PgpoolNodes is not null;
        var port =
            options.Port
            ?? Number(watchdog ? "W_BASE_PORT" : "BASEPORT")
            ?? (watchdog ? PortLayout.DefaultWatchdog : PortLayout.DefaultPgpool);
        var nodesPort =
            options.PostgresPort
            ?? (
                watchdog
                    ? (options.Port is null ? Number("PGBASEPORT") : null) ?? (port + PortLayout.WatchdogToPostgres)
                    : null
            );
        var samples = options.SampleScripts || IsTrue("TEST_SAMPLES");
        var install = InstallDirectory(tools);
        return new LabSpec
        {
            Directory = folder,
            Mode = mode,
            Nodes = options.Nodes ?? Number("NUMCLUSTERS") ?? 2,
            PgpoolNodes = options.PgpoolNodes ?? 1,
            Port = port,
            PostgresPort = nodesPort,
            UseSlots = options.Slots || IsTrue("USE_REPLICATION_SLOT") || samples,
            UseRewind = options.Rewind || IsTrue("USE_PG_REWIND"),
            OwnsNodes = !options.NoClusters,
            Setup = new SetupOptions { LeaveRunning = true },
            PostgresBin = tools.PostgresBin,
            PgpoolDirectory = tools.PgpoolBin,
            SocketDirectories = Text("PGSOCKET_DIR")
                ?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Distinct()
                .ToArray(),
            PgpoolSetup = new PgpoolSetupConventions
            {
                InstallDirectory = install,
                Debug = options.Debug || IsTrue("PGPOOLDEBUG"),
                EnableTest = options.EnableTest || IsTrue("ENABLE_TEST"),
                WaitForTimeWait = Text("CHECK_TIME_WAIT") is not (null or "false"),
                LibraryPath = LibraryPath(),
                InitDbArguments = Text("INITDBARG")?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries),
                Sample = await SampleConfiguration.FindAsync(
                    files,
                    Text("PGPOOLDIR"),
                    install,
                    tools.Pgpool.Number < 402 ? OldSampleSuffix(mode) : "",
                    cancellationToken
                ),
                SampleScripts = samples ? await RequireSampleScriptsAsync(mode, files, cancellationToken) : null,
                VirtualIp = options.VirtualIp,
            },
        };
    }

    /// <summary>Where to look for the programs: the variables only.</summary>
    internal ToolRequest Tools(string folder) => ToolRequest.From(new LabSpec { Directory = folder }, environment);

    internal int? Number(string variable)
    {
        return Text(variable) is not { } text ? null
            : int.TryParse(text, out var number) ? number
            : throw new LabException(
                ExitCode.Usage,
                $"The variable {variable} must be a whole number; it is '{text}'."
            );
    }

    internal string? Text(string variable) => environment(variable) is { Length: > 0 } text ? text : null;

    private bool IsTrue(string variable) => Text(variable) == "true";

    private string? LibraryPath()
    {
        var folders = ((string?[])[Text("LD_LIBRARY_PATH"), Text("PGLIB")]).OfType<string>().ToArray();
        return Text("PGLIB") is null || folders.Length == 0 ? null : string.Join(':', folders);
    }

    // The scripts write $PGPOOL_INSTALL_DIR/bin/pgpool, or sbin where it is there.
    private static string InstallDirectory(Toolset tools) => Path.GetDirectoryName(tools.PgpoolBin) ?? "/";

    private async Task<string> RequireSampleScriptsAsync(
        ClusteringMode mode,
        IFiles files,
        CancellationToken cancellationToken
    )
    {
        var (folder, lacks) = await SampleScripts.FindAsync(files, Text("PGPOOLDIR"), mode, cancellationToken);
        return folder
            ?? throw new LabException(
                ExitCode.Missing,
                "-c (or TEST_SAMPLES) uses Pgpool-II's sample scripts, and not all are on this machine: "
                    + $"{string.Join(", ", lacks)}."
            )
            {
                Hints =
                [
                    "Say where they are:  PGPOOLDIR=DIR",
                    "Without -c pgpoollab's own scripts are used, which need no ssh.",
                ],
            };
    }

    private static string OldSampleSuffix(ClusteringMode mode) =>
        mode switch
        {
            ClusteringMode.StreamingReplication => "-stream",
            ClusteringMode.NativeReplication => "-replication",
            ClusteringMode.LogicalReplication => "-logical",
            ClusteringMode.Slony => "-master-slave",
            _ => "",
        };
}
