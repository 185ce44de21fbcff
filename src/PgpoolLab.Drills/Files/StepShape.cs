using System.Text.Json.Nodes;
using PgpoolLab.Provisioning.LabFiles;

namespace PgpoolLab.Drills.Files;

/// <summary>A step: one verb, when it is done, and the verb's options.</summary>
/// <param name="time">What a time is.</param>
internal sealed class StepShape(Shape time) : Shape
{
    /// <summary>Keys that say when.</summary>
    private static readonly string[] Moments = ["at", "after", "when", "every"];

    internal override string Expected => "a step such as { at: 3s, kill: primary }";

    internal override bool IsKindOf(YamlNode node) => node is YamlMap;

    internal override void Check(YamlNode node, string path, LabFileProblems problems)
    {
        if (node is not YamlMap map)
        {
            Refuse(node, path, problems);
            return;
        }

        var verbs = map.Entries.Where(e => StepVerb.Find(e.Key.Text) is not null).ToArray();
        if (verbs.Length != 1)
        {
            var other = map.Entries.FirstOrDefault(e =>
                !Moments.Contains(e.Key.Text) && StepVerb.Find(e.Key.Text) is null
            );
            problems.Add(
                verbs.Length > 1 ? verbs[1].Key.Place : other?.Key.Place ?? map.Place,
                verbs.Length > 1
                    ? $"{path} does two things, {verbs[0].Key.Text} and {verbs[1].Key.Text}; make two steps of it."
                    : $"{path} says not what to do. "
                        + (
                            other is not null && Nearest(other.Key.Text, StepVerb.All.Select(v => v.Name)) is { } near
                                ? $"Did you mean {near}?"
                                : $"There are {string.Join(", ", StepVerb.All.Select(v => v.Name))}."
                        )
            );
            return;
        }

        var verb = StepVerb.Find(verbs[0].Key.Text)!;
        foreach (var (key, value) in map.Entries.Select(e => (e.Key, e.Value)))
        {
            CheckKey(verb, key, value, $"{path}.{key.Text}", problems);
        }

        if (map["at"] is not null && (map["after"] ?? map["when"]) is { } second)
        {
            problems.Add(second.Place, $"{path}: 'at' says when already.");
        }
    }

    private void CheckKey(StepVerb verb, YamlText key, YamlNode value, string path, LabFileProblems problems)
    {
        switch (key.Text)
        {
            case "at" or "after":
                time.Check(value, path, problems);
                break;
            case "when":
                new WordShape([.. DrillEvents.All]).Check(value, path, problems);
                break;
            case "every":
                if (value is not YamlText text || DrillFileReader.Every(text.Text) is null)
                {
                    problems.Add(
                        value.Place,
                        $"{path} must be a time and a number such as 500ms x 8; it is {Shown(value)}."
                    );
                }

                break;
            case var name when name == verb.Name:
                CheckWords(verb, value, path, problems);
                break;
            case var name when verb.Options.Contains(name):
                new ValueShape().Check(value, path, problems);
                break;
            default:
                problems.Add(
                    key.Place,
                    $"there is no key '{key.Text}' for {verb.Name}; there are "
                        + $"{string.Join(", ", Moments.Concat(verb.Options))}."
                );
                break;
        }
    }

    private static void CheckWords(StepVerb verb, YamlNode value, string path, LabFileProblems problems)
    {
        var words = DrillFileReader.WordsOf(verb, value);
        if (words is null)
        {
            problems.Add(
                value.Place,
                $"{path} must be the words of {verb.Name}, or a list of them; it is {Shown(value)}."
            );
        }
        else if (verb.IsOnLinks && words.Count != 2)
        {
            problems.Add(value.Place, $"{path} must be a link such as pgpool0 -> node 0; it is {Shown(value)}.");
        }
        else if (verb.IsOnDisks && !(words.Count == 1 && StepSpec.IsDiskOf(verb.Name, words[0])))
        {
            problems.Add(
                value.Place,
                $"{path} must be {(verb.Name == StepVerb.Fill ? "primary or " : "")}a node such as node 0; "
                    + $"it is {Shown(value)}."
            );
        }
        else if (words.Any(w => w.StartsWith('-')) && verb.Name != "exec")
        {
            problems.Add(value.Place, $"{path}: options are keys of the step, not words.");
        }
    }

    internal override JsonObject Schema()
    {
        var properties = new JsonObject();
        foreach (var moment in new[] { "at", "after" })
        {
            properties[moment] = time.Schema();
        }

        properties["when"] = new JsonObject { ["enum"] = new JsonArray([.. DrillEvents.All.Select(e => (JsonNode)e)]) };
        properties["every"] = new JsonObject
        {
            ["type"] = "string",
            ["pattern"] = "^[0-9.]+ ?(ms|s|m|min) ?[x×] ?[0-9]+$",
        };
        foreach (var verb in StepVerb.All)
        {
            properties[verb.Name] = new JsonObject { ["type"] = new JsonArray("string", "integer", "array", "null") };
            foreach (var option in verb.Options)
            {
                properties[option] ??= new JsonObject { ["type"] = new JsonArray("string", "number") };
            }
        }

        return new JsonObject
        {
            ["type"] = "object",
            ["additionalProperties"] = false,
            ["properties"] = properties,
        };
    }
}
