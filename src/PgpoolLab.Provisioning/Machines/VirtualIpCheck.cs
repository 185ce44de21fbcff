using System.Globalization;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.Machines;

/// <summary>Where a host would have the virtual IP.</summary>
/// <param name="Address">The address, with the length of its prefix there.</param>
/// <param name="Interface">The network interface.</param>
public sealed record VirtualIpPlace(string Address, string Interface);

/// <summary>Finds where a host would have a virtual IP, and whether the user of the lab may give it to the host and
/// take it away again: that takes root's rights for three commands. Nothing is changed.</summary>
/// <param name="host">The host.</param>
/// <param name="user">Who will run Pgpool-II there; the caller, or anybody when the caller is root.</param>
public sealed class VirtualIpCheck(IHost host, SystemUser user)
{
    /// <summary>What a neighbour gets to say that an address is its own.</summary>
    private static readonly TimeSpan NeighbourPatience = TimeSpan.FromSeconds(1);

    /// <summary>Nobody listens there: only that the address is looked for counts.</summary>
    private const int AnyPort = 9;

    /// <summary>How <c>ip</c> ends when the kernel says no; sudo ends with 1.</summary>
    private const int KernelRefused = 2;

    /// <summary>Looks.</summary>
    /// <param name="virtualIp">The address, with the length of its prefix or without.</param>
    /// <param name="device">The interface; null to find the one whose network has the address.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">No interface fits, the address is somebody's, or rights are missing: with the
    /// lines for sudoers that give them.</exception>
    public async Task<VirtualIpPlace> FindAsync(string virtualIp, string? device, CancellationToken cancellationToken)
    {
        var place = Choose(virtualIp, device, await AddressesAsync(cancellationToken));
        await RequireFreeAsync(place, cancellationToken);
        await RequireRightsAsync(place, cancellationToken);
        return place;
    }

    /// <summary>Which interface would have the address. Pure.</summary>
    /// <param name="virtualIp">The address, with the length of its prefix or without.</param>
    /// <param name="device">The interface that was asked for; null for any.</param>
    /// <param name="addresses">The host's interfaces, and the addresses they have with their prefixes.</param>
    /// <exception cref="LabException">None fits, or one has it already.</exception>
    public static VirtualIpPlace Choose(
        string virtualIp,
        string? device,
        IReadOnlyList<(string Interface, string Address)> addresses
    )
    {
        ArgumentNullException.ThrowIfNull(virtualIp);
        ArgumentNullException.ThrowIfNull(addresses);
        var address = VirtualIp.AddressOf(virtualIp);
        if (addresses.FirstOrDefault(a => VirtualIp.AddressOf(a.Address) == address) is { Interface: { } owner })
        {
            throw new LabException(
                ExitCode.InTheWay,
                $"The virtual IP {address} is this host's own already, on its interface {owner}."
            )
            {
                Hints = ["Choose an address that nobody has, of a network that all hosts are in."],
            };
        }

        var fits = addresses
            .Where(a => a.Interface != "lo" && (device is null || a.Interface == device))
            .Where(a => VirtualIp.IsIn(address, a.Address))
            .ToArray();
        if (fits is [var best, ..])
        {
            return new VirtualIpPlace(
                VirtualIp.HasPrefix(virtualIp) ? virtualIp : $"{address}/{VirtualIp.PrefixOf(best.Address)}",
                best.Interface
            );
        }

        if (device is not null && VirtualIp.HasPrefix(virtualIp) && addresses.Any(a => a.Interface == device))
        {
            return new VirtualIpPlace(virtualIp, device);
        }

        throw new LabException(
            ExitCode.InTheWay,
            device is null
                ? $"No interface of this host has a network with the virtual IP {address}."
                : $"This host's interface {device} has no network with the virtual IP {address}."
        )
        {
            Details =
            [
                addresses.Count == 0
                    ? "The host has no IPv4 address."
                    : $"It has {string.Join(", ", addresses.Select(a => $"{a.Address} on {a.Interface}"))}.",
            ],
            Hints = ["Choose an address of a network that all hosts are in."],
        };
    }

    /// <summary>The line for <c>/etc/sudoers.d</c> that lets a user have the address and nothing else.</summary>
    /// <param name="user">The user's name.</param>
    /// <param name="place">The address and its interface.</param>
    /// <param name="ip">Where <c>ip</c> is.</param>
    /// <param name="arping">Where <c>arping</c> is.</param>
    public static string SudoersLine(string user, VirtualIpPlace place, string ip, string arping)
    {
        var commands = CommandsOf(place).Select(c => string.Join(' ', [c[0] == "ip" ? ip : arping, .. c[1..]]));
        return $"{user} ALL=(root) NOPASSWD: {string.Join(", ", commands)}";
    }

