namespace PgpoolLab.Model;

/// <summary>What of a request cannot be seen any more by the lab that was made of it: who wants to make the same again
/// needs it.</summary>
public sealed record LabAsked
{
    /// <inheritdoc cref="LabSpec.PostgresMajor"/>
    public int? PostgresMajor { get; init; }

    /// <inheritdoc cref="LabSpec.PostgresBin"/>
    public string? PostgresBin { get; init; }

    /// <inheritdoc cref="LabSpec.PgpoolDirectory"/>
    public string? PgpoolDirectory { get; init; }

    /// <inheritdoc cref="LabSpec.PostgresPort"/>
    public int? PostgresPort { get; init; }

    /// <summary>True when Pgpool-II's port was left to setup.</summary>
    public bool AutomaticPort { get; init; }

    /// <summary>True when TLS was asked for also where it is not needed.</summary>
    public bool UseTls { get; init; }

    /// <inheritdoc cref="SetupOptions.RunAs"/>
    public string? RunAs { get; init; }

    /// <inheritdoc cref="SetupOptions.Templates"/>
    public string? Templates { get; init; }

    /// <summary>What a lab was asked for.</summary>
    public static LabAsked Of(LabSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return new LabAsked
        {
            PostgresMajor = spec.PostgresMajor,
            PostgresBin = spec.PostgresBin,
            PgpoolDirectory = spec.PgpoolDirectory,
            PostgresPort = spec.PostgresPort,
            AutomaticPort = spec.Port is null,
            UseTls = spec.UseTls,
            RunAs = spec.Setup.RunAs,
            Templates = spec.Setup.Templates,
        };
    }
}
