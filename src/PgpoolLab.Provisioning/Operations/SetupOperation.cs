using System.Security.Cryptography;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Provisioning.Tools;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>A lab that was made.</summary>
/// <param name="Lab">The lab.</param>
/// <param name="PcpUsers">Users of the pcp programs and their passwords.</param>
public sealed record SetupResult(Lab Lab, IReadOnlyList<PcpUser> PcpUsers)
{
    /// <summary>What became of the settings of configuration files.</summary>
    public IReadOnlyList<SettingsFileReport> SettingsFiles { get; init; } = [];
}

/// <summary>Setup failed or was interrupted, and has cleaned up as far as it could.</summary>
/// <param name="cause">Why.</param>
/// <param name="code">The exit code.</param>
public sealed class SetupFailedException(Exception cause, ExitCode code) : LabException(code, cause.Message, cause)
{
    /// <summary>Where the logs are; null when there are none.</summary>
    public string? KeptLogs { get; init; }

    /// <summary>That the disk was full when it failed; null when it had room. The servers fail of it in many
    /// words.</summary>
    public string? FullDisk { get; init; }

    /// <summary>What could not be undone; empty when all was.</summary>
    public IReadOnlyList<string> NotUndone { get; init; } = [];

    /// <summary>True when the user asked to keep what was made.</summary>
    public bool KeptEverything { get; init; }
}

/// <summary>Makes a lab: plan, check, make, prove. Whatever stops it, what it made is undone.</summary>
/// <param name="context">What it works with.</param>
public sealed class SetupOperation(OperationContext context)
{
    /// <summary>How often another block of ports is tried when a stranger takes one of those that were
    /// chosen.</summary>
    private const int BlocksToTry = 5;

    private readonly PortClaim _ports = new(context);

    /// <summary>What the parts of a lab on several hosts share; null for a lab that makes up its own.</summary>
    public LabSecrets? Secrets { get; init; }

    /// <summary>Says what would be done. Touches nothing.</summary>
    public async Task<LabPlan> PlanAsync(LabSpec spec, CancellationToken cancellationToken)
    {
        var (tools, user) = await CheckAsync(spec, touches: false, cancellationToken);
        var owner = user ?? Identity.Current;
        (spec, var files) = await PortableSettings.ChooseAsync(context.Host, spec, tools, cancellationToken);
        var plan = LabPlanner.Plan(
            spec,
            await new HostInspector(context).InspectAsync(
                spec,
                tools,
                new FolderOrigin(null),
                owner,
                InvokerOf(spec, user),
                await _ports.LookAsync(spec, cancellationToken),
                cancellationToken
            )
        );
        return plan with { SettingsFiles = files };
    }