    /// <summary>As pgpool.conf has them: <c>if_up_cmd</c>, <c>if_down_cmd</c>, <c>arping_cmd</c>.</summary>
    internal static string[][] CommandsOf(VirtualIpPlace place) =>
        [
            ["ip", "addr", "replace", place.Address, "dev", place.Interface],
            ["ip", "addr", "del", place.Address, "dev", place.Interface],
            ["arping", "-U", VirtualIp.AddressOf(place.Address), "-w", "1", "-I", place.Interface],
        ];

    private async Task<IReadOnlyList<(string Interface, string Address)>> AddressesAsync(
        CancellationToken cancellationToken
    )
    {
        var says = await host.Programs.RunAsync(AdminProgram.Of("ip", "-o", "-4", "addr", "show"), cancellationToken);
        return says.ExitCode == AdminProgram.NotFound
            ? throw Missing(["iproute2"])
            : ReadAddresses(says.OrThrow("list the network interfaces").Output);
    }

    /// <summary>Reads <c>ip -o -4 addr show</c>: <c>2: eth0    inet 192.0.2.1/24 brd ...</c>.</summary>
    internal static IReadOnlyList<(string Interface, string Address)> ReadAddresses(string text) =>
        [
            .. text.Split('\n')
                .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(w => w.Length > 3 && w[2] == "inet")
                .Select(w => (w[1].Split('@')[0], w[3].Contains('/', StringComparison.Ordinal) ? w[3] : $"{w[3]}/32")),
        ];

    /// <summary>Whoever has an address on this network answers for it when it is looked for, whatever his firewall
    /// says.</summary>
    private async Task RequireFreeAsync(VirtualIpPlace place, CancellationToken cancellationToken)
    {
        var address = VirtualIp.AddressOf(place.Address);
        _ = await host.Ports.TryReachAsync(address, AnyPort, NeighbourPatience, cancellationToken);
        var says = await host.Programs.RunAsync(
            AdminProgram.Of("ip", "neigh", "show", address, "dev", place.Interface),
            cancellationToken
        );
        var words = says.Output.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (
            Array.IndexOf(words, "lladdr") is var at and >= 0
            && at + 1 < words.Length
            && !says.Output.Contains("FAILED")
        )
        {
            throw new LabException(
                ExitCode.InTheWay,
                $"Somebody has the address {address} already: the machine with the hardware address {words[at + 1]}."
            )
            {
                Hints = ["Choose an address that nobody has, of a network that all hosts are in."],
            };
        }
    }

    private async Task RequireRightsAsync(VirtualIpPlace place, CancellationToken cancellationToken)
    {
        var paths = new Dictionary<string, string?>();
        foreach (var name in (string[])["sudo", "ip", "arping"])
        {
            paths[name] = await AdminProgram.FindAsync(host, name, cancellationToken);
        }

        string[] packages =
        [
            .. paths["sudo"] is null ? (string[])["sudo"] : [],
            .. paths["arping"] is null ? (string[])["iputils-arping"] : [],
        ];
        if (packages.Length > 0)
        {
            throw Missing(packages);
        }

        var commands = CommandsOf(place);
        // Who has no address cannot lose it: this one is tried for real.
        var tries = await RunAsUserAsync(["sudo", "-n", .. commands[1]], cancellationToken);
        var may = tries.ExitCode is 0 or KernelRefused;
        foreach (var command in may ? commands : [])
        {
            may &= (await RunAsUserAsync(["sudo", "-n", "-l", .. command], cancellationToken)).ExitCode == 0;
        }

        if (!may)
        {
            throw new LabException(
                ExitCode.Missing,
                $"{user.Name} may not give the virtual IP to {place.Interface} on this host: sudo does not let it."
            )
            {
                Details = [.. tries.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Take(3)],
                Hints =
                [
                    "As root there, with this line (visudo -f /etc/sudoers.d/pgpoollab):  "
                        + SudoersLine(user.Name, place, paths["ip"]!, paths["arping"]!),
                ],
            };
        }
    }

    private async Task<CommandResult> RunAsUserAsync(
        IReadOnlyList<string> words,
        CancellationToken cancellationToken
    ) => await host.Programs.RunAsync(await AsUserAsync(words, cancellationToken), cancellationToken);

    /// <summary>Root tries it as the user.</summary>
    private async Task<CommandSpec> AsUserAsync(IReadOnlyList<string> words, CancellationToken cancellationToken) =>
        user.UserId != 0 && (await host.Users.CurrentAsync(cancellationToken)).UserId == 0
            ? AdminProgram.Of([
                "setpriv",
                "--reuid",
                user.UserId.ToString(CultureInfo.InvariantCulture),
                "--regid",
                user.GroupId.ToString(CultureInfo.InvariantCulture),
                "--init-groups",
                .. words,
            ])
            : AdminProgram.Of(words);

    private static LabException Missing(IReadOnlyList<string> packages) =>
        new(ExitCode.Missing, $"A virtual IP takes programs this host lacks: {string.Join(", ", packages)}.")
        {
            Hints = [$"On Debian or Ubuntu, as root:  apt-get install {string.Join(' ', packages)}"],
        };
}
