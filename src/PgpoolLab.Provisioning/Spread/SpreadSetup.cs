using System.Collections.Concurrent;
using System.Security.Cryptography;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Machines;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>Makes a lab on several hosts: each makes its part, the primary's first, and the whole is proved when all
/// run. Whatever stops it, what it made is undone on every host that answers.</summary>
/// <param name="context">What it works with, on the user's own machine.</param>
/// <param name="parts">The hosts.</param>
public sealed class SpreadSetup(OperationContext context, HostParts parts)
{
    /// <summary>How often another block of ports is tried when one is taken somewhere.</summary>
    private const int BlocksToTry = 8;

    /// <summary>Pgpool-IIs that find each other, and nodes that begin to stream.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(500);

    /// <summary>Says what each host would make. Touches nothing.</summary>
    public async Task<IReadOnlyList<PartFacts>> CheckAsync(
        LabSpec spec,
        PartOfLab part,
        CancellationToken cancellationToken
    ) => (await CheckAsync(Decided(spec, part), cancellationToken)).Facts;

    /// <summary>Says what every host would do. Touches nothing.</summary>
    /// <param name="spec">What was asked for.</param>
    /// <param name="part">The hosts, with <see cref="PartOfLab.Here"/> null.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">It could not be made.</exception>
    public async Task<SpreadPlan> PlanAsync(LabSpec spec, PartOfLab part, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(part);
        LabFolder.RequireUsable(spec.Directory, hiddenFilesAreFine: false);
        var (decided, facts) = await CheckAsync(Decided(spec, part), cancellationToken, withSteps: true);
        var lab = await ResolveAsync(spec, decided, facts, new FolderOrigin(null), cancellationToken);
        return new SpreadPlan(
            lab,
            [
                .. lab.Hosts.Zip(
                    facts,
                    (h, f) => new HostPlan(h, f, parts.Hosts[h.Id].Program, RequestOf(decided, h, null).ToJson().Length)
                ),
            ]
        );
    }

    /// <summary>Makes the lab.</summary>
    /// <param name="spec">What was asked for; its folder is the one on this machine.</param>
    /// <param name="part">The hosts, with <see cref="PartOfLab.Here"/> null.</param>
    /// <param name="commandLine">The command line, for the record.</param>
    /// <param name="cancellationToken">Ends it, and undoes it.</param>
    /// <exception cref="LabException">It could not be made; nothing was touched.</exception>
    /// <exception cref="SetupFailedException">It failed on the way and was undone.</exception>
    public async Task<SetupResult> ExecuteAsync(
        LabSpec spec,
        PartOfLab part,
        IReadOnlyList<string> commandLine,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(part);
        var asked = spec;
        (spec, var facts) = await CheckAsync(Decided(spec, part), cancellationToken);
        var undo = new UndoStack();
        try
        {
            LabFolder.RequireUsable(spec.Directory, hiddenFilesAreFine: false);
            var origin = LabFolder.Prepare(spec.Directory, null, context.Process);
            undo.Push("give the folder back", _ => Task.FromResult(LabFolder.GiveBack(spec.Directory, origin)));
            return await MakeAsync(asked, spec, facts, origin, commandLine, undo, cancellationToken);
        }
        catch (Exception cause)
        {
            var code = cause switch
            {
                OperationCanceledException => ExitCode.Interrupted,
                LabException known => known.Code,
                _ => ExitCode.Failed,
            };
            var failures = await undo.UnwindAsync(context.Undoing);
            throw new SetupFailedException(cause, failures.Count > 0 ? ExitCode.UndoFailed : code)
            {
                NotUndone = failures,
            };
        }
    }

    /// <summary>The request with the name and the hosts, as every part is to have them.</summary>
    private static LabSpec Decided(LabSpec spec, PartOfLab part)
    {
        var name = spec.Name ?? Path.GetFileName(spec.Directory).TrimStart('.', '-');
        return spec with
        {
            Name = name.Length is > 0 and <= 90 ? name : "lab",
            PgpoolNodes = part.Hosts.Count,
            Part = part,
        };
    }

