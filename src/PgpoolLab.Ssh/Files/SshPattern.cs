namespace PgpoolLab.Ssh.Files;

/// <summary>Patterns of ssh: <c>*</c> and <c>?</c>; in lists divided by commas <c>!</c> takes out.</summary>
/// <remarks>ssh_config(5), "PATTERNS".</remarks>
internal static class SshPattern
{
    /// <summary>True when the whole text is as the pattern says.</summary>
    internal static bool Fits(string text, string pattern)
    {
        // Where the last star was, and what it has swallowed: one step back is enough.
        var (at, in_, star, swallowed) = (0, 0, -1, 0);
        while (at < text.Length)
        {
            if (in_ < pattern.Length && pattern[in_] == '*')
            {
                (star, swallowed) = (in_++, at);
            }
            else if (in_ < pattern.Length && (pattern[in_] == '?' || pattern[in_] == text[at]))
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

        return pattern.AsSpan(in_).TrimStart('*').IsEmpty;
    }

    /// <summary>True when one of the patterns fits, and none of those with <c>!</c>.</summary>
    internal static bool FitsOneOf(string text, IEnumerable<string> patterns)
    {
        var found = false;
        foreach (var pattern in patterns)
        {
            if (pattern is ['!', .. var negated])
            {
                if (Fits(text, negated))
                {
                    return false;
                }
            }
            else
            {
                found |= Fits(text, pattern);
            }
        }

        return found;
    }
}
