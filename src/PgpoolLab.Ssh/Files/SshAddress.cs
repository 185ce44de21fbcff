using System.Globalization;
using PgpoolLab.Model;

namespace PgpoolLab.Ssh.Files;

/// <summary>A host as people name it: <c>b</c>, <c>olga@b</c>, <c>b:2222</c>, <c>[::1]:22</c>,
/// <c>ssh://olga@b:2222</c>.</summary>
/// <param name="Host">Its name, as <c>Host</c> in ssh's configuration compares it.</param>
/// <param name="User">Whom to log in as; null for what the configuration says.</param>
/// <param name="Port">The port; null for what the configuration says.</param>
public sealed record SshAddress(string Host, string? User = null, int? Port = null)
{
    private const string Scheme = "ssh://";

    /// <summary>Reads one.</summary>
    /// <exception cref="LabException">It is none.</exception>
    public static SshAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text)
            ?? throw new LabException(ExitCode.Usage, $"\"{text}\" names no host.")
            {
                Hints = ["Give a name of ~/.ssh/config, or one like olga@host.example.org:22"],
            };
    }

    internal static SshAddress? TryParse(string text)
    {
        var isUrl = text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);
        var rest = isUrl ? text[Scheme.Length..].TrimEnd('/') : text;
        string? user = null;
        if (rest.LastIndexOf('@') is >= 0 and var at)
        {
            (user, rest) = (rest[..at], rest[(at + 1)..]);
        }

        string? port = null;
        if (rest.StartsWith('[') && rest.IndexOf(']') is > 0 and var close)
        {
            (rest, var after) = (rest[1..close], rest[(close + 1)..]);
            if (after.Length > 0)
            {
                if (!after.StartsWith(':'))
                {
                    return null;
                }

                port = after[1..];
            }
        }
        else if (rest.IndexOf(':') is >= 0 and var colon && colon == rest.LastIndexOf(':'))
        {
            (rest, port) = (rest[..colon], rest[(colon + 1)..]);
        }

        int? number = port is null ? null : PortOf(port);
        return IsHost(rest) && (user is null || IsUser(user)) && (port is null || number is not null)
            ? new SshAddress(rest, user, number)
            : null;
    }

    /// <summary>True for what may be the name or address of a host: blanks are in none.</summary>
    internal static bool IsHost(string text) => IsUser(text) && !text.Any(char.IsWhiteSpace);

    /// <summary>True for what may be the name of a user. What begins with a dash would be an option of ssh; what no
    /// terminal shows is in no name.</summary>
    internal static bool IsUser(string text) => text.Length > 0 && !text.StartsWith('-') && !text.Any(IsUnseen);

    private static bool IsUnseen(char c) =>
        char.GetUnicodeCategory(c)
            is UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator;

    internal static int? PortOf(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535
            ? port
            : null;

    /// <inheritdoc/>
    public override string ToString()
    {
        var host = Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
        return $"{(User is null ? "" : User + "@")}{host}{(Port is null ? "" : ":" + Port)}";
    }
}
