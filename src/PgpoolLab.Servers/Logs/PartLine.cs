using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Logs;

/// <summary>A line that one host of several sends of what is logged or happens there, for the pgpoollab that puts all
/// of them into one order. It has one of these.</summary>
public sealed record PartLine
{
    /// <summary>The host's clock, in the first line.</summary>
    public DateTimeOffset? Clock { get; init; }

    /// <summary>Everything that was written there before this moment has been sent.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>A message of a log.</summary>
    public LogLine? Logged { get; init; }

    /// <summary>An event.</summary>
    [JsonIgnore]
    public LabEvent? Happened
    {
        get => Event?.ToEvent();
        init => Event = value is null ? null : PartEvent.Of(value);
    }

    /// <summary>The event as it is sent.</summary>
    public PartEvent? Event { get; init; }

    /// <summary>When it was; null of what has no time.</summary>
    [JsonIgnore]
    public DateTimeOffset? At => Logged?.At ?? Event?.At;

    /// <summary>As a line.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, PartLineJson.Default.PartLine);

    /// <summary>From a line.</summary>
    /// <returns>Null when it is none.</returns>
    public static PartLine? FromJson(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, PartLineJson.Default.PartLine);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>An event on its way: its arguments are numbers and texts.</summary>
/// <param name="At">When.</param>
/// <param name="Name">What, as one word with dashes.</param>
/// <param name="Source">Who reports it.</param>
/// <param name="Node">The node it is about; null for none.</param>
/// <param name="Numbers">Arguments that are whole numbers.</param>
/// <param name="Texts">Arguments that are texts.</param>
/// <param name="Order">The names of all arguments, in their order.</param>
/// <param name="Text">The same for a reader.</param>
public sealed record PartEvent(
    DateTimeOffset? At,
    string Name,
    string Source,
    int? Node,
    IReadOnlyDictionary<string, long> Numbers,
    IReadOnlyDictionary<string, string> Texts,
    IReadOnlyList<string> Order,
    string Text
)
{
    internal static PartEvent Of(LabEvent happened) =>
        new(
            happened.At,
            happened.Name,
            happened.Source,
            happened.Node,
            happened.Arguments.Where(a => a.Value is long).ToDictionary(a => a.Key, a => (long)a.Value),
            happened.Arguments.Where(a => a.Value is string).ToDictionary(a => a.Key, a => (string)a.Value),
            [.. happened.Arguments.Keys],
            happened.Text
        );

    internal LabEvent ToEvent() =>
        new(
            At,
            Name,
            Source,
            Node,
            Order
                .Where(k => Numbers.ContainsKey(k) || Texts.ContainsKey(k))
                .ToDictionary(k => k, k => Numbers.TryGetValue(k, out var number) ? number : (object)Texts[k]),
            Text
        );
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(PartLine))]
internal sealed partial class PartLineJson : JsonSerializerContext;
