using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Machines;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>What a host is told to make its part of a lab of. It goes there on standard input: it has the lab's
/// secrets.</summary>
public sealed record PartRequest
{
    /// <summary>What all parts have in common, and which this is.</summary>
    public required PartOfLab Part { get; init; }

    /// <summary>The lab's name.</summary>
    public required string Name { get; init; }

    /// <inheritdoc cref="LabSpec.Nodes"/>
    public required int Nodes { get; init; }

    /// <inheritdoc cref="LabSpec.Port"/>
    public required int Port { get; init; }

    /// <inheritdoc cref="LabSpec.PostgresPort"/>
    public int? PostgresPort { get; init; }

    /// <inheritdoc cref="LabSpec.UseRewind"/>
    public bool UseRewind { get; init; }

    /// <inheritdoc cref="LabSpec.ListenAddresses"/>
    public IReadOnlyList<string> ListenAddresses { get; init; } = [];

    /// <inheritdoc cref="LabSpec.Settings"/>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <inheritdoc cref="LabSpec.InitDbArguments"/>
    public IReadOnlyList<string> InitDbArguments { get; init; } = [];

    /// <inheritdoc cref="LabSpec.Databases"/>
    public IReadOnlyList<LabDatabase> Databases { get; init; } = [];

    /// <inheritdoc cref="LabSpec.Roles"/>
    public IReadOnlyList<LabRole> Roles { get; init; } = [];

    /// <inheritdoc cref="LabSpec.SqlFiles"/>
    public IReadOnlyList<SqlFile> SqlFiles { get; init; } = [];

    /// <inheritdoc cref="LabSpec.PostgresMajor"/>
    public int? PostgresMajor { get; init; }

    /// <inheritdoc cref="LabSpec.PostgresBin"/>
    public string? PostgresBin { get; init; }

    /// <inheritdoc cref="LabSpec.PgpoolDirectory"/>
    public string? PgpoolDirectory { get; init; }

    /// <inheritdoc cref="SetupOptions.RunAs"/>
    public string? RunAs { get; init; }

    /// <summary>True for who wants to see every step.</summary>
    public bool WithSteps { get; init; }

    /// <summary>Passwords, keys and certificates; null while it is only looked at.</summary>
    public LabSecrets? Secrets { get; init; }

    /// <summary>What the whole lab was asked for, as one host is asked for its part.</summary>
    /// <param name="spec">The request, with its name and port decided.</param>
    /// <param name="part">The part.</param>
    /// <param name="secrets">What the parts share; null while it is only looked at.</param>
    internal static PartRequest Of(LabSpec spec, PartOfLab part, LabSecrets? secrets) =>
        new()
        {
            Part = part,
            Name = spec.Name!,
            Nodes = spec.Nodes,
            Port = spec.Port!.Value,
            PostgresPort = spec.PostgresPort,
            UseRewind = spec.UseRewind,
            ListenAddresses = [part.Hosts[part.Here!.Value].Address],
            Settings = spec.Settings,
            InitDbArguments = spec.InitDbArguments,
            Databases = spec.Databases,
            Roles = spec.Roles,
            // They run where the primary is made.
            SqlFiles = part.HostOfNode(0) == part.Here ? spec.SqlFiles : [],
            PostgresMajor = spec.PostgresMajor,
            PostgresBin = spec.PostgresBin,
            PgpoolDirectory = spec.PgpoolDirectory,
            RunAs = spec.Setup.RunAs,
            Secrets = secrets,
        };

