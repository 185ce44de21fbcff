using System.Text.RegularExpressions;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Steps;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>A lab, and the same with another number of nodes.</summary>
/// <param name="From">The lab as it is.</param>
/// <param name="To">The lab as it is to be.</param>
public sealed record NodeCount(Lab From, Lab To)
{
    /// <summary>True when there is one more, false when there is one less.</summary>
    internal bool Adds => To.Nodes.Count > From.Nodes.Count;

    /// <summary>The node that comes or goes.</summary>
    internal PostgresNode Last => Adds ? To.Nodes[^1] : From.Nodes[^1];

    /// <summary>Equal for the same lab and the same numbers.</summary>
    public bool Equals(NodeCount? other) =>
        other is not null
        && From.Id == other.From.Id
        && From.Nodes.SequenceEqual(other.From.Nodes)
        && To.Nodes.SequenceEqual(other.To.Nodes);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(From.Id, From.Nodes.Count, To.Nodes.Count);
}

/// <summary>A file of a lab, as it is and as it is to be.</summary>
/// <param name="Path">Where it lies.</param>
/// <param name="Before">Its text; null when it is not there.</param>
/// <param name="After">Its text when the lab has another number of nodes.</param>
/// <param name="Mode">Who may read it.</param>
internal sealed record FileChange(string Path, string? Before, string After, UnixFileMode Mode);

/// <summary>The files of a lab that name its nodes, when it gets another number of them. Scripts are written again;
/// in files that people edit, lines are added or taken out.</summary>
/// <param name="host">Where they are.</param>
/// <param name="renderer">Writes them.</param>
/// <param name="change">The lab as it is, and as it is to be.</param>
internal sealed partial class NodeFiles(IHost host, ConfigRenderer renderer, NodeCount change)
{
    private static readonly string[] Edited = ["pgpool/pgpool.conf", "pgpool/pcp.conf", "pgpool/pcppass"];

    /// <summary>The files that somebody has changed, or another version or a template of a user's own has written: what
    /// they would be cannot be known.</summary>
    internal async Task<IReadOnlyList<string>> FindForeignAsync(CancellationToken cancellationToken)
    {
        var foreign = new List<string>();
        foreach (var (path, before, after, _) in Scripts(renderer, change))
        {
            if (
                await host.Files.ReadTextAsync(path, cancellationToken) is { } text
                && !Same(text, before)
                && !Same(text, after)
            )
            {
                foreign.Add(path);
            }
        }

        return foreign;
    }

    /// <summary>What is to be written.</summary>
    internal async Task<IReadOnlyList<FileChange>> ChangesAsync(CancellationToken cancellationToken)
    {
        var changes = new List<FileChange>();
        foreach (var (path, _, after, mode) in Scripts(renderer, change))
        {
            changes.Add(new(path, await host.Files.ReadTextAsync(path, cancellationToken), after, mode));
        }

        var (from, to, last, adds) = (change.From, change.To, change.Last, change.Adds);
        foreach (var pgpool in to.Pgpools)
        {
            var rows = renderer.Render("pgpool/_backends.conf", to with { Nodes = [last] }, pgpool);
            await EditAsync(
                pgpool.Paths.PgpoolConf,
                text => adds ? BackendRows.With(text, last.Id, rows) : BackendRows.Without(text, last.Id)
            );
            await EditAsync(
                pgpool.Paths.PgPass,
                text =>
                    adds
                        ? PasswordLines.With(text, from.Nodes[^1].Port, last.Port)
                        : PasswordLines.Without(text, last.Port)
            );
        }

        return [.. changes.Where(c => c.Before != c.After)];

        async Task EditAsync(string path, Func<string, string> edit)
        {
            if (await host.Files.ReadTextAsync(path, cancellationToken) is { } text)
            {
                changes.Add(new(path, text, edit(text), Modes.PrivateFile));
            }
        }
    }

    /// <summary>The files, for who wants to know.</summary>
    internal static IEnumerable<string> PathsOf(ConfigRenderer renderer, NodeCount change) =>
        Scripts(renderer, change)
            .Select(s => s.Path)
            .Concat(
                change.To.Pgpools.SelectMany(p =>
                    (string[])[p.Paths.PgpoolConf, .. change.To.Asks ? (string[])[p.Paths.PgPass] : []]
                )
            );

