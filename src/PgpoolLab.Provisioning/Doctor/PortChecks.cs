using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;

namespace PgpoolLab.Provisioning.Doctor;

/// <summary>The ports labs take.</summary>
internal static class PortChecks
{
    private const int First = PortClaim.FirstAutomaticPort;
    private const int Last = PortClaim.LastAutomaticPort;
    private const string Auto = "pgpoollab setup --port auto";

    internal static IEnumerable<DoctorFinding> Of(MachineFacts facts)
    {
        if (!facts.HasLoopback)
        {
            yield return new DoctorFinding(
                "loopback",
                Severity.Problem,
                MachineRequirements.WithoutLoopback,
                "A lab's servers reach each other there, also on a machine that has IPv6 alone.",
                MachineRequirements.LoopbackFix
            );
            yield break;
        }

        yield return facts.KnowsLocalhost
            ? new DoctorFinding("localhost", Severity.Ok, "Servers can listen on 127.0.0.1, and localhost resolves.")
            : new DoctorFinding(
                "localhost",
                Severity.Problem,
                MachineRequirements.WithoutLocalhost,
                "A lab's servers call each other by it.",
                MachineRequirements.LocalhostFix
            );
        yield return facts.TakenPorts.Count == 0
            ? new DoctorFinding(
                "ports",
                Severity.Ok,
                $"The ports a lab takes by default, from {PortLayout.DefaultPgpool}, are free."
            )
            : new DoctorFinding(
                "ports",
                Severity.Note,
                string.Join(' ', facts.TakenPorts.Select(p => $"Port {p.Port} is {p.Holder}.")),
                "They are those a lab takes by default.",
                Auto
            );
        yield return facts.TakenAutomaticPorts < (Last - First) * 9 / 10
            ? new DoctorFinding(
                "automatic ports",
                Severity.Ok,
                $"Of {First} to {Last}, where --port auto chooses, somebody listens on {facts.TakenAutomaticPorts}."
            )
            : new DoctorFinding(
                "automatic ports",
                Severity.Problem,
                $"Of {First} to {Last}, where --port auto chooses, somebody listens on {facts.TakenAutomaticPorts}.",
                null,
                "ss -tlnp"
            )
            {
                Code = ExitCode.InTheWay,
            };
        if (facts.LentPorts is { } lent)
        {
            yield return lent.First > Last || lent.Last < PortLayout.DefaultPgpool
                ? new DoctorFinding(
                    "clients' ports",
                    Severity.Ok,
                    $"The kernel lends {lent.First} to {lent.Last} to clients: none that labs take."
                )
                : new DoctorFinding(
                    "clients' ports",
                    Severity.Note,
                    $"The kernel lends {lent.First} to {lent.Last} to clients (ip_local_port_range), and labs "
                        + $"take {PortLayout.DefaultPgpool} and {First} to {Last}.",
                    "A connection of anybody can take a port of a lab that is stopped, which then does not start.",
                    "sysctl -w net.ipv4.ip_local_port_range=\"32768 60999\""
                );
        }
    }
}
