using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Keeping;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Drills.Files;
using PgpoolLab.Drills.Results;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Cli.Drilling;

/// <summary>The lab of one run: a new one, which goes when the run is over however that ends, or the user's own, of
/// which a snapshot is saved before.</summary>
internal sealed class DrillPlace : IAsyncDisposable
{
    private readonly Terminal _terminal;
    private readonly DrillWish _wish;
    private readonly string? _snapshot;
    private bool _isOver;

    private DrillPlace(
        Terminal terminal,
        DrillWish wish,
        Keeper keeper,
        MadeLab made,
        string? snapshot,
        LabFacts facts,
        ServerVersions versions
    )
    {
        (_terminal, _wish, _snapshot) = (terminal, wish, snapshot);
        (Keeper, Made, Facts, Versions) = (keeper, made, facts, versions);
    }

    /// <summary>Keeps the lab, if it is new.</summary>
    internal Keeper Keeper { get; }

    /// <summary>The lab.</summary>
    internal MadeLab Made { get; }

    /// <summary>Where its servers are, if some of them have disks of their own; null for none. What works on the lab
    /// during the run must be there; what removes it must not.</summary>
    internal OwnMounts? Mounts { get; private init; }

    /// <summary>What it is.</summary>
    internal LabFacts Facts { get; }

    /// <summary>Its servers' versions.</summary>
    internal ServerVersions Versions { get; }

