using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace PgpoolLab.Servers.Logs;

/// <summary>What the JSON of <c>logs</c> and <c>events</c> has in common.</summary>
public static class JsonLines
{
    /// <summary>Texts are for readers, too: quotes and what is not ASCII stay as they are.</summary>
    internal static JsonWriterOptions Options { get; } =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A message of a log as one line of JSON.</summary>
    /// <param name="line">The message.</param>
    /// <param name="host">The host it comes from, in a lab on several.</param>
    public static string Of(LogLine line, string? host = null)
    {
        ArgumentNullException.ThrowIfNull(line);
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Options))
        {
            json.WriteStartObject();
            json.WriteTime(line.At);
            json.WriteHost(host);
            json.WriteString("source", line.Source.Label);
            json.WriteWhole("node", line.Source.Kind is LogKind.Node ? line.Source.Number : null);
            json.WriteString("level", line.Level.ToString().ToLowerInvariant());
            json.WriteWhole("pid", line.Process);
            json.WriteString("process", line.Name);
            json.WriteString("text", line.Text);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    /// <summary>The time as the scripts write it: UTC, with milliseconds.</summary>
    internal static void WriteTime(this Utf8JsonWriter json, DateTimeOffset? at)
    {
        if (at is { } time)
        {
            json.WriteString(
                "time",
                time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)
            );
        }
        else
        {
            json.WriteNull("time");
        }
    }

    internal static void WriteHost(this Utf8JsonWriter json, string? host)
    {
        if (host is not null)
        {
            json.WriteString("host", host);
        }
    }

    internal static void WriteWhole(this Utf8JsonWriter json, string name, int? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
