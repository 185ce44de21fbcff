using System.Globalization;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Snapshots;

namespace PgpoolLab.Cli.Rendering;

/// <summary>What is said of snapshots.</summary>
internal static class SnapshotView
{
    /// <summary>One that was saved.</summary>
    internal static string Saved(Lab lab, SnapshotInfo saved) =>
        $"The lab '{lab.Name}' is saved as '{saved.Name}', {Size.Of(saved.Bytes)}"
        + (saved.SharedFiles > 0 ? ", whose blocks it shares with the lab" : "")
        + (
            saved.FrozenMilliseconds is { } frozen
                ? $". Its servers stood still for {Time(frozen)}, and go on."
                : ". None of its servers ran."
        );

    /// <summary>A lab that was restored.</summary>
    internal static string Restored(RestoredLab restored, TimeSpan elapsed) =>
        $"The lab '{restored.Lab.Name}' is as it was {Moment(restored.Snapshot.SavedAt)} ('{restored.Snapshot.Name}'), "
        + (restored.Started ? $"and runs ({Seconds(elapsed)})." : "and is stopped, as before.");

    /// <summary>A lab that was made of another one.</summary>
    internal static string Cloned(ClonedLab clone, TimeSpan elapsed) =>
        $"The lab '{clone.Lab.Name}' in {clone.Lab.Root} is like '{clone.Source.Name}' ({Seconds(elapsed)}); "
        + (
            clone.Started
                ? $"Pgpool-II listens on port {clone.Lab.Pgpool.Port}."
                : $"start it:  pgpoollab startall --lab {Hosts.Shell.Quote(clone.Lab.Root)}"
        )
        + (
            clone.Frozen is { } frozen
                ? $" '{clone.Source.Name}' stood still for {Time(frozen.TotalMilliseconds)}, and goes on."
                : ""
        );

    /// <summary>All that there are.</summary>
    internal static void Print(Terminal terminal, Lab lab, IReadOnlyList<StoredSnapshot> all)
    {
        if (all.Count == 0)
        {
            terminal.Say($"The lab '{lab.Name}' has no snapshots. Save one:  pgpoollab snapshot save");
            return;
        }

        new FittedTable(
            [
                new("name"),
                new("saved"),
                new("size", Right: true),
                new("servers"),
                new("stood still", Right: true),
                new("postgresql"),
                new("pgpool-ii"),
            ],
            [
                .. all.Select(s =>
                    s.Info is { } info
                        ? (string[])
                            [
                                Printable.Escape(s.Name),
                                Moment(info.SavedAt),
                                Size.Of(s.Bytes),
                                Printable.Escape(Servers(info)),
                                info.FrozenMilliseconds is { } frozen ? Time(frozen) : "",
                                $"{info.Lab.Tools.Postgres}",
                                $"{info.Lab.Tools.Pgpool}",
                            ]
                        : [Printable.Escape(s.Name), "damaged", Size.Of(s.Bytes), "", "", "", ""]
                ),
            ]
        ).Print(terminal.Data);
    }

    /// <summary>As "0 primary, 1 standby, 2 standby (stopped)".</summary>
    internal static string Servers(SnapshotInfo info)
    {
        var anyRan = info.Ran;
        return string.Join(
                ", ",
                info.Servers.Where(s => s.Role != "pgpool")
                    .Select(s => $"{s.Server["node ".Length..]} {s.Role}{(anyRan && !s.Ran ? " (stopped)" : "")}")
            ) + (anyRan ? "" : ", all stopped");
    }

    private static string Moment(DateTimeOffset time) =>
        time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Time(double milliseconds) =>
        milliseconds >= 1000
            ? string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1000:0.0} s")
            : string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0} ms");

    private static string Seconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.00} s");
}
