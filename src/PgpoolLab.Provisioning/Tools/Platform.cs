using PgpoolLab.Hosts;

namespace PgpoolLab.Provisioning.Tools;

/// <summary>What kind of system this is, as far as installing packages goes.</summary>
/// <param name="Family">debian, redhat, macos or other.</param>
/// <param name="DefaultPostgresMajor">The major version its own packages have; null when not known.</param>
public sealed record Platform(string Family, int? DefaultPostgresMajor)
{
    /// <summary>Reads <c>/etc/os-release</c>.</summary>
    /// <remarks>freedesktop.org, "os-release".</remarks>
    public static async Task<Platform> DetectAsync(IHost host, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        return OperatingSystem.IsMacOS() ? new Platform("macos", null) : Parse(await host.ReadTextAsync("/etc/os-release", cancellationToken) ?? "");
    }

    /// <summary>Understands the text of an os-release file.</summary>
    public static Platform Parse(string osRelease)
    {
        var values = osRelease.Split('\n').Select(l => l.Split('=', 2)).Where(p => p.Length == 2 && !p[0].TrimStart().StartsWith('#'))
            .GroupBy(p => p[0].Trim()).ToDictionary(g => g.Key, g => g.Last()[1].Trim().Trim('"', '\''));
        var likes = $"{values.GetValueOrDefault("ID")} {values.GetValueOrDefault("ID_LIKE")}".Split(' ');
        var release = $"{values.GetValueOrDefault("ID")} {values.GetValueOrDefault("VERSION_ID") ?? values.GetValueOrDefault("VERSION_CODENAME")}";
        return likes.Contains("debian") ? new Platform("debian", DebianMajor(release))
            : likes.Contains("rhel") || likes.Contains("fedora") ? new Platform("redhat", null)
            : new Platform("other", null);
    }

    /// <summary>The command that installs what is missing.</summary>
    /// <param name="postgresMajor">The major version in use; null when there is no PostgreSQL yet.</param>
    /// <param name="postgres">PostgreSQL itself is missing.</param>
    /// <param name="pgpool">Pgpool-II is missing.</param>
    /// <param name="extension">Its extension for PostgreSQL is missing.</param>
    /// <returns>Null when this system's packages are not known.</returns>
    public IReadOnlyList<string>? InstallPackages(int? postgresMajor, bool postgres, bool pgpool, bool extension)
    {
        var major = postgresMajor ?? DefaultPostgresMajor;
        return (Family, major) switch
        {
            ("debian", { } m) => Packages($"postgresql-{m}", "pgpool2", $"postgresql-{m}-pgpool2"),
            ("debian", null) => Packages("postgresql", "pgpool2", "postgresql-*-pgpool2"),
            ("redhat", var m) => Packages($"postgresql{m ?? 17}-server", $"pgpool-II-pg{m ?? 17}", $"pgpool-II-pg{m ?? 17}-extensions"),
            ("macos", var m) => Packages($"postgresql@{m ?? 17}", "pgpool-ii", "pgpool-ii"),
            _ => null,
        };

        IReadOnlyList<string> Packages(string server, string pool, string recovery) =>
            ((string?[])[postgres ? server : null, pgpool ? pool : null, extension ? recovery : null]).OfType<string>().Distinct().ToArray();
    }

    /// <summary>The command line that installs these packages.</summary>
    public string InstallCommand(IEnumerable<string> packages) =>
        (Family switch { "debian" => "apt-get install ", "redhat" => "dnf install ", _ => "brew install " }) + string.Join(' ', packages.Select(Shell.Quote));

    private static int? DebianMajor(string release) => release switch
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
