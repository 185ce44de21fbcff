using PgpoolLab.Hosts;

namespace PgpoolLab.Provisioning.Tools;

/// <summary>What kind of system this is, as far as installing packages goes.</summary>
/// <param name="Family">debian, redhat, macos or other.</param>
/// <param name="DefaultPostgresMajor">The major version its own packages have; null when not known.</param>
public sealed record Platform(string Family, int? DefaultPostgresMajor)
{
    /// <summary>True when the user may not install packages without <c>sudo</c>.</summary>
    public bool NeedsSudo { get; init; }

    /// <summary>Knows which packages there are; null to take those of this release for granted.</summary>
    public AptPackages? Apt { get; init; }

    /// <summary>Reads <c>/etc/os-release</c>.</summary>
    /// <remarks>freedesktop.org, "os-release".</remarks>
    public static async Task<Platform> DetectAsync(IHost host, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        if (OperatingSystem.IsMacOS())
        {
            return new Platform("macos", null);
        }

        var platform = Parse(await host.Files.ReadTextAsync("/etc/os-release", cancellationToken) ?? "");
        return platform with
        {
            NeedsSudo = (await host.Users.CurrentAsync(cancellationToken)).UserId != 0,
            Apt = platform.Family == "debian" ? new AptPackages(host, platform.DefaultPostgresMajor) : null,
        };
    }

    /// <summary>Understands the text of an os-release file.</summary>
    public static Platform Parse(string osRelease)
    {
        var values = osRelease
            .Split('\n')
            .Select(l => l.Split('=', 2))
            .Where(p => p.Length == 2 && !p[0].TrimStart().StartsWith('#'))
            .GroupBy(p => p[0].Trim())
            .ToDictionary(g => g.Key, g => g.Last()[1].Trim().Trim('"', '\''));
        var likes = $"{values.GetValueOrDefault("ID")} {values.GetValueOrDefault("ID_LIKE")}".Split(' ');
        var release =
            $"{values.GetValueOrDefault("ID")} "
            + $"{values.GetValueOrDefault("VERSION_ID") ?? values.GetValueOrDefault("VERSION_CODENAME")}";
        return likes.Contains("debian") ? new Platform("debian", DebianMajor(release))
            : likes.Contains("rhel") || likes.Contains("fedora") ? new Platform("redhat", null)
            : new Platform("other", null);
    }

    /// <summary>The packages that have what is missing.</summary>
    /// <param name="postgresMajor">The major version in use; null when there is no PostgreSQL yet.</param>
    /// <param name="postgres">PostgreSQL itself is missing.</param>
    /// <param name="pgpool">Pgpool-II is missing.</param>
    /// <param name="extension">Its extension for PostgreSQL is missing.</param>
    /// <param name="available">The packages there are, as far as they matter; null when that is not known.</param>
    /// <returns>Null when this system's packages are not known.</returns>
    public IReadOnlyList<string>? InstallPackages(
        int? postgresMajor,
        bool postgres,
        bool pgpool,
        bool extension,
        IReadOnlySet<string>? available = null
    )
    {
        var major = postgresMajor ?? NewestWithExtension(available) ?? DefaultPostgresMajor;
        return (Family, major) switch
        {
            ("debian", { } m) => Packages($"postgresql-{m}", "pgpool2", $"postgresql-{m}-pgpool2"),
            ("debian", null) => Packages("postgresql", "pgpool2", "postgresql-*-pgpool2"),
            ("redhat", var m) => Packages(
                $"postgresql{m ?? 17}-server",
                $"pgpool-II-pg{m ?? 17}",
                $"pgpool-II-pg{m ?? 17}-extensions"
            ),
            ("macos", var m) => Packages($"postgresql@{m ?? 17}", "pgpool-ii", "pgpool-ii"),
            _ => null,
        };

        IReadOnlyList<string> Packages(string server, string pool, string recovery) =>
            ((string?[])[postgres ? server : null, pgpool ? pool : null, extension ? recovery : null])
                .OfType<string>()
                .Distinct()
                .ToArray();
    }

    /// <summary>The command line that installs these packages, also on a machine that has no lists of packages
    /// yet.</summary>
    public string InstallCommand(IEnumerable<string> packages)
    {
        var sudo = NeedsSudo ? "sudo " : "";
        var install = Family switch
        {
            "debian" => $"{sudo}apt-get update && {sudo}apt-get install ",
            "redhat" => $"{sudo}dnf install ",
            _ => "brew install ",
        };
        return install + string.Join(' ', packages.Select(Shell.Quote));
    }

    private static int? NewestWithExtension(IReadOnlySet<string>? available)
    {
        var majors = (available ?? new HashSet<string>())
            .Select(p => p.Split('-'))
            .Where(p => p is ["postgresql", _, "pgpool2"] && int.TryParse(p[1], out _))
            .Select(p => int.Parse(p[1]))
            .Where(m => available!.Contains($"postgresql-{m}"))
            .ToArray();
        return majors.Length > 0 ? majors.Max() : null;
    }

    private static int? DebianMajor(string release) =>
        release switch
        {
            "debian 11" => 13,
            "debian 12" => 15,
            "debian 13" => 17,
            "debian 14" or "debian forky" or "debian sid" => 18,
            "ubuntu 22.04" => 14,
            "ubuntu 24.04" => 16,
            "ubuntu 26.04" => 18,
            _ => null,
        };
}
