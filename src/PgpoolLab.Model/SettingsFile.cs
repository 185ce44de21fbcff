namespace PgpoolLab.Model;

/// <summary>A setting in a configuration file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value, without quotes.</param>
/// <param name="Line">The line it stands on, from 1.</param>
public sealed record FileSetting(string Name, string Value, int Line);

/// <summary>A setting of a configuration file that a lab does not take.</summary>
/// <param name="Line">The line it stands on, from 1.</param>
/// <param name="Name">Its name.</param>
/// <param name="Reason">Why, as a clause.</param>
public sealed record LeftOutSetting(int Line, string Name, SpecProblem Reason);

/// <summary>A configuration file that was read: <c>--pgpool-conf</c>, <c>--postgresql-conf</c>.</summary>
/// <param name="Program"><c>pgpool</c> or <c>postgresql</c>.</param>
/// <param name="Path">The file, absolute.</param>
/// <param name="Settings">What it sets, in its order.</param>
/// <param name="Includes">Its include directives, which are not followed.</param>
/// <param name="Commented">How many settings are commented out.</param>
public sealed record SettingsFile(
    string Program,
    string Path,
    IReadOnlyList<FileSetting> Settings,
    IReadOnlyList<LeftOutSetting> Includes,
    int Commented
);

/// <summary>What became of a configuration file's settings.</summary>
/// <param name="Program"><c>pgpool</c> or <c>postgresql</c>.</param>
/// <param name="File">The file, absolute.</param>
/// <param name="Taken">Names of the settings that the lab has taken.</param>
/// <param name="LeftOut">Those it has not, in the order of the file.</param>
/// <param name="Commented">How many are commented out.</param>
public sealed record SettingsFileReport(
    string Program,
    string File,
    IReadOnlyList<string> Taken,
    IReadOnlyList<LeftOutSetting> LeftOut,
    int Commented
);
