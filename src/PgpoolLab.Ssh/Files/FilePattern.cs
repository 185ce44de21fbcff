using System.Text;

namespace PgpoolLab.Ssh.Files;

/// <summary>Patterns of file names, as glob(7) has them: <c>*</c>, <c>?</c>, <c>[a-z]</c>, and <c>\</c> before what
/// means itself. No pattern but one that begins with a dot means a name that does.</summary>
internal static class FilePattern
{
    private static readonly Dictionary<string, Func<Rune, bool>> Classes = new()
    {
        ["alpha"] = Rune.IsLetter,
        ["digit"] = r => r.IsAscii && Rune.IsDigit(r),
        ["alnum"] = Rune.IsLetterOrDigit,
        ["lower"] = Rune.IsLower,
        ["upper"] = Rune.IsUpper,
        ["punct"] = r => Rune.IsPunctuation(r) || Rune.IsSymbol(r),
        ["space"] = Rune.IsWhiteSpace,
        ["blank"] = r => r.Value is ' ' or '\t',
        ["cntrl"] = Rune.IsControl,
        ["xdigit"] = r => r.IsAscii && char.IsAsciiHexDigit((char)r.Value),
    };

    /// <summary>True when it may mean another name than the one it is written as.</summary>
    internal static bool Is(string text) => text.AsSpan().IndexOfAny(@"*?[\") >= 0;

    /// <summary>True when it means this name.</summary>
    internal static bool Fits(string name, string pattern) =>
        (!name.StartsWith('.') || pattern.StartsWith('.') || pattern.StartsWith(@"\.", StringComparison.Ordinal))
        && Fits([.. name.EnumerateRunes()], Parse([.. pattern.EnumerateRunes()]));

    private static bool Fits(Rune[] name, List<Func<Rune, bool>?> pattern)
    {
        // Where the last star was, and what it has swallowed: one step back is enough.
        var (at, in_, star, swallowed) = (0, 0, -1, 0);
        while (at < name.Length)
        {
            if (in_ < pattern.Count && pattern[in_] is null)
            {
                (star, swallowed) = (in_++, at);
            }
            else if (in_ < pattern.Count && pattern[in_]!(name[at]))
            {
                in_++;
                at++;
            }
            else if (star >= 0)
            {
                (in_, at) = (star + 1, ++swallowed);
            }
            else
            {
                return false;
            }
        }

        return pattern.Skip(in_).All(p => p is null);
    }

    /// <summary>What each character may be; null for a star.</summary>
    private static List<Func<Rune, bool>?> Parse(Rune[] pattern)
    {
        var parts = new List<Func<Rune, bool>?>();
        for (var at = 0; at < pattern.Length; at++)
        {
            switch (pattern[at].Value)
            {
                case '*':
                    parts.Add(null);
                    break;
                case '?':
                    parts.Add(_ => true);
                    break;
                case '[' when Brackets(pattern, ref at) is { } several:
                    parts.Add(several);
                    break;
                case '\\' when at + 1 < pattern.Length:
                    var escaped = pattern[++at];
                    parts.Add(r => r == escaped);
                    break;
                default:
                    var self = pattern[at];
                    parts.Add(r => r == self);
                    break;
            }
        }

        return parts;
    }

    /// <summary>What stands in brackets.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="at">Where they begin; where they end, if they do.</param>
    /// <returns>Null when they do not end, and mean themselves.</returns>
    private static Func<Rune, bool>? Brackets(Rune[] pattern, ref int at)
    {
        var next = at + 1;
        var negated = next < pattern.Length && pattern[next].Value is '!' or '^';
        next += negated ? 1 : 0;
        var first = next;
        var tests = new List<Func<Rune, bool>>();
        while (true)
        {
            if (next >= pattern.Length)
            {
                return null;
            }

            if (pattern[next].Value == ']' && next > first)
            {
                at = next;
                return r => tests.Any(t => t(r)) != negated;
            }

            if (Class(pattern, ref next) is { } named)
            {
                tests.Add(named);
                continue;
            }

            if (One(pattern, ref next) is not { } low)
            {
                return null;
            }

            var high = low;
            if (next + 1 < pattern.Length && pattern[next].Value == '-' && pattern[next + 1].Value != ']')
            {
                next++;
                if (One(pattern, ref next) is not { } end)
                {
                    return null;
                }

                high = end;
            }

            tests.Add(r => r >= low && r <= high);
        }
    }

    private static Rune? One(Rune[] pattern, ref int next)
    {
        next += pattern[next].Value == '\\' ? 1 : 0;
        return next < pattern.Length ? pattern[next++] : null;
    }

    /// <summary><c>[:digit:]</c> and its like.</summary>
    private static Func<Rune, bool>? Class(Rune[] pattern, ref int next)
    {
        var rest = string.Concat(pattern.Skip(next));
        if (!rest.StartsWith("[:", StringComparison.Ordinal))
        {
            return null;
        }

        foreach (var (name, test) in Classes)
        {
            if (rest.StartsWith($"[:{name}:]", StringComparison.Ordinal))
            {
                next += name.Length + "[::]".Length;
                return test;
            }
        }

        return null;
    }
}
