using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Tools;

/// <summary>What the user said about where the programs are.</summary>
/// <param name="PostgresMajor"><c>--pg-version</c>.</param>
/// <param name="PostgresBin"><c>--pg-bin</c>, or PGBIN.</param>
/// <param name="PgpoolDirectory"><c>--pgpool-dir</c>, or PGPOOL_INSTALL_DIR.</param>
/// <param name="SearchPath">PATH.</param>
public sealed record ToolRequest(int? PostgresMajor, string? PostgresBin, string? PgpoolDirectory, string? SearchPath)
{
    /// <summary>The request of this spec in this process's environment; options win over variables.</summary>
    public static ToolRequest From(LabSpec spec, Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(environment);
        return new ToolRequest(
            spec.PostgresMajor,
            spec.PostgresBin ?? (spec.PostgresMajor is null ? NullIfEmpty(environment("PGBIN")) : null),
            spec.PgpoolDirectory ?? NullIfEmpty(environment("PGPOOL_INSTALL_DIR")),
            environment("PATH")
        );

        static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
    }
}

/// <summary>Programs are missing. Says which, where it looked, and what installs them.</summary>
/// <param name="what">The first thing that is missing.</param>
/// <param name="packages">Packages that would help; null when this system's are not known.</param>
public sealed class ToolsMissingException(string what, IReadOnlyList<string>? packages)
    : LabException(ExitCode.Missing, what)
{
    /// <summary>Packages that would help; null when this system's are not known.</summary>
    public IReadOnlyList<string>? Packages { get; } = packages;
}

/// <summary>A PostgreSQL that was found.</summary>
/// <param name="Bin">Folder of its programs.</param>
/// <param name="Version">Its version.</param>
/// <param name="Lacks">Programs and extensions a lab needs and it does not have; empty when it is complete.</param>
/// <param name="HasAdministration">True when it has the extension pgpool_adm, which labs do without.</param>
public sealed record PostgresInstallation(
    string Bin,
    PostgresVersion Version,
    IReadOnlyList<string> Lacks,
    bool HasAdministration
);

/// <summary>A Pgpool-II that was found.</summary>
/// <param name="Program">Path of <c>pgpool</c>.</param>
/// <param name="Version">Its version; null when it does not tell.</param>
/// <param name="PcpBin">Folder of its <c>pcp_*</c> programs; null when there are none.</param>
public sealed record PgpoolInstallation(string Program, PgpoolVersion? Version, string? PcpBin);

/// <summary>Everything that was found.</summary>
/// <param name="Postgres">PostgreSQL, the newest first.</param>
/// <param name="Pgpool">Pgpool-II, in the order in which they are tried.</param>
public sealed record ToolSurvey(IReadOnlyList<PostgresInstallation> Postgres, IReadOnlyList<PgpoolInstallation> Pgpool);

/// <summary>Finds PostgreSQL, Pgpool-II and its extensions on Debian and Ubuntu, PGDG's RPMs, source installs, Homebrew
/// and PATH.</summary>
/// <param name="host">Where to look.</param>
/// <param name="platform">Which packages to name.</param>
/// <param name="answers">What programs have said before; null to ask them.</param>
public sealed class ToolFinder(IHost host, Platform platform, ProgramAnswers? answers = null)
{
    private readonly ProgramAnswers _answers = answers ?? new ProgramAnswers(host, file: null);
    private static readonly string[] PostgresNeeds =
    [
        "initdb",
        "postgres",
        "pg_ctl",
        "pg_basebackup",
        "pg_controldata",
        "pg_rewind",
        "psql",
    ];
    private static readonly string[] PgpoolNeeds = ["pcp_recovery_node", "pcp_attach_node"];
    private static readonly string[] Extensions = ["pgpool_recovery", "pgpool_regclass"];

