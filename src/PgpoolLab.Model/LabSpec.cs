using System.Text.RegularExpressions;

namespace PgpoolLab.Model;

/// <summary>What the user asked for, before anything about the machine is known.</summary>
public sealed partial record LabSpec
{
    /// <summary>Pgpool-II's own limit for backends (MAX_NUM_BACKENDS).</summary>
    public const int MaxNodes = 128;

    /// <summary>Pgpool-II's own limit for the nodes of a watchdog (MAX_WATCHDOG_NUM).</summary>
    public const int MaxPgpoolNodes = 128;

    private const string NotEachOthers = "the nodes' histories are not each other's, and pg_rewind cannot compare them";

    private const string NameRule =
        "a name has 1 to 100 characters, does not begin with '-' or '.', and has no '/' and no control characters.";

    /// <summary>The lab's folder, absolute.</summary>
    public required string Directory { get; init; }

    /// <summary>Name; null for the folder's name.</summary>
    public string? Name { get; init; }

    /// <summary>Number of PostgreSQL nodes.</summary>
    public int Nodes { get; init; } = 2;

    /// <summary>Number of Pgpool-II nodes; with more than one they have a watchdog.</summary>
    public int PgpoolNodes { get; init; } = 1;

    /// <summary>False to make no PostgreSQL clusters: Pgpool-II is to use those of another lab.</summary>
    public bool OwnsNodes { get; init; } = true;

    /// <summary>Set when the lab is to keep pgpool_setup's conventions.</summary>
    public PgpoolSetupConventions? PgpoolSetup { get; init; }

    /// <summary>By whose conventions the lab is made.</summary>
    public LabConventions Conventions => LabConventions.Of(PgpoolSetup);

    /// <summary>Folders for sockets, instead of the usual ones; null for those. Whatever cannot be written to is left
    /// out.</summary>
    public IReadOnlyList<string>? SocketDirectories { get; init; }

    /// <summary>How Pgpool-II keeps its backends alike.</summary>
    public ClusteringMode Mode { get; init; } = ClusteringMode.StreamingReplication;

    /// <summary>Pgpool-II's port; null to choose a free block.</summary>
    public int? Port { get; init; } = PortLayout.DefaultPgpool;

    /// <summary>Port of node 0; null for Pgpool-II's port plus 2.</summary>
    public int? PostgresPort { get; init; }

    /// <summary>How clients that come by TCP prove who they are. Labs of pgpool_setup's conventions have rules of their
    /// own.</summary>
    public AuthMethod Auth { get; init; } = AuthMethod.ScramSha256;

    /// <summary>Addresses to listen on besides loopback; <c>*</c> for all.</summary>
    public IReadOnlyList<string> ListenAddresses { get; init; } = [];

    /// <summary>TLS also where it is not needed: on loopback.</summary>
    public bool UseTls { get; init; }

    /// <summary>How standbys are made.</summary>
    public StandbyMethod Standbys { get; init; }

    /// <summary>Replication slots instead of WAL archiving.</summary>
    public bool UseSlots { get; init; }

    /// <summary>Online recovery tries pg_rewind first.</summary>
    public bool UseRewind { get; init; }

    /// <summary>The servers reach each other by links that can be cut.</summary>
    public bool Faults { get; init; }

    /// <summary>Set when this is one host's part of a lab on several.</summary>
    public PartOfLab? Part { get; init; }

    /// <summary>How it is made.</summary>
    public SetupOptions Setup { get; init; } = new();

    /// <summary>Major version of PostgreSQL; null for the newest that is complete.</summary>
    public int? PostgresMajor { get; init; }

    /// <summary>Folder of PostgreSQL's programs; null to look for them.</summary>
    public string? PostgresBin { get; init; }

    /// <summary>Where Pgpool-II is installed (its prefix, or the folder of <c>pgpool</c>); null to look for
    /// it.</summary>
    public string? PgpoolDirectory { get; init; }