    /// <param name="terminal">Where to speak.</param>
    /// <param name="wish">What the command line says.</param>
    /// <param name="drill">The drill.</param>
    /// <param name="setting">Settings of this variant.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static async Task<DrillPlace> OpenAsync(
        Terminal terminal,
        DrillWish wish,
        DrillSpec drill,
        IReadOnlyList<string> setting,
        CancellationToken cancellationToken
    )
    {
        var keeper = Keeper.Start();
        try
        {
            return wish.Lab is { } name
                ? await OwnAsync(terminal, wish, keeper, name, cancellationToken)
                : await NewAsync(terminal, wish, drill, setting, keeper, cancellationToken);
        }
        catch
        {
            await keeper.DisposeAsync();
            throw;
        }
    }

    /// <summary>The run is over: the lab goes, or stays as it was wished.</summary>
    /// <param name="mayOffer">It was the last run: the user's own lab stays as the drill has left it, unless he wants
    /// its snapshot back.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal async Task CloseAsync(bool mayOffer, CancellationToken cancellationToken)
    {
        _isOver = true;
        var folder = Made.Lab.Directory;
        if (_snapshot is { } snapshot)
        {
            var again = $"pgpoollab snapshot restore {snapshot} --lab {Shell.Quote(folder)}";
            if (!mayOffer || await WantsRestoreAsync(cancellationToken))
            {
                Checked(
                    await OwnProgram.RunAsync(
                        ["snapshot", "restore", snapshot, "--lab", folder],
                        _ => { },
                        printed: null,
                        cancellationToken
                    )
                );
                Checked(
                    await OwnProgram.RunAsync(
                        ["snapshot", "drop", snapshot, "--lab", folder],
                        _ => { },
                        printed: null,
                        cancellationToken
                    )
                );
                _terminal.Say("  The lab is as it was before the drill.");
            }
            else
            {
                _terminal.Say("  The lab is as the drill has left it. To have it as it was before:");
                _terminal.Say($"    {again}");
            }
        }
        else if (_wish.Keep)
        {
            await Keeper.AskAsync(new KeepCall(folder), said: null, CancellationToken.None);
            _terminal.Say($"  The lab is kept:  pgpoollab status --lab {Shell.Quote(folder)}");
            _terminal.Say($"  Remove it:        pgpoollab destroy {Shell.Quote(folder)}");
        }
        else
        {
            await RemoveAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_isOver && _snapshot is { } snapshot)
        {
            _terminal.Say($"  The drill did not end. The lab as it was before is in its snapshot {snapshot}:");
            _terminal.Say($"    pgpoollab snapshot restore {snapshot} --lab {Shell.Quote(Made.Lab.Directory)}");
        }

        // With it goes a lab that it has made.
        await Keeper.DisposeAsync();
        Mounts?.Dispose();
    }

    private static async Task<DrillPlace> NewAsync(
        Terminal terminal,
        DrillWish wish,
        DrillSpec drill,
        IReadOnlyList<string> setting,
        Keeper keeper,
        CancellationToken cancellationToken
    )
    {
        // One that is ours alone to read.
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, drill.Lab, cancellationToken);
        IReadOnlyList<string> settings = [.. setting, .. wish.Settings];
        try
        {
            var made = await keeper.AskAsync(
                new CreateCall { Arguments = ["-f", file, .. settings.SelectMany(s => new[] { "--set", s })] },
                MadeLabJson.Default.MadeLab,
                line => Tell(terminal, line),
                cancellationToken
            );
            return new DrillPlace(
                terminal,
                wish,
                keeper,
                made,
                null,
                DrillFacts.Of(made.Lab, drill.Lab, settings),
                DrillFacts.VersionsOf(made.Lab)
            )
            {
                Mounts =
                    drill.NodesToFill.Count == 0
                        ? null
                        : await DrillDisks.GiveAsync(made.Lab, drill, line => Tell(terminal, line), cancellationToken),
            };
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task<DrillPlace> OwnAsync(
        Terminal terminal,
        DrillWish wish,
        Keeper keeper,
        string name,
        CancellationToken cancellationToken
    )
    {
        var lab = LabLocator.RequireReady(NamedLab.Find(name));
        if (lab.IsSpread)
        {
            throw new LabException(
                ExitCode.Usage,
                $"The lab '{lab.Name}' is on several hosts; a drill breaks labs on this machine only."
            );
        }

        if (wish.Settings.Count > 0)
        {
            throw new LabException(ExitCode.Usage, "--set is of labs that a drill makes; this one there is already.")
            {
                Hints = [$"Change it first:  pgpoollab config set --lab {Shell.Quote(lab.Root)} NAME=VALUE"],
            };
        }

        var snapshot = $"drill-{Composition.Clock.GetLocalNow():yyyyMMdd-HHmmss}";
        Checked(
            await OwnProgram.RunAsync(
                ["snapshot", "save", snapshot, "--lab", lab.Root],
                line => Tell(terminal, line),
                printed: null,
                cancellationToken
            )
        );
        terminal.Say($"  The lab is saved as it is now, as snapshot {snapshot}.");
        var info = LabInfo.Of(lab, running: true, []);
        return new DrillPlace(
            terminal,
            wish,
            keeper,
            LabsMade.Of(info),
            snapshot,
            DrillFacts.Of(info, "{}", []),
            DrillFacts.VersionsOf(info)
        );
    }

    private async Task<bool> WantsRestoreAsync(CancellationToken cancellationToken) =>
        _terminal.IsInteractive
        && Question.CanAsk
        && await Question.AskAsync(_terminal, "Put the lab back to what it was before the drill?", cancellationToken);

    private async Task RemoveAsync()
    {
        try
        {
            await Keeper.AskAsync(new DestroyCall(Made.Lab.Directory), said: null, CancellationToken.None);
        }
        catch (CallFailedException)
        {
            throw;
        }
        catch (LabException)
        {
            // Somebody has ended the keeper alone.
            Checked(await OwnProgram.DestroyAsync(Made.Lab.Directory));
        }
    }

    private static void Tell(Terminal terminal, string line)
    {
        if (terminal.Verbose)
        {
            terminal.Say(line);
        }
    }

    /// <exception cref="CallFailedException">It failed.</exception>
    internal static void Checked(CommandEnd end)
    {
        if (end.Code != 0)
        {
            throw new CallFailedException(end.ToError());
        }
    }
}
