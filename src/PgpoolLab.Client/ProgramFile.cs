using System.Runtime.InteropServices;

namespace PgpoolLab.Client;

/// <summary>Where the program is: where PGPOOLLAB says, else on PATH, else in this package.</summary>
internal static class ProgramFile
{
    /// <summary>As the package names it; distributions call their own runtime otherwise.</summary>
    private static readonly string Platform =
        $"linux-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";

    private const string Name = "pgpoollab",
        Variable = "PGPOOLLAB";

    /// <exception cref="PgpoolLabException">There is none.</exception>
    internal static string Find() =>
        Find(
            Environment.GetEnvironmentVariable(Variable),
            Environment.GetEnvironmentVariable("PATH") ?? "",
            AppContext.BaseDirectory,
            File.Exists
        );

    internal static string Find(string? named, string path, string beside, Func<string, bool> exists)
    {
        if (!string.IsNullOrEmpty(named))
        {
            return exists(named)
                ? named
                : throw new PgpoolLabException(3, $"{Variable} names {named}, and there is no such program.", "");
        }

        string[] candidates =
        [
            .. path.Split(':').Where(f => f.StartsWith('/')).Select(f => $"{f.TrimEnd('/')}/{Name}"),
            Path.Combine(beside, "runtimes", Platform, "native", Name),
            Path.Combine(beside, Name),
        ];
        return candidates.FirstOrDefault(exists)
            ?? throw new PgpoolLabException(
                3,
                $"There is no program {Name} on PATH.",
                $"There is no program {Name} on PATH.\n"
                    + $"Install it:  dotnet tool install --global PgpoolLab\nOr name it in the variable {Variable}."
            );
    }
}