    private async Task<(LabSpec Spec, IReadOnlyList<PartFacts> Facts)> CheckAsync(
        LabSpec spec,
        CancellationToken cancellationToken,
        bool withSteps = false
    )
    {
        foreach (var host in parts.Hosts)
        {
            if (host.Problem is { } problem)
            {
                throw problem;
            }
        }

        for (var tries = 1; ; tries++)
        {
            var chosen = spec.Port is null ? spec with { Port = RandomBlock(spec) } : spec;
            if (chosen.Validate() is { Count: > 0 } problems)
            {
                throw new InvalidSpecException(problems);
            }

            var facts = new PartFacts?[parts.Hosts.Count];
            try
            {
                await parts.ForEachAsync(async h =>
                    facts[h.Host.Id] = await parts.CheckAsync(
                        h.Host,
                        RequestOf(chosen, h.Host, null) with
                        {
                            WithSteps = withSteps,
                        },
                        cancellationToken
                    )
                );
            }
            catch (LabException error)
                when (spec.Port is null && error.Code is ExitCode.InTheWay && tries < BlocksToTry)
            {
                continue;
            }

            var all = facts.Select(f => f!).ToArray();
            RequireAlike(chosen.Part!.Hosts, all);
            var virtualIp = all[0].VirtualIp?.Address ?? chosen.Part.VirtualIp;
            return (chosen with { Part = chosen.Part with { VirtualIp = virtualIp } }, all);
        }
    }

    /// <summary>Below the ports that Linux lends to clients, as for a lab on one machine.</summary>
    private static int RandomBlock(LabSpec spec)
    {
        var length = PortLayout.From(0, spec.PgpoolNodes, null).All(spec.Nodes).Max(p => p.Port) + 1;
        return RandomNumberGenerator.GetInt32(
            PortClaim.FirstAutomaticPort,
            Math.Max(PortClaim.FirstAutomaticPort + 1, PortClaim.LastAutomaticPort - length)
        );
    }

    private static PartRequest RequestOf(LabSpec spec, LabHost host, LabSecrets? secrets, VirtualIpPlace? place = null)
    {
        var part = spec.Part! with { Here = host.Id };
        // Interfaces have other names on other hosts.
        return PartRequest.Of(
            spec,
            place is null ? part : part with { VirtualIp = place.Address, Interface = place.Interface },
            secrets
        );
    }

    /// <summary>A standby is a copy of the primary's files, and the superuser's name is in them.</summary>
    private static void RequireAlike(IReadOnlyList<LabHost> hosts, IReadOnlyList<PartFacts> facts)
    {
        Require("PostgreSQL's major version", f => $"{f.Tools.Postgres.Major}", "--pg-version N");
        Require("Pgpool-II's version", f => $"{f.Tools.Pgpool.Number / 100}.{f.Tools.Pgpool.Number % 100}", null);
        Require("the user the servers run as", f => f.Owner, "--run-as USER, or another user in ~/.ssh/config");

        void Require(string what, Func<PartFacts, string> of, string? option)
        {
            if (facts.Select(of).Distinct().Count() > 1)
            {
                throw new LabException(ExitCode.Missing, $"The hosts differ: {what} must be the same on all of them.")
                {
                    Details = [.. hosts.Zip(facts, (h, f) => $"{h.Name}: {of(f)}")],
                    Hints = option is null ? [] : [$"Choose one that all have:  {option}"],
                };
            }
        }
    }

