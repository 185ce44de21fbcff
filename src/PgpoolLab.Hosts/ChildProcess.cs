using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text;

namespace PgpoolLab.Hosts;

/// <summary>A program of this machine that we start ourselves, with a clean environment and, where root has stood
/// down, in a session of its own.</summary>
public static class ChildProcess
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Runs a program on the user's own terminal: it has our streams, and Ctrl+C is its business. Where root
    /// has stood down, it has a terminal of its own.</summary>
    /// <returns>Its exit code.</returns>
    public static async Task<int> RunInteractiveAsync(CommandSpec command)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (NeedsOwnSession)
        {
            return await SeparateProgram.RunAsync(command);
        }

        using var interrupt = System.Runtime.InteropServices.PosixSignalRegistration.Create(
            System.Runtime.InteropServices.PosixSignal.SIGINT,
            c => c.Cancel = true
        );
        using var process = Start(command, redirect: false);
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    internal static Process Start(CommandSpec command, bool redirect)
    {
        try
        {
            var info = InfoOf(command, redirect);
            if (NeedsOwnSession)
            {
                PutIntoOwnSession(info);
            }

            return Process.Start(info) ?? throw new InvalidOperationException("No process was started.");
        }
        catch (Win32Exception error)
        {
            throw new ProgramNotFoundException(command.Program, error);
        }
    }

    /// <summary>Root's terminal is not for what runs as another user: in root's session it could open that and type
    /// into it.</summary>
    [SupportedOSPlatformGuard("linux")]
    private static bool NeedsOwnSession => OperatingSystem.IsLinux() && Identity.HasStoodDown;

    /// <remarks>setsid(1): the process that we start is no leader of a group, so it becomes the program without a
    /// process more.</remarks>
    private static void PutIntoOwnSession(ProcessStartInfo info)
    {
        if (Path.IsPathRooted(info.FileName) && !Identity.CanExecute(info.FileName))
        {
            throw new Win32Exception(Posix.NoSuchFile);
        }

        const string program = "setsid";
        if (ProgramPath.Find(program) is null)
        {
            using var terminal = TerminalCalls.TryOpen("/dev/tty");
            if (terminal is null)
            {
                // There is none that it could have.
                return;
            }
        }

        info.ArgumentList.Insert(0, info.FileName);
        info.FileName = ProgramPath.Of(program);
    }

    internal static ProcessStartInfo InfoOf(CommandSpec command, bool redirect)
    {
        var info = new ProcessStartInfo(ProgramPath.Of(command.Program), command.Arguments)
        {
            RedirectStandardOutput = redirect,
            RedirectStandardError = redirect,
            RedirectStandardInput = redirect,
            StandardOutputEncoding = redirect ? Utf8 : null,
            StandardErrorEncoding = redirect ? Utf8 : null,
            StandardInputEncoding = redirect ? Utf8 : null,
            WorkingDirectory = FolderFor(command) ?? "",
        };
        if (!command.KeepsEnvironment)
        {
            CleanEnvironment.Clean(info.Environment, onTerminal: command.OnTerminal);
        }

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

    /// <summary>The folder that a program is to be started in; null for our own. Ours may be gone, as after destroy or
    /// move in the lab's own, and no server of PostgreSQL starts in one that is: then it is the topmost one.</summary>
    internal static string? FolderFor(CommandSpec command)
    {
        // proc(5): so the system calls one that was deleted. A folder may be named so, too.
        const string ours = "/proc/self/cwd",
            deleted = " (deleted)";
        return command.WorkingDirectory
            ?? (
                ProcessTable.LinkTarget(ours) is { } folder
                && folder.EndsWith(deleted, StringComparison.Ordinal)
                && !Directory.Exists(folder)
                    ? "/"
                    : null
            );
    }
}
