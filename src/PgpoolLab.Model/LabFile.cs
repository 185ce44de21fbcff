namespace PgpoolLab.Model;

/// <summary>What somebody has said of a lab, in a lab file or by options: null is nothing said. What is nowhere said is
/// as <see cref="LabSpec"/> has it.</summary>
public sealed record LabFile
{
    /// <summary>The lab's folder, absolute.</summary>
    public string? Directory { get; init; }

    /// <inheritdoc cref="LabSpec.Name"/>
    public string? Name { get; init; }

    /// <inheritdoc cref="LabSpec.Mode"/>
    public ClusteringMode? Mode { get; init; }

    /// <inheritdoc cref="LabSpec.Nodes"/>
    public int? Nodes { get; init; }

    /// <inheritdoc cref="SetupOptions.LeaveRunning"/>
    public bool? Start { get; init; }

    /// <inheritdoc cref="SetupOptions.KeepOnFailure"/>
    public bool? Keep { get; init; }

    /// <inheritdoc cref="SetupOptions.Templates"/>
    public string? Templates { get; init; }

    /// <inheritdoc cref="SetupOptions.RunAs"/>
    public string? RunAs { get; init; }

    /// <inheritdoc cref="LabSpec.PostgresMajor"/>
    public int? PostgresVersion { get; init; }

    /// <inheritdoc cref="LabSpec.PostgresBin"/>
    public string? PostgresBin { get; init; }

    /// <inheritdoc cref="LabSpec.PostgresPort"/>
    public int? PostgresPort { get; init; }

    /// <inheritdoc cref="LabSpec.Standbys"/>
    public StandbyMethod? Standbys { get; init; }

    /// <inheritdoc cref="LabSpec.UseSlots"/>
    public bool? Slots { get; init; }

    /// <inheritdoc cref="LabSpec.Faults"/>
    public bool? Faults { get; init; }

    /// <inheritdoc cref="LabSpec.UseRewind"/>
    public bool? Rewind { get; init; }

    /// <inheritdoc cref="LabSpec.InitDbArguments"/>
    public IReadOnlyList<string>? InitDbArguments { get; init; }

    /// <summary>A postgresql.conf of another installation, absolute.</summary>
    public string? PostgresConf { get; init; }

    /// <inheritdoc cref="LabSpec.PgpoolDirectory"/>
    public string? PgpoolDirectory { get; init; }

    /// <inheritdoc cref="LabSpec.PgpoolNodes"/>
    public int? Watchdog { get; init; }

    /// <summary>Pgpool-II's port.</summary>
    public int? Port { get; init; }

    /// <summary>True when the port is left to setup, which takes a free block.</summary>
    public bool AutomaticPort { get; init; }

    /// <summary>A pgpool.conf of another installation, absolute.</summary>
    public string? PgpoolConf { get; init; }

    /// <inheritdoc cref="LabSpec.Auth"/>
    public AuthMethod? Auth { get; init; }

    /// <inheritdoc cref="LabSpec.ListenAddresses"/>
    public IReadOnlyList<string>? Listen { get; init; }

    /// <inheritdoc cref="LabSpec.UseTls"/>
    public bool? Tls { get; init; }

    /// <summary>Settings of both programs, as <c>--set</c> takes them; of two of one name the last counts.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>The machines it is to be on.</summary>
    public IReadOnlyList<HostRequest>? Hosts { get; init; }

    /// <summary>The pgpoollab that answers on those machines, a program of theirs.</summary>
    public string? Installed { get; init; }

    /// <summary>Trust machines whose keys nobody knows yet.</summary>
    public bool? AcceptNew { get; init; }

    /// <summary>The virtual IP of a lab on several machines, with or without the length of its prefix.</summary>
    public string? VirtualIp { get; init; }

    /// <summary>The network interface that gets it; null for the one whose network it is in.</summary>
    public string? VirtualIpInterface { get; init; }

    /// <inheritdoc cref="LabSpec.Databases"/>
    public IReadOnlyList<LabDatabase> Databases { get; init; } = [];

    /// <inheritdoc cref="LabSpec.Roles"/>
    public IReadOnlyList<LabRole> Roles { get; init; } = [];

    /// <summary>Files with the passwords of roles, absolute, by the role's name.</summary>
    public IReadOnlyDictionary<string, string> PasswordFiles { get; init; } = new Dictionary<string, string>();

    /// <summary>Files of SQL to run, absolute, with the databases they run in; null for the first of the databases, or
    /// <see cref="Lab.Database"/>.</summary>
    public IReadOnlyList<(string Path, string? Database)> Sql { get; init; } = [];

