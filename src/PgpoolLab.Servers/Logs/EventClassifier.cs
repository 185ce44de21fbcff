using System.Globalization;
using System.Text.RegularExpressions;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Logs;

/// <summary>Makes a few events of many messages. It is to be given a lab's messages in their order, and remembers what
/// they have said: a thing that many processes report is one event.</summary>
/// <param name="lab">The lab.</param>
public sealed partial class EventClassifier(Lab lab)
{
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(2);

    // By what is reported: the last report of it.
    private readonly Dictionary<string, DateTimeOffset?> _reports = [];
    private readonly Dictionary<string, long> _primaries = [];
    private readonly Dictionary<(string Source, int? Process), long> _recoveries = [];
    private readonly Dictionary<string, object?> _promoted = [];
    private readonly HashSet<string> _broken = [];
    private readonly Dictionary<string, string> _states = [];

    /// <summary>The event that a message reports; null when it reports none, or one that is known already.</summary>
    public LabEvent? Classify(LogLine line)
    {
        ArgumentNullException.ThrowIfNull(line);
        if (line.Source.Kind is LogKind.ScriptEvents)
        {
            return ScriptRun.Read(line);
        }

        if (line is { Source.Kind: LogKind.Tool, Level: >= LogLevel.Error })
        {
            return New(line, "step-fails", null, new() { ["step"] = line.FirstLine }, "{step}");
        }

        foreach (var pattern in EventPatterns.All)
        {
            if (pattern.Match(line) is { } arguments)
            {
                return Of(line, pattern, arguments);
            }
        }

        return null;
    }

    private LabEvent? Of(LogLine line, EventPattern pattern, Dictionary<string, object> arguments)
    {
        var source = line.Source.Label;
        var node = NodeOf(line, arguments);
        var (name, text) = (pattern.Name, pattern.Text);
        switch (name)
        {
            case "primary" when node is { } primary:
                if (_primaries.TryGetValue(source, out var known) && known == primary)
                {
                    return null;
                }

                _primaries[source] = primary;
                if (primary < 0)
                {
                    (name, text, node) = ("primary-lost", "{source} knows no primary", null);
                }

                break;
            case "recovery-begins":
                _recoveries[(source, line.Process)] = node ?? -1;
                break;
            case "recovery-ends" or "recovery-fails":
                node = _recoveries.Remove((source, line.Process), out var recovered) ? (int)recovered : null;
                break;
            case "promotion-begins":
                _promoted[source] = null;
                break;
            case "timeline":
                // Of a server that ends its recovery without being promoted it is an event of its own.
                if (_promoted.ContainsKey(source))
                {
                    _promoted[source] = arguments["timeline"];
                    return null;
                }

                break;
            case "server-starts":
                _promoted.Remove(source);
                break;
            case "server-up":
                if (_promoted.Remove(source, out var timeline))
                {
                    (name, text) = ("promotion-ends", "{source} is a primary");
                    if (timeline is not null)
                    {
                        arguments["timeline"] = timeline;
                        text += ", on timeline {timeline}";
                    }
                }
                else
                {
                    arguments["role"] = line.Text.Contains("ready to accept read", StringComparison.Ordinal)
                        ? "standby"
                        : "primary";
                }

                break;
            case "streaming-begins":
                _broken.Remove(source);
                break;
            // It tries again and again.
            case "streaming-breaks" when !_broken.Add(source):
                return null;
            case "leader":
                arguments["pgpool"] = PgpoolOf((string)arguments["leader"]) is { } leader ? leader : -1L;
                if (!Changes("leader " + source, arguments["leader"].ToString()!))
                {
                    return null;
                }

                break;
            case "health-check-failed" or "diverged" or "segment-missing" or "quorum" or "quorum-lost":
                if (name == "segment-missing")
                {
                    arguments["standby"] = line.Name;
                }

                if (Repeats(line, $"{source} {name} {node} {string.Join(' ', arguments.Values)}"))
                {
                    return null;
                }

                break;
            case "server-died" when Repeats(line, $"{source} {name}"):
                return null;
        }

        return New(line, name, node, arguments, text);
    }

    /// <summary>Said before, and again and again since.</summary>
    private bool Repeats(LogLine line, string what)
    {
        var repeats = _reports.TryGetValue(what, out var before) && !(line.At - before > Moment);
        _reports[what] = line.At;
        return repeats;
    }

    private bool Changes(string what, string state)
    {
        var changes = !_states.TryGetValue(what, out var before) || before != state;
        _states[what] = state;
        return changes;
    }

    private static LabEvent New(LogLine line, string name, int? node, Dictionary<string, object> arguments, string text)
    {
        arguments.Remove("node");
        foreach (var (key, value) in arguments.ToArray())
        {
            if (value is string words && words.Contains('\n'))
            {
                arguments[key] = Breaks().Replace(words, "; ");
            }
        }

        return new LabEvent(
            line.At,
            name,
            line.Source.Label,
            node,
            arguments,
            Argument().Replace(text, m => Word(m.Groups[1].Value))
        );

        string Word(string key) =>
            key switch
            {
                "source" => Title(line.Source),
                "node" => node is { } number ? number.ToString(CultureInfo.InvariantCulture) : "?",
                _ => arguments.TryGetValue(key, out var value) ? $"{value}" : "?",
            };
    }

    private static string Title(LogSource source) =>
        source.Kind switch
        {
            LogKind.Node => $"node {source.Number}",
            LogKind.Pgpool => source.Label == "pgpool" ? "Pgpool-II" : $"Pgpool-II {source.Number}",
            _ => source.Label,
        };

    /// <summary>The node that is named, or has the port that is named, or writes the log.</summary>
    private int? NodeOf(LogLine line, Dictionary<string, object> arguments) =>
        arguments.TryGetValue("node", out var named) && named is long number ? (int)number
        : arguments.TryGetValue("port", out var port) ? lab.Nodes.FirstOrDefault(n => port.Equals((long)n.Port))?.Id
        : line.Source.Kind is LogKind.Node ? line.Source.Number
        : null;

    /// <summary>A watchdog calls its members HOST:PORT and what the system is called.</summary>
    private long? PgpoolOf(string leader) =>
        Port().Match(leader) is { Success: true } port
            ? lab.Pgpools.FirstOrDefault(p => port.Groups[1].Value == $"{p.Port}")?.Id
            : null;

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Argument();

    [GeneratedRegex(@"\s*\n\s*")]
    private static partial Regex Breaks();

    [GeneratedRegex(@"\A\S+:(\d+)( |\z)")]
    private static partial Regex Port();
}
