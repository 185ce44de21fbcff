using System.Globalization;
using System.Text.Json;

namespace PgpoolLab.Servers.Programs;

/// <summary>A run of one of the scripts that Pgpool-II calls, as a line of events.jsonl has it.</summary>
/// <param name="Script">Its name: failover, follow_primary, recovery …</param>
/// <param name="Node">The node it was about; null when it does not say.</param>
/// <param name="Arguments">What Pgpool-II passed on to it that is of use to a reader, by name.</param>
/// <param name="ExitCode">How it ended.</param>
/// <param name="Milliseconds">How long it took.</param>
internal sealed record ScriptRecord(
    string Script,
    int? Node,
    IReadOnlyDictionary<string, object> Arguments,
    long ExitCode,
    long Milliseconds
)
{
    // What Pgpool-II passes on to them, in this order (its manual: failover_command, follow_primary_command,
    // recovery_1st_stage_command; the first two as in pgpool.conf). Empty: of no use to a reader.
    private static readonly string[] Failover = ["node", "", "", "new_main", "", "old_main", "old_primary"];
    private static readonly string[] Follow = ["node", "", "", "primary"];
    private static readonly string[] Recovery = ["", "", "", "", "node"];

    /// <summary>Reads a line.</summary>
    /// <returns>Null for what is none, or half of one.</returns>
    internal static ScriptRecord? Read(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var run = document.RootElement;
            var script = run.GetProperty("event").GetString() ?? "";
            var given = run.GetProperty("arguments").EnumerateArray().Select(a => a.GetString() ?? "").ToArray();
            var (code, duration) = (run.GetProperty("exit_code").GetInt64(), run.GetProperty("duration_ms").GetInt64());
            var arguments = new Dictionary<string, object>();
            int? node = null;
            foreach (var (name, value) in NamesOf(script).Zip(given))
            {
                if (name == "node")
                {
                    node = int.TryParse(value, CultureInfo.InvariantCulture, out var number) ? number : null;
                }
                else if (name.Length > 0)
                {
                    arguments[name] = long.TryParse(value, CultureInfo.InvariantCulture, out var number)
                        ? number
                        : value;
                }
            }

            if (script == "remote_start" && given is [_, var data])
            {
                node = NodeOf(data);
            }

            return new ScriptRecord(script, node, arguments, code, duration);
        }
        catch (Exception error)
            when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static string[] NamesOf(string script) =>
        script switch
        {
            "failover" => Failover,
            "follow_primary" => Follow,
            "recovery" or "recovery_2nd_stage" => Recovery,
            _ => [],
        };

    /// <summary>The number at the end of a data folder's name.</summary>
    private static int? NodeOf(string data)
    {
        var digits = data.TrimEnd('/').Reverse().TakeWhile(char.IsAsciiDigit).Reverse().ToArray();
        return int.TryParse(digits, CultureInfo.InvariantCulture, out var node) ? node : null;
    }
}
