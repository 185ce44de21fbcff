using System.Text.RegularExpressions;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Snapshots;

/// <summary>Has texts that name one lab's folder and ports name another's, which is like it. What else people have
/// written there stays.</summary>
/// <param name="from">The lab that the texts name.</param>
/// <param name="to">The lab that they are to name: the same servers in another folder, or on other ports.</param>
internal sealed partial class Relocation(Lab from, Lab to)
{
    private readonly Dictionary<int, int> _ports = from
        .AllPorts.Zip(to.AllPorts)
        .Where(p => p.First.Port != p.Second.Port)
        .GroupBy(p => p.First.Port)
        .ToDictionary(g => g.Key, g => g.First().Second.Port);

    private readonly Regex? _folder = FolderOf(from, to);

    /// <summary>What the folder is called in texts: a path that is one word in any of them.</summary>
    private string NewFolder => to.SafeAlias ?? to.Root;

    internal Lab From => from;

    internal Lab To => to;

    /// <summary>The text as it is to be.</summary>
    internal string Apply(string text)
    {
        text = _folder?.Replace(text, _ => NewFolder) ?? text;
        text = from.Id == to.Id ? text : Regex.Replace(text, $@"\b{from.Id}\b", to.Id);
        text = Head()
            .Replace(text, m => m.Groups["name"].Value == from.Name ? $"{m.Groups["words"].Value}{to.Name};" : m.Value);
        return _ports.Count == 0
            ? text
            : Port()
                .Replace(
                    text,
                    m =>
                        int.TryParse(m.Groups["port"].Value, out var port) && _ports.TryGetValue(port, out var other)
                            ? $"{m.Groups["before"].Value}{other}"
                            : m.Value
                );
    }

    /// <summary>True for a text that still names the old folder.</summary>
    internal bool NamesOld(string text) => _folder?.IsMatch(text) is true;

    /// <summary>The folder as the lab's files may have written it: settings double quotes, commands of settings percent
    /// signs; servers know it by a second name when it is no plain word.</summary>
    private static Regex? FolderOf(Lab from, Lab to)
    {
        var names = ((string?[])[from.Root, from.SafeAlias])
            .OfType<string>()
            .SelectMany(n => (string[])[n, n.Replace("%", "%%", StringComparison.Ordinal)])
            .SelectMany(n =>
                (string[])
                    [
                        n,
                        n.Replace("'", "''", StringComparison.Ordinal),
                        n.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal),
                    ]
            )
            .Distinct()
            .OrderByDescending(n => n.Length)
            .Select(Regex.Escape);
        return from.Root == to.Root && from.SafeAlias == to.SafeAlias
            ? null
            : new Regex($@"(?<![A-Za-z0-9_./-])(?:{string.Join('|', names)})(?![A-Za-z0-9_.-])");
    }

    /// <summary>What every file begins with that this program has written.</summary>
    [GeneratedRegex(@"(?<words>^# Written by pgpoollab \S+ for the lab )(?<name>.+?);", RegexOptions.Multiline)]
    private static partial Regex Head();

    /// <summary>Numbers where ports stand: after a word that ends in "port", after <c>-p</c>, between the colons of a
    /// password file, at the end of a socket's name.</summary>
    [GeneratedRegex(
        @"(?<before>(?i:port)[0-9]*[""']?\s*(?:=|:|\bis\b)?\s*[""']?|-p\s*|:|\.s\.PGSQL\.)(?<port>[0-9]{1,5})(?![0-9.])"
    )]
    private static partial Regex Port();
}