    /// <summary>More arguments for initdb, each as it is given to it.</summary>
    public IReadOnlyList<string> InitDbArguments { get; init; } = [];

    /// <summary>Databases to make, besides <see cref="Lab.Database"/>.</summary>
    public IReadOnlyList<LabDatabase> Databases { get; init; } = [];

    /// <summary>Roles to make, besides the lab's own.</summary>
    public IReadOnlyList<LabRole> Roles { get; init; } = [];

    /// <summary>Files of SQL to run, one after the other, when the lab works.</summary>
    public IReadOnlyList<SqlFile> SqlFiles { get; init; } = [];

    /// <summary>The raw <c>--set</c> arguments.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>Configuration files of other installations, of which the lab is to take what it can.</summary>
    public IReadOnlyList<SettingsFile> SettingsFiles { get; init; } = [];

    /// <summary>What was taken of them: Pgpool-II's settings.</summary>
    public IReadOnlyDictionary<string, string> PgpoolFileSettings { get; init; } = new Dictionary<string, string>();

    /// <summary>What was taken of them: PostgreSQL's settings.</summary>
    public IReadOnlyDictionary<string, string> PostgresFileSettings { get; init; } = new Dictionary<string, string>();

    /// <summary>Finds everything that is wrong with this request, without looking at the machine.</summary>
    /// <returns>One sentence for each problem; empty when there is none.</returns>
    public IReadOnlyList<SpecProblem> Validate()
    {
        var problems = new List<SpecProblem>();
        if (Nodes is < 1 or > MaxNodes)
        {
            problems.Add(
                new($"{SpecField.Nodes} must be between 1 and {MaxNodes} (Pgpool-II's own limit); it is {Nodes}.")
            );
        }

        if (PgpoolNodes is < 1 or > MaxPgpoolNodes)
        {
            problems.Add(new($"{SpecField.Watchdog} must be between 2 and {MaxPgpoolNodes}; it is {PgpoolNodes}."));
        }

        if (UseSlots && Mode is not ClusteringMode.StreamingReplication && Conventions.RefusesIdleOptions)
        {
            problems.Add(
                new($"{SpecField.Slots} belongs to streaming replication; in {Mode.Title()} nothing would use them.")
            );
        }

        if (UseRewind && Mode is not ClusteringMode.StreamingReplication && Conventions.RefusesIdleOptions)
        {
            problems.Add(
                new($"{SpecField.Rewind} belongs to streaming replication; in {Mode.Title()} {NotEachOthers}.")
            );
        }

        if (Port is { } port && port is < 1 or > 65535)
        {
            problems.Add(new($"{SpecField.Port} must be between 1 and 65535, or auto; it is {Port}."));
        }

        if (PostgresPort is < 1 or > 65535)
        {
            problems.Add(new($"{SpecField.PostgresPort} must be between 1 and 65535; it is {PostgresPort}."));
        }

        if (problems.Count == 0)
        {
            problems.AddRange(PortProblems());
        }
        if (Name is not null && !NamePattern().IsMatch(Name))
        {
            problems.Add(new($"{SpecField.Name} '{Name}' cannot be used: {NameRule}"));
        }

        if (Directory.Any(char.IsControl))
        {
            problems.Add(
                "The folder's name holds a line break or another control character; configuration files cannot carry "
                    + "that."
            );
        }

        if (PostgresBin is not null && PostgresMajor is not null)
        {
            problems.Add(new($"{SpecField.PostgresVersion} and {SpecField.PostgresBin} exclude each other."));
        }

        problems.AddRange(SpreadProblems());
        if (Faults && LabFaults.WhyNot(this) is { } whyNoLinks)
        {
            problems.Add(new($"{SpecField.Faults}: {whyNoLinks}"));
        }

        problems.AddRange(
            ListenAddresses
                .Where(a => a != "*" && Uri.CheckHostName(a) is UriHostNameType.Unknown or UriHostNameType.Basic)
                .Select(a => new SpecProblem(
                    $"{SpecField.Listen} '{a}' is neither an address nor a host's name; * is for all addresses."
                ))
        );
        problems.AddRange(InitDbProblems());
        problems.AddRange(Settings.Select(s => ParseSetting(s).Problem).OfType<SpecProblem>());
        problems.AddRange(LabContentRules.Problems(this));
        if (SynchronousProblem() is { } synchronous)
        {
            problems.Add(synchronous);
        }

        return problems;
    }

