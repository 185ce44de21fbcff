using PgpoolLab.Model;
using PgpoolLab.Provisioning.Tools;

namespace PgpoolLab.Provisioning.Doctor;

/// <summary>Programs, their user and their language.</summary>
internal static class ProgramChecks
{
    internal static IEnumerable<DoctorFinding> Of(MachineFacts facts)
    {
        foreach (var postgres in facts.Tools.Postgres)
        {
            yield return Postgres(postgres, facts.Chosen);
        }

        foreach (var pgpool in facts.Tools.Pgpool)
        {
            yield return Pgpool(pgpool, facts.Chosen);
            if (
                pgpool is { Version: { } version, PcpBin: not null }
                && PasswordBypass.IsIn(version)
                && !facts.FixedPgpools.Contains(pgpool.Program)
            )
            {
                yield return new DoctorFinding(
                    "Pgpool-II",
                    Severity.Note,
                    $"Pgpool-II {version}, {pgpool.Program}, takes any password of a role that is not in pool_passwd, "
                        + $"while it keeps a connection of that role open ({PasswordBypass.Name}).",
                    "This release has that flaw, unless your distribution has fixed it. Until you update:",
                    "pgpoollab setup --set pgpool.connection_cache=off"
                );
            }
        }

        yield return Choice(facts);
        yield return User(facts);
        foreach (var finding in Scripts(facts))
        {
            yield return finding;
        }

        yield return facts.LocaleComplaint is { } complaint
            ? new DoctorFinding(
                "locale",
                Severity.Note,
                complaint,
                "LANG or LC_ALL names a locale this machine does not have. Labs use the C locale, which is "
                    + "always there, but psql and perl may complain.",
                "export LC_ALL=C.UTF-8"
            )
            : new DoctorFinding("locale", Severity.Ok, "Labs use the C locale, which every machine has.");
    }

    private static DoctorFinding Postgres(PostgresInstallation found, Toolset? chosen)
    {
        var (what, isChosen) = ($"PostgreSQL {found.Version} in {found.Bin}", found.Bin == chosen?.PostgresBin);
        var severity = isChosen || found.Lacks.Count == 0 && found.Version.IsSupported ? Severity.Ok : Severity.Note;
        return found switch
        {
            { Lacks.Count: > 0 } => new DoctorFinding(
                "PostgreSQL",
                severity,
                $"{what} lacks: {string.Join(", ", found.Lacks)}.",
                "Labs are not made of it."
            ),
            { Version.IsSupported: false } => new DoctorFinding(
                "PostgreSQL",
                severity,
                $"{what}.",
                $"The templates are written for PostgreSQL {PostgresVersion.SupportedMajors.Oldest} to "
                    + $"{PostgresVersion.SupportedMajors.Newest}."
            ),
            _ => new DoctorFinding(
                "PostgreSQL",
                severity,
                found.HasAdministration
                    ? $"{what}, with pgpool_recovery, pgpool_regclass and pgpool_adm."
                    : $"{what}, with pgpool_recovery and pgpool_regclass; without pgpool_adm, which labs do not need."
            ),
        };
    }

    private static DoctorFinding Pgpool(PgpoolInstallation found, Toolset? chosen)
    {
        var severity =
            found.Program == chosen?.PgpoolProgram || found is { Version.IsSupported: true, PcpBin: not null }
                ? Severity.Ok
                : Severity.Note;
        return found switch
        {
            { Version: null } => new DoctorFinding(
                "Pgpool-II",
                severity,
                $"{found.Program} does not tell its version.",
                "Labs are not made of it."
            ),
            { PcpBin: null } => new DoctorFinding(
                "Pgpool-II",
                severity,
                $"Pgpool-II {found.Version}, {found.Program}, has no pcp_recovery_node and pcp_attach_node.",
                "Labs are not made of it."
            ),
            { Version.IsSupported: false } => new DoctorFinding(
                "Pgpool-II",
                severity,
                $"Pgpool-II {found.Version}, {found.Program}.",
                "The templates are written for Pgpool-II 4.1 to 4.7."
            ),
            _ => new DoctorFinding(
                "Pgpool-II",
                severity,
                $"Pgpool-II {found.Version}, {found.Program}, pcp programs in {found.PcpBin}."
            ),
        };
    }

