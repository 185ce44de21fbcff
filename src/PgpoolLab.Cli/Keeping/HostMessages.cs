using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Rendering;

namespace PgpoolLab.Cli.Keeping;

/// <summary>A line to <c>pgpoollab host</c>. It has a call, or one of the others; the names are those of the agent's
/// lines (docs/decisions/0055-another-machine-is-the-same-program-there.md).</summary>
internal sealed record HostRequest
{
    /// <summary>The number of a call, which its answer has, too.</summary>
    public int? Id { get; init; }

    /// <summary>What to do.</summary>
    public LabCall? Call { get; init; }

    /// <summary>The number of a call that is to end.</summary>
    public int? Cancel { get; init; }

    /// <summary>Asks whether the program is there.</summary>
    public bool Ping { get; init; }
}

/// <summary>A line from <c>pgpoollab host</c>.</summary>
internal sealed record HostReply
{
    /// <summary>The version of the program, in the first line.</summary>
    public string? Version { get; init; }

    /// <summary>The version of these lines, in the first line.</summary>
    public int? Protocol { get; init; }

    /// <summary>The call.</summary>
    public int? Id { get; init; }

    /// <summary>Its answer; null for a call that is just done.</summary>
    public JsonElement? Answer { get; init; }

    /// <summary>True in the last line of a call that was done.</summary>
    public bool Done { get; init; }

    /// <summary>Why it was not, in the last line of a call.</summary>
    public HostError? Error { get; init; }

    /// <summary>A line of conversation of a call under way.</summary>
    public string? Said { get; init; }

    /// <summary>A line of output of a call that is followed.</summary>
    public JsonElement? Event { get; init; }

    /// <summary>It is there.</summary>
    public bool Pong { get; init; }
}

/// <summary>A failure, as the command line would tell it.</summary>
/// <param name="Code">The command's exit code.</param>
/// <param name="Message">What happened, in a sentence.</param>
/// <param name="Text">All that the command wrote to standard error.</param>
internal sealed record HostError(int Code, string Message, string Text)
{
    /// <summary>What it printed all the same, as <c>status --check</c> does.</summary>
    public JsonElement? Outcome { get; init; }
}

/// <summary>The answer to <see cref="CreateCall"/>. It holds no secrets.</summary>
/// <param name="Lab">As <c>setup --json</c> prints it.</param>
/// <param name="Endpoints">As <c>env --format json</c> prints them.</param>
/// <param name="Environment">The variables by which programs find the lab; null for one that must not be
/// set.</param>
internal sealed record MadeLab(
    LabInfo Lab,
    IReadOnlyList<Endpoint> Endpoints,
    IReadOnlyDictionary<string, string?> Environment
);

/// <summary>Everything that goes over the wire; what says nothing is left out.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    AllowOutOfOrderMetadataProperties = true
)]
[JsonSerializable(typeof(HostRequest))]
[JsonSerializable(typeof(HostReply))]
[JsonSerializable(typeof(string))]
internal sealed partial class HostJson : JsonSerializerContext
{
    /// <summary>Paths and words stay readable.</summary>
    internal static HostJson Readable =>
        new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}

/// <summary>What <see cref="CreateCall"/> answers: node 0 and what is null are there, too.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(ProblemJsonConverter)]
)]
[JsonSerializable(typeof(MadeLab))]
internal sealed partial class MadeLabJson : JsonSerializerContext;
