using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace PgpoolLab.Hosts;

/// <summary>The machine this program runs on. Servers need a POSIX system; the rest of the tool does not.</summary>
/// <param name="time">The clock for durations and timeouts.</param>
public sealed class LocalHost(TimeProvider time) : IHost
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);
    private readonly ConcurrentDictionary<int, ValueTuple> _children = new();

    /// <inheritdoc/>
    public async Task<CommandResult> RunAsync(CommandSpec command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        var started = time.GetTimestamp();
        using var timeout = new CancellationTokenSource(command.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        using var process = Start(command, redirect: true);
        try
        {
            // The process does not dispose streams that were asked for: a probe that looks for some seconds would use up all descriptors.
            using var standardOutput = process.StandardOutput;
            using var standardError = process.StandardError;
            var output = standardOutput.ReadToEndAsync(either.Token);
            var error = standardError.ReadToEndAsync(either.Token);
            await WriteInputAsync(process, command.Input, either.Token);
            await process.WaitForExitAsync(either.Token);
            return new CommandResult(command, process.ExitCode, await output, await error, time.GetElapsedTime(started));
        }
        catch (OperationCanceledException)
        {
            await EndAsync(process);
            cancellationToken.ThrowIfCancellationRequested();
            return new CommandResult(command, 128 + (int)ProcessSignal.Terminate, "", $"It was ended after {command.Timeout.TotalSeconds:0} s.", time.GetElapsedTime(started));
        }
    }

    /// <summary>Runs a program on the user's own terminal: it has our streams, and Ctrl+C is its business.</summary>
    /// <returns>Its exit code.</returns>
    public static async Task<int> RunInteractiveAsync(CommandSpec command)
    {
        ArgumentNullException.ThrowIfNull(command);
        using var interrupt = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGINT, c => c.Cancel = true);
        using var process = Start(command, redirect: false);
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    /// <inheritdoc/>
    public Task<int> StartDetachedAsync(CommandSpec command, string logFile, bool append, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        cancellationToken.ThrowIfCancellationRequested();
        // What our caller has left open for us beyond the usual three is not the server's: who waits for the end of such a pipe would wait for it.
        Posix.InheritNothing();
        // A session of its own keeps the terminal's Ctrl+C away.
        return Task.FromResult(OperatingSystem.IsLinux() ? StartOnLinux(command, logFile, append) : StartByShell(command, logFile, append));
    }

    private int StartOnLinux(CommandSpec command, string logFile, bool append)
    {
        try
        {
            // Here it is still known which of the two cannot be opened.
            var options = Options(FileMode.OpenOrCreate, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            options.Share = FileShare.ReadWrite | FileShare.Delete;
            new FileStream(logFile, options).Dispose();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new Model.LabException(Model.ExitCode.Failed, $"Could not start {command.Program}: its log {logFile} cannot be written to: {error.Message}", error);
        }

        var environment = InfoOf(command, redirect: false).Environment.Select(v => $"{v.Key}={v.Value}");
        try
        {
            var id = DetachedProcess.Start(command.Program, command.Arguments, environment, command.WorkingDirectory, logFile, append);
            _children.TryAdd(id, default);
            return id;
        }
        catch (Win32Exception error)
        {
            throw new ProgramNotFoundException(command.Program, error);
        }
    }

    private static int StartByShell(CommandSpec command, string logFile, bool append)
    {
        // The shell gives it the log and nothing of ours, then becomes it.
        var script = $"""log=$1; shift; exec "$@" </dev/null {(append ? ">>" : ">")}"$log" 2>&1""";
        string[] shell = ["/bin/sh", "-c", script, "sh", logFile, command.Program, .. command.Arguments];
        using var process = Start(command with { Program = "/usr/bin/perl", Arguments = ["-e", "use POSIX; POSIX::setsid(); exec @ARGV or die", .. shell] }, redirect: false);
        return process.Id;
    }

    /// <summary>Those we have started ourselves stay in the process table until we look after them.</summary>
    private void CollectChildren()
    {
        foreach (var child in _children.Keys.Where(DetachedProcess.Collect))
        {
            _children.TryRemove(child, out _);
        }
    }

    /// <inheritdoc/>
    public ValueTask<ProcessFacts?> FindProcessAsync(int processId, CancellationToken cancellationToken)
    {
        CollectChildren();
        return ValueTask.FromResult(ProcessTable.Find(processId));
    }

    /// <inheritdoc/>
    public ValueTask<bool> RunsAsync(int processId, string? startedAt, CancellationToken cancellationToken)
    {
        CollectChildren();
        return ValueTask.FromResult(ProcessTable.Runs(processId, startedAt));
    }

    /// <inheritdoc/>
    public ValueTask<bool> IsBeingKilledAsync(int processId, CancellationToken cancellationToken) => ValueTask.FromResult(ProcessTable.IsBeingKilled(processId));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<int>> FindChildrenAsync(ProcessFacts process, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(process);
        return ValueTask.FromResult<IReadOnlyList<int>>(ProcessTable.Children(process.Id).ToArray());
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ProcessFacts>> FindProcessesAsync(Func<ProcessFacts, bool> test, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<ProcessFacts>>(ProcessTable.All().Where(test).ToArray());

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ProcessFacts>> FindProcessesAsync(IReadOnlyCollection<string> names, Func<ProcessFacts, bool> test, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<ProcessFacts>>(ProcessTable.All(names).Where(test).ToArray());

    /// <inheritdoc/>
    public ValueTask<bool> SeesOurFilesAsync(ProcessFacts process, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(process);
        return ValueTask.FromResult(ProcessTable.SeesOurFiles(process.Id));
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ProcessFacts>> FindFamilyAsync(ProcessFacts process, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(process);
        return ValueTask.FromResult<IReadOnlyList<ProcessFacts>>([process, .. ProcessTable.Children(process.Id).Select(ProcessTable.Find).OfType<ProcessFacts>()]);
    }

    /// <inheritdoc/>
    public ValueTask<bool> SignalAsync(ProcessFacts process, ProcessSignal signal, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(process);
        var same = ProcessTable.Find(process.Id) is { } now && now.StartedAt == process.StartedAt;
        return ValueTask.FromResult(same && Posix.Signal(process.Id, (int)signal));
    }

    /// <inheritdoc/>
    public ValueTask<int> RemoveSharedMemoryAsync(string dataDirectory, CancellationToken cancellationToken) =>
        ValueTask.FromResult(SharedMemory.RemoveOfPostgres(dataDirectory));

    /// <inheritdoc/>
    public ValueTask<int> RemoveSharedMemoryAsync(int creator, CancellationToken cancellationToken) =>
        ValueTask.FromResult(SharedMemory.RemoveOfProcess(creator));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<int>> FindMakersOfSharedMemoryAsync(IReadOnlyCollection<int> processes, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<int>>(SharedMemory.MakersAmong(processes));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<int>> FindSemaphoresAsync(int creator, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<int>>(SharedMemory.SemaphoresOf(creator));

    /// <inheritdoc/>
    public ValueTask<int> RemoveSemaphoresAsync(IReadOnlyList<int> semaphores, CancellationToken cancellationToken) =>
        ValueTask.FromResult(SharedMemory.RemoveSemaphores(semaphores));

    /// <inheritdoc/>
    public ValueTask<string?> WhoHoldsPortAsync(int port, CancellationToken cancellationToken) =>
        ValueTask.FromResult(ProcessTable.WhyNotBindable(port));

    /// <inheritdoc/>
    public ValueTask<string?> WhoElseHoldsPortAsync(int port, IReadOnlyList<ProcessFacts> processes, CancellationToken cancellationToken) =>
        ValueTask.FromResult(ProcessTable.HolderBeside(port, processes.Select(p => p.Id)));

    /// <inheritdoc/>
    public ValueTask<string?> WhoHoldsDatagramPortAsync(int port, CancellationToken cancellationToken) =>
        ValueTask.FromResult(ProcessTable.DatagramHolder(port));

    /// <inheritdoc/>
    public async ValueTask<bool> SocketAnswersAsync(string path, CancellationToken cancellationToken)
    {
        if (!Path.Exists(path))
        {
            return false;
        }

        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return true;
        }
        catch (Exception error) when (error is SocketException or ArgumentOutOfRangeException)
        {
            // Nobody is there; or the path is longer than a socket's can be.
            return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<Stream?> ConnectAsync(string socket, CancellationToken cancellationToken)
    {
        if (!Path.Exists(socket))
        {
            // An asynchronous attempt would fail, too, and take milliseconds to describe where.
            throw new SocketException((int)SocketError.AddressNotAvailable, "No such file or directory");
        }

        var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellationToken);
            return new NetworkStream(connection, ownsSocket: true);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask<string> RealPathAsync(string path, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Identity.RealPath(path));

    /// <inheritdoc/>
    public ValueTask<string?> ReadTextAsync(string path, CancellationToken cancellationToken)
    {
        // Small files of this machine: to read one takes less time than to have another thread do it. And who waits for one looks often before it is there.
        if (!File.Exists(path))
        {
            return ValueTask.FromResult<string?>(null);
        }

        try
        {
            return ValueTask.FromResult<string?>(File.ReadAllText(path));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return ValueTask.FromResult<string?>(null);
        }
    }

    /// <inheritdoc/>
    public ValueTask<(string Text, long Length)> ReadGrowthAsync(string path, long? from, CancellationToken cancellationToken)
    {
        try
        {
            using var log = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            var length = log.Length;
            // One that is shorter than it was has been begun anew.
            log.Position = from is { } start && start <= length ? start : from is null ? length : 0;
            using var reader = new StreamReader(log, Utf8);
            return ValueTask.FromResult((reader.ReadToEnd(), length));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return ValueTask.FromResult(("", 0L));
        }
    }

    /// <inheritdoc/>
    public ValueTask WriteTextAsync(string path, string text, UnixFileMode mode, CancellationToken cancellationToken)
    {
        var temporary = UnfinishedFile.Beside(path);
        try
        {
            using (var stream = new FileStream(temporary, Options(FileMode.Create, mode)))
            {
                stream.Write(Utf8.GetBytes(text));
            }

            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(temporary, mode);
            }

            File.Move(temporary, path, overwrite: true);
            return ValueTask.CompletedTask;
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask AppendTextAsync(string path, string text, CancellationToken cancellationToken)
    {
        File.AppendAllText(path, text, Utf8);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<bool> ExistsAsync(string path, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Path.Exists(path) || new FileInfo(path).LinkTarget is not null);

    /// <inheritdoc/>
    public ValueTask CreateDirectoryAsync(string path, UnixFileMode mode, CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, mode);
            File.SetUnixFileMode(path, mode);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListAsync(string path, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<string>>(Directory.Exists(path)
            ? Directory.EnumerateFileSystemEntries(path).Select(e => Path.GetFileName(e)).ToArray()
            : []);

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string path, CancellationToken cancellationToken)
    {
        var file = new FileInfo(path);
        if (file.LinkTarget is null && Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
        else if (file.LinkTarget is not null || Path.Exists(path))
        {
            file.Delete();
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask CreateLinkAsync(string path, string target, CancellationToken cancellationToken)
    {
        File.CreateSymbolicLink(path, target);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<long?> FreeSpaceAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return ValueTask.FromResult<long?>(new DriveInfo(path).AvailableFreeSpace);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return ValueTask.FromResult<long?>(null);
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> CanWriteAsync(string directory, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Identity.CanEnterAndWrite(directory));

    private static FileStreamOptions Options(FileMode create, UnixFileMode mode)
    {
        var options = new FileStreamOptions { Mode = create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = mode;
        }

        return options;
    }

    private static Process Start(CommandSpec command, bool redirect)
    {
        try
        {
            return Process.Start(InfoOf(command, redirect)) ?? throw new InvalidOperationException("No process was started.");
        }
        catch (Win32Exception error)
        {
            throw new ProgramNotFoundException(command.Program, error);
        }
    }

    private static ProcessStartInfo InfoOf(CommandSpec command, bool redirect)
    {
        var info = new ProcessStartInfo(command.Program, command.Arguments)
        {
            RedirectStandardOutput = redirect,
            RedirectStandardError = redirect,
            RedirectStandardInput = redirect,
            StandardOutputEncoding = redirect ? Utf8 : null,
            StandardErrorEncoding = redirect ? Utf8 : null,
            StandardInputEncoding = redirect ? Utf8 : null,
            WorkingDirectory = command.WorkingDirectory ?? "",
        };
        // Messages are read by people who compare them with manuals, and by us: always the untranslated ones.
        if (redirect)
        {
            info.Environment["LC_ALL"] = "C";
        }

        foreach (var (name, value) in command.Environment)
        {
            if (value is null)
            {
                info.Environment.Remove(name);
            }
            else
            {
                info.Environment[name] = value;
            }
        }

        return info;
    }

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

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5), time);
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
