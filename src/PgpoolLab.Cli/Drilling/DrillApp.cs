using PgpoolLab.Cli.Keeping;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Drills.Results;
using PgpoolLab.Hosts;

namespace PgpoolLab.Cli.Drilling;

/// <summary>The user's own load: a command that runs from the steady load to the end of the run.</summary>
internal sealed class DrillApp : IAsyncDisposable
{
    private static readonly TimeSpan MayEnd = TimeSpan.FromSeconds(5);
    private readonly Keeper _keeper;
    private readonly PipedProgram _program;
    private readonly ProcessGroup _group;
    private readonly Task<int> _end;
    private readonly Task _output;

    private DrillApp(Keeper keeper, PipedProgram program, Terminal terminal)
    {
        (_keeper, _program) = (keeper, program);
        _group = ProcessGroup.LedBy(program.Id);
        _keeper.Tell(new GuardCall(program.Id));
        _output = CopyAsync(program, terminal);
        _end = program.EndAsync();
    }

    /// <summary>Starts it, as the caller, in a process group of its own.</summary>
    /// <param name="command">The command, for a shell.</param>
    /// <param name="made">The lab; its variables are set.</param>
    /// <param name="keeper">Ends it when this process has ended.</param>
    /// <param name="terminal">Where its words go.</param>
    internal static DrillApp Start(string command, MadeLab made, Keeper keeper, Terminal terminal) =>
        new(
            keeper,
            PipedProgram.Start(
                new CommandSpec("/bin/sh", ["-c", "exec setsid sh -c \"$1\"", "sh", command])
                {
                    KeepsEnvironment = true,
                    Environment = made.Environment,
                },
                line => terminal.Say($"  app: {line}")
            ),
            terminal
        );

    /// <summary>Ends it, if it has not ended.</summary>
    /// <returns>Whether it did well.</returns>
    internal async Task<CheckSeen> EndAsync()
    {
        const string what = "the program of yours does not fail";
        if (_end.IsCompleted)
        {
            var code = await _end;
            return new CheckSeen(what, $"it ended with exit code {code}", code == 0);
        }

        _group.TrySignal(ProcessSignal.Terminate);
        try
        {
            await _end.WaitAsync(MayEnd, Composition.Clock);
        }
        catch (TimeoutException)
        {
            _group.TrySignal(ProcessSignal.Kill);
            await _end;
        }

        return new CheckSeen(what, "it ran until the end", true);
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _group.TrySignal(ProcessSignal.Kill);
        _keeper.Tell(new ReleaseCall(_program.Id));
        await _output;
        await _program.DisposeAsync();
    }

    private static async Task CopyAsync(PipedProgram program, Terminal terminal)
    {
        using var reader = new StreamReader(program.Output);
        while (await reader.ReadLineAsync(CancellationToken.None) is { } line)
        {
            terminal.Say($"  app: {line}");
        }
    }
}
