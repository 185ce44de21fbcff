using PgpoolLab.Hosts;

namespace PgpoolLab.Provisioning.Tools;

/// <summary>Which packages of PostgreSQL and Pgpool-II a Debian or Ubuntu can install.</summary>
/// <param name="host">The machine.</param>
/// <param name="defaultMajor">The major version of PostgreSQL that this release has; null when not known.</param>
public sealed class AptPackages(IHost host, int? defaultMajor)
{
    private const string Lists = "/var/lib/apt/lists";

    /// <summary>Asks apt; on a machine that has no lists of packages yet, it is what the release is known to
    /// have.</summary>
    /// <returns>Names of packages; null when nothing is known.</returns>
    public async Task<IReadOnlySet<string>?> AvailableAsync(CancellationToken cancellationToken)
    {
        if (
            (await host.Files.ListAsync(Lists, cancellationToken)).Any(f =>
                f.Contains("_Packages", StringComparison.Ordinal)
            )
        )
        {
            var names = new HashSet<string>(StringComparer.Ordinal);
            foreach (var prefix in (string[])["postgresql-", "pgpool2"])
            {
                // apt-cache(8): "pkgnames" prints every name it knows that begins so.
                if (await AskAsync(prefix, cancellationToken) is not { ExitCode: 0 } answer)
                {
                    return null;
                }

                names.UnionWith(
                    answer.Output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                );
            }

            return names;
        }

        return defaultMajor is { } major
            ? new HashSet<string>(StringComparer.Ordinal)
            {
                $"postgresql-{major}",
                "pgpool2",
                $"postgresql-{major}-pgpool2",
            }
            : null;
    }

    private async Task<CommandResult?> AskAsync(string prefix, CancellationToken cancellationToken)
    {
        try
        {
            return await host.Programs.RunAsync(new CommandSpec("apt-cache", "pkgnames", prefix), cancellationToken);
        }
        catch (ProgramNotFoundException)
        {
            return null;
        }
    }
}