    /// <summary>What a lab on several hosts cannot have: what takes a folder that all nodes reach, or a way between
    /// hosts other than PostgreSQL's own.</summary>
    private IEnumerable<SpecProblem> SpreadProblems()
    {
        if (Part is null)
        {
            yield break;
        }

        if (Mode is not ClusteringMode.StreamingReplication)
        {
            yield return new($"{SpecField.Hosts}: a lab on several hosts has streaming replication.");
        }

        if (UseSlots)
        {
            yield return new(
                $"{SpecField.Slots}: a lab on several hosts keeps WAL for its standbys by size (wal_keep_size)."
            );
        }

        if (Standbys is StandbyMethod.Clone)
        {
            yield return new($"{SpecField.Standbys}: files are not copied from host to host; use basebackup.");
        }

        if (Auth is not AuthMethod.ScramSha256)
        {
            yield return new($"{SpecField.Auth}: between hosts passwords go by scram.");
        }
    }

    /// <summary>A write on the first primary that no standby of the lab can ever answer.</summary>
    private SpecProblem? SynchronousProblem() =>
        SynchronousStandbys.WhyWritesWouldHang(
            SynchronousStandbys.Of(SettingsOf("postgresql")),
            Mode,
            Enumerable.Range(0, Math.Clamp(Nodes, 1, MaxNodes)).Select(PostgresNode.ApplicationNameOf).ToArray(),
            firstIsPrimary: true
        )
            is { } problem
            ? new($"{SpecField.Settings} postgresql.synchronous_standby_names: {problem}")
            : null;

    /// <summary>What initdb is told by the lab itself, or what would have it do something else than make a
    /// cluster.</summary>
    /// <remarks>PostgreSQL manual, "initdb".</remarks>
    private IEnumerable<SpecProblem> InitDbProblems()
    {
        var role = new SpecProblem($"the superuser is the lab's user: {SpecField.RunAs}");
        var auth = new SpecProblem($"use {SpecField.Auth}");
        var password = new SpecProblem($"passwords are generated: {SpecField.Auth}");
        (string Name, SpecProblem? Problem)[] own =
        [
            ("-D", "a node's data folder is the lab's"),
            ("--pgdata", "a node's data folder is the lab's"),
            ("-X", "WAL lies in the node's data folder"),
            ("--waldir", "WAL lies in the node's data folder"),
            ("-U", role),
            ("--username", role),
            ("-A", auth),
            ("--auth", auth),
            ("--auth-host", auth),
            ("--auth-local", auth),
            ("-W", password),
            ("--pwprompt", password),
            ("--pwfile", password),
            ("-s", "no cluster would be made"),
            ("--show", "no cluster would be made"),
            ("-S", "no cluster would be made"),
            ("--sync-only", "no cluster would be made"),
            ("-V", "no cluster would be made"),
            ("--version", "no cluster would be made"),
            ("-?", "no cluster would be made"),
            ("--help", "no cluster would be made"),
        ];
        foreach (var argument in InitDbArguments)
        {
            // "-Dx" is "-D x", and "--pgdata=x" "--pgdata x".
            var name =
                argument.StartsWith("--", StringComparison.Ordinal) ? argument.Split('=')[0]
                : argument.StartsWith('-') ? argument[..Math.Min(2, argument.Length)]
                : argument;
            var problem = argument.Any(char.IsControl)
                ? "it holds a line break or another control character"
                : own.FirstOrDefault(o => o.Name == name).Problem;
            if (problem is not null)
            {
                yield return new($"{SpecField.InitDbArguments} {argument}: {problem}.");
            }
        }
    }