    /// <summary>The whole lab, as this machine knows it.</summary>
    private async Task<Lab> ResolveAsync(
        LabSpec asked,
        LabSpec spec,
        IReadOnlyList<PartFacts> facts,
        FolderOrigin origin,
        CancellationToken cancellationToken
    )
    {
        var lab = LabPlanner.Resolve(
            spec,
            new HostFacts
            {
                Root = await context.Host.Files.RealPathAsync(spec.Directory, cancellationToken),
                LabId = spec.Part!.Id,
                Owner = Identity.Current.Name,
                Folder = origin,
                Tools = facts[0].Tools,
                SocketDirectories = [],
                AliasFolder = StateFolder.Open(Shell.IsSafeWord),
                FreePort = spec.Port!.Value,
            }
        );
        return lab with
        {
            SafeAlias = null,
            Asked = LabAsked.Of(asked),
            Hosts = [.. lab.Hosts.Zip(facts, (h, f) => h with { Root = f.Root })],
        };
    }

    private async Task<SetupResult> MakeAsync(
        LabSpec asked,
        LabSpec spec,
        IReadOnlyList<PartFacts> facts,
        FolderOrigin origin,
        IReadOnlyList<string> commandLine,
        UndoStack undo,
        CancellationToken cancellationToken
    )
    {
        var lab = await ResolveAsync(asked, spec, facts, origin, cancellationToken);
        var secrets = LabSecrets.For(lab with { Owner = facts[0].Owner }, spec.Setup.RolePasswords) with
        {
            Certificates = LabCertificates.Make(lab, context.Time.GetUtcNow()),
        };
        var manifest = new LabManifest
        {
            ToolVersion = context.ProgramVersion,
            CommandLine = commandLine,
            State = LabState.Creating,
            Lab = lab,
        };
        await context.Host.Files.CreateDirectoryAsync(lab.Paths.Hidden, Modes.PrivateFolder, cancellationToken);
        using var labLock = LabRemains.TakeLock(lab.Root);
        var left = new ConcurrentBag<string>();
        undo.Push(
            $"delete {lab.Paths.Hidden}",
            ct => left.IsEmpty ? context.Host.Files.DeleteAsync(lab.Paths.Hidden, ct).AsTask() : Task.CompletedTask
        );
        LabStore.Save(manifest);
        undo.Push("take the lab off the list", _ => Task.Run(() => Forget(lab, left), CancellationToken.None));
        LabIndex.Register(lab);

        var known = new HostParts([.. parts.Hosts.Select(h => h with { Host = lab.Hosts[h.Host.Id] })]);
        await MakePartAsync(known.Hosts[0]);
        await new HostParts([.. known.Hosts.Skip(1)]).ForEachAsync(MakePartAsync);
        context.Note("Starting every Pgpool-II.");
        await StartAsync(known, lab, context.Note, cancellationToken);
        await ProveAsync(known, lab, cancellationToken);
        if (!spec.Setup.LeaveRunning)
        {
            await StopAsync(known, cancellationToken);
        }

        LabStore.Save(manifest with { State = LabState.Ready });
        return new SetupResult(lab, secrets.PcpUsers);

        Task MakePartAsync(ReachedHost host)
        {
            context.Note($"Host {host.Host.Name}: making its part in {host.Host.Root}.");
            undo.Push($"remove the part of host {host.Host.Name}", ct => TakeBackAsync(known, host.Host, left, ct));
            var request = RequestOf(spec, host.Host, secrets, facts[host.Host.Id].VirtualIp);
            return known.MakeAsync(host.Host, request, cancellationToken);
        }
    }

