using System.Collections.Concurrent;
using System.ComponentModel;

namespace PgpoolLab.Hosts.Local;

/// <summary>Servers of this machine that outlive this program: each in a session of its own, so that the terminal's
/// Ctrl+C is not theirs.</summary>
internal sealed class DetachedServers
{
    private readonly ConcurrentDictionary<int, ValueTuple> _children = new();

    /// <summary>Starts one.</summary>
    /// <param name="command">The server.</param>
    /// <param name="logFile">Where its output goes.</param>
    /// <param name="append">Whether the log goes on, or begins anew.</param>
    /// <returns>Its process id.</returns>
    /// <exception cref="Model.LabException">Its log cannot be written to.</exception>
    /// <exception cref="ProgramNotFoundException">There is no such program.</exception>
    internal int Start(CommandSpec command, string logFile, bool append)
    {
        // What our caller has left open for us beyond the usual three is not the server's: who waits for the end of
        // such a pipe would wait for it.
        Posix.InheritNothing();
        return OperatingSystem.IsLinux()
            ? StartOnLinux(command, logFile, append)
            : StartByShell(command, logFile, append);
    }

    private int StartOnLinux(CommandSpec command, string logFile, bool append)
    {
        try
        {
            // Here it is still known which of the two cannot be opened.
            RegularFile.OpenToWrite(logFile, append: true).Dispose();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new Model.LabException(
                Model.ExitCode.Failed,
                $"Could not start {command.Program}: its log {logFile} cannot be written to: {error.Message}",
                error
            );
        }

        var environment = ChildProcess.InfoOf(command, redirect: false).Environment.Select(v => $"{v.Key}={v.Value}");
        try
        {
            var id = DetachedProcess.Start(
                ProgramPath.Of(command.Program),
                command.Arguments,
                environment,
                ChildProcess.FolderFor(command),
                logFile,
                append
            );
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
        using var process = ChildProcess.Start(
            command with
            {
                Program = "/usr/bin/perl",
                Arguments = ["-e", "use POSIX; POSIX::setsid(); exec @ARGV or die", .. shell],
            },
            redirect: false
        );
        return process.Id;
    }

    /// <summary>Those we have started ourselves stay in the process table until we look after them.</summary>
    internal void CollectEnded()
    {
        foreach (var child in _children.Keys.Where(DetachedProcess.Collect))
        {
            _children.TryRemove(child, out _);
        }
    }
}
