using System.Diagnostics;

namespace PgpoolLab.Hosts.Local;

/// <summary>Programs of this machine.</summary>
/// <param name="time">The clock for durations and timeouts.</param>
/// <param name="servers">Those that outlive this program.</param>
internal sealed class LocalPrograms(TimeProvider time, DetachedServers servers) : IPrograms
{
    /// <inheritdoc/>
    public async Task<CommandResult> RunAsync(CommandSpec command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        var started = time.GetTimestamp();
        using var timeout = new CancellationTokenSource(command.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        using var process = ChildProcess.Start(command, redirect: true);
        try
        {
            // The process does not dispose streams that were asked for: a probe that looks for some seconds would use
            // up all descriptors.
            using var standardOutput = process.StandardOutput;
            using var standardError = process.StandardError;
            var output = standardOutput.ReadToEndAsync(either.Token);
            var error = standardError.ReadToEndAsync(either.Token);
            await WriteInputAsync(process, command.Input, either.Token);
            await process.WaitForExitAsync(either.Token);
            return new CommandResult(
                command,
                process.ExitCode,
                await output,
                await error,
                time.GetElapsedTime(started)
            );
        }
        catch (OperationCanceledException)
        {
            await EndAsync(process);
            cancellationToken.ThrowIfCancellationRequested();
            return Ended(command, time.GetElapsedTime(started));
        }
    }

    /// <inheritdoc/>
    public async Task<CommandResult> RunAsync(
        CommandSpec command,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> output,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(output);
        var started = time.GetTimestamp();
        using var timeout = new CancellationTokenSource(command.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        using var process = ChildProcess.Start(command, redirect: true);
        try
        {
            using var standardOutput = process.StandardOutput;
            using var standardError = process.StandardError;
            var error = standardError.ReadToEndAsync(either.Token);
            await WriteInputAsync(process, command.Input, either.Token);
            var buffer = new byte[32 * 1024];
            while (await standardOutput.BaseStream.ReadAsync(buffer, either.Token) is > 0 and var count)
            {
                await output(buffer.AsMemory(0, count), either.Token);
            }

            await process.WaitForExitAsync(either.Token);
            return new CommandResult(command, process.ExitCode, "", await error, time.GetElapsedTime(started));
        }
        catch (OperationCanceledException)
            when (!cancellationToken.IsCancellationRequested && timeout.IsCancellationRequested)
        {
            await EndAsync(process);
            return Ended(command, time.GetElapsedTime(started));
        }
        catch
        {
            await EndAsync(process);
            throw;
        }
    }

    /// <inheritdoc/>
    public Task<int> StartDetachedAsync(
        CommandSpec command,
        string logFile,
        bool append,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(command);
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(servers.Start(command, logFile, append));
    }

    private static CommandResult Ended(CommandSpec command, TimeSpan elapsed) =>
        new(
            command,
            128 + (int)ProcessSignal.Terminate,
            "",
            $"It was ended after {command.Timeout.TotalSeconds:0} s.",
            elapsed
        );

    private static async Task WriteInputAsync(Process process, string? input, CancellationToken cancellationToken)
    {
        try
        {
            await process.StandardInput.WriteAsync((input ?? "").AsMemory(), cancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading; its exit code tells the rest.
        }
    }

    private async Task EndAsync(Process process)
    {
        if (process.HasExited)
        {
            return;
        }

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10), time);
        try
        {
            if (!OperatingSystem.IsWindows())
            {
                Posix.Signal(process.Id, (int)ProcessSignal.Terminate);
                await process.WaitForExitAsync(patience.Token);
                return;
            }
        }
        catch (OperationCanceledException)
        {
            // It had its time.
        }

        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync(CancellationToken.None);
    }
}
