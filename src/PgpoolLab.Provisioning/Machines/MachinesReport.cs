using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Doctor;

namespace PgpoolLab.Provisioning.Machines;

/// <summary>What <c>hosts check</c> reports.</summary>
/// <param name="Hosts">The machines, in the order they were given in.</param>
/// <param name="Ways">Whether each reaches each other one.</param>
/// <param name="Findings">What was found.</param>
public sealed record MachinesReport(
    IReadOnlyList<MachineView> Hosts,
    IReadOnlyList<WayView> Ways,
    IReadOnlyList<DoctorFinding> Findings
)
{
    private static readonly MachinesJson Json = new(
        new JsonSerializerOptions(MachinesJson.Default.Options)
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }
    );

    /// <summary>True when nothing was found that keeps a lab from these machines.</summary>
    [JsonPropertyOrder(-1)]
    public bool CanMakeLabs => ExitCode is ExitCode.Done;

    /// <summary>What is missing weighs more than what is in the way.</summary>
    [JsonIgnore]
    public ExitCode ExitCode => new DoctorReport(Findings).ExitCode;

    /// <summary>The report as <c>--json</c> prints it.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json.MachinesReport);
}

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(SeverityNames)]
)]
[JsonSerializable(typeof(MachinesReport))]
internal sealed partial class MachinesJson : JsonSerializerContext;
