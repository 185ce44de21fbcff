using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Doctor;

/// <summary>How much a finding matters.</summary>
public enum Severity
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Good to know; labs can be made all the same.</summary>
    Note,

    /// <summary>Labs cannot be made, or will not work.</summary>
    Problem,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Check">What was looked at, in few words.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Seen">What was seen.</param>
/// <param name="Cause">Why that matters, or where it comes from; null when that goes without saying.</param>
/// <param name="Fix">The command or setting that mends it; null when there is nothing to mend.</param>
public sealed record DoctorFinding(
    string Check,
    Severity Severity,
    string Seen,
    string? Cause = null,
    string? Fix = null
)
{
    /// <summary>The exit code a problem leads to.</summary>
    [JsonIgnore]
    public ExitCode Code { get; init; } = ExitCode.Missing;
}

/// <summary>Everything that was looked at.</summary>
/// <param name="Findings">What was found, in the order in which it was looked at.</param>
public sealed record DoctorReport(IReadOnlyList<DoctorFinding> Findings)
{
    private static readonly DoctorJson Json = new(
        new JsonSerializerOptions(DoctorJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }
    );

    /// <summary>True when labs can be made on this machine.</summary>
    [JsonPropertyOrder(-1)]
    public bool CanMakeLabs => ExitCode is ExitCode.Done;

    /// <summary>What is missing weighs more than what is in the way.</summary>
    [JsonIgnore]
    public ExitCode ExitCode =>
        Findings.Where(f => f.Severity is Severity.Problem).Select(f => f.Code).DefaultIfEmpty(ExitCode.Done).Min();

    /// <summary>The report as <c>--json</c> prints it.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json.DoctorReport);
}

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(SeverityNames)]
)]
[JsonSerializable(typeof(DoctorReport))]
internal sealed partial class DoctorJson : JsonSerializerContext;

/// <summary>"ok", not "Ok": as the other words of a report.</summary>
internal sealed class SeverityNames() : JsonStringEnumConverter<Severity>(JsonNamingPolicy.CamelCase);
