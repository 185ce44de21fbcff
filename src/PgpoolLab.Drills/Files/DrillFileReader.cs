using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.LabFiles;

namespace PgpoolLab.Drills.Files;

/// <summary>Reads drill files, and refuses one with an error: all problems are named, each with its place.</summary>
public static partial class DrillFileReader
{
    private const string Ending = ".yaml";

    /// <summary>A drill that is like another that is like another, and so on, has an end.</summary>
    private const int Deepest = 8;

    /// <summary>Reads a file, with the rights of whoever calls.</summary>
    /// <param name="path">The file, absolute.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <param name="behindRoot">For root: the number of the user who became root (by sudo); null for nobody.</param>
    /// <exception cref="InvalidSpecException">It has errors.</exception>
    /// <exception cref="LabException">It cannot be read, or root must not trust it.</exception>
    public static DrillSpec Read(string path, string name, int? behindRoot)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Parse(TextOf(path, name, behindRoot), name, path, f => TextOf(f, f, behindRoot));
    }

    /// <summary>Reads a drill that the program brings.</summary>
    /// <returns>Null when there is none of this name.</returns>
    public static DrillSpec? ReadOwn(string name) =>
        DrillLibrary.TextOf(name) is { } text ? Parse(text, name + Ending, null, _ => null) : null;

    /// <summary>Reads a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <param name="path">The file, absolute; null for none.</param>
    /// <param name="read">Reads another file that it extends; null for one that is not there.</param>
    /// <exception cref="InvalidSpecException">It has errors.</exception>
    internal static DrillSpec Parse(string text, string name, string? path, Func<string, string?> read)
    {
        var folder = path is null ? "/" : Path.GetDirectoryName(path)!;
        var map = Whole(text, name, folder, read, 0);
        return new Meaning(folder).Of(
            map,
            Path.GetFileName(name) is var file && file.EndsWith(Ending, StringComparison.Ordinal)
                ? file[..^Ending.Length]
                : file,
            path,
            text
        );
    }

    /// <summary>The words of a step: those of a text, or those of a list.</summary>
    /// <returns>Null when they are neither.</returns>
    internal static IReadOnlyList<string>? WordsOf(StepVerb verb, YamlNode node)
    {
        switch (node)
        {
            case YamlList list when list.Items.All(i => i is YamlText):
                return [.. list.Items.Select(i => ((YamlText)i).Text)];
            case YamlText { IsNothing: true }:
                return [];
            case YamlText text:
                var words =
                    verb.IsOnLinks || verb.Name == "heal" ? NodeNumber().Replace(text.Text, "node$1") : text.Text;
                // Elsewhere a node is its number.
                words = verb.IsOnLinks || verb.Name is "exec" or "heal" ? words : NodeWord().Replace(words, "");
                return
                [
                    .. words
                        .Replace("->", " ", StringComparison.Ordinal)
                        .Split(' ', StringSplitOptions.RemoveEmptyEntries),
                ];
            default:
                return null;
        }
    }

    /// <summary>How often, and with what time between.</summary>
    internal static (double Seconds, int Times)? Every(string text)
    {
        var match = EveryPattern().Match(text);
        return
            match.Success
            && DrillTime.Parse(match.Groups["time"].Value) is { } seconds
            && int.TryParse(match.Groups["times"].Value, out var times)
            && times is > 0 and <= 10_000
            ? (seconds, times)
            : null;
    }

    private static string TextOf(string path, string name, int? behindRoot) =>
        LabFileReader.ReadText(
            path,
            $"drill file {name}",
            $"When you have read what is in it, make it yours:  chown root {Shell.Quote(path)}",
            behindRoot
        );

    /// <summary>A file and what it extends, as one map.</summary>
    private static YamlMap Whole(string text, string name, string folder, Func<string, string?> read, int depth)
    {
        var problems = new LabFileProblems(name);
        var root = YamlReader.Read(text, problems);
        if (root is null && problems.None)
        {
            problems.Add(new YamlPlace(1, 1), "there is nothing in it; a drill has steps.");
        }
        else if (root is not null)
        {
            DrillKeys.Root.Check(root, "", problems);
        }

        var map = root as YamlMap;
        if (problems.None)
        {
            CheckTogether(map!, problems);
        }

        if (!problems.None)
        {
            throw new InvalidSpecException(problems.Lines);
        }

        if (map!["extends"] is not YamlText other)
        {
            if (map["steps"] is null)
            {
                problems.Add(map.Place, "there are no steps in it.");
                throw new InvalidSpecException(problems.Lines);
            }

            return map;
        }

        var path = Path.GetFullPath(other.Text, folder);
        var below = DrillLibrary.TextOf(other.Text) ?? read(path);
        if (below is null || depth > Deepest)
        {
            problems.Add(
                other.Place,
                below is null
                    ? $"extends: there is no drill '{other.Text}'."
                    : "extends: the drills extend each other without an end."
            );
            throw new InvalidSpecException(problems.Lines);
        }

        return Over(map, Whole(below, other.Text, Path.GetDirectoryName(path)!, read, depth + 1));
    }

    /// <summary>One map over another: lab, load and until are merged key by key, the rest replaces.</summary>
    private static YamlMap Over(YamlMap map, YamlMap below)
    {
        string[] merged = ["lab", "load", "until"];
        var entries = below.Entries.Where(e => map[e.Key.Text] is null && e.Key.Text != "extends").ToList();
        foreach (var entry in map.Entries)
        {
            entries.Add(
                merged.Contains(entry.Key.Text) && entry.Value is YamlMap own && below[entry.Key.Text] is YamlMap theirs
                    ? entry with
                    {
                        Value = Merged(own, theirs),
                    }
                    : entry
            );
        }

        return new YamlMap(map.Place, entries);
    }

    private static YamlMap Merged(YamlMap own, YamlMap theirs) =>
        new(
            own.Place,
            [
                .. theirs.Entries.Where(e => own[e.Key.Text] is null),
                .. own.Entries.Select(e =>
                    e.Value is YamlMap inner && theirs[e.Key.Text] is YamlMap other
                        ? e with
                        {
                            Value = Merged(inner, other),
                        }
                        : e
                ),
            ]
        );

    private static void CheckTogether(YamlMap root, LabFileProblems problems)
    {
        if (root["lab"] is YamlMap lab)
        {
            foreach (var key in new[] { "directory", "hosts", "start", "run-as" })
            {
                if (lab.Entries.FirstOrDefault(e => e.Key.Text == key) is { } found)
                {
                    problems.Add(found.Key.Place, $"lab.{key}: a drill makes its lab itself, on this machine.");
                }
            }
        }

        var variants = ((root["matrix"] as YamlMap)?.Entries ?? []).Aggregate(
            1,
            (n, e) => Math.Min(n * Math.Max(1, (e.Value as YamlList)?.Items.Count ?? 1), 10_000)
        );
        if (variants > DrillKeys.MostVariants)
        {
            problems.Add(
                root["matrix"]!.Place,
                $"matrix: that makes {variants} variants, more than {DrillKeys.MostVariants}."
            );
        }
    }

    [GeneratedRegex(@"\bnode +([0-9]+)\b")]
    private static partial Regex NodeNumber();

    [GeneratedRegex(@"\bnode ?(?=[0-9])")]
    private static partial Regex NodeWord();

    [GeneratedRegex(@"\A(?<time>[0-9.]+ ?(ms|s|m|min)) ?[x×] ?(?<times>[0-9]+)\z")]
    private static partial Regex EveryPattern();

    /// <summary>What a map that was found right says.</summary>
    /// <param name="folder">Where relative paths begin.</param>
    private sealed class Meaning(string folder)
    {
        internal DrillSpec Of(YamlMap root, string name, string? file, string text)
        {
            IReadOnlyList<StepSpec> steps = [.. ((YamlList)root["steps"]!).Items.Select(s => StepOf((YamlMap)s))];
            var (load, until) = (Map(root, "load"), Map(root, "until"));
            var standard = LoadSpec.Default;
            return new DrillSpec(name, Text(root["drill"]) ?? name, file, text)
            {
                About = Text(root["about"]),
                Lab = LabOf(Map(root, "lab"), steps).ToJsonString(),
                Load = new LoadSpec(
                    Text(load["kind"]) ?? standard.Kind,
                    WholeShape.NumberOf(load["clients"]) ?? standard.Clients,
                    Text(load["rate"]) is { } rate ? DrillKeys.Rate(rate)!.Value : standard.Rate,
                    Text(load["read-own-writes"]) is { } share ? DrillKeys.Share(share)!.Value : standard.ReadShare,
                    Seconds(load["timeout"]) ?? standard.Timeout,
                    Seconds(load["reconnect"]) ?? standard.Reconnect
                ),
                Steps = steps,
                Until = new UntilSpec(
                    Seconds(until["writes-steady"]) ?? UntilSpec.Default.WritesSteady,
                    Seconds(until["at-most"]) ?? UntilSpec.Default.AtMost
                ),
                Expectations =
                [
                    .. Map(root, "expect")
                        .Entries.Select(e =>
                            Expectation.Parse(Measure.All.First(m => m.Name == e.Key.Text), Text(e.Value)!)!
                        ),
                ],
                Matrix = MatrixOf(Map(root, "matrix")),
                Repeat = WholeShape.NumberOf(root["repeat"]) ?? 1,
                App = Text(root["app"]),
                NeedsRoot = Text(root["needs"]) == "root" || steps.Any(s => s.Verb == StepVerb.Fill),
            };
        }

        private static StepSpec StepOf(YamlMap map)
        {
            var entry = map.Entries.First(e => StepVerb.Find(e.Key.Text) is not null);
            var verb = StepVerb.Find(entry.Key.Text)!;
            var every = Text(map["every"]) is { } text ? Every(text)!.Value : (Seconds: 0, Times: 1);
            return new StepSpec(
                verb.Name,
                WordsOf(verb, entry.Value)!,
                [
                    .. map
                        .Entries.Where(e => verb.Options.Contains(e.Key.Text))
                        .SelectMany(e => new[] { $"--{e.Key.Text}", Text(e.Value)! }),
                ],
                verb.Kind
            )
            {
                At = Seconds(map["at"]),
                When = Text(map["when"]),
                After = Seconds(map["after"]) ?? 0,
                Every = every.Seconds,
                Times = every.Times,
            };
        }

        private static IReadOnlyList<IReadOnlyList<string>> MatrixOf(YamlMap matrix)
        {
            IEnumerable<IReadOnlyList<string>> variants =
            [
                [],
            ];
            foreach (var entry in matrix.Entries)
            {
                variants = variants.SelectMany(v =>
                    ((YamlList)entry.Value).Items.Select(i =>
                        (IReadOnlyList<string>)[.. v, $"{entry.Key.Text}={Text(i)}"]
                    )
                );
            }

            return matrix.Entries.Count == 0 ? [] : [.. variants];
        }

        /// <summary>The lab file: two nodes with slots where nothing is said, links where a step needs them, and paths
        /// that are true from everywhere.</summary>
        private JsonObject LabOf(YamlMap map, IReadOnlyList<StepSpec> steps)
        {
            var lab = (JsonObject)Json(map, [])!;
            if (!map.Entries.Any(e => e.Key.Text is "nodes" or "mode" or "postgresql"))
            {
                lab["postgresql"] = new JsonObject { ["slots"] = true };
            }

            if (lab["faults"] is null && steps.Any(s => StepVerb.Find(s.Verb)!.IsOnLinks))
            {
                lab["faults"] = true;
            }

            return lab;
        }

        private JsonNode? Json(YamlNode node, IReadOnlyList<string> path) =>
            node switch
            {
                YamlMap map => new JsonObject(
                    map.Entries.Select(e => KeyValuePair.Create(e.Key.Text, Json(e.Value, [.. path, e.Key.Text])))
                ),
                YamlList list => new JsonArray([.. list.Items.Select(i => Json(i, path))]),
                YamlText { IsNothing: true } => null,
                YamlText { Truth: { } truth } => JsonValue.Create(truth),
                YamlText { IsNumber: true } text when WholeShape.NumberOf(text) is { } number => JsonValue.Create(
                    number
                ),
                YamlText text when IsPath(path) => JsonValue.Create(PathOf(text.Text)),
                YamlText text => JsonValue.Create(text.Text),
                _ => null,
            };

        private static bool IsPath(IReadOnlyList<string> path) =>
            path
                is ["templates"]
                    or ["postgresql", "bin" or "settings-from"]
                    or ["pgpool", "installation" or "settings-from"]
                    or ["sql"]
                    or ["sql", "file"]
                    or ["roles", _, "password-file"];

        private string PathOf(string path) =>
            path.StartsWith("~/", StringComparison.Ordinal) ? path : Path.GetFullPath(path, folder);

        private static YamlMap Map(YamlMap above, string key) => above[key] as YamlMap ?? new YamlMap(above.Place, []);

        private static string? Text(YamlNode? node) => (node as YamlText)?.Text;

        private static double? Seconds(YamlNode? node) => Text(node) is { } text ? DrillTime.Parse(text) : null;
    }
}
