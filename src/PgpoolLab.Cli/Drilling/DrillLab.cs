using System.Text.Json;
using PgpoolLab.Cli.Keeping;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Drills.Results;
using PgpoolLab.Drills.Running;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Drilling;

/// <summary>Has one run done, in a process that becomes the lab's user.</summary>
internal static class DrillLab
{
    /// <summary>From this exit code on a signal has ended the program.</summary>
    private const int FirstSignal = 128;

    /// <param name="terminal">Where to speak.</param>
    /// <param name="folder">The lab.</param>
    /// <param name="mounts">Where its servers are that have disks of their own; null for none.</param>
    /// <param name="request">What to do.</param>
    /// <param name="steady">Is called when the load is steady.</param>
    /// <param name="cancellationToken">Ends it; what it has broken it takes back first.</param>
    /// <exception cref="LabException">It could not be done.</exception>
    internal static async Task<DrillRun> RunAsync(
        Terminal terminal,
        string folder,
        OwnMounts? mounts,
        RunRequest request,
        Action steady,
        CancellationToken cancellationToken
    )
    {
        List<string> errors = [];
        var program = mounts is null ? Start() : mounts.Do(Start);
        DrillRun? run = null;
        var code = 0;
        IReadOnlyList<string> undo = [];
        await using (program)
        {
            await using var ended = cancellationToken.Register(program.Input.Dispose);
            try
            {
                await using var writer = new StreamWriter(program.Input, leaveOpen: true);
                await writer.WriteLineAsync(
                    JsonSerializer.Serialize(request, RunJson.Default.RunRequest).AsMemory(),
                    cancellationToken
                );
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException)
            {
                // Why it has ended it says itself.
            }

            using var reader = new StreamReader(program.Output);
            while (await reader.ReadLineAsync(CancellationToken.None) is { } line)
            {
                var reply = JsonSerializer.Deserialize(line, RunJson.Default.RunReply);
                if (reply?.Said is { } words)
                {
                    terminal.Say($"  {words}");
                }

                if (reply is { Steady: true })
                {
                    steady();
                }

                undo = reply?.Undo ?? undo;
                run = reply?.Run ?? run;
            }

            if (run is null)
            {
                code = await program.EndAsync();
            }
        }

        if (run is not null)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return run;
        }

        if (code >= FirstSignal && request.CleansUp)
        {
            await UndoAsync(folder, undo);
        }

        cancellationToken.ThrowIfCancellationRequested();
        throw new CallFailedException(new CommandEnd(code, "", errors).ToError());

        PipedProgram Start() =>
            PipedProgram.Start(
                OwnProgram.Command([DrillRunCommand.Name, "--lab", folder]),
                line =>
                {
                    lock (errors)
                    {
                        errors.Add(line);
                    }
                }
            );
    }

    /// <summary>Somebody has killed the process that would have done it, and the lab stays.</summary>
    private static async Task UndoAsync(string folder, IReadOnlyList<string> undo)
    {
        foreach (var words in undo)
        {
            // What is not paused any more cannot be resumed: that is well, too.
            await OwnProgram.RunAsync(
                [.. words.Split(' '), "--lab", folder],
                _ => { },
                printed: null,
                CancellationToken.None
            );
        }
    }
}
