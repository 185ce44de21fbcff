using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>Cuts hosts of a lab off from each other, as a broken network does, and lets them reach each other again.
/// ssh is never cut off. It takes root's rights on the hosts of one side.</summary>
/// <param name="parts">The hosts.</param>
/// <param name="lab">The whole lab.</param>
public sealed class HostCuts(HostParts parts, Lab lab)
{
    /// <summary>How long it lasts unless a user says otherwise.</summary>
    public static readonly TimeSpan DefaultTime = TimeSpan.FromMinutes(10);

    private readonly CutRules _rules = new(lab.Id);

    /// <summary>Cuts hosts off.</summary>
    /// <param name="side">Hosts, by number.</param>
    /// <param name="others">The hosts they are cut off from.</param>
    /// <param name="patience">When it ends by itself.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellationToken">Ends it, and undoes it.</param>
    /// <returns>The lab, which knows of it.</returns>
    /// <exception cref="LabException">The rights are missing on both sides: with the line for sudoers.</exception>
    public async Task<Lab> CutAsync(
        IReadOnlyList<int> side,
        IReadOnlyList<int> others,
        TimeSpan patience,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(side);
        ArgumentNullException.ThrowIfNull(others);
        // One host can be cut off from the virtual IP as well, wherever on the other side that is.
        var (here, beyond) = others.Count < side.Count ? (others, side) : (side, others);
        if (await WhyNotAsync(here, cancellationToken) is { } problem)
        {
            (here, beyond) = await WhyNotAsync(beyond, cancellationToken) is null ? (beyond, here) : throw problem;
        }

        var cut = lab with { Partition = new LabPartition(here, beyond, now + patience) };
        // First: whoever is ended half-way leaves something that heal and destroy know of.
        Note(cut);
        try
        {
            await Task.WhenAll(here.Select(h => CutAsync(h, beyond, here.Count == 1, patience, cancellationToken)));
        }
        catch
        {
            await HealAsync(CancellationToken.None);
            throw;
        }

        return cut;
    }

    /// <summary>Lets all hosts reach each other again.</summary>
    /// <exception cref="LabException">A host does not answer, or does not let us; the others are done.</exception>
    public async Task HealAsync(CancellationToken cancellationToken)
    {
        // What another machine's pgpoollab has cut off is not known here.
        var noted = LabStore.Load(lab.Root)?.Lab.Partition?.Here;
        var sought = noted ?? [.. lab.Hosts.Select(h => h.Id)];
        await new HostParts([.. parts.Hosts.Where(h => sought.Contains(h.Host.Id))]).ForEachAsync(async h =>
        {
            if (h.Machine is null)
            {
                throw new PartFailedException(h.Host, "end the partition", ExitCode.NotHealthy, h.Problem);
            }

            var says = await RunAsync(h, ["nft", "-f", "-"], _rules.Remove() + "\n", cancellationToken);
            if (says.ExitCode != 0 && noted is not null)
            {
                throw Failed(h, "end the partition", says);
            }
        });
        Note(lab with { Partition = null });
    }

    /// <summary>True when the hosts that are to be cut off still are.</summary>
    public async Task<bool> IsInPlaceAsync(CancellationToken cancellationToken)
    {
        if (lab.Partition is not { } cut)
        {
            return false;
        }

        return (await Task.WhenAll(cut.Here.Select(id => IsCutOffAsync(id, cancellationToken)))).Any(c => c);
    }

    private async Task<bool> IsCutOffAsync(int id, CancellationToken cancellationToken)
    {
        if (parts.Hosts.FirstOrDefault(h => h.Host.Id == id) is not { Machine: not null } host)
        {
            return false;
        }

        try
        {
            string[] words = ["nft", "list", "table", .. _rules.Table.Split(' ')];
            return CutRules.IsInForce((await RunAsync(host, words, null, cancellationToken)).Output);
        }
        catch (LabException)
        {
            // A host that is lost on the way is said by who asks it for its servers.
            return false;
        }
    }