    /// <summary>Finds a complete set; among several PostgreSQL versions the newest that has everything.</summary>
    /// <exception cref="ToolsMissingException">There is none; it names what the newest one lacks.</exception>
    public async Task<Toolset> FindAsync(ToolRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var searches = (FindPostgresAsync(request, cancellationToken), FindPgpoolAsync(request, cancellationToken));
        var (postgres, pgpool) = (await searches.Item1, await searches.Item2);
        var best = postgres.FirstOrDefault(p => p.Lacks.Count == 0) ?? postgres.FirstOrDefault();
        if (best is null || pgpool is null || best.Lacks.Count > 0)
        {
            throw await MissingAsync(request, best, pgpool, cancellationToken);
        }

        if (!best.Version.IsSupported)
        {
            throw NotSupported(
                $"PostgreSQL {best.Version} ({best.Bin})",
                $"PostgreSQL {PostgresVersion.SupportedMajors.Oldest} to {PostgresVersion.SupportedMajors.Newest}"
            );
        }

        if (!pgpool.Value.Version.IsSupported)
        {
            throw NotSupported($"Pgpool-II {pgpool.Value.Version} ({pgpool.Value.Program})", "Pgpool-II 4.1 to 4.7");
        }

        return new Toolset(best.Bin, best.Version, pgpool.Value.Program, pgpool.Value.Pcp, pgpool.Value.Version);
    }

    /// <summary>What the last program asked for its version has said.</summary>
    private string _strangeAnswer = "";

    /// <summary>Finds everything there is, complete or not.</summary>
    public async Task<ToolSurvey> SurveyAsync(ToolRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (pgpools, seen) = (new List<PgpoolInstallation>(), new HashSet<string>(StringComparer.Ordinal));
        await foreach (var pgpool in PgpoolsAsync(request, cancellationToken))
        {
            // /usr/bin and /bin are often the same folder.
            if (seen.Add(await host.Files.RealPathAsync(pgpool.Program, cancellationToken)))
            {
                pgpools.Add(pgpool);
            }
        }

        return new ToolSurvey(await FindPostgresAsync(request, cancellationToken), pgpools);
    }

    private async Task<IReadOnlyList<PostgresInstallation>> FindPostgresAsync(
        ToolRequest request,
        CancellationToken cancellationToken
    )
    {
        List<string> folders = request.PostgresBin is { } bin
            ? [Path.GetFullPath(bin)]
            :
            [
                .. await ExpandAsync("/usr/lib/postgresql", "bin", cancellationToken),
                .. await ExpandAsync("/usr", "bin", cancellationToken, "pgsql-"),
                "/usr/local/pgsql/bin",
                "/usr/local/bin",
                .. await ExpandAsync("/opt/homebrew/opt", "bin", cancellationToken, "postgresql"),
                .. await ExpandAsync("/usr/local/opt", "bin", cancellationToken, "postgresql"),
                .. await ExpandAsync("/home/linuxbrew/.linuxbrew/opt", "bin", cancellationToken, "postgresql"),
                .. PathFolders(request),
            ];
        var found = new List<PostgresInstallation>();
        var programs = folders.Distinct().Select(f => $"{f}/postgres");
        foreach (var postgres in await host.Files.ExecutablesAsync(programs, cancellationToken))
        {
            // A program on PATH may be a link into the real folder; its siblings are there. And one installation counts
            // once.
            var home = Path.GetDirectoryName(
                await host.Files.LinkTargetAsync(postgres, cancellationToken) is null
                    ? postgres
                    : await host.Files.RealPathAsync(postgres, cancellationToken)
            )!;
            if (found.Any(c => c.Bin == home))
            {
                continue;
            }

            var shared = SharedFolderAsync(home, cancellationToken);
            var answer = await _answers.AskAsync(postgres, "--version", cancellationToken);
            var version = PostgresVersion.Parse(answer.Output);
            _strangeAnswer = $"it calls itself \"{(answer.Output + answer.Error).Trim().Split('\n')[0]}\".";
            if (version is { } v && (request.PostgresMajor is null || request.PostgresMajor == v.Major))
            {
                var extensions = ExtensionFolders(home, v, await shared);
                found.Add(
                    new PostgresInstallation(
                        home,
                        v,
                        await FindLacksAsync(home, extensions, cancellationToken),
                        await HasExtensionAsync(extensions, "pgpool_adm", cancellationToken)
                    )
                );
            }
        }

        return found.OrderByDescending(c => c.Version).ToArray();
    }

