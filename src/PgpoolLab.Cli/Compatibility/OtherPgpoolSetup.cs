using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Cli.Compatibility;

/// <summary>Somebody else's <c>pgpool_setup</c>, named by PGPOOL_SETUP: watchdog_setup lets it make each Pgpool-II, and
/// adds the watchdog.</summary>
/// <param name="words">The program and what is to come first on its command line.</param>
internal sealed class OtherPgpoolSetup(IReadOnlyList<string> words)
{
    /// <summary>Understands the variable.</summary>
    /// <param name="variable">PGPOOL_SETUP: words, as the shell would split them.</param>
    /// <param name="searchPath">PATH.</param>
    /// <returns>Null when it is not set, or is this very program.</returns>
    internal static OtherPgpoolSetup? From(string? variable, string? searchPath)
    {
        var words = variable?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (words.Length == 0)
        {
            return null;
        }

        var program = words[0].Contains('/')
            ? Path.GetFullPath(words[0])
            : (searchPath ?? "").Split(':').Select(f => Path.Combine(f, words[0])).FirstOrDefault(Identity.CanExecute);
        if (program is null || !Identity.CanExecute(program))
        {
            throw new LabException(ExitCode.Missing, $"PGPOOL_SETUP names {words[0]}, which is no program.")
            {
                Hints = ["Without PGPOOL_SETUP watchdog_setup does everything itself."],
            };
        }

        return Invocation.IsThis(SetupWrapper.ProgramOf(program) ?? [program])
            ? null
            : new OtherPgpoolSetup([program, .. words.Skip(1)]);
    }

    /// <summary>Makes the lab.</summary>
    /// <exception cref="LabException">The program failed; what was made is removed again.</exception>
    internal async Task<Lab> RunAsync(
        OperationContext operation,
        LabSpec spec,
        OldOptions options,
        IReadOnlyList<string> commandLine,
        CancellationToken cancellationToken
    )
    {
        if (Identity.IsRoot)
        {
            throw new LabException(
                ExitCode.Usage,
                $"{words[0]} (PGPOOL_SETUP) cannot work as root: PostgreSQL refuses that."
            )
            {
                Hints = ["Call watchdog_setup as another user, or without PGPOOL_SETUP."],
            };
        }

        var lab = (await new SetupOperation(operation).PlanAsync(spec, cancellationToken)).Lab;
        var (_, ports) = await new PortClaim(operation).TakeAsync(spec, lab.Id, lab.Root, cancellationToken);
        var manifest = new LabManifest
        {
            ToolVersion = operation.ProgramVersion,
            CommandLine = commandLine,
            State = LabState.Creating,
            Lab = lab,
        };
        // What is killed half-way can then be destroyed like any other lab.
        await operation.Host.Files.CreateDirectoryAsync(lab.Paths.Hidden, Private, cancellationToken);
        var labLock = LabLock.Take(lab.Root);
        try
        {
            LabStore.Save(manifest);
            LabIndex.Register(lab);
            // From here on the manifest stands for the leases. The other program may be one that leases, too: it is to
            // get these ports.
            ports?.Dispose();
            foreach (var pgpool in lab.Pgpools)
            {
                operation.Note($"============= setting up pgpool {pgpool.Id} =============");
                await MakeAsync(lab, pgpool, options, cancellationToken);
                await AddWatchdogAsync(operation, lab, pgpool, cancellationToken);
            }

            var renderer = new ConfigRenderer(new TemplateStore(), operation.ProgramVersion);
            foreach (var script in LabScripts.NamesAbove(lab))
            {
                await operation.Host.Files.WriteTextAsync(
                    $"{lab.Root}/{script}",
                    renderer.Render($"pgpool_setup/watchdog_{script}", lab),
                    Executable,
                    cancellationToken
                );
            }

            if (options.LeaveRunning)
            {
                (
                    await operation.Host.Programs.RunAsync(
                        new CommandSpec($"{lab.Root}/startall") { WorkingDirectory = lab.Root },
                        cancellationToken
                    )
                ).OrThrow("start the lab");
            }

            cancellationToken.ThrowIfCancellationRequested();
            LabStore.Save(manifest with { State = LabState.Ready });
            return lab;
        }
        catch
        {
            labLock.Dispose();
            // Stops what runs before it deletes anything; what cannot be stopped keeps its files, and the manifest.
            await new DestroyOperation(operation).ExecuteAsync(
                lab with
                {
                    Folder = new FolderOrigin(null),
                },
                deletesUsersFiles: true,
                CancellationToken.None
            );
            throw;
        }
        finally
        {
            ports?.Dispose();
            labLock.Dispose();
        }
    }

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Executable =
        Private
        | UnixFileMode.GroupRead
        | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead
        | UnixFileMode.OtherExecute;