    private async Task CutAsync(
        int host,
        IReadOnlyList<int> beyond,
        bool isAlone,
        TimeSpan patience,
        CancellationToken cancellationToken
    )
    {
        var reached = parts.Hosts[host];
        string[] addresses =
        [
            .. beyond.Select(b => lab.Hosts[b].Address),
            .. isAlone && lab.VirtualIp is { } ip ? (string[])[VirtualIp.AddressOf(ip)] : [],
        ];
        var text = _rules.Make(addresses, [.. parts.Hosts.Select(h => h.SshPort)], patience);
        var says = await RunAsync(reached, ["nft", "-f", "-"], text, cancellationToken);
        if (says.ExitCode != 0)
        {
            throw Failed(reached, "cut itself off", says);
        }
    }

    /// <summary>Why some of these hosts cannot be cut off; null when all can.</summary>
    private async Task<LabException?> WhyNotAsync(IReadOnlyList<int> hosts, CancellationToken cancellationToken)
    {
        var problems = await Task.WhenAll(hosts.Select(h => WhyNotAsync(parts.Hosts[h], cancellationToken)));
        return problems.OfType<LabException>().FirstOrDefault();
    }

    private static async Task<LabException?> WhyNotAsync(ReachedHost host, CancellationToken cancellationToken)
    {
        const string what = "cut itself off";
        if (host.Machine is not { } machine)
        {
            return new PartFailedException(host.Host, what, ExitCode.NotHealthy, host.Problem);
        }

        var user = await machine.Users.CurrentAsync(cancellationToken);
        string[] needed = user.UserId == 0 ? ["nft"] : ["sudo", "nft"];
        var found = new Dictionary<string, string?>();
        foreach (var name in needed)
        {
            found[name] = await AdminProgram.FindAsync(machine, name, cancellationToken);
        }

        var missing = needed.Where(n => found[n] is null).Select(n => n == "nft" ? "nftables" : n).ToArray();
        if (missing.Length > 0)
        {
            return new LabException(ExitCode.Missing, $"Host {host.Host.Name} cannot {what}: it lacks programs for it.")
            {
                Hints = [$"On Debian or Ubuntu, as root there:  apt-get install {string.Join(' ', missing)}"],
            };
        }

        var says = await RunAsync(host, ["nft", "list", "tables"], null, cancellationToken);
        return says.ExitCode == 0 ? null
            : says.Error.StartsWith("sudo:", StringComparison.Ordinal)
                ? new LabException(
                    ExitCode.Missing,
                    $"Host {host.Host.Name} cannot {what}: that takes root's rights, which sudo does not give to "
                        + $"{user.Name} there."
                )
                {
                    Details = [.. says.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Take(3)],
                    Hints =
                    [
                        "As root there, with this line (visudo -f /etc/sudoers.d/pgpoollab-nft):  "
                            + SudoersLine(user.Name, found["nft"]!),
                        "That lets the user change the host's whole firewall: for test machines.",
                    ],
                }
            : Failed(host, what, says);
    }

    /// <summary>The line for <c>/etc/sudoers.d</c> that lets a user run nft.</summary>
    public static string SudoersLine(string user, string nft) => $"{user} ALL=(root) NOPASSWD: {nft}";

    private static async Task<CommandResult> RunAsync(
        ReachedHost host,
        string[] words,
        string? input,
        CancellationToken cancellationToken
    )
    {
        var machine = host.Machine!;
        var isRoot = (await machine.Users.CurrentAsync(cancellationToken)).UserId == 0;
        var command = isRoot ? AdminProgram.Of(words) : AdminProgram.AsRoot(words);
        return await machine.Programs.RunAsync(command with { Input = input }, cancellationToken);
    }

    private static PartFailedException Failed(ReachedHost host, string what, CommandResult says) =>
        new(host.Host, what, ExitCode.Failed)
        {
            Details = [.. says.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Take(5)],
        };

    private void Note(Lab changed)
    {
        if (LabStore.Load(lab.Root) is { } manifest)
        {
            LabStore.Save(manifest with { Lab = changed });
        }
    }
}