    private static DoctorFinding Choice(MachineFacts facts) =>
        facts switch
        {
            { Chosen: { } chosen } => new DoctorFinding(
                "choice",
                Severity.Ok,
                $"A lab would be made of PostgreSQL {chosen.Postgres} and Pgpool-II {chosen.Pgpool}: "
                    + (
                        facts.ChosenBy is { } variable
                            ? $"{variable} says so."
                            : "the newest PostgreSQL that has everything, the first Pgpool-II found."
                    )
            ),
            { Missing: { } missing } => new DoctorFinding(
                "choice",
                Severity.Problem,
                string.Join(' ', missing.Details.Prepend(missing.Message)),
                "Labs are made of PostgreSQL, Pgpool-II, and Pgpool-II's extensions for that PostgreSQL.",
                missing.Hints.Count > 0 ? Command(missing.Hints[0]) : null
            ),
            _ => new DoctorFinding("choice", Severity.Problem, "No PostgreSQL and Pgpool-II were found."),
        };

    /// <summary>A hint reads "Install it:  COMMAND".</summary>
    private static string Command(string hint) =>
        hint.IndexOf(":  ", StringComparison.Ordinal) is >= 0 and var colon ? hint[(colon + 3)..] : hint;

    private static DoctorFinding User(MachineFacts facts) =>
        facts switch
        {
            { LabUser: null } => new DoctorFinding(
                "user",
                Severity.Problem,
                "Root calls, and this machine has no user postgres.",
                "PostgreSQL refuses to run as root.",
                "pgpoollab setup --run-as USER"
            ),
            { CalledByRoot: true } => new DoctorFinding(
                "user",
                Severity.Ok,
                $"Root's labs run as {facts.LabUser}, or as the owner of the folder they are made in; --run-as chooses."
            ),
            _ => new DoctorFinding("user", Severity.Ok, $"Labs run as {facts.LabUser}."),
        };

    private static List<DoctorFinding> Scripts(MachineFacts facts)
    {
        bool Lacks(string program) => facts.Programs.TryGetValue(program, out var path) && path is null;

        var missing = new List<DoctorFinding>();
        if (Lacks("setsid"))
        {
            missing.Add(
                Lacks("perl")
                    ? new DoctorFinding(
                        "scripts",
                        Severity.Problem,
                        "Neither setsid nor perl is there.",
                        "Servers are started in a session of their own, or Ctrl+C would end them.",
                        Install(facts, "util-linux")
                    )
                    : new DoctorFinding(
                        "scripts",
                        Severity.Note,
                        "There is no setsid; perl does its work.",
                        "Servers are started in a session of their own.",
                        Install(facts, "util-linux")
                    )
            );
        }

        if (Lacks("flock"))
        {
            missing.Add(
                new DoctorFinding(
                    "scripts",
                    Severity.Note,
                    "There is no flock.",
                    "Without it the scripts of a lab, startall and stopall, do not wait for one another.",
                    Install(facts, "util-linux")
                )
            );
        }

        if (Lacks("bash"))
        {
            missing.Add(
                new DoctorFinding(
                    "scripts",
                    Severity.Note,
                    "There is no bash.",
                    "Without it a server that Pgpool-II's scripts start may keep Pgpool-II's ports open after "
                        + "Pgpool-II has ended; pgpoollab env is for bash, too.",
                    Install(facts, "bash")
                )
            );
        }

        if (!facts.HasProc && Lacks("ps"))
        {
            missing.Add(
                new DoctorFinding(
                    "scripts",
                    Severity.Problem,
                    "There is no ps, and no /proc.",
                    "Without them nobody can tell which processes are a lab's.",
                    Install(facts, "procps")
                )
            );
        }

        return missing.Count > 0
            ? missing
            :
            [
                new DoctorFinding(
                    "scripts",
                    Severity.Ok,
                    "What the scripts of a lab call is there: "
                        + string.Join(
                            ", ",
                            facts.Programs.Where(p => p.Value is not null && p.Key != "perl").Select(p => p.Key)
                        )
                        + "."
                ),
            ];
    }

    private static string? Install(MachineFacts facts, string package) =>
        facts.Platform switch
        {
            { Family: "redhat" } platform => platform.InstallCommand([package == "procps" ? "procps-ng" : package]),
            { Family: "debian" or "macos" } platform => platform.InstallCommand([package]),
            _ => null,
        };
}