    /// <summary>Makes the lab.</summary>
    /// <exception cref="LabException">It could not be made; nothing was touched.</exception>
    /// <exception cref="SetupFailedException">It failed on the way and was undone.</exception>
    public async Task<SetupResult> ExecuteAsync(
        LabSpec spec,
        IReadOnlyList<string> commandLine,
        CancellationToken cancellationToken
    )
    {
        // What passwords are made with takes some milliseconds to load.
        _ = Task.Run(static () => RandomNumberGenerator.GetBytes(1), CancellationToken.None);
        var (tools, user) = await CheckAsync(spec, touches: true, cancellationToken);
        (spec, var files) = await PortableSettings.ChooseAsync(context.Host, spec, tools, cancellationToken);
        foreach (var note in files.SelectMany(f => PortableSettings.Told(f, context.NameOf)))
        {
            context.Note(note);
        }

        var renderer = new ConfigRenderer(new TemplateStore(spec.Setup.Templates), context.ProgramVersion)
        {
            Program = context.Program,
        };
        var invoker = InvokerOf(spec, user);
        if (user is not null)
        {
            context.Note($"PostgreSQL refuses to run as root: this lab runs as {user.Name} (choose with --run-as).");
        }

        if (Identity.IsRoot)
        {
            // Later it is another user, who cannot remove what others have left.
            context.Leases.Sweep();
        }

        var undo = new UndoStack();
        var folderLock = await LabFolder.LockAsync(spec.Directory, context.Probes, cancellationToken);
        FolderOrigin origin;
        try
        {
            origin = LabFolder.Prepare(spec.Directory, user, context.Process);
        }
        catch
        {
            folderLock?.Dispose();
            throw;
        }

        undo.Push("give the folder back", _ => Task.FromResult(LabFolder.GiveBack(spec.Directory, origin)));
        var folderIsThere = undo.Count;
        for (var tries = 1; ; tries++)
        {
            Claim? claim = null;
            try
            {
                claim = await ClaimAsync(spec, tools, origin, invoker, commandLine, undo, cancellationToken);
                folderLock?.Dispose();
                return await MakeAsync(claim, renderer, commandLine, undo, cancellationToken) with
                {
                    SettingsFiles = files,
                };
            }
            catch (PortTakenException taken)
                when (tries < BlocksToTry
                    && spec.Port is null
                    && !taken.Ports.Intersect(PortClaim.FixedPortsOf(spec).Select(p => p.Port)).Any()
                )
            {
                if (await undo.UnwindAsync(context.Undoing, folderIsThere) is { Count: > 0 } failures)
                {
                    folderLock?.Dispose();
                    throw new SetupFailedException(taken, ExitCode.UndoFailed)
                    {
                        NotUndone = [.. failures, .. await undo.UnwindAsync(context.Undoing)],
                    };
                }

                context.Note(
                    $"{string.Join(' ', taken.Details.Count > 0 ? taken.Details : [taken.Message])} Other ports "
                        + "are tried."
                );
            }
            catch (Exception cause)
            {
                folderLock?.Dispose();
                throw await CleanUpAsync(spec, claim?.Plan.Lab, undo, cause);
            }
            finally
            {
                claim?.Ports?.Dispose();
                // Not before all is undone: a lab in state creating that nobody has locked is what a killed setup has
                // left.
                claim?.Lock.Dispose();
            }
        }
    }

    /// <summary>What a setup has taken for its lab.</summary>
    /// <param name="Plan">The lab, and how it is made.</param>
    /// <param name="Manifest">As it is on disk.</param>
    /// <param name="Lock">The lab's lock.</param>
    /// <param name="Ports">The lab's ports; null where they cannot be leased.</param>
    /// <param name="Passwords">Passwords of roles that somebody has given.</param>
    private sealed record Claim(
        LabPlan Plan,
        LabManifest Manifest,
        LabLock Lock,
        HeldPorts? Ports,
        IReadOnlyDictionary<string, string> Passwords
    );

    private async Task<SetupResult> MakeAsync(
        Claim claim,
        ConfigRenderer renderer,
        IReadOnlyList<string> commandLine,
        UndoStack undo,
        CancellationToken cancellationToken
    )
    {
        var (plan, manifest) = (claim.Plan, claim.Manifest);
        var lab = plan.Lab;
        var secrets = Secrets ?? LabSecrets.For(lab, claim.Passwords);
        using (var log = context.OpenLog(lab.ToolLog))
        {
            log.Information("setup begins: {CommandLine}", string.Join(' ', commandLine.Select(Shell.Quote)));
            var steps = new StepContext(context.Host, lab, renderer, context.Probes, secrets, undo, log, context.Time)
            {
                Note = context.Note,
            };
            await using var sessions = steps.Sessions;
            await new PlanRunner(context.Reader, context.Time).RunAsync(
                plan.Stages,
                steps,
                done => LabStore.Save(manifest = manifest with { CompletedSteps = [.. manifest.CompletedSteps, done] }),
                cancellationToken
            );
            LabStore.Save(manifest with { State = LabState.Ready });
        }

        return new SetupResult(lab, secrets.PcpUsers);
    }

