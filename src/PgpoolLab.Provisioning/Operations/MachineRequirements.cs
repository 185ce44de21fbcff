using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>What every lab needs of its machine. Looked at before anything is made; <c>doctor</c> reports the
/// same.</summary>
public static class MachineRequirements
{
    /// <summary>Why there can be no lab without 127.0.0.1.</summary>
    internal const string WithoutLoopback = "No server can be reached at 127.0.0.1 on this machine.";

    /// <summary>What to do about that.</summary>
    internal const string LoopbackFix = "ip link set lo up";

    /// <summary>Why there can be no lab without that name.</summary>
    internal const string WithoutLocalhost = "The name localhost does not resolve on this machine.";

    /// <summary>What to do about that.</summary>
    internal const string LocalhostFix = "echo '127.0.0.1 localhost' >>/etc/hosts";

    /// <summary>Refuses a machine whose servers could not reach each other.</summary>
    /// <param name="host">The machine.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">It has no loopback address, or no name for it.</exception>
    public static async Task RequireLoopbackAsync(IHost host, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        if (!await host.Ports.HasLoopbackAsync(cancellationToken))
        {
            throw new LabException(ExitCode.Missing, WithoutLoopback)
            {
                Details = ["A lab's servers reach each other there, also on a machine that has IPv6 alone."],
                Hints = [$"Bring the loopback interface up:  {LoopbackFix}"],
            };
        }

        if ((await host.Ports.ResolveAsync("localhost", cancellationToken)).Count == 0)
        {
            throw new LabException(ExitCode.Missing, WithoutLocalhost)
            {
                Details = ["A lab's servers call each other by it."],
                Hints = [$"Name it:  {LocalhostFix}"],
            };
        }
    }

    /// <summary>Refuses addresses no server of this machine could listen on.</summary>
    /// <param name="host">The machine.</param>
    /// <param name="addresses">What was given with <c>--listen</c>: addresses, names, or <c>*</c>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">One is another machine's, or a name that does not resolve.</exception>
    public static async Task RequireAddressesAsync(
        IHost host,
        IEnumerable<string> addresses,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(addresses);
        foreach (var address in addresses.Where(a => a != "*"))
        {
            var meant = await host.Ports.ResolveAsync(address, cancellationToken);
            if (!meant.Any(a => a.IsOwn))
            {
                throw new InvalidSpecException(
                    ExitCode.InTheWay,
                    meant.Count == 0
                        ? new($"{SpecField.Listen} {address}: that name does not resolve.")
                        : new($"{SpecField.Listen} {address}: {NotOurs(address, meant)}")
                )
                {
                    Hints = ["This machine's addresses:  ip address", "* stands for all of them."],
                };
            }
        }

        static string NotOurs(string name, IReadOnlyList<HostAddress> addresses) =>
            $"no server of this machine can listen there{Meant(name, addresses)}; it is not its address.";

        static string Meant(string name, IReadOnlyList<HostAddress> addresses) =>
            addresses[0].Text == name ? "" : $" ({string.Join(", ", addresses.Select(a => a.Text))})";
    }

    /// <summary>Refuses a folder whose programs may not be run: Pgpool-II calls the lab's scripts at a failover and a
    /// recovery.</summary>
    /// <param name="host">The machine.</param>
    /// <param name="folder">The lab's folder, absolute; it need not be there yet.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">It lies on a file system that is mounted so.</exception>
    public static async Task RequireProgramsAsync(IHost host, string folder, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        var nearest = LabFolder.ItselfOrAbove(folder);
        if (await host.Files.VolumeAsync(nearest, cancellationToken) is { NoPrograms: true })
        {
            throw new LabException(
                ExitCode.InTheWay,
                $"{nearest} is on a file system from which no program can be run (noexec)."
            )
            {
                Details = ["Pgpool-II could not call the lab's scripts: there would be no failover and no recovery."],
                Hints = ["Name a folder elsewhere:  pgpoollab setup DIR"],
            };
        }
    }
}