    private async Task MakeAsync(Lab lab, PgpoolNode pgpool, OldOptions options, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(pgpool.Folder);
        string[] arguments =
        [
            "-m",
            lab.Mode.Letter(),
            "-p",
            pgpool.Port.ToString(),
            "-pg",
            lab.Nodes[0].Port.ToString(),
            .. pgpool.Id > 0 ? (string[])["-e"] : [],
        ];
        var command = new CommandSpec(words[0], [.. words.Skip(1), .. arguments])
        {
            WorkingDirectory = pgpool.Folder,
            KeepsEnvironment = true,
        }.With("NUMCLUSTERS", lab.Nodes.Count.ToString());
        if (options.Debug)
        {
            command = command.With("PGPOOLDEBUG", "true");
        }

        cancellationToken.ThrowIfCancellationRequested();
        var code = await ChildProcess.RunInteractiveAsync(command);
        // The terminal's Ctrl+C has reached both of us.
        cancellationToken.ThrowIfCancellationRequested();
        string[] needed =
        [
            $"{pgpool.Folder}/startall",
            $"{pgpool.Folder}/shutdownall",
            pgpool.Paths.PgpoolConf,
            pgpool.Paths.PoolHba,
            pgpool.Paths.PcpConf,
            pgpool.Paths.PcpPass,
            .. pgpool.Id == 0 ? lab.Nodes.Select(n => $"{n.DataDirectory}/PG_VERSION") : [],
        ];
        if (code == 0 && needed.FirstOrDefault(f => !File.Exists(f)) is { } missing)
        {
            throw new LabException(
                ExitCode.Failed,
                $"{words[0]} (PGPOOL_SETUP) ended with exit code 0, but has not made {missing}; what it printed "
                    + "is above."
            );
        }

        if (code != 0)
        {
            throw new LabException(
                ExitCode.Failed,
                $"{words[0]} (PGPOOL_SETUP) ended with exit code {code} as it made pgpool{pgpool.Id}; what it "
                    + "printed is above."
            );
        }
    }

    private static async Task AddWatchdogAsync(
        OperationContext operation,
        Lab lab,
        PgpoolNode pgpool,
        CancellationToken cancellationToken
    )
    {
        var renderer = new ConfigRenderer(new TemplateStore(), operation.ProgramVersion);
        await operation.Host.Files.AppendTextAsync(
            pgpool.Paths.PgpoolConf,
            renderer.Render("pgpool_setup/watchdog.conf", lab, pgpool),
            cancellationToken
        );
        await operation.Host.Files.WriteTextAsync(
            pgpool.Paths.PgpoolNodeId,
            $"{pgpool.Id}\n",
            UnixFileMode.UserRead | UnixFileMode.UserWrite,
            cancellationToken
        );
        if (pgpool.Id == 0)
        {
            return;
        }

        // Only the first one's scripts touch PostgreSQL; the others find its data by way of links.
        foreach (var script in (string[])[$"{pgpool.Folder}/startall", $"{pgpool.Folder}/shutdownall"])
        {
            var lines = await File.ReadAllLinesAsync(script, cancellationToken);
            await operation.Host.Files.WriteTextAsync(
                script,
                string.Concat(
                    lines
                        .Where(l =>
                            !(
                                l.Contains("pg_ctl", StringComparison.Ordinal)
                                && lab.Nodes.Any(n => l.Contains($"/data{n.Id}", StringComparison.Ordinal))
                            )
                        )
                        .Select(l => l + "\n")
                ),
                Executable,
                cancellationToken
            );
        }

        foreach (
            var link in LabInventory.Of(lab).Items.Where(i => i is { Kind: LabItemKind.Link, Use: LabItemUse.Data })
        )
        {
            if (link.Number == pgpool.Id)
            {
                await operation.Host.Files.DeleteAsync(link.Path, cancellationToken);
                await operation.Host.Files.CreateLinkAsync(link.Path, link.Target!, cancellationToken);
            }
        }
    }
}
