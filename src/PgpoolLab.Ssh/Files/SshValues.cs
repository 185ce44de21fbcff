using System.Globalization;
using PgpoolLab.Model;

namespace PgpoolLab.Ssh.Files;

/// <summary>What has been read so far for one host. The first value of a keyword counts.</summary>
internal sealed class SshValues
{
    private readonly Dictionary<string, string> _single = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<string>> _lists = new(StringComparer.Ordinal);
    private readonly List<string> _notes = [];

    /// <summary>Files with private keys: of these all count.</summary>
    internal List<string> IdentityFiles { get; } = [];

    internal IReadOnlyList<string> Notes => _notes;

    internal string? this[string keyword] => _single.GetValueOrDefault(keyword);

    internal IReadOnlyList<string>? List(string keyword) => _lists.GetValueOrDefault(keyword);

    internal void Note(string note)
    {
        if (!_notes.Contains(note))
        {
            _notes.Add(note);
        }
    }

    /// <summary>Takes what a line says, if it is about anything that is done here.</summary>
    /// <param name="line">The line.</param>
    /// <param name="place">Where it is.</param>
    internal void Take(SshLine line, string place)
    {
        switch (line.Keyword)
        {
            case "hostname"
            or "user"
            or "identitiesonly"
            or "identityagent"
            or "stricthostkeychecking"
            or "hostkeyalias"
            or "hashknownhosts":
                _single.TryAdd(line.Keyword, First(line, place));
                break;
            case "port":
                var port = First(line, place);
                _single.TryAdd(
                    line.Keyword,
                    SshAddress.PortOf(port) is null ? throw Wrong(place, $"\"{port}\" is no port") : port
                );
                break;
            case "connecttimeout":
                var time = First(line, place);
                _single.TryAdd(
                    line.Keyword,
                    TryTime(time, out _) ? time : throw Wrong(place, $"\"{time}\" is no number of seconds")
                );
                break;
            case "identityfile":
                var file = First(line, place);
                if (!IdentityFiles.Contains(file))
                {
                    IdentityFiles.Add(file);
                }

                break;
            case "userknownhostsfile" or "globalknownhostsfile" or "revokedhostkeys":
                First(line, place);
                _lists.TryAdd(line.Keyword, line.Words);
                break;
            // Whichever comes first takes the other's place.
            case "proxyjump" when !_single.ContainsKey("proxycommand"):
                _single.TryAdd(line.Keyword, First(line, place));
                break;
            case "proxycommand" when !_single.ContainsKey("proxyjump"):
                if (_single.TryAdd(line.Keyword, First(line, place)))
                {
                    _single["proxycommand-place"] = place;
                }

                break;
            case "certificatefile" or "pkcs11provider":
                Note($"{place}: {line.Keyword} is not used.");
                break;
        }
    }

    /// <summary>Seconds, or what sshd_config(5) has in "TIME FORMATS": <c>1m30s</c>.</summary>
    internal static bool TryTime(string text, out TimeSpan? time)
    {
        time = null;
        if (text == "none")
        {
            return true;
        }

        var (seconds, number, digits) = (0L, 0L, 0);
        foreach (var c in text + "s")
        {
            if (char.IsAsciiDigit(c) && digits < 9)
            {
                (number, digits) = (number * 10 + (c - '0'), digits + 1);
                continue;
            }

            var unit = char.ToLowerInvariant(c) switch
            {
                's' => 1,
                'm' => 60,
                'h' => 3600,
                'd' => 86400,
                'w' => 604800,
                _ => 0,
            };
            if (unit == 0 || (digits == 0 && seconds == 0))
            {
                return false;
            }

            seconds += number * unit;
            (number, digits) = (0, 0);
        }

        // What no clock counts is no limit.
        time = seconds is > 0 and < 86400 ? TimeSpan.FromSeconds(seconds) : null;
        return true;
    }

    private static string First(SshLine line, string place) =>
        line.Words is [{ Length: > 0 } first, ..] ? first : throw Wrong(place, $"{line.Keyword} has no value");

    internal static LabException Wrong(string place, string what) =>
        new(ExitCode.Usage, $"{place}: {what}.")
        {
            Hints = [string.Create(CultureInfo.InvariantCulture, $"ssh itself says more of it:  ssh -G HOST")],
        };
}
