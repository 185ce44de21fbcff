using System.Globalization;
using System.Text;

namespace PgpoolLab.Ssh.Files;

/// <summary>What stands for something else in ssh's configuration: <c>~</c>, <c>%h</c>, <c>${NAME}</c>.</summary>
/// <param name="home">Whose it is.</param>
/// <param name="name">The name that was asked for.</param>
/// <param name="hostName">What it stands for.</param>
/// <param name="port">The port.</param>
/// <param name="user">Whom to log in as.</param>
/// <param name="keyName">The name under which its key is known.</param>
/// <remarks>ssh_config(5), "TOKENS" and "ENVIRONMENT VARIABLES".</remarks>
internal sealed class SshTokens(SshHome home, string name, string hostName, int port, string user, string keyName)
{
    /// <summary>The path of a file.</summary>
    /// <exception cref="FormatException">It has a token that means nothing.</exception>
    internal string PathOf(string text)
    {
        var path = Variables(Percent(text, TokenOf));
        return Path.GetFullPath(
            home.Expand(path) ?? throw new FormatException($"\"{path}\" is in the home of a user who is not known"),
            home.Folder
        );
    }

    private string? TokenOf(char token) =>
        token switch
        {
            'd' => home.Folder,
            'h' => hostName,
            'i' => home.UserId.ToString(CultureInfo.InvariantCulture),
            'k' => keyName,
            'L' => Environment.MachineName.Split('.')[0],
            'l' => Environment.MachineName,
            'n' => name,
            'p' => port.ToString(CultureInfo.InvariantCulture),
            'r' => user,
            'u' => home.UserName,
            _ => null,
        };

    /// <summary>A text in which tokens are replaced; <c>%%</c> is a percent sign.</summary>
    /// <exception cref="FormatException">It has a token that means nothing.</exception>
    internal static string Percent(string text, Func<char, string?> token)
    {
        var result = new StringBuilder();
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] != '%')
            {
                result.Append(text[at]);
                continue;
            }

            var letter = ++at < text.Length ? text[at] : ' ';
            result.Append(
                letter == '%'
                    ? "%"
                    : token(letter) ?? throw new FormatException($"\"%{letter}\" in \"{text}\" means nothing here")
            );
        }

        return result.ToString();
    }

    private string Variables(string text)
    {
        while (text.IndexOf("${", StringComparison.Ordinal) is >= 0 and var start)
        {
            var end = text.IndexOf('}', start);
            if (end < 0 || home.Variable(text[(start + 2)..end]) is not { } value)
            {
                throw new FormatException($"\"{text}\" has a variable that is not set");
            }

            text = text[..start] + value + text[(end + 1)..];
        }

        return text;
    }
}