    private async Task<(Toolset Tools, SystemUser? User)> CheckAsync(
        LabSpec spec,
        bool touches,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (spec.Validate() is { Count: > 0 } problems)
        {
            throw new InvalidSpecException(problems);
        }

        if (OperatingSystem.IsWindows())
        {
            throw new LabException(
                ExitCode.Missing,
                "A lab on this machine itself needs Linux, macOS or another POSIX system: Pgpool-II does not run "
                    + "on Windows."
            )
            {
                Hints = ["Under Windows, use a Linux distribution in WSL."],
            };
        }

        _ = new ConfigRenderer(new TemplateStore(spec.Setup.Templates), context.ProgramVersion);
        LabFolder.RequireUsable(spec.Directory, hiddenFilesAreFine: spec.Conventions.IgnoresHiddenFiles);
        await MachineRequirements.RequireProgramsAsync(context.Host, spec.Directory, cancellationToken);
        await MachineRequirements.RequireLoopbackAsync(context.Host, cancellationToken);
        await MachineRequirements.RequireAddressesAsync(context.Host, spec.ListenAddresses, cancellationToken);
        // Ports are looked at again when they are claimed; here nothing has been created yet, and root still sees who
        // holds them.
        await new HostInspector(context).RequireFreePortsAsync(
            PortClaim.FixedPortsOf(spec),
            spec.Conventions.HasFixedPorts,
            cancellationToken
        );
        var finder = new ToolFinder(
            context.Host,
            await Platform.DetectAsync(context.Host, cancellationToken),
            ProgramAnswers.OfCurrentUser(context.Host, keep: touches)
        );
        var tools = await finder.FindAsync(ToolRequest.From(spec, context.CallersVariable), cancellationToken);
        await SettingNames.RequireAsync(context.Host, spec, tools, cancellationToken);
        var owner = await context.Host.Files.IsFolderAsync(spec.Directory, cancellationToken)
            ? (await context.Host.Files.LookAsync(spec.Directory, cancellationToken))?.User
            : null;
        var (users, asked) = (context.Host.Users, spec.Setup.RunAs);
        return (tools, await RunAs.ChooseAsync(users, asked, owner, Identity.IsRoot, cancellationToken));
    }

    /// <summary>Takes folder, ports and name for this lab: writes the manifest before anything else is
    /// created.</summary>
    private async Task<Claim> ClaimAsync(
        LabSpec spec,
        Toolset tools,
        FolderOrigin origin,
        string? invoker,
        IReadOnlyList<string> commandLine,
        UndoStack undo,
        CancellationToken cancellationToken
    )
    {
        var inspector = new HostInspector(context);
        using var choice = await LabIndex.LockAsync(context.Probes, cancellationToken);
        // Another setup may have taken the folder since it was looked at first.
        LabFolder.RequireUsable(spec.Directory, hiddenFilesAreFine: spec.Conventions.IgnoresHiddenFiles);
        var facts = await inspector.InspectAsync(
            spec,
            tools,
            origin,
            Identity.Current,
            invoker,
            firstPort: 0,
            cancellationToken
        );
        context.Leases.Sweep();
        var (firstPort, ports) = await _ports.TakeAsync(spec, facts.LabId, facts.Root, cancellationToken);
        undo.Push("give the ports back", _ => Task.Run(() => ports?.Release(), CancellationToken.None));
        facts = facts with { FreePort = firstPort };
        var plan = LabPlanner.Plan(WithFreeName(spec, facts.Root), facts);
        var lab = plan.Lab;
        await inspector.RequireFreePortsAsync(lab.AllPorts, spec.Conventions.HasFixedPorts, cancellationToken);

        var manifest = new LabManifest
        {
            ToolVersion = context.ProgramVersion,
            CommandLine = commandLine,
            State = LabState.Creating,
            Lab = lab,
        };
        await context.Host.Files.CreateDirectoryAsync(lab.Paths.Hidden, Modes.PrivateFolder, cancellationToken);
        var labLock = LabRemains.TakeLock(lab.Root);
        try
        {
            undo.Push(
                $"delete {lab.Paths.Hidden}",
                ct => context.Host.Files.DeleteAsync(lab.Paths.Hidden, ct).AsTask()
            );
            LabStore.Save(manifest);
            if (!Identity.HasStoodDown && origin.CreatedFrom is not null)
            {
                FolderRecords.OfCurrentUser().Forget(lab.Root);
            }

            undo.Push("take the lab off the list", _ => Task.Run(() => LabIndex.Remove(lab), CancellationToken.None));
            LabIndex.Register(lab);
            // Where the log of all this is written.
            var logFolder = Path.GetDirectoryName(lab.ToolLog)!;
            var made = await context.Host.Files.ExistsAsync(logFolder, cancellationToken) ? lab.ToolLog : logFolder;
            undo.Push($"delete {made}", ct => context.Host.Files.DeleteAsync(made, ct).AsTask());
            await context.Host.Files.CreateDirectoryAsync(logFolder, Modes.PrivateFolder, cancellationToken);
            return new Claim(plan, manifest, labLock, ports, spec.Setup.RolePasswords);
        }
        catch
        {
            labLock.Dispose();
            throw;
        }
    }

