namespace PgpoolLab.Model;

/// <summary>By whose conventions a lab is made: which files it has, and what it promises beyond what PostgreSQL and
/// Pgpool-II do. Who works on a lab asks for the convention at hand, and not for whose lab it is.</summary>
public abstract class LabConventions
{
    private static readonly OwnLab Own = new();

    private protected LabConventions() { }

    /// <summary>The conventions of a lab.</summary>
    /// <param name="old">What the old command line asked for; null for a lab of <c>setup</c>.</param>
    public static LabConventions Of(PgpoolSetupConventions? old) => old is null ? Own : new PgpoolSetupLab(old);

    /// <summary>True when the servers ask for passwords, and have roles of their own for each purpose.</summary>
    public abstract bool HasRoles { get; }

    /// <summary>True when sockets lie in the lab's own folder, where nobody else gets in.</summary>
    public abstract bool HasPrivateSockets { get; }

    /// <summary>True when <c>pgpool.conf</c> is made from a template; else it is the installed sample, with settings
    /// appended.</summary>
    public abstract bool HasPgpoolTemplate { get; }

    /// <summary>Folder of the templates for PostgreSQL's settings.</summary>
    public abstract string PostgresTemplates { get; }

    /// <summary>Folder of the templates for scripts and for <c>pool_hba.conf</c>.</summary>
    /// <param name="name">The file's name.</param>
    public abstract string TemplateOf(string name);

    /// <summary>True when PostgreSQL writes its logs into its data folder.</summary>
    public abstract bool NodesLogForThemselves { get; }

    /// <summary>True when Pgpool-II's log of the run before is kept.</summary>
    public abstract bool KeepsLastLog { get; }

    /// <summary>True when Pgpool-II looks every second which standby streams.</summary>
    public abstract bool LooksEverySecond { get; }

    /// <summary>True when a primary that another node has taken over from is not started again as one.</summary>
    public abstract bool KeepsOnePrimary { get; }

    /// <summary>True when Pgpool-II remembers over a restart which nodes it had given up, where nothing else
    /// does.</summary>
    public abstract bool Remembers { get; }

    /// <summary>True when its nodes can become more and fewer.</summary>
    public abstract bool CanChangeNodes { get; }

    /// <summary>True when subscribers are subscribed by setup itself.</summary>
    public abstract bool Subscribes { get; }

    /// <summary>True when with a watchdog the first Pgpool-II is proved alone, before there is one.</summary>
    public abstract bool ProvesFirstPgpoolAlone { get; }

    /// <summary>True when the nodes archive their WAL in modes that have no use for it, too.</summary>
    public abstract bool AlwaysArchives { get; }

    /// <summary>True when the lab has a script <c>stopall</c> besides <c>shutdownall</c>.</summary>
    public abstract bool HasStopAll { get; }

    /// <summary>True when the log of setup lies in the lab's own folder, by its old name.</summary>
    public abstract bool HasSetupLog { get; }

    /// <summary>True when its ports are what the caller counts on: none but these will do.</summary>
    public abstract bool HasFixedPorts { get; }

    /// <summary>True when a folder with hidden files in it counts as empty.</summary>
    public abstract bool IgnoresHiddenFiles { get; }

    /// <summary>True when what a mode has no use for is refused, rather than passed over.</summary>
    public abstract bool RefusesIdleOptions { get; }

    /// <summary>How long a folder's path may be before the lab gets a second, short name.</summary>
    /// <param name="forSockets">The most that leaves room for a socket's name.</param>
    public abstract int LongestRoot(int forSockets);
}

/// <summary>The conventions of <c>setup</c>.</summary>
public sealed class OwnLab : LabConventions
{
    /// <inheritdoc/>
    public override bool HasRoles => true;

    /// <inheritdoc/>
    public override bool HasPrivateSockets => true;

    /// <inheritdoc/>
    public override bool HasPgpoolTemplate => true;

    /// <inheritdoc/>
    public override string PostgresTemplates => "postgresql";

    /// <inheritdoc/>
    public override bool NodesLogForThemselves => false;

    /// <inheritdoc/>
    public override bool KeepsLastLog => true;

    /// <inheritdoc/>
    public override bool LooksEverySecond => true;

    /// <inheritdoc/>
    public override bool KeepsOnePrimary => true;

    /// <inheritdoc/>
    public override bool Remembers => true;

    /// <inheritdoc/>
    public override bool CanChangeNodes => true;

    /// <inheritdoc/>
    public override bool Subscribes => true;

    /// <inheritdoc/>
    public override bool ProvesFirstPgpoolAlone => false;

    /// <inheritdoc/>
    public override bool AlwaysArchives => false;

    /// <inheritdoc/>
    public override bool HasStopAll => true;

    /// <inheritdoc/>
    public override bool HasSetupLog => false;

    /// <inheritdoc/>
    public override bool HasFixedPorts => false;

    /// <inheritdoc/>
    public override bool IgnoresHiddenFiles => false;

    /// <inheritdoc/>
    public override bool RefusesIdleOptions => true;

    /// <inheritdoc/>
    public override int LongestRoot(int forSockets) => forSockets;

    /// <inheritdoc/>
    public override string TemplateOf(string name) => name is "pool_hba.conf" ? $"pgpool/{name}" : $"scripts/{name}";
}

/// <summary>The conventions of <c>pgpool_setup</c> and <c>watchdog_setup</c>, which Pgpool-II's regression tests build
/// on.</summary>
/// <param name="asked">What their command line asked for.</param>
public sealed class PgpoolSetupLab(PgpoolSetupConventions asked) : LabConventions
{
    // Pgpool-II's extension has room for about 1000 characters of command line, in which the folder stands three times.
    private const int ShortEnoughForCommands = 200;

    /// <summary>What the command line asked for.</summary>
    public PgpoolSetupConventions Asked { get; } = asked;

    /// <inheritdoc/>
    public override bool HasRoles => false;

    /// <inheritdoc/>
    public override bool HasPrivateSockets => false;

    /// <inheritdoc/>
    public override bool HasPgpoolTemplate => false;

    /// <inheritdoc/>
    public override string PostgresTemplates => "pgpool_setup";

    /// <inheritdoc/>
    public override bool NodesLogForThemselves => true;

    /// <inheritdoc/>
    public override bool KeepsLastLog => false;

    /// <inheritdoc/>
    public override bool LooksEverySecond => false;

    /// <inheritdoc/>
    public override bool KeepsOnePrimary => false;

    /// <inheritdoc/>
    public override bool Remembers => false;

    /// <inheritdoc/>
    public override bool CanChangeNodes => false;

    /// <inheritdoc/>
    public override bool Subscribes => false;

    /// <inheritdoc/>
    public override bool ProvesFirstPgpoolAlone => true;

    /// <inheritdoc/>
    public override bool AlwaysArchives => true;

    /// <inheritdoc/>
    public override bool HasStopAll => false;

    /// <inheritdoc/>
    public override bool HasSetupLog => true;

    /// <inheritdoc/>
    public override bool HasFixedPorts => true;

    /// <inheritdoc/>
    public override bool IgnoresHiddenFiles => true;

    /// <inheritdoc/>
    public override bool RefusesIdleOptions => false;

    /// <inheritdoc/>
    public override int LongestRoot(int forSockets) => ShortEnoughForCommands;

    /// <inheritdoc/>
    public override string TemplateOf(string name) => $"pgpool_setup/{name}";
}