    /// <summary>The part as a lab to be made.</summary>
    /// <param name="folder">Where it is to lie.</param>
    public LabSpec ToSpec(string folder) =>
        new()
        {
            Directory = folder,
            Part = Part,
            // The whole, parts of it, and labs of others by the same name may be on one machine.
            Name = $"{Name}-{Part.Id}",
            Nodes = Nodes,
            PgpoolNodes = Part.Hosts.Count,
            Port = Port,
            PostgresPort = PostgresPort,
            UseRewind = UseRewind,
            ListenAddresses = ListenAddresses,
            Settings = Settings,
            InitDbArguments = InitDbArguments,
            Databases = Databases,
            Roles = Roles,
            SqlFiles = SqlFiles,
            PostgresMajor = PostgresMajor,
            PostgresBin = PostgresBin,
            PgpoolDirectory = PgpoolDirectory,
            Setup = new SetupOptions { LeaveRunning = true, RunAs = RunAs },
        };

    /// <summary>As a text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, SpreadJson.Default.PartRequest);

    /// <summary>From a text.</summary>
    /// <exception cref="LabException">It is none.</exception>
    public static PartRequest FromJson(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, SpreadJson.Default.PartRequest)
                ?? throw new JsonException("There is nothing.");
        }
        catch (JsonException error)
        {
            throw new LabException(
                ExitCode.Usage,
                $"What came on standard input is no request: {error.Message}",
                error
            );
        }
    }

    /// <summary>It may land in a log: without what nobody may read.</summary>
    public override string ToString() => $"{nameof(PartRequest)} {Name} {Part.Here}";
}

/// <summary>A step of a host's part, for people.</summary>
/// <param name="Title">What it does.</param>
/// <param name="Lines">The commands it runs and the files it writes.</param>
public sealed record PartStep(string Title, IReadOnlyList<string> Lines);

/// <summary>What a host says of its part.</summary>
/// <param name="Root">Its folder.</param>
/// <param name="Owner">The user its servers run as.</param>
/// <param name="Tools">Its programs.</param>
public sealed record PartFacts(string Root, string Owner, Toolset Tools)
{
    /// <summary>What it would do; empty when nobody has asked for it.</summary>
    public IReadOnlyList<PartStep> Steps { get; init; } = [];

    /// <summary>What a part says of itself, with every step.</summary>
    public static PartFacts Of(Plans.LabPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return Of(plan.Lab) with
        {
            Steps = [.. plan.Steps.Select(s => new PartStep(s.Title, [.. s.Preview(plan.Lab)]))],
        };
    }

    /// <summary>Where it would have the virtual IP; null in a lab without one, and when the part is made.</summary>
    public VirtualIpPlace? VirtualIp { get; init; }

    /// <summary>What a part says of itself.</summary>
    public static PartFacts Of(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return new PartFacts(lab.Root, lab.Owner, lab.Tools);
    }

    /// <summary>As a text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, SpreadJson.Default.PartFacts);

    /// <summary>From a text.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    internal static PartFacts FromJson(string text) =>
        JsonSerializer.Deserialize(text, SpreadJson.Default.PartFacts) ?? throw new JsonException("There is nothing.");
}

/// <summary>Which nodes of a host would start as primaries.</summary>
/// <param name="Timelines">By the node's number, the last timeline that its files know.</param>
public sealed record PartPrimaries(IReadOnlyDictionary<int, int> Timelines)
{
    /// <summary>What <see cref="PgpoolLab.Servers.LabHistory.FindPrimariesAsync"/> has found.</summary>
    public static PartPrimaries Of(IReadOnlyDictionary<PostgresNode, int> found) =>
        new(found.ToDictionary(f => f.Key.Id, f => f.Value));

    /// <summary>As a text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, SpreadJson.Default.PartPrimaries);

    /// <summary>From a text.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    internal static PartPrimaries FromJson(string text) =>
        JsonSerializer.Deserialize(text, SpreadJson.Default.PartPrimaries)
        ?? throw new JsonException("There is nothing.");
}

/// <summary>The shapes that go to hosts and back, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(PartRequest))]
[JsonSerializable(typeof(PartFacts))]
[JsonSerializable(typeof(PartPrimaries))]
internal sealed partial class SpreadJson : JsonSerializerContext;
