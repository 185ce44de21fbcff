namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>What is wrong with a lab file, in the order in which it was found.</summary>
/// <param name="file">What the file is called in messages.</param>
internal sealed class LabFileProblems(string file)
{
    /// <summary>More of them nobody reads.</summary>
    private const int Most = 50;

    private readonly List<(YamlPlace Place, string Text)> _all = [];

    /// <summary>True when nothing is wrong.</summary>
    internal bool None => _all.Count == 0;

    /// <summary>All, in the order of the file, a line each: <c>lab.yaml:3:1: what is wrong</c>.</summary>
    internal IReadOnlyList<string> Lines =>
        [
            .. _all.OrderBy(p => (p.Place.Line, p.Place.Column)).Take(Most).Select(p => $"{file}:{p.Place}: {p.Text}"),
            .. _all.Count > Most ? (string[])[$"{file}: and {_all.Count - Most} more."] : [],
        ];

    /// <summary>One more.</summary>
    internal void Add(YamlPlace place, string text) => _all.Add((place, text));
}