    /// <summary>A host that has died meanwhile is remembered: what is left there can be removed when it is
    /// back.</summary>
    private static async Task TakeBackAsync(
        HostParts parts,
        LabHost host,
        ConcurrentBag<string> left,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await RemoveAsync(parts, host, cancellationToken);
        }
        catch
        {
            left.Add(host.Name);
            throw;
        }
    }

    private static void Forget(Lab lab, ConcurrentBag<string> left)
    {
        if (left.IsEmpty)
        {
            LabIndex.Remove(lab);
            return;
        }

        LabStore.NoteDestroying(lab);
        throw new LabException(
            ExitCode.UndoFailed,
            $"something may be left on {string.Join(" and ", left.Order())}. When it answers again:  pgpoollab destroy "
                + $"--resume {Shell.Quote(lab.Name)}"
        );
    }

    /// <summary>Removes a host's part, if there is one.</summary>
    internal static async Task RemoveAsync(HostParts parts, LabHost host, CancellationToken cancellationToken)
    {
        try
        {
            await parts.RunAsync(host, "remove its part of the lab", ["destroy", "--yes"], cancellationToken);
        }
        catch (PartFailedException error) when (error is { Code: ExitCode.NotFound, InnerException: null })
        {
            // It was not made, or has gone.
        }
    }

    /// <summary>Starts what does not run, on all hosts at once: a Pgpool-II of a watchdog looks for the others. A node
    /// that was primary until another was promoted stays down: it would be a second one.</summary>
    public static async Task StartAsync(
        HostParts parts,
        Lab lab,
        Action<string> note,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(note);
        var primaries = new PartPrimaries[parts.Hosts.Count];
        await parts.ForEachAsync(async h =>
            primaries[h.Host.Id] = await parts.FindPrimariesAsync(h.Host, cancellationToken)
        );
        var timelines = primaries.SelectMany(p => p.Timelines).ToDictionary(t => t.Key, t => t.Value);
        var outdated = timelines.Where(t => t.Value < timelines.Values.Max()).Select(t => t.Key).Order().ToArray();
        foreach (var node in outdated)
        {
            note(
                $"Node {node} is not started: another node took over from it, and there would be two primaries. "
                    + $"Bring it back:  pgpoollab recover {node}"
            );
        }

        await parts.ForEachAsync(h =>
        {
            var nodes = lab.Nodes.Where(n => n.Host == h.Host.Id).Select(n => n.Id).ToArray();
            string[] only = nodes.Intersect(outdated).Any()
                ? [.. nodes.Except(outdated).Select(n => $"{n}"), "pgpool"]
                : [];
            return parts.RunAsync(h.Host, "start its servers", ["startall", .. only], cancellationToken);
        });
    }

    /// <summary>Stops every Pgpool-II, then every node: none takes the end of a node for a failure.</summary>
    public static Task StopAsync(HostParts parts, CancellationToken cancellationToken) =>
        StopAsync(parts, ["stopall"], cancellationToken);

    /// <inheritdoc cref="StopAsync(HostParts, CancellationToken)"/>
    /// <param name="parts">The hosts.</param>
    /// <param name="command">What stops all that runs on a host.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task StopAsync(
        HostParts parts,
        IReadOnlyList<string> command,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(parts);
        await parts.ForEachAsync(h =>
            parts.RunAsync(h.Host, "stop its Pgpool-II", ["stopall", "pgpool"], cancellationToken)
        );
        await parts.ForEachAsync(h => parts.RunAsync(h.Host, "stop its servers", command, cancellationToken));
    }

    /// <summary>Waits until every node streams and the Pgpool-IIs agree.</summary>
    /// <exception cref="LabException">They do not in time; it says how things are.</exception>
    public async Task ProveAsync(HostParts parts, Lab lab, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(parts);
        var began = context.Time.GetTimestamp();
        var settling = new SettlingLook(parts, lab);
        while (true)
        {
            var report = await settling.LookAsync(cancellationToken);
            if (SpreadNodes.IsWell(report))
            {
                return;
            }

            if (context.Time.GetElapsedTime(began) > Patience)
            {
                throw new LabException(
                    ExitCode.NotHealthy,
                    $"The lab is not well {Patience.TotalMinutes:0} minutes after its servers were started."
                )
                {
                    Details =
                    [
                        .. report.Findings.Select(f => f.Problem),
                        .. report.Nodes.Select(n =>
                            $"node {n.Id}: {n.Postgres.Role ?? n.Postgres.Problem ?? "no answer"}, "
                            + $"{n.Postgres.Receiver ?? "no WAL receiver"}; to Pgpool-II "
                            + $"{n.Pgpool?.Status ?? "unknown"} {n.Pgpool?.Role}"
                        ),
                    ],
                };
            }

            await context.Probes.PauseAsync(BetweenLooks, cancellationToken);
        }
    }
}
