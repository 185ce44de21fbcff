using System.Globalization;
using System.Text;
using CsCheck;

namespace PgpoolLab.Testing;

/// <summary>What properties are tried with. A failure names the seed that repeats it: <c>CsCheck_Seed</c>;
/// <c>CsCheck_Iter</c> says how many samples (100).</summary>
public static class Any
{
    /// <summary>Samples of what costs microseconds.</summary>
    public static long Many => Check.Iter * 10;

    /// <summary>Samples of what starts programs.</summary>
    public static long Few => Math.Max(1, Check.Iter / 5);

    /// <summary>What somebody gives a meaning to: shells, libpq, PostgreSQL, Pgpool-II, JSON, templates,
    /// terminals.</summary>
    private static readonly string[] Meaningful =
    [
        "'",
        "\"",
        "\\",
        "$",
        "`",
        "%",
        "%p",
        "%%",
        "$(id)",
        "${x}",
        "$$",
        "''",
        "\\'",
        "\\\\",
        "!",
        "!!",
        "*",
        "?",
        "~",
        "#",
        ";",
        "&",
        "|",
        "<",
        ">",
        "<<END",
        "(",
        ")",
        "{",
        "}",
        "{}",
        "[",
        "]",
        "=",
        ":",
        ",",
        "-",
        "--",
        " ",
        "  ",
        "END",
        "EOF",
        "{{",
        "}}",
        "{{ lab.name }}",
        "%d",
        "@",
        "^",
        "\u00A0",
        "\u2028",
        "\u200B",
        "é",
        "e\u0301",
        "ü",
        "🐘",
        "中文",
        "\uE000node_id\uE001",
        "\uE000",
        "\uFFFD",
        "\uFEFF",
        "\\n",
        "\\0",
        "\\c",
        "x",
        "0",
        "data0",
        ".",
        "..",
    ];

    /// <summary>Control characters. The one no text of a system can hold is not among them.</summary>
    private static readonly string[] Controls =
    [
        "\n",
        "\r",
        "\t",
        "\u001b[31m",
        "\u0001",
        "\u007f",
        "\u0085",
        "\r\n",
        "\n\n",
        "\u001f",
    ];

    private static readonly Gen<string> Rune = Gen.Int[0x20, 0x10FFFF]
        .Where(r => System.Text.Rune.IsValid(r) && !char.IsControl(char.ConvertFromUtf32(r), 0))
        .Select(char.ConvertFromUtf32);

    private static readonly Gen<string> Piece = Gen.Frequency(
        (6, Gen.OneOf(Meaningful)),
        (4, Gen.Char[' ', '~'].Select(c => c.ToString())),
        (1, Rune)
    );

    /// <summary>Any text without control characters; it may be empty.</summary>
    public static Gen<string> Line { get; } = Piece.Array[0, 12].Select(string.Concat);

    /// <summary>Any text a program can be given as an argument: everything but NUL.</summary>
    public static Gen<string> Text { get; } =
        Gen.Frequency((9, Piece), (1, Gen.OneOf(Controls))).Array[0, 12].Select(string.Concat);

    /// <summary>A few names of folders that have all of it in them.</summary>
    /// <param name="count">How many.</param>
    public static string[] EveryMeaning(int count) =>
        [.. Enumerable.Range(0, count).Select(n => string.Concat(Meaningful.Where((_, i) => i % count == n)))];

    /// <summary>Any name a folder can have which setup accepts.</summary>
    public static Gen<string> FolderName { get; } =
        Line.Select(t => t.Replace("/", "", StringComparison.Ordinal))
            .Where(t => t is not ("" or "." or "..") && Encoding.UTF8.GetByteCount(t) <= 200);

    /// <summary>Login names as they occur: also those of directories, with a domain and all.</summary>
    public static Gen<string> User { get; } =
        Gen.OneOf(
            "olga",
            "postgres",
            "_pg",
            "o.lga-2",
            "olga$",
            "DOMAIN\\olga",
            "DOMAIN\\olga lga",
            "olga@example.org",
            "DOMAIN+olga",
            "ölga",
            "Olga \"O\" Lga",
            "a\\\\b"
        );

    /// <summary>Bytes of any kind.</summary>
    public static Gen<byte[]> Bytes { get; } = Gen.Byte.Array[0, 200];

    /// <summary>A text in which something was cut out, put in, doubled or replaced, a few times.</summary>
    public static Gen<string> Mutation(string original) =>
        Gen.Select(
                Gen.Double[0, 1],
                Gen.Int[0, 20],
                Gen.OneOf(
                    Text,
                    Gen.OneOf("null", "-1", "99999999999999999999", "[]", "{}", "\"\"", "1e400", "true", ",", "\\ud800")
                ),
                Gen.Int[0, 3]
            )
            .Array[1, 4]
            .Select(changes =>
                changes.Aggregate(
                    original,
                    (text, change) =>
                    {
                        var (place, length, insertion, kind) = change;
                        var at = (int)(place * text.Length);
                        var end = Math.Min(text.Length, at + length);
                        return kind switch
                        {
                            0 => text[..at] + text[end..],
                            1 => text[..at] + insertion + text[at..],
                            2 => text[..end] + text[at..],
                            _ => text[..at] + insertion + text[end..],
                        };
                    }
                )
            )
            .Select(WithoutHalves);

    /// <summary>The same of bytes.</summary>
    public static Gen<byte[]> Mutation(byte[] original) =>
        Gen.Select(Gen.Double[0, 1], Gen.Int[0, 8], Gen.Byte.Array[0, 6])
            .Array[1, 4]
            .Select(changes =>
                changes.Aggregate(
                    original,
                    (bytes, change) =>
                    {
                        var (place, length, insertion) = change;
                        var at = (int)(place * bytes.Length);
                        return [.. bytes[..at], .. insertion, .. bytes[Math.Min(bytes.Length, at + length)..]];
                    }
                )
            );

    // Half a character, where a cut went through one, is in no file.
    private static string WithoutHalves(string text) => string.Concat(text.EnumerateRunes());

    /// <summary>A text as a failure shows it: what cannot be seen is written as numbers.</summary>
    public static string Shown(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return string.Concat(
            text.Select(c =>
                c is > ' ' and <= '~' or ' ' || (c > '\u00A0' && char.IsLetterOrDigit(c))
                    ? c.ToString()
                    : string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}")
            )
        );
    }
}
