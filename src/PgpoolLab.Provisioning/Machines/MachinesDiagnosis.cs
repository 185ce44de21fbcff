using System.Globalization;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Doctor;
using PgpoolLab.Provisioning.Operations;

namespace PgpoolLab.Provisioning.Machines;

/// <summary>Judges whether one lab could be made on several machines: pure, from what was seen.</summary>
public static class MachinesDiagnosis
{
    /// <summary>Two nodes with their WAL; and some of the user's.</summary>
    private const long BytesOfLab = 150_000_000,
        BytesOfComfort = 1_000_000_000;

    /// <summary>Seconds. A certificate is valid from the moment in which it was made; logs are merged by
    /// time.</summary>
    private const double MostAhead = 30,
        ComfortablyAhead = 1;

    /// <summary>Judges.</summary>
    public static MachinesReport Of(IReadOnlyList<MachineView> machines, IReadOnlyList<WayView> ways)
    {
        ArgumentNullException.ThrowIfNull(machines);
        ArgumentNullException.ThrowIfNull(ways);
        var reached = machines.Where(m => m.Problem is null).ToArray();
        return new MachinesReport(
            machines,
            ways,
            [.. machines.SelectMany(OfOne), .. OfAll(reached), .. ways.Where(w => w.Problem is not null).Select(OfWay)]
        );
    }

    private static IEnumerable<DoctorFinding> OfOne(MachineView m)
    {
        if (m.Error is { } error)
        {
            yield return Problem(m, error);
            yield break;
        }

        if (m.User == "root")
        {
            yield return Problem(
                m,
                ExitCode.Missing,
                "The login is root, as whom PostgreSQL does not run.",
                "Log in as another user, who needs no rights: User in ~/.ssh/config, or user@host.",
                null
            );
        }

        if (m.Missing is { } missing)
        {
            yield return Problem(m, missing);
        }

        if (!m.HasLoopback)
        {
            yield return Problem(
                m,
                ExitCode.Missing,
                MachineRequirements.WithoutLoopback,
                null,
                MachineRequirements.LoopbackFix
            );
        }

        if (!m.CanWrite)
        {
            yield return Problem(m, ExitCode.Missing, $"{m.User} may not write in {m.Home}, the login's home folder.");
        }

        if (m.Volume is { NoPrograms: true })
        {
            yield return Problem(
                m,
                ExitCode.Missing,
                $"No program can be run in {m.Home}: its file system is mounted with noexec."
            );
        }

        if (m.FreeBytes is { } free and < BytesOfComfort)
        {
            var seen = $"{free / 1_000_000} MB are free in {m.Home}.";
            yield return free < BytesOfLab
                ? Problem(m, ExitCode.Missing, seen, "A lab begins with about 150 MB for two nodes.", null)
                : Note(m, seen, "That is enough for a lab, and soon full under load.");
        }

        if (m.OwnAddresses.Count == 0)
        {
            yield return Note(
                m,
                "The address it was reached at is none of its own (a jump, a forwarded port, or another network).",
                "Servers cannot listen on it; whether the others reach this machine was not tried."
            );
        }

        if (m.VirtualIpProblem is { } virtualIp)
        {
            yield return Problem(m, virtualIp);
        }

        if (m.ClockAhead is { } ahead && Math.Abs(ahead) > ComfortablyAhead)
        {
            var seen =
                $"Its clock is {Math.Abs(ahead).ToString("0.#", CultureInfo.InvariantCulture)} s "
                + $"{(ahead > 0 ? "ahead of" : "behind")} this machine's.";
            yield return Math.Abs(ahead) > MostAhead
                ? Problem(m, ExitCode.Missing, seen, "Certificates would not be valid yet.", "timedatectl set-ntp true")
                : Note(m, seen, "Logs of several machines cannot be put in order by their times.");
        }

        foreach (var port in m.TakenPorts)
        {
            yield return Note(m, $"Port {port}.", "A lab there takes other ports.");
        }
    }

    private static IEnumerable<DoctorFinding> OfAll(IReadOnlyList<MachineView> machines)
    {
        if (Differing(machines, m => m.Architecture) is { } processors)
        {
            yield return new DoctorFinding(
                "processors",
                Severity.Problem,
                $"They differ: {processors}.",
                "A standby has the very files of its primary, which another processor may not be able to read."
            );
        }

        if (Differing(machines, m => m.Tools?.Postgres.Major.ToString(CultureInfo.InvariantCulture)) is { } majors)
        {
            yield return new DoctorFinding(
                "PostgreSQL",
                Severity.Problem,
                $"The major versions differ: {majors}.",
                "Streaming replication works within one major version."
            );
        }
        else if (Differing(machines, m => m.PostgreSql) is { } minors)
        {
            yield return new DoctorFinding(
                "PostgreSQL",
                Severity.Note,
                $"The minor versions differ: {minors}.",
                "That works. Update standbys before their primary."
            );
        }

        if (Differing(machines, m => m.Tools is { Pgpool: var p } ? $"{p.Major}.{p.Minor}" : null) is { } pgpools)
        {
            yield return new DoctorFinding(
                "Pgpool-II",
                Severity.Problem,
                $"The versions differ: {pgpools}.",
                "The Pgpool-IIs of one watchdog must be of one release."
            );
        }

        if (Differing(machines, m => m.CLibrary) is { } libraries)
        {
            yield return new DoctorFinding(
                "C library",
                Severity.Note,
                $"They differ: {libraries}.",
                "A lab's databases have the C locale, which sorts the same everywhere. With another locale an index "
                    + "made on one machine may be wrong on the other."
            );
        }

        if (Differing(machines, m => m.Icu) is { } icu)
        {
            yield return new DoctorFinding(
                "ICU",
                Severity.Note,
                $"The versions differ: {icu}.",
                "Indexes on columns with a collation of ICU may be wrong on the other machine."
            );
        }
    }

    private static DoctorFinding OfWay(WayView way) =>
        new(
            $"{way.From} to {way.To}",
            Severity.Problem,
            $"{way.From} does not reach {way.Address} port {way.Port}: {way.Problem}",
            $"Let it through in {way.To}'s firewall, and in those on the way: a lab's servers talk to each "
                + "other by TCP."
        )
        {
            Code = ExitCode.InTheWay,
        };

    /// <summary>The values and who has them, when there are several: <c>15 (a, b), 17 (c)</c>.</summary>
    private static string? Differing(IReadOnlyList<MachineView> machines, Func<MachineView, string?> value)
    {
        var groups = machines.Where(m => value(m) is not null).GroupBy(m => value(m)!).ToArray();
        return groups.Length > 1
            ? string.Join(", ", groups.Select(g => $"{g.Key} ({string.Join(", ", g.Select(m => m.Name))})"))
            : null;
    }

    private static DoctorFinding Problem(MachineView machine, LabException error) =>
        Problem(
            machine,
            error.Code,
            error.Message,
            string.Join("; ", error.Details.Select(d => d.Trim())) is { Length: > 0 } details ? details : null,
            error.Hints.Count > 0 ? error.Hints[0] : null
        );

    private static DoctorFinding Problem(
        MachineView machine,
        ExitCode code,
        string seen,
        string? cause = null,
        string? fix = null
    ) => new(machine.Name, Severity.Problem, seen, cause, fix) { Code = code };

    private static DoctorFinding Note(MachineView machine, string seen, string? cause) =>
        new(machine.Name, Severity.Note, seen, cause);
}
