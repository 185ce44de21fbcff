namespace PgpoolLab.Hosts;

/// <summary>Which processes are asked for: a plain value, which can be sent to another machine. Whatever is not given
/// does not matter.</summary>
public sealed record ProcessFilter
{
    /// <summary>Every process there is.</summary>
    public static ProcessFilter All { get; } = new();

    /// <summary>Short names of their programs, for example <c>postgres</c>. Who gives them spares the machine a close
    /// look at every process.</summary>
    public IReadOnlyCollection<string>? Names { get; init; }

    /// <summary>Numeric id of their user. One whose user cannot be seen is let through.</summary>
    public int? UserId { get; init; }

    /// <summary>True when it lets this process through.</summary>
    public bool Passes(ProcessFacts process)
    {
        ArgumentNullException.ThrowIfNull(process);
        return (Names is null || Names.Contains(process.Name)) && process.MayBeOf(UserId);
    }
}
