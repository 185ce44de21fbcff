namespace PgpoolLab.Servers;

/// <summary>What becomes of the clients of a server that is stopped.</summary>
/// <remarks>PostgreSQL manual, "Shutting Down the Server"; pg_ctl's <c>-m</c>.</remarks>
public enum StopMode
{
    /// <summary>It ends when they have all gone.</summary>
    Smart,

    /// <summary>They are cut off, and what they were doing is rolled back.</summary>
    Fast,

    /// <summary>It ends without a checkpoint, and recovers when it is started again.</summary>
    Immediate,
}