    private async Task<string?> SharedFolderAsync(string bin, CancellationToken cancellationToken) =>
        await host.Files.CanExecuteAsync($"{bin}/pg_config", cancellationToken)
        && await _answers.AskAsync($"{bin}/pg_config", "--sharedir", cancellationToken) is { ExitCode: 0 } answer
            ? answer.Output.Trim()
            : null;

    private static string[] ExtensionFolders(string bin, PostgresVersion version, string? shared) =>
        shared is not null
            ? [$"{shared}/extension"]
            :
            [
                $"/usr/share/postgresql/{version.Major}/extension",
                Path.GetFullPath($"{bin}/../share/extension"),
                Path.GetFullPath($"{bin}/../share/postgresql/extension"),
            ];

    private async Task<List<string>> FindLacksAsync(
        string bin,
        string[] extensionFolders,
        CancellationToken cancellationToken
    )
    {
        var programs = await host.Files.ExecutablesAsync(PostgresNeeds.Select(p => $"{bin}/{p}"), cancellationToken);
        var lacks = PostgresNeeds.Where(p => !programs.Contains($"{bin}/{p}")).ToList();
        foreach (var extension in Extensions)
        {
            if (!await HasExtensionAsync(extensionFolders, extension, cancellationToken))
            {
                lacks.Add($"extension {extension}");
            }
        }

        return lacks;
    }

    private async Task<bool> HasExtensionAsync(string[] folders, string extension, CancellationToken cancellationToken)
    {
        foreach (var folder in folders)
        {
            if (await host.Files.ExistsAsync($"{folder}/{extension}.control", cancellationToken))
            {
                return true;
            }
        }

        return false;
    }

    private async Task<(string Program, string Pcp, PgpoolVersion Version)?> FindPgpoolAsync(
        ToolRequest request,
        CancellationToken cancellationToken
    )
    {
        await foreach (var pgpool in PgpoolsAsync(request, cancellationToken))
        {
            if (pgpool is { Version: { } version, PcpBin: { } pcp })
            {
                return (pgpool.Program, pcp, version);
            }
        }

        return null;
    }

    private async IAsyncEnumerable<PgpoolInstallation> PgpoolsAsync(
        ToolRequest request,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        IEnumerable<string> folders = request.PgpoolDirectory is { } given
            ? [$"{given}/bin", $"{given}/sbin", given]
            :
            [
                "/usr/sbin",
                "/usr/bin",
                "/usr/local/bin",
                "/usr/local/sbin",
                "/usr/local/pgpool/bin",
                "/opt/homebrew/bin",
                "/home/linuxbrew/.linuxbrew/bin",
                .. PathFolders(request),
            ];
        folders = folders.Select(Path.GetFullPath).Distinct().ToArray();
        var programs = await host.Files.ExecutablesAsync(
            folders.SelectMany(f => PgpoolNeeds.Prepend("pgpool").Select(p => $"{f}/{p}")),
            cancellationToken
        );
        foreach (var folder in folders.Where(f => programs.Contains($"{f}/pgpool")))
        {
            var answer = await _answers.AskAsync($"{folder}/pgpool", "--version", cancellationToken);
            var pcp = folders.Prepend(folder).FirstOrDefault(f => PgpoolNeeds.All(p => programs.Contains($"{f}/{p}")));
            yield return new PgpoolInstallation(
                $"{folder}/pgpool",
                PgpoolVersion.Parse(answer.Output + answer.Error),
                pcp
            );
        }
    }

    private async Task<IReadOnlyList<string>> ExpandAsync(
        string parent,
        string tail,
        CancellationToken cancellationToken,
        string prefix = ""
    ) =>
        (await host.Files.ListAsync(parent, cancellationToken))
            .Where(n => n.StartsWith(prefix, StringComparison.Ordinal))
            .Select(n => $"{parent}/{n}/{tail}")
            .ToArray();

