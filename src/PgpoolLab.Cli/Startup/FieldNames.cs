using PgpoolLab.Model;

namespace PgpoolLab.Cli.Startup;

/// <summary>What users call the fields of a request.</summary>
internal static class FieldNames
{
    /// <summary>The options of <c>setup</c>.</summary>
    internal static string Option(SpecField field) =>
        field switch
        {
            SpecField.Name => "--name",
            SpecField.Nodes => "--nodes",
            SpecField.Watchdog => "--watchdog",
            SpecField.Mode => "--mode",
            SpecField.Port => "--port",
            SpecField.PostgresPort => "--pg-port",
            SpecField.Hosts => "--hosts",
            SpecField.Standbys => "--standbys",
            SpecField.Auth => "--auth",
            SpecField.Listen => "--listen",
            SpecField.Tls => "--tls",
            SpecField.Slots => "--slots",
            SpecField.Rewind => "--rewind",
            SpecField.Faults => "--faults",
            SpecField.PostgresVersion => "--pg-version",
            SpecField.PostgresBin => "--pg-bin",
            SpecField.RunAs => "--run-as",
            SpecField.InitDbArguments => "--initdb-arg",
            SpecField.Settings => "--set",
            SpecField.Templates => "--templates",
            SpecField.Databases => "--database",
            SpecField.Roles => "--role",
            SpecField.Sql => "--sql",
            _ => throw new ArgumentOutOfRangeException(nameof(field), field, "It has no option."),
        };

    /// <summary>The letters of <c>pgpool_setup</c> and <c>watchdog_setup</c>; what these do not have is called by
    /// <c>setup</c>'s name.</summary>
    internal static string Letter(SpecField field) =>
        field switch
        {
            SpecField.Nodes => "-n",
            SpecField.Watchdog => "-wn",
            SpecField.Mode => "-m",
            SpecField.Port => "-p",
            SpecField.PostgresPort => "-pg",
            SpecField.Slots => "-s",
            SpecField.Rewind => "-r",
            _ => Option(field),
        };
}
