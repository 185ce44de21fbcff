using System.Text.RegularExpressions;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>Something in a YAML file: a text, a list, or a map.</summary>
/// <param name="Place">Where it begins.</param>
internal abstract record YamlNode(YamlPlace Place);

/// <summary>A text, as it stands or in quotes.</summary>
/// <param name="Place">Where it begins.</param>
/// <param name="Text">The text, without quotes.</param>
/// <param name="IsPlain">True without quotes: then it may be a number, true, false, or nothing.</param>
/// <remarks>YAML 1.2.2, 10.3.2 "Tag Resolution" of the core schema.</remarks>
internal sealed partial record YamlText(YamlPlace Place, string Text, bool IsPlain) : YamlNode(Place)
{
    /// <summary>True when nothing was written.</summary>
    internal bool IsNothing => IsPlain && Text is ("" or "~" or "null" or "Null" or "NULL");

    /// <summary>True or false; null when it is neither.</summary>
    internal bool? Truth =>
        !IsPlain ? null
        : Text is "true" or "True" or "TRUE" ? true
        : Text is "false" or "False" or "FALSE" ? false
        : null;

    /// <summary>True for a number, whole or not.</summary>
    internal bool IsNumber => IsPlain && Number().IsMatch(Text);

    [GeneratedRegex(
        @"\A(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
            + @"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\z"
    )]
    private static partial Regex Number();
}

/// <summary>A list.</summary>
/// <param name="Place">Where it begins.</param>
/// <param name="Items">What is in it.</param>
internal sealed record YamlList(YamlPlace Place, IReadOnlyList<YamlNode> Items) : YamlNode(Place);

/// <summary>A map.</summary>
/// <param name="Place">Where it begins.</param>
/// <param name="Entries">What is in it, in the file's order; no key is there twice.</param>
internal sealed record YamlMap(YamlPlace Place, IReadOnlyList<YamlEntry> Entries) : YamlNode(Place)
{
    /// <summary>What a key has.</summary>
    /// <returns>Null when it is not there.</returns>
    internal YamlNode? this[string key] => Entries.FirstOrDefault(e => e.Key.Text == key)?.Value;
}

/// <summary>A key of a map, and what it has.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">What it has.</param>
internal sealed record YamlEntry(YamlText Key, YamlNode Value);