    private IEnumerable<SpecProblem> PortProblems()
    {
        if (Port is null)
        {
            if (PostgresPort + Nodes - 1 > 65535)
            {
                yield return TooHigh(SpecField.PostgresPort, PostgresPort, PostgresPort + Nodes - 1);
            }

            yield break;
        }

        var layout = PortLayout.From(Port.Value, PgpoolNodes, PostgresPort);
        var last = layout.All(Nodes).Max(p => p.Port);
        if (last > 65535)
        {
            yield return TooHigh(SpecField.Port, Port, last);
        }
        else if (layout.All(Nodes).GroupBy(p => p.Port).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            var uses = string.Join(" and ", twice.Select(p => p.Use));
            yield return new(
                $"Port {twice.Key} would be used twice: {uses}. Move the nodes with {SpecField.PostgresPort}."
            );
        }
    }

    private SpecProblem TooHigh(SpecField field, int? port, int? last) =>
        new($"With {field} {port} and {Nodes} nodes the ports would end at {last}; the last port there is is 65535.");

    /// <summary>The <c>--set</c> arguments for one program.</summary>
    /// <param name="program"><c>pgpool</c> or <c>postgresql</c>.</param>
    /// <returns>Names and values in the order given; the last of a name wins.</returns>
    public IReadOnlyDictionary<string, string> SettingsOf(string program) =>
        Settings
            .Select(ParseSetting)
            .Where(s => s.Problem is null && s.Program == program)
            .GroupBy(s => s.Key, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.Last().Value, StringComparer.Ordinal);

    /// <summary>All settings for one program: those of files, then those of <c>--set</c>, which win.</summary>
    /// <param name="program"><c>pgpool</c> or <c>postgresql</c>.</param>
    public IReadOnlyDictionary<string, string> AllSettingsOf(string program)
    {
        var all = new Dictionary<string, string>(
            program == "pgpool" ? PgpoolFileSettings : PostgresFileSettings,
            StringComparer.Ordinal
        );
        foreach (var (name, value) in SettingsOf(program))
        {
            all[name] = value;
        }

        return all;
    }

    /// <summary>Why the lab does not take a setting of a configuration file; null when it does, as far as the installed
    /// programs know it.</summary>
    /// <param name="program"><c>pgpool</c> or <c>postgresql</c>.</param>
    /// <param name="setting">The setting.</param>
    public SpecProblem? WhyLeftOut(string program, FileSetting setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        var (name, value) = (setting.Name, setting.Value);
        // PostgreSQL does not mind how its names are written.
        var comparison = program == "postgresql" ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        return SettingsOf(program).Keys.Any(k => string.Equals(k, name, comparison))
            ? new($"{SpecField.Settings} has another value.")
            : OwnSettings.WhyNot(program, name, value)
                ?? ForeignSettings.WhyNot(program, name, value, this)
                ?? SettingAssignment.WhyNotWritable(program, value)
                // What the reader puts in the place of bytes it does not understand.
                ?? (value.Contains('\uFFFD') ? "the value is not UTF-8." : null);
    }

    private static (string Program, string Key, string Value, SpecProblem? Problem) ParseSetting(string text)
    {
        if (SettingAssignment.Parse(text) is not var (program, name, value))
        {
            return (
                "",
                "",
                "",
                new($"{SpecField.Settings} '{text}' is not understood; write pgpool.KEY=VALUE or postgresql.KEY=VALUE.")
            );
        }

        var problem = OwnSettings.WhyNot(program, name, value) ?? SettingAssignment.WhyNotWritable(program, value);
        return (
            program,
            name,
            value,
            problem is null ? null : new SpecProblem($"{SpecField.Settings} {program}.{name}: {problem}")
        );
    }

    [GeneratedRegex(@"^[^\p{Cc}/.\-][^\p{Cc}/]{0,99}\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();
}
