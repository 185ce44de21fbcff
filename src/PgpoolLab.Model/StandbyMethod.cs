namespace PgpoolLab.Model;

/// <summary>How setup makes standbys.</summary>
public enum StandbyMethod
{
    /// <summary>pg_basebackup from the running primary, as one would in earnest.</summary>
    BaseBackup,

    /// <summary>Copies of the same template the primary is made from. Faster; the result is the same, as nothing was
    /// written in between.</summary>
    Clone,
}