    /// <summary>The request with a name that no lab of this user has.</summary>
    internal static LabSpec WithFreeName(LabSpec spec, string root)
    {
        var taken = LabIndex.All().Select(l => l.Name).ToHashSet(StringComparer.Ordinal);
        if (spec.Name is { } asked)
        {
            return !taken.Contains(asked)
                ? spec
                : throw new LabException(
                    ExitCode.InTheWay,
                    $"There is a lab named '{asked}' already, in {LabIndex.All().First(l => l.Name == asked).Root}."
                )
                {
                    Hints = ["Choose another name, or leave --name away: the folder's name is taken."],
                };
        }

        var name = Path.GetFileName(root).TrimStart('.', '-');
        name = name.Length is > 0 and <= 90 ? name : "lab";
        var free = Enumerable
            .Range(1, int.MaxValue)
            .Select(i => i == 1 ? name : $"{name}-{i}")
            .First(n => !taken.Contains(n));
        return spec with { Name = free };
    }

    private async Task<SetupFailedException> CleanUpAsync(LabSpec spec, Lab? lab, UndoStack undo, Exception cause)
    {
        if (cause is PortTakenException taken)
        {
            cause = taken.With(PortClaim.Advice(spec.Conventions.HasFixedPorts));
        }

        var code = cause switch
        {
            OperationCanceledException => ExitCode.Interrupted,
            LabException known => known.Code,
            _ => ExitCode.Failed,
        };
        var full =
            lab is null || code is ExitCode.Interrupted
                ? null
                : await DiskFull.SeenAsync(context.Host, lab.Root, CancellationToken.None);
        var logs = lab is null || code is ExitCode.InTheWay ? null : FailureLogs.Keep(lab, context.Time);
        if (spec.Setup.KeepOnFailure && lab is not null)
        {
            await StopOperation.StopServersAsync(context.Host, context.Probes, lab);
            if (LabStore.Load(lab.Root) is { } manifest)
            {
                LabStore.Save(manifest with { State = LabState.Failed });
            }

            return new SetupFailedException(cause, code)
            {
                FullDisk = full,
                KeptLogs = lab.ServerPaths.Log,
                KeptEverything = true,
            };
        }

        var failures = await undo.UnwindAsync(context.Undoing);
        return new SetupFailedException(cause, failures.Count > 0 ? ExitCode.UndoFailed : code)
        {
            FullDisk = full,
            KeptLogs = logs,
            NotUndone = failures,
        };
    }

    /// <summary>On other hosts pgpoollab's own way in is nobody who works with the lab.</summary>
    private static string? InvokerOf(LabSpec spec, SystemUser? user) =>
        user is null || spec.Part is not null ? null : Identity.Current.Name;
}
