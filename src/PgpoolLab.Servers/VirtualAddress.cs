using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Servers;

/// <summary>The virtual IP of a lab on several hosts, as one of them has it. Pgpool-II gives it to the host of the one
/// that leads, and takes it away when that one ends; one that is killed leaves it there.</summary>
public sealed class VirtualAddress
{
    private readonly IHost _host;
    private readonly string _address;
    private readonly string _place;
    private readonly string _interface;

    private VirtualAddress(IHost host, string address, string prefix, string device) =>
        (_host, _address, _place, _interface) = (host, address, $"{address}/{prefix}", device);

    /// <summary>Of the host whose part this is; null in a lab without one.</summary>
    public static VirtualAddress? Of(IHost host, Lab lab)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(lab);
        return lab is { Here: not null, VirtualIp: { } ip, Interface: { } device }
            ? new VirtualAddress(host, VirtualIp.AddressOf(ip), VirtualIp.PrefixOf(ip), device)
            : null;
    }

    /// <summary>True when this host has it, on whatever interface.</summary>
    public async Task<bool> IsHereAsync(CancellationToken cancellationToken)
    {
        var says = await _host.Programs.RunAsync(
            AdminProgram.Of("ip", "-o", "-4", "addr", "show", "to", _address),
            cancellationToken
        );
        return says.ExitCode == 0 && says.Output.Trim().Length > 0;
    }

    /// <summary>Takes it away from this host, when it is there: nothing here leads any more.</summary>
    /// <exception cref="LabException">It is still there.</exception>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        if (!await IsHereAsync(cancellationToken))
        {
            return;
        }

        string[] words = ["ip", "addr", "del", _place, "dev", _interface];
        var says = await _host.Programs.RunAsync(AdminProgram.AsRoot(words), cancellationToken);
        // A Pgpool-II that is just ending may have been faster.
        if (says.ExitCode != 0 && await IsHereAsync(cancellationToken))
        {
            throw new LabException(ExitCode.UndoFailed, $"The virtual IP {_address} is still on {_interface}.")
            {
                Details = [.. says.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)],
                Hints = [$"As root, on this host:  {string.Join(' ', words)}"],
            };
        }
    }
}
