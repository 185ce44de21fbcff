using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace PgpoolLab.Model;

/// <summary>What can be asked for in a <see cref="LabSpec"/>. Each way to ask has names of its own for them: options,
/// the letters of the old command line, the keys of a file.</summary>
public enum SpecField
{
    /// <summary><see cref="LabSpec.Name"/>.</summary>
    Name,

    /// <summary><see cref="LabSpec.Nodes"/>.</summary>
    Nodes,

    /// <summary><see cref="LabSpec.PgpoolNodes"/>.</summary>
    Watchdog,

    /// <summary><see cref="LabSpec.Mode"/>.</summary>
    Mode,

    /// <summary><see cref="LabSpec.Port"/>.</summary>
    Port,

    /// <summary><see cref="LabSpec.PostgresPort"/>.</summary>
    PostgresPort,

    /// <summary><see cref="LabSpec.Part"/>.</summary>
    Hosts,

    /// <summary><see cref="LabSpec.Standbys"/>.</summary>
    Standbys,

    /// <summary><see cref="LabSpec.Auth"/>.</summary>
    Auth,

    /// <summary><see cref="LabSpec.ListenAddresses"/>.</summary>
    Listen,

    /// <summary><see cref="LabSpec.UseTls"/>.</summary>
    Tls,

    /// <summary><see cref="LabSpec.UseSlots"/>.</summary>
    Slots,

    /// <summary><see cref="LabSpec.UseRewind"/>.</summary>
    Rewind,

    /// <summary><see cref="LabSpec.Faults"/>.</summary>
    Faults,

    /// <summary><see cref="LabSpec.PostgresMajor"/>.</summary>
    PostgresVersion,

    /// <summary><see cref="LabSpec.PostgresBin"/>.</summary>
    PostgresBin,

    /// <summary><see cref="SetupOptions.RunAs"/>.</summary>
    RunAs,

    /// <summary><see cref="LabSpec.InitDbArguments"/>.</summary>
    InitDbArguments,

    /// <summary><see cref="LabSpec.Settings"/>.</summary>
    Settings,

    /// <summary><see cref="SetupOptions.Templates"/>.</summary>
    Templates,

    /// <summary><see cref="LabSpec.Databases"/>.</summary>
    Databases,

    /// <summary><see cref="LabSpec.Roles"/>.</summary>
    Roles,

    /// <summary><see cref="LabSpec.SqlFiles"/>.</summary>
    Sql,
}

/// <summary>A sentence about what was asked for. It names fields; whoever shows it calls them by the names its user
/// knows.</summary>
public sealed class SpecProblem : IEquatable<SpecProblem>
{
    private readonly FormattableString _text;

    /// <summary>A sentence in whose gaps fields, values and other problems stand.</summary>
    public SpecProblem(FormattableString text)
    {
        ArgumentNullException.ThrowIfNull(text);
        _text = text;
    }

    /// <summary>The field it is about: the first it names; null when it names none.</summary>
    public SpecField? Field =>
        _text
            .GetArguments()
            .Select(a => a is SpecProblem inner ? inner.Field : a as SpecField?)
            .FirstOrDefault(f => f is not null);

    /// <summary>The sentence.</summary>
    /// <param name="name">What the user calls a field.</param>
    public string Say(Func<SpecField, string> name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return string.Format(
            CultureInfo.InvariantCulture,
            _text.Format,
            [
                .. _text
                    .GetArguments()
                    .Select(a =>
                        a switch
                        {
                            SpecField field => name(field),
                            SpecProblem inner => inner.Say(name),
                            _ => a,
                        }
                    ),
            ]
        );
    }

    /// <summary>The sentence, with the fields' own names.</summary>
    public override string ToString() => Say(f => f.ToString());

    /// <summary>True for the same sentence about the same fields.</summary>
    public bool Equals(SpecProblem? other) => other is not null && ToString() == other.ToString();

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SpecProblem);

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    /// <summary>A sentence that names no field.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static implicit operator SpecProblem?(string? text) => text is null ? null : new SpecProblem($"{text}");

    /// <summary>A sentence that names no field.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static SpecProblem? FromString(string? text) => text;
}

/// <summary>One or more things are wrong with what the user asked for.</summary>
public sealed class InvalidSpecException : LabException
{
    /// <summary>The command line is wrong.</summary>
    /// <param name="problems">Every problem found, not only the first.</param>
    public InvalidSpecException(IReadOnlyList<SpecProblem> problems)
        : this(ExitCode.Usage, problems) { }

    /// <summary>One thing is wrong, of a kind that has an exit code of its own.</summary>
    public InvalidSpecException(ExitCode code, SpecProblem problem)
        : this(code, [problem]) { }

    /// <summary>The command line is wrong, in ways that have nothing to do with a field.</summary>
    /// <param name="problems">One sentence each.</param>
    public InvalidSpecException(IReadOnlyList<string> problems)
        : this([.. problems.Select(p => (SpecProblem)p)]) { }

    private InvalidSpecException(ExitCode code, IReadOnlyList<SpecProblem> problems)
        : base(
            code,
            problems.Count == 1 ? problems[0].ToString() : $"{problems.Count} things are wrong with this command line."
        ) => Problems = problems;

    /// <summary>Every problem, one sentence each.</summary>
    public IReadOnlyList<SpecProblem> Problems { get; }
}
