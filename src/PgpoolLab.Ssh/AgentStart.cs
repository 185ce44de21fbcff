using System.Security.Cryptography;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Remote;
using Renci.SshNet.Common;

namespace PgpoolLab.Ssh;

/// <summary>Begins the program on a host that answers for it, and copies it there first where it is not yet.</summary>
/// <param name="connection">The connection.</param>
/// <param name="options">How hosts are reached.</param>
internal sealed class AgentStart(SshConnection connection, SshOptions options)
{
    private string Name => connection.Name;

    internal async Task<SshHost> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await BeginAsync(mayCopy: options.Agent is CopiedAgent, cancellationToken)
                ?? await CopyAndBeginAsync((CopiedAgent)options.Agent, cancellationToken);
        }
        catch (Exception error) when (error is SshException or IOException or ObjectDisposedException)
        {
            throw new HostUnreachableException(
                Name,
                $"Host {Name} ({connection.Settings.Resolved}) has broken off: {error.Message.TrimEnd('.')}.",
                error
            );
        }
    }

    private async Task<SshHost> CopyAndBeginAsync(CopiedAgent agent, CancellationToken cancellationToken)
    {
        await CopyAsync(agent, cancellationToken);
        return await BeginAsync(mayCopy: false, cancellationToken)
            ?? throw new NoAgentException(Name, $"The copy of pgpoollab on host {Name} has gone again.");
    }

    /// <param name="mayCopy">Whether a copy that ends before it says a word is taken for a damaged one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null when the program has to be copied first, or once more.</returns>
    private async Task<SshHost?> BeginAsync(bool mayCopy, CancellationToken cancellationToken)
    {
        var mark = RandomNumberGenerator.GetHexString(32, lowercase: true);
        var command = options.Agent switch
        {
            InstalledAgent installed => RemoteScript.Begin(installed, mark),
            var copied => RemoteScript.Begin((CopiedAgent)copied, mark),
        };
        var program = await StartAsync(command, cancellationToken);
        try
        {
            using var patience = new CancellationTokenSource(options.StepTimeout, options.Clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
            try
            {
                var channel = await AgentChannel.OpenAsync(
                    Name,
                    program.Output,
                    program.Input,
                    mark,
                    options.Clock,
                    either.Token,
                    () => program.Words
                );
                return new SshHost(connection, program, channel);
            }
            catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
            {
                throw Failure($"has not begun within {options.StepTimeout.TotalSeconds} s", program.Words, error);
            }
            catch (HostLostException error)
            {
                await program.WaitAsync(either.Token);
                if (program.ExitCode == RemoteScript.NotThere && About(error.Details, mark) is { } facts)
                {
                    Compare(facts, ((CopiedAgent)options.Agent).Facts);
                    program.Dispose();
                    return null;
                }

                // The host itself may be the reason; then the new copy does not run either, and says why.
                if (mayCopy && program is { ExitCode: not null } or { ExitSignal.Length: > 0 })
                {
                    program.Dispose();
                    return null;
                }

                throw Failure(Ended(program), [.. error.Details, .. program.Words], error);
            }
        }
        catch
        {
            program.Dispose();
            throw;
        }
    }

    private Task<RemoteProgram> StartAsync(string command, CancellationToken cancellationToken)
    {
        var started = new TaskCompletionSource<RemoteProgram>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = RemoteProgram.OnItsThread(() =>
        {
            try
            {
                var program = RemoteProgram.Start(connection.Client, command);
                if (!started.TrySetResult(program))
                {
                    program.Dispose();
                }
            }
            catch (Exception error)
            {
                started.TrySetException(error);
            }
        });
        return started.Task.WaitAsync(cancellationToken);
    }

    private static string Ended(RemoteProgram program) =>
        program switch
        {
            { ExitCode: { } code } => $"ended with exit code {code} before it said a word",
            { ExitSignal: { Length: > 0 } signal } => $"was ended by a signal ({signal}) before it said a word",
            _ => "ended before it said a word",
        };

    private NoAgentException Failure(string what, IEnumerable<string> words, Exception? error) =>
        new(Name, $"pgpoollab does not run on host {Name} ({connection.Settings.Resolved}): it {what}.", error)
        {
            Details = [.. words.Where(w => w.Length > 0)],
            Hints = NoAgentException.TwoWays,
        };

    /// <summary>The line after the mark: system, processor, library.</summary>
    private static string[]? About(IEnumerable<string> lines, string mark) =>
        lines
            .Where(l => l.StartsWith(mark, StringComparison.Ordinal))
            .Select(l => l[mark.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .FirstOrDefault(w => w.Length >= 2);

    /// <summary>Nothing is copied that cannot run.</summary>
    private void Compare(string[] facts, ProgramFacts program)
    {
        var why = facts switch
        {
            [not "Linux" and var system, ..] => $"it is a machine with {system}, not Linux",
            [_, var machine, ..] when program.Machine is { } own && own != machine =>
                $"its processor is {machine}, the program is for {own}",
            [_, _, "glibc", var version, ..]
                when Version.TryParse(version, out var library) && program.Library is { } least && library < least =>
                $"it has glibc {library}, the program needs {least}",
            _ => null,
        };
        if (why is not null)
        {
            throw new NoAgentException(
                Name,
                $"pgpoollab cannot run on host {Name} ({connection.Settings.Resolved}): {why}."
            )
            {
                Hints = NoAgentException.TwoWays,
            };
        }
    }

    private async Task CopyAsync(CopiedAgent agent, CancellationToken cancellationToken)
    {
        using var program = await StartAsync(RemoteScript.Write(agent), cancellationToken);
        using var stop = cancellationToken.Register(program.Dispose);
        IOException? broken = null;
        try
        {
            await using var file = new FileStream(RegularFile.Open(agent.Path), FileAccess.Read, bufferSize: 0);
            await file.CopyToAsync(program.Input, 64 * 1024, cancellationToken);
            await program.Input.DisposeAsync();
        }
        catch (IOException error)
        {
            // The other side has stopped reading; it says why.
            broken = error;
        }

        using var patience = new CancellationTokenSource(options.StepTimeout, options.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await program.Output.CopyToAsync(Stream.Null, either.Token);
            await program.WaitAsync(either.Token);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw NotCopied($"nothing came for {options.StepTimeout.TotalSeconds} s", program.Words, error);
        }

        cancellationToken.ThrowIfCancellationRequested();
        switch (program.ExitCode)
        {
            case 0:
                return;
            case RemoteScript.DoesNotRun:
                throw Failure("ends at once", program.Words, null);
            case RemoteScript.Damaged:
                throw NotCopied("what arrived there is not what was sent", program.Words, broken);
            case { } code:
                throw NotCopied($"writing it ended with exit code {code}", program.Words, broken);
            default:
                throw NotCopied("the connection broke off", program.Words, broken);
        }
    }

    private NoAgentException NotCopied(string why, IReadOnlyList<string> words, Exception? error) =>
        new(
            Name,
            $"pgpoollab cannot be copied to host {Name} ({connection.Settings.Resolved}), "
                + $"into {((CopiedAgent)options.Agent).Folder}: {why}.",
            error
        )
        {
            Details = words,
        };
}
