namespace PgpoolLab.Model;

/// <summary>The scripts users call.</summary>
public static class LabScripts
{
    /// <summary>pgpool_setup's name for the script that stops everything.</summary>
    public const string Shutdown = "shutdownall";

    /// <summary>The script that makes Pgpool-II read its configuration again.</summary>
    public const string Reload = "pgpool_reload";

    /// <summary>Their names in the lab's folder, of whatever conventions.</summary>
    public static IReadOnlyList<string> Names { get; } = ["startall", "stopall", Shutdown, Reload];

    /// <summary>Those a lab has in the folder of each Pgpool-II.</summary>
    public static IEnumerable<string> NamesIn(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return Names.Where(n => lab.Conventions.HasStopAll || n != "stopall");
    }

    /// <summary>Those a lab with a watchdog on one machine has in its own folder besides, for all Pgpool-IIs.</summary>
    public static IEnumerable<string> NamesAbove(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab is { HasWatchdog: true, IsSpread: false } ? NamesIn(lab).Where(n => n != Reload) : [];
    }
}
