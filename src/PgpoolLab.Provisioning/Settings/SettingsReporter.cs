using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Tools;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Settings;

/// <summary>What the servers of a lab have in effect: <c>config get</c>, <c>config diff</c>.</summary>
/// <param name="host">Where the lab is.</param>
/// <param name="probes">Waits.</param>
public sealed class SettingsReporter(IHost host, ProbeRunner probes)
{
    private static readonly string[] Programs = [SettingAssignment.Pgpool, SettingAssignment.Postgres];

    /// <summary>One setting.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="setting">Its name, with its program's before it; without, both programs are asked.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">No program has such a setting.</exception>
    public async Task<SettingsReport> GetAsync(Lab lab, string setting, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(setting);
        var program = Programs.FirstOrDefault(p => setting.StartsWith(p + ".", StringComparison.Ordinal));
        var name = program is null ? setting : setting[(program.Length + 1)..];
        var unknown = new Dictionary<string, string?>();
        foreach (var candidate in Programs.Where(p => program is null || p == program))
        {
            unknown[candidate] = (
                await SettingNames.FindUnknownAsync(host, candidate, [name], lab.Tools, cancellationToken)
            )
                .Select(u => u.Value)
                .FirstOrDefault();
        }

        var settings = new ServerSettings(host, lab, probes);
        var views = new List<SettingView>();
        var problems = new List<string>();
        foreach (var (candidate, problem) in unknown)
        {
            if (problem is not null)
            {
                problems.Add($"{candidate}.{name}: {problem}");
                continue;
            }

            var answers = await AskAsync(settings, lab, candidate, cancellationToken);
            var key = Key(candidate, name);
            if (answers.Any(a => a.Answer.Values is not null) && !answers.Any(a => Has(a.Answer, key)))
            {
                problems.Add($"{candidate}.{name}: it has no such setting.");
                continue;
            }

            var servers = new List<ServerValue>();
            foreach (var (server, answer) in answers)
            {
                servers.Add(
                    answer.Values?.GetValueOrDefault(key) is { } fact
                        ? new ServerValue(server.Title, fact.Value, fact.From, fact.InFile, null)
                        : new ServerValue(
                            server.Title,
                            null,
                            null,
                            await server.InFileAsync(settings, name, cancellationToken),
                            answer.Problem
                        )
                );
            }

            var known = answers.Select(a => a.Answer.Values?.GetValueOrDefault(key)).FirstOrDefault(f => f is not null);
            views.Add(new SettingView(candidate, name, known?.Default, known?.Change, servers));
        }

        return views.Count > 0
            ? new SettingsReport(lab.Name, lab.Root, views, [])
            : throw new InvalidSpecException(problems);

        static bool Has(ServerAnswer answer, string key) => answer.Values?.ContainsKey(key) is true;
    }

    /// <summary>All settings that are not the program's own defaults.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="program"><c>pgpool</c> or <c>postgresql</c>; null for both.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<SettingsReport> DiffAsync(Lab lab, string? program, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var settings = new ServerSettings(host, lab, probes);
        var views = new List<SettingView>();
        var problems = new List<string>();
        foreach (var asked in Programs.Where(p => program is null || p == program))
        {
            var answers = await AskAsync(settings, lab, asked, cancellationToken);
            problems.AddRange(
                answers.Where(a => a.Answer.Values is null).Select(a => $"{a.Server.Title}: {a.Answer.Problem}.")
            );
            views.AddRange(Differing(asked, answers.Select(a => (a.Server.Title, a.Answer)).ToArray()));
        }

        return new SettingsReport(lab.Name, lab.Root, views, problems);
    }

    /// <summary>The settings that differ from their defaults on any server, by name, with the values of all.</summary>
    internal static IEnumerable<SettingView> Differing(
        string program,
        IReadOnlyList<(string Title, ServerAnswer Answer)> answers
    ) =>
        answers
            .SelectMany(a => a.Answer.Values ?? new Dictionary<string, ServerFact>())
            .GroupBy(f => f.Key, f => f.Value, StringComparer.Ordinal)
            .Where(g => g.Any(Differs))
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => new SettingView(
                program,
                g.Key,
                g.First().Default,
                g.First().Change,
                answers
                    .Where(a => a.Answer.Values?.ContainsKey(g.Key) is true)
                    .Select(a => (a.Title, Fact: a.Answer.Values![g.Key]))
                    .Select(a => new ServerValue(a.Title, a.Fact.Value, a.Fact.From, a.Fact.InFile, null))
                    .ToArray()
            ));

    /// <summary>What the program has set itself (<c>override</c>) nobody has changed. Where the default is not known,
    /// what a file sets counts as changed.</summary>
    private static bool Differs(ServerFact fact) =>
        fact.InFile is not null
        || (
            // Of a password nobody can see whether it is another one.
            fact.Value != Servers.Clients.PgpoolSettings.Hidden
            && fact.From is not ("default" or "override" or "default, or an included file")
            && (fact.Default is null || !SettingValues.Same(fact.Default, fact.Value))
        );

    private static string Key(string program, string name) =>
        program == SettingAssignment.Postgres ? name.ToLowerInvariant() : name;

    private static async Task<(Server Server, ServerAnswer Answer)[]> AskAsync(
        ServerSettings settings,
        Lab lab,
        string program,
        CancellationToken cancellationToken
    ) =>
        program == SettingAssignment.Pgpool
            ? await Task.WhenAll(
                lab.OwnPgpools.Select(async p =>
                    (new Server(lab.TitleOf(p), p, null), await settings.AskAsync(p, cancellationToken))
                )
            )
            : await Task.WhenAll(
                lab.OwnNodes.Select(async n =>
                    (new Server(ServerSettings.TitleOf(n), null, n), await settings.AskAsync(n, cancellationToken))
                )
            );

    private sealed record Server(string Title, PgpoolNode? Pgpool, PostgresNode? Node)
    {
        internal async Task<string?> InFileAsync(
            ServerSettings settings,
            string name,
            CancellationToken cancellationToken
        ) =>
            Node is not null
                ? await settings.FromFilesAsync(Node, name, cancellationToken)
                : (await settings.ReadAsync(Pgpool!, cancellationToken))
                    .Settings.LastOrDefault(s => s.Name == name)
                    ?.Value;
    }
}