    private static string[] PathFolders(ToolRequest request) =>
        (request.SearchPath ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Where(Path.IsPathRooted).ToArray();

    private async Task<ToolsMissingException> MissingAsync(
        ToolRequest request,
        PostgresInstallation? postgres,
        (string Program, string Pcp, PgpoolVersion Version)? pgpool,
        CancellationToken cancellationToken
    )
    {
        var details = new List<string>();
        if (postgres is null)
        {
            var isThere =
                request.PostgresBin is { } given
                && await host.Files.CanExecuteAsync($"{Path.GetFullPath(given)}/postgres", cancellationToken);
            details.Add(
                request switch
                {
                    { PostgresBin: { } bin } when isThere =>
                        $"PostgreSQL: {bin}/postgres is not the one that was asked for: {_strangeAnswer}",
                    { PostgresBin: { } bin } => $"PostgreSQL: there is no postgres in {bin}.",
                    { PostgresMajor: { } major } =>
                        $"PostgreSQL {major}: not in /usr/lib/postgresql, /usr/pgsql-*, /usr/local/pgsql, "
                            + "Homebrew or PATH.",
                    _ => "PostgreSQL (initdb): not in /usr/lib/postgresql/*/bin, /usr/pgsql-*/bin, "
                        + "/usr/local/pgsql/bin, /usr/local/bin, Homebrew or PATH.",
                }
            );
        }
        else
        {
            details.AddRange(
                postgres.Lacks.Select(l => $"{l}: PostgreSQL {postgres.Version} in {postgres.Bin} lacks it.")
            );
        }

        if (pgpool is null)
        {
            details.Add(
                request.PgpoolDirectory is { } folder
                    ? $"Pgpool-II: there is no working pgpool with its pcp programs in {folder}/bin, "
                        + $"{folder}/sbin or {folder}."
                    : "Pgpool-II (pgpool and pcp_*): not in /usr/sbin, /usr/bin, /usr/local/bin, "
                        + "/usr/local/sbin, Homebrew or PATH."
            );
        }

        var lacksExtension =
            postgres is null || postgres.Lacks.Any(l => l.StartsWith("extension", StringComparison.Ordinal));
        var lacksPrograms =
            postgres is null || postgres.Lacks.Any(l => !l.StartsWith("extension", StringComparison.Ordinal));
        var available = platform.Apt is { } apt ? await apt.AvailableAsync(cancellationToken) : null;
        var packages = platform.InstallPackages(
            postgres?.Version.Major ?? request.PostgresMajor,
            lacksPrograms,
            pgpool is null,
            lacksExtension,
            available
        );
        // A name with a star stands for whatever there is.
        var unknown = available is null
            ? []
            : packages?.Where(p => !p.Contains('*') && !available.Contains(p)).ToArray() ?? [];
        var known = packages?.Except(unknown).ToArray();
        var notPackaged =
            $"This system has no package {string.Join(", ", unknown)}: build it from source, "
            + "or choose another PostgreSQL (--pg-version).";
        return new ToolsMissingException(
            "What a lab is made of is not all on this machine.",
            unknown.Length > 0 ? null : packages
        )
        {
            Details = details,
            Hints =
            [
                known switch
                {
                    null => "Install PostgreSQL, Pgpool-II and Pgpool-II's extensions for that PostgreSQL.",
                    [] => notPackaged,
                    _ => $"Install it:  {platform.InstallCommand(known)}",
                },
                .. known is { Length: > 0 } && unknown.Length > 0 ? [notPackaged] : Array.Empty<string>(),
                "Or say where it is:  --pg-bin DIR, --pgpool-dir DIR (or the variables PGBIN, PGPOOL_INSTALL_DIR).",
            ],
        };
    }

    private static LabException NotSupported(string found, string supported) =>
        new(ExitCode.Missing, $"{found} was found, but the templates are written for {supported}.")
        {
            Hints = ["Choose another version with --pg-version, --pg-bin or --pgpool-dir."],
        };
}
