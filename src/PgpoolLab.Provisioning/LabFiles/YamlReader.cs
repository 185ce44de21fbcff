using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>Reads a YAML text into texts, lists and maps, each with its place. What makes one thing of another (anchors
/// and aliases, tags, merge keys) is refused: nobody can say where such a thing stands, and a few lines of it can fill
/// the memory.</summary>
/// <remarks>YAML 1.2.2. The words are YamlDotNet's parser's; the tree is our own, for the places in it.</remarks>
internal sealed class YamlReader
{
    /// <summary>Lab files are shallow; a reader that calls itself must end.</summary>
    private const int Deepest = 20;

    private const int MostNodes = 20_000;

    private readonly LabFileProblems _problems;
    private readonly Scanner _scanner;
    private readonly Parser _parser;
    private int _nodes;

    private YamlReader(string text, LabFileProblems problems)
    {
        _problems = problems;
        _scanner = new Scanner(new StringReader(text));
        _parser = new Parser(_scanner);
    }

    /// <summary>Reads the one document of a text.</summary>
    /// <returns>Null when there is none, or when it cannot be read to its end: then there is a problem.</returns>
    internal static YamlNode? Read(string text, LabFileProblems problems)
    {
        var reader = new YamlReader(text, problems);
        try
        {
            return reader.ReadDocument();
        }
        catch (YamlException error)
        {
            // It begins where the thing begins in which it is; of several lines the last is where the parser stopped.
            var stopped = reader._scanner.CurrentPosition;
            var at = stopped.Line > error.Start.Line ? stopped : error.Start;
            problems.Add(PlaceOf(at), $"this is not YAML: {Words(error)}{Advice(text, at)}");
            return null;
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException or FormatException)
        {
            // The parser itself is at a loss with some texts.
            problems.Add(PlaceOf(reader._scanner.CurrentPosition), "this is not YAML: it cannot be read from here on.");
            return null;
        }
    }

    private YamlNode? ReadDocument()
    {
        _parser.MoveNext();
        _parser.MoveNext();
        if (_parser.Current is StreamEnd)
        {
            return null;
        }

        _parser.MoveNext();
        if (ReadNode(0) is not { } node)
        {
            return null;
        }

        _parser.MoveNext();
        if (_parser.Current is DocumentStart second)
        {
            _problems.Add(PlaceOf(second.Start), "a second document begins here; a lab file is one.");
        }

        return node;
    }

    /// <summary>Reads what begins at the current event, and moves on behind it.</summary>
    /// <returns>Null when the rest is not worth reading.</returns>
    private YamlNode? ReadNode(int depth)
    {
        var place = PlaceOf(_parser.Current!.Start);
        if (depth > Deepest || ++_nodes > MostNodes)
        {
            _problems.Add(
                place,
                depth > Deepest
                    ? $"this is deeper than any lab file: more than {Deepest} levels."
                    : $"there is more in it than in any lab file: more than {MostNodes} values."
            );
            return null;
        }

        RequireOwn(place);
        switch (_parser.Current)
        {
            case Scalar scalar:
                _parser.MoveNext();
                return new YamlText(place, scalar.Value, scalar.Style is ScalarStyle.Plain);
            case SequenceStart:
                return ReadList(place, depth);
            case MappingStart:
                return ReadMap(place, depth);
            case AnchorAlias alias:
                _parser.MoveNext();
                _problems.Add(
                    place,
                    $"*{alias.Value} stands for something written elsewhere; write it out here. "
                        + "(A value that begins with * needs quotes.)"
                );
                return new YamlText(place, "", IsPlain: false);
            default:
                throw new YamlException(_parser.Current.Start, _parser.Current.End, "Something else is missing here.");
        }
    }

    private YamlList? ReadList(YamlPlace place, int depth)
    {
        var items = new List<YamlNode>();
        _parser.MoveNext();
        while (_parser.Current is not SequenceEnd)
        {
            if (ReadNode(depth + 1) is not { } item)
            {
                return null;
            }

            items.Add(item);
        }

        _parser.MoveNext();
        return new YamlList(place, items);
    }

    private YamlMap? ReadMap(YamlPlace place, int depth)
    {
        var entries = new List<YamlEntry>();
        var first = new Dictionary<string, YamlPlace>(StringComparer.Ordinal);
        _parser.MoveNext();
        while (_parser.Current is not MappingEnd)
        {
            if (ReadNode(depth + 1) is not { } key || ReadNode(depth + 1) is not { } value)
            {
                return null;
            }

            if (key is not YamlText name)
            {
                _problems.Add(key.Place, "a key must be a word, not a list or a map.");
            }
            else if (first.TryGetValue(name.Text, out var other))
            {
                _problems.Add(name.Place, $"'{name.Text}' is there twice; first on line {other.Line}.");
            }
            else
            {
                first[name.Text] = name.Place;
                entries.Add(new YamlEntry(name, value));
            }
        }

        _parser.MoveNext();
        return new YamlMap(place, entries);
    }

    private void RequireOwn(YamlPlace place)
    {
        if (_parser.Current is not NodeEvent node)
        {
            return;
        }

        if (!node.Anchor.IsEmpty)
        {
            _problems.Add(place, $"&{node.Anchor.Value} names this for use elsewhere; write it out where it is used.");
        }

        if (!node.Tag.IsEmpty)
        {
            _problems.Add(
                place,
                $"{node.Tag.Value} is a tag, and a lab file has none. (A value that begins with ! needs quotes.)"
            );
        }
    }

    private static YamlPlace PlaceOf(Mark mark) => new((int)Math.Max(mark.Line, 1), (int)Math.Max(mark.Column, 1));

    /// <summary>The parser's words; it begins some with a place of its own.</summary>
    private static string Words(YamlException error)
    {
        var words = error.Message.Split('\n')[0].Trim().TrimEnd('.');
        return (words.Length > 0 ? char.ToLowerInvariant(words[0]) + words[1..] : "it has an error") + ".";
    }

    private static string Advice(string text, Mark at)
    {
        var line = text.Split('\n').ElementAtOrDefault((int)at.Line - 1) ?? "";
        return line.Contains('\t', StringComparison.Ordinal) ? " Indent with spaces; YAML takes no tabs for that."
            : line.Skip((int)at.Column - 2).Take(2).FirstOrDefault(c => c is '*' or '&' or '!' or '%' or '@' or '`')
                is not '\0'
                    and var mark
                ? $" A value that begins with {mark} needs quotes."
            : "";
    }
}
