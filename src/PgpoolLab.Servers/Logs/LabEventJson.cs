using System.Text;
using System.Text.Json;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Logs;

/// <summary>Events for programs.</summary>
public static class LabEventJson
{
    /// <summary>As one line of JSON.</summary>
    /// <param name="happened">The event.</param>
    /// <param name="host">The host that reports it, in a lab on several.</param>
    public static string ToJson(this LabEvent happened, string? host = null)
    {
        ArgumentNullException.ThrowIfNull(happened);
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, JsonLines.Options))
        {
            json.WriteStartObject();
            json.WriteTime(happened.At);
            json.WriteHost(host);
            json.WriteString("event", happened.Name);
            json.WriteString("source", happened.Source);
            json.WriteWhole("node", happened.Node);
            json.WriteStartObject("arguments");
            foreach (var (name, value) in happened.Arguments)
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
            json.WriteString("text", happened.Text);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }
}