    /// <summary>This, with what is only said there. Settings of one name, databases and roles of one name are as this
    /// says; other lists are this one's, where it has one.</summary>
    /// <param name="other">What counts less: the file, where this is the options.</param>
    public LabFile Over(LabFile other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new LabFile
        {
            Directory = Directory ?? other.Directory,
            Name = Name ?? other.Name,
            Mode = Mode ?? other.Mode,
            Nodes = Nodes ?? other.Nodes,
            Start = Start ?? other.Start,
            Keep = Keep ?? other.Keep,
            Templates = Templates ?? other.Templates,
            RunAs = RunAs ?? other.RunAs,
            // Each of these two says which PostgreSQL it is, and one excludes the other.
            PostgresVersion = PostgresVersion ?? (PostgresBin is null ? other.PostgresVersion : null),
            PostgresBin = PostgresBin ?? (PostgresVersion is null ? other.PostgresBin : null),
            PostgresPort = PostgresPort ?? other.PostgresPort,
            Standbys = Standbys ?? other.Standbys,
            Slots = Slots ?? other.Slots,
            Rewind = Rewind ?? other.Rewind,
            Faults = Faults ?? other.Faults,
            InitDbArguments = InitDbArguments ?? other.InitDbArguments,
            PostgresConf = PostgresConf ?? other.PostgresConf,
            PgpoolDirectory = PgpoolDirectory ?? other.PgpoolDirectory,
            Watchdog = Watchdog ?? other.Watchdog,
            Port = Port ?? (AutomaticPort ? null : other.Port),
            AutomaticPort = AutomaticPort || (Port is null && other.AutomaticPort),
            PgpoolConf = PgpoolConf ?? other.PgpoolConf,
            Auth = Auth ?? other.Auth,
            Listen = Listen ?? other.Listen,
            Tls = Tls ?? other.Tls,
            Settings = [.. other.Settings, .. Settings],
            Hosts = Hosts ?? other.Hosts,
            Installed = Installed ?? other.Installed,
            AcceptNew = AcceptNew ?? other.AcceptNew,
            VirtualIp = VirtualIp ?? other.VirtualIp,
            VirtualIpInterface = VirtualIpInterface ?? other.VirtualIpInterface,
            Databases = [.. other.Databases.Where(d => Databases.All(own => own.Name != d.Name)), .. Databases],
            Roles = [.. other.Roles.Where(r => Roles.All(own => own.Name != r.Name)), .. Roles],
            PasswordFiles = other
                .PasswordFiles.Where(p => Roles.All(own => own.Name != p.Key))
                .Concat(PasswordFiles)
                .ToDictionary(),
            Sql = [.. other.Sql, .. Sql],
        };
    }

    /// <summary>As a request.</summary>
    /// <param name="folder">The lab's folder, absolute, with links resolved.</param>
    /// <param name="leaveRunning">True for a command that leaves it running in any case.</param>
    public LabSpec ToSpec(string folder, bool leaveRunning)
    {
        var defaults = new LabSpec { Directory = folder };
        return defaults with
        {
            Name = Name,
            Nodes = Nodes ?? defaults.Nodes,
            PgpoolNodes = Watchdog ?? defaults.PgpoolNodes,
            Mode = Mode ?? defaults.Mode,
            Port = AutomaticPort ? null : Port ?? defaults.Port,
            PostgresPort = PostgresPort,
            Auth = Auth ?? defaults.Auth,
            ListenAddresses = Listen ?? [],
            UseTls = Tls ?? false,
            Standbys = Standbys ?? defaults.Standbys,
            UseSlots = Slots ?? false,
            UseRewind = Rewind ?? false,
            Faults = Faults ?? false,
            Setup = new SetupOptions
            {
                LeaveRunning = leaveRunning || Start == true,
                KeepOnFailure = Keep ?? false,
                Templates = Templates,
                RunAs = RunAs,
            },
            PostgresMajor = PostgresVersion,
            PostgresBin = PostgresBin,
            PgpoolDirectory = PgpoolDirectory,
            InitDbArguments = InitDbArguments ?? [],
            Settings = Settings,
            Databases = Databases,
            Roles = Roles,
        };
    }

    /// <summary>The database a file of SQL runs in.</summary>
    public string DatabaseOf((string Path, string? Database) sql) =>
        sql.Database ?? (Databases is [{ Name: var first }, ..] ? first : Lab.Database);
}
