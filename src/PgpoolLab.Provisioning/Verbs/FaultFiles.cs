using System.Globalization;
using System.Text.RegularExpressions;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Model.Links;
using PgpoolLab.Provisioning.Configuration;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>The files of a lab that say where its servers reach each other, when it gets links or loses them. Scripts
/// are written again; in files that people edit, addresses are exchanged.</summary>
/// <param name="host">Where they are.</param>
/// <param name="renderer">Writes them.</param>
/// <param name="from">The lab as it is.</param>
/// <param name="to">The lab as it is to be.</param>
internal sealed class FaultFiles(IHost host, ConfigRenderer renderer, Lab from, Lab to)
{
    private readonly NodeFiles _scripts = new(host, renderer, new NodeCount(from, to));

    /// <inheritdoc cref="NodeFiles.FindForeignAsync"/>
    internal Task<IReadOnlyList<string>> FindForeignAsync(CancellationToken cancellationToken) =>
        _scripts.FindForeignAsync(cancellationToken);

    /// <summary>What is to be written.</summary>
    internal async Task<IReadOnlyList<FileChange>> ChangesAsync(CancellationToken cancellationToken)
    {
        var changes = new List<FileChange>();
        foreach (var (path, _, after, mode) in NodeFiles.Scripts(renderer, new NodeCount(from, to)))
        {
            changes.Add(new(path, await host.Files.ReadTextAsync(path, cancellationToken), after, mode));
        }

        foreach (var pgpool in to.Pgpools)
        {
            var link = new LinkName(LinkEnd.Client, LinkEnd.Pgpool(pgpool.Id)).Address;
            await EditAsync(pgpool.Paths.PgpoolConf, t => BackendHosts.With(t, n => HostOf(pgpool, n)));
            foreach (var file in to.Pgpools.Select(p => p.Paths.PgPass))
            {
                await EditAsync(file, t => PasswordHosts.With(t, to.Faults ? link : null, link));
            }
        }

        foreach (var node in to.Nodes)
        {
            await EditAsync(RecoveryFile(to, node), t => ReplicationHost.With(t, to, node));
        }

        return [.. changes.Where(c => c.Before != c.After)];

        async Task EditAsync(string path, Func<string, string> edit)
        {
            if (changes.FindIndex(c => c.Path == path) is >= 0 and var known)
            {
                changes[known] = changes[known] with { After = edit(changes[known].After) };
            }
            else if (await host.Files.ReadTextAsync(path, cancellationToken) is { } text)
            {
                changes.Add(new(path, text, edit(text), Modes.PrivateFile));
            }
        }
    }

    /// <summary>The files, for who wants to know.</summary>
    internal static IEnumerable<string> PathsOf(ConfigRenderer renderer, Lab from, Lab to) =>
        NodeFiles
            .Scripts(renderer, new NodeCount(from, to))
            .Select(s => s.Path)
            .Concat(
                to.Pgpools.SelectMany(p => (string[])[p.Paths.PgpoolConf, .. to.Asks ? (string[])[p.Paths.PgPass] : []])
            )
            .Concat(to.Mode is ClusteringMode.StreamingReplication ? to.Nodes.Select(n => RecoveryFile(to, n)) : []);

    private string? HostOf(PgpoolNode pgpool, int node) =>
        to.Nodes.FirstOrDefault(n => n.Id == node) is { } known ? TemplateModel.BackendHost(to, pgpool, known) : null;

    /// <summary>Where a standby is told where to replicate from.</summary>
    private static string RecoveryFile(Lab lab, PostgresNode node) =>
        $"{node.DataDirectory}/{(lab.Tools.Postgres.Major >= 12 ? "myrecovery.conf" : "recovery.conf")}";
}

/// <summary>The addresses of nodes in pgpool.conf.</summary>
internal static partial class BackendHosts
{
    /// <summary>The text with other addresses.</summary>
    /// <param name="text">The text.</param>
    /// <param name="host">The address of a node; null for one that stays as it is.</param>
    internal static string With(string text, Func<int, string?> host) =>
        Line()
            .Replace(
                text,
                m =>
                    host(int.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture)) is { } address
                        ? $"{m.Groups[1].Value}'{address}'"
                        : m.Value
            );

    /// <remarks>Pgpool-II manual, "Backend Settings".</remarks>
    [GeneratedRegex(@"^([ \t]*backend_hostname([0-9]{1,3})[ \t]*=?[ \t]*)'[^'\n]*'", RegexOptions.Multiline)]
    private static partial Regex Line();
}

/// <summary>The lines of a password file about the address of a link for clients.</summary>
/// <remarks>PostgreSQL manual, libpq, "The Password File".</remarks>
internal static class PasswordHosts
{
    private const string Loopback = "127.0.0.1:";

    /// <summary>The text in which an address has the passwords of 127.0.0.1.</summary>
    /// <param name="text">The text.</param>
    /// <param name="host">The address; null to have none.</param>
    /// <param name="former">The address whose lines go.</param>
    internal static string With(string text, string? host, string former)
    {
        var lines = text.Split('\n').Where(l => !l.StartsWith($"{former}:", StringComparison.Ordinal)).ToList();
        if (host is not null)
        {
            var last = lines.FindLastIndex(IsLoopback);
            lines.InsertRange(
                last + 1,
                lines.Where(IsLoopback).Select(l => $"{host}:{l[Loopback.Length..]}").ToArray()
            );
        }

        return string.Join('\n', lines);

        static bool IsLoopback(string line) => line.StartsWith(Loopback, StringComparison.Ordinal);
    }
}

/// <summary>The address in a standby's <c>primary_conninfo</c>.</summary>
internal static partial class ReplicationHost
{
    /// <summary>The text in which a standby replicates by a link, or without one; which node it replicates from is seen
    /// by the port.</summary>
    internal static string With(string text, Lab lab, PostgresNode node) =>
        Place()
            .Replace(
                text,
                m =>
                {
                    var primary = lab.Nodes.FirstOrDefault(n =>
                        n.Port.ToString(CultureInfo.InvariantCulture) == m.Groups[1].Value
                    );
                    var link =
                        LabLink.BetweenNodes(lab) && primary is not null && primary != node
                            ? $" hostaddr={new LinkName(LinkEnd.Node(node.Id), LinkEnd.Node(primary.Id)).Address}"
                            : "";
                    return $"host=localhost{link} port={m.Groups[1].Value}";
                }
            );

    [GeneratedRegex(@"host=localhost(?: hostaddr=[0-9.]+)? port=([0-9]{1,5})\b")]
    private static partial Regex Place();
}