    /// <summary>Scripts, and other files that are written as a whole.</summary>
    internal static IEnumerable<(string Path, string Before, string After, UnixFileMode Mode)> Scripts(
        ConfigRenderer renderer,
        NodeCount change
    )
    {
        var (from, to) = (change.From, change.To);
        var ofLab = WriteLabFiles
            .Files(to)
            .Where(f => !Edited.Contains(f.Template))
            .Select(f =>
                (
                    f.Path,
                    renderer.Render(f.Template, from, f.Pgpool, LabSecrets.None),
                    renderer.Render(f.Template, to, f.Pgpool, LabSecrets.None),
                    f.Mode
                )
            );
        var ofNodes = to.Nodes.SelectMany(n =>
            ConfigureNode
                .Scripts(to)
                .Select(s =>
                    (
                        $"{n.DataDirectory}/{s}",
                        renderer.Render($"scripts/{s}", from),
                        renderer.Render($"scripts/{s}", to),
                        Modes.PrivateFolder
                    )
                )
        );
        return ofLab.Concat(ofNodes).Where(f => f.Item2 != f.Item3);
    }

    private static bool Same(string left, string right) => Version().Replace(left, "") == Version().Replace(right, "");

    /// <summary>The version that has written a file, and where it was.</summary>
    [GeneratedRegex("^# Written by pgpoollab .* for the lab |^program=.*$", RegexOptions.Multiline)]
    private static partial Regex Version();
}

/// <summary>The lines of pgpool.conf about one node.</summary>
internal static partial class BackendRows
{
    /// <summary>The text with these lines, after those of the node before it.</summary>
    internal static string With(string text, int node, string rows)
    {
        var lines = Without(text, node).Split('\n').ToList();
        var last = lines.FindIndex(l => NodeOf(l) == node - 1);
        while (last >= 0 && last + 1 < lines.Count && NodeOf(lines[last + 1]) == node - 1)
        {
            last++;
        }

        // Somebody may have written them in another way.
        var at = last >= 0 ? last + 1 : lines.FindLastIndex(l => l.Length > 0) + 1;
        lines.InsertRange(at, rows.TrimEnd('\n').Split('\n'));
        var result = string.Join('\n', lines);
        return result.EndsWith('\n') ? result : result + "\n";
    }

    /// <summary>The text without a node's lines, wherever they stand.</summary>
    internal static string Without(string text, int node) =>
        string.Join('\n', text.Split('\n').Where(l => NodeOf(l) != node));

    private static int? NodeOf(string line) =>
        Row().Match(line) is { Success: true } match && int.TryParse(match.Groups[1].Value, out var node) ? node : null;

    /// <remarks>Pgpool-II manual, "Backend Settings".</remarks>
    [GeneratedRegex(
        @"\A\s*backend_(?:hostname|port|weight|data_directory|flag|application_name)([0-9]{1,9})\s*(?:=|\s)"
    )]
    private static partial Regex Row();
}

/// <summary>The lines of a password file about one port.</summary>
/// <remarks>PostgreSQL manual, libpq, "The Password File".</remarks>
internal static partial class PasswordLines
{
    /// <summary>The text in which a port has the passwords that another one has.</summary>
    internal static string With(string text, int like, int port)
    {
        var lines = Without(text, port).Split('\n').ToList();
        var last = lines.FindLastIndex(l => PortOf(l) == like);
        lines.InsertRange(
            last + 1,
            lines.Where(l => PortOf(l) == like).Select(l => Line().Replace(l, $"${{1}}:{port}:")).ToArray()
        );
        return string.Join('\n', lines);
    }

    /// <summary>The text without the lines about a port.</summary>
    internal static string Without(string text, int port) =>
        string.Join('\n', text.Split('\n').Where(l => PortOf(l) != port));

    private static int? PortOf(string line) =>
        Line().Match(line) is { Success: true } match && int.TryParse(match.Groups[2].Value, out var port)
            ? port
            : null;

    [GeneratedRegex(@"\A((?:[^:\\#]|\\.)(?:[^:\\]|\\.)*):([0-9]{1,9}):")]
    private static partial Regex Line();
}
