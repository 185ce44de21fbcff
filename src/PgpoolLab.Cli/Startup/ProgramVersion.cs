namespace PgpoolLab.Cli.Startup;

/// <summary>This program's version.</summary>
internal static class ProgramVersion
{
    internal static string Text { get; } = typeof(ProgramVersion).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
}
