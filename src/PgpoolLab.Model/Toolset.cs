namespace PgpoolLab.Model;

/// <summary>The programs a lab runs on, as found on its host.</summary>
/// <param name="PostgresBin">Folder of postgres, initdb, pg_ctl, pg_basebackup, psql; absolute.</param>
/// <param name="Postgres">Their version.</param>
/// <param name="PgpoolProgram">Absolute path of <c>pgpool</c>.</param>
/// <param name="PcpBin">Folder of the <c>pcp_*</c> programs; absolute.</param>
/// <param name="Pgpool">Pgpool-II's version.</param>
public sealed record Toolset(
    string PostgresBin,
    PostgresVersion Postgres,
    string PgpoolProgram,
    string PcpBin,
    PgpoolVersion Pgpool
)
{
    /// <summary>Absolute path of one of PostgreSQL's programs.</summary>
    public string PostgresProgram(string name) => $"{PostgresBin}/{name}";

    /// <summary>Absolute path of one of the pcp programs.</summary>
    public string PcpProgram(string name) => $"{PcpBin}/{name}";

    /// <summary>Folder of <c>pgpool</c>.</summary>
    public string PgpoolBin => PgpoolProgram[..Math.Max(1, PgpoolProgram.LastIndexOf('/'))];
}
