using System.Text;
using System.Text.Json;

namespace PgpoolLab.Servers.Logs;

/// <summary>Something that happened in a lab.</summary>
/// <param name="At">When; null where nothing says.</param>
/// <param name="Name">What, as one word with dashes: <c>failover-begins</c>. All are listed in docs/logs.md.</param>
/// <param name="Source">Whose log reports it: <c>node0</c>, <c>pgpool1</c>, <c>scripts</c>, <c>pgpoollab</c>.</param>
/// <param name="Node">The node it is about; null for none.</param>
/// <param name="Arguments">The rest, by name: whole numbers (<see cref="long"/>) and texts.</param>
/// <param name="Text">The same for a reader.</param>
public sealed record LabEvent(
    DateTimeOffset? At,
    string Name,
    string Source,
    int? Node,
    IReadOnlyDictionary<string, object> Arguments,
    string Text
)
{
    /// <summary>As one line of JSON.</summary>
    public string ToJson()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, JsonLines.Options))
        {
            json.WriteStartObject();
            json.WriteTime(At);
            json.WriteString("event", Name);
            json.WriteString("source", Source);
            json.WriteWhole("node", Node);
            json.WriteStartObject("arguments");
            foreach (var (name, value) in Arguments)
            {
                if (value is long number)
                {
                    json.WriteNumber(name, number);
                }
                else
                {
                    json.WriteString(name, (string)value);
                }
            }

            json.WriteEndObject();
            json.WriteString("text", Text);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }
}
