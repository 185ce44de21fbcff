using System.Text;
using System.Text.RegularExpressions;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Tools;

/// <summary>Which settings an installed program knows. A setting's name is a text in the program itself, also of those
/// that no sample file and no list shows.</summary>
public static partial class SettingNames
{
    /// <summary>What was renamed or is gone, and what came in its place.</summary>
    /// <remarks>Release notes of Pgpool-II 4.2, 4.4 and 4.7; of PostgreSQL 13 and 16.</remarks>
    private static readonly (string One, string Other)[] Renamed =
    [
        ("black_function_list", "write_function_list"),
        ("white_function_list", "read_only_function_list"),
        ("black_query_pattern_list", "primary_routing_query_pattern_list"),
        ("black_memqcache_table_list", "cache_unsafe_memqcache_table_list"),
        ("white_memqcache_table_list", "cache_safe_memqcache_table_list"),
        ("follow_master_command", "follow_primary_command"),
        ("delegate_IP", "delegate_ip"),
        ("logdir", "work_dir"),
        ("wal_keep_segments", "wal_keep_size"),
        ("force_parallel_mode", "debug_parallel_query"),
    ];

    /// <summary>Refuses settings that these programs do not know, and values they would misread.</summary>
    /// <exception cref="InvalidSpecException">One sentence for each, with the name that is most like it.</exception>
    public static async Task RequireAsync(IHost host, LabSpec spec, Toolset tools, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(tools);
        var problems = new List<SpecProblem>();
        foreach (var program in (string[])["pgpool", "postgresql"])
        {
            var unknown = await FindUnknownAsync(
                host,
                program,
                spec.SettingsOf(program).Keys,
                tools,
                cancellationToken
            );
            problems.AddRange(
                unknown.Select(u => new SpecProblem($"{SpecField.Settings} {program}.{u.Key}: {u.Value}"))
            );
        }

        problems.AddRange(
            spec.SettingsOf("pgpool")
                .Select(s => (s.Key, Problem: SettingUnits.WhyMisread("pgpool", s.Value, tools)))
                .Where(s => s.Problem is not null)
                .Select(s => new SpecProblem($"{SpecField.Settings} pgpool.{s.Key}: {s.Problem}"))
        );
        if (problems.Count > 0)
        {
            throw new InvalidSpecException(problems);
        }
    }

    /// <summary>Those of these names that a program does not know, and a sentence for each, with the name that is most
    /// like it.</summary>
    internal static async Task<IReadOnlyList<KeyValuePair<string, string>>> FindUnknownAsync(
        IHost host,
        string program,
        IEnumerable<string> settings,
        Toolset tools,
        CancellationToken cancellationToken
    )
    {
        var (file, title) =
            program == "pgpool"
                ? (tools.PgpoolProgram, $"Pgpool-II {tools.Pgpool}")
                : (tools.PostgresProgram("postgres"), $"PostgreSQL {tools.Postgres}");
        // A name with a dot is an extension's, which PostgreSQL takes as it comes.
        var names = settings.Where(n => !n.Contains('.')).ToArray();
        if (names.Length == 0 || await ReadWordsAsync(host, file, cancellationToken) is not { } words)
        {
            return [];
        }

        var unknown = new List<KeyValuePair<string, string>>();
        foreach (
            var name in names.Where(n => !IsKnown(n) && !(program == "pgpool" && IsKnown(n.TrimEnd([.. "0123456789"]))))
        )
        {
            var like =
                Renamed
                    .Where(r => r.One == name && IsKnown(r.Other))
                    .Select(r => r.Other)
                    .Concat(Renamed.Where(r => r.Other == name && IsKnown(r.One)).Select(r => r.One))
                    .FirstOrDefault()
                ?? words
                    .SelectMany(Tails)
                    .Where(w => w.Contains('_'))
                    .Select(w => (Word: w, Distance: Words.Distance(w, name)))
                    .Where(w => w.Distance <= 2)
                    .OrderBy(w => w.Distance)
                    .ThenBy(w => w.Word, StringComparer.Ordinal)
                    .FirstOrDefault()
                    .Word;
            unknown.Add(
                KeyValuePair.Create(
                    name,
                    $"{title} has no such setting.{(like is null ? "" : $" Did you mean {like}?")}"
                )
            );
        }

        return unknown;

        // Of two texts, one of which is the end of the other, a linker keeps the longer.
        bool IsKnown(string name) =>
            words.Contains(name) || words.Any(w => w.EndsWith(name, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>A text and its ends, word by word: maintenance_work_mem, work_mem, mem.</summary>
    private static IEnumerable<string> Tails(string word)
    {
        for (var at = 0; at >= 0 && at < word.Length; at = word.IndexOf('_', at) is >= 0 and var next ? next + 1 : -1)
        {
            yield return word[at..];
        }
    }

    /// <summary>Every text in a program that could be a setting's name; null when it is a script, which has
    /// none.</summary>
    private static async Task<HashSet<string>?> ReadWordsAsync(
        IHost host,
        string file,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var bytes = await host.Files.ReadBytesAsync(file, cancellationToken);
            return bytes is not [0x7F, (byte)'E', (byte)'L', (byte)'F', ..] ? null : Collect(bytes);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        static HashSet<string> Collect(byte[] bytes)
        {
            var words = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            foreach (var match in Word().EnumerateMatches(Encoding.Latin1.GetString(bytes)))
            {
                words.Add(Encoding.Latin1.GetString(bytes, match.Index, match.Length));
            }

            return words;
        }
    }

    [GeneratedRegex("[A-Za-z][A-Za-z0-9_]{2,62}(?=\\0)", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
