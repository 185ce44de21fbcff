using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Tools;

/// <summary>What a lab takes of configuration files that were written for other installations, and what it does
/// not.</summary>
public static class PortableSettings
{
    /// <summary>Chooses.</summary>
    /// <param name="host">Where the programs are.</param>
    /// <param name="spec">What was asked for, with the files.</param>
    /// <param name="tools">The programs, which know some settings and others not.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The same with what was taken, and for each file what became of it.</returns>
    public static async Task<(LabSpec Spec, IReadOnlyList<SettingsFileReport> Files)> ChooseAsync(
        IHost host,
        LabSpec spec,
        Toolset tools,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(tools);
        var reports = new List<SettingsFileReport>();
        foreach (var file in spec.SettingsFiles)
        {
            var unknown = (
                await SettingNames.FindUnknownAsync(
                    host,
                    file.Program,
                    file.Settings.Select(s => s.Name).Distinct(),
                    tools,
                    cancellationToken
                )
            ).ToDictionary();
            // As everywhere, the last of a name counts.
            var last = file
                .Settings.GroupBy(s => NameOf(file, s), StringComparer.Ordinal)
                .Select(g => g.Last())
                .OrderBy(s => s.Line)
                .Select(s =>
                    (
                        Setting: s,
                        Reason: spec.WhyLeftOut(file.Program, s)
                            ?? unknown.GetValueOrDefault(s.Name)
                            ?? SettingUnits.WhyMisread(file.Program, s.Value, tools)
                    )
                )
                .ToArray();
            var taken = last.Where(s => s.Reason is null)
                .ToDictionary(s => NameOf(file, s.Setting), s => s.Setting.Value, StringComparer.Ordinal);
            spec =
                file.Program == "pgpool"
                    ? spec with
                    {
                        PgpoolFileSettings = taken,
                    }
                    : spec with
                    {
                        PostgresFileSettings = taken,
                    };
            reports.Add(
                new SettingsFileReport(
                    file.Program,
                    file.Path,
                    [.. taken.Keys],
                    [
                        .. last.Where(s => s.Reason is not null)
                            .Select(s => new LeftOutSetting(s.Setting.Line, s.Setting.Name, s.Reason!))
                            .Concat(file.Includes)
                            .OrderBy(l => l.Line),
                    ],
                    file.Commented
                )
            );
        }

        return (spec, reports);
    }

    /// <summary>A report for people: what was taken in one line, and a line for each setting that was not.</summary>
    public static IEnumerable<string> Told(SettingsFileReport report, Func<SpecField, string> nameOf)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(nameOf);
        var commented = report.Commented switch
        {
            0 => "",
            1 => ", 1 is commented out",
            _ => $", {report.Commented} are commented out",
        };
        yield return $"{report.File}: {Count(report.Taken.Count, "setting")} taken, "
            + $"{report.LeftOut.Count} left out{commented}.";
        foreach (var setting in report.LeftOut)
        {
            yield return $"{Path.GetFileName(report.File)} line {setting.Line}: {setting.Name} is left "
                + $"out: {setting.Reason.Say(nameOf)}";
        }

        static string Count(int number, string what) => number == 1 ? $"1 {what} is" : $"{number} {what}s are";
    }

    /// <summary>PostgreSQL does not mind how its names are written.</summary>
    private static string NameOf(SettingsFile file, FileSetting setting) =>
        file.Program == "postgresql" ? setting.Name.ToLowerInvariant() : setting.Name;
}
