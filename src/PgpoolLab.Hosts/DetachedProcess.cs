using System.ComponentModel;
using System.Runtime.InteropServices;

namespace PgpoolLab.Hosts;

/// <summary>Starts programs in sessions of their own: those that outlive this one, and those of another user. .NET's
/// own <see cref="System.Diagnostics.Process"/> gives a program neither a session of its own nor a file to write to; to
/// get there by way of setsid and sh are two programs more for each server, a few milliseconds each.</summary>
/// <remarks>POSIX, posix_spawn; the numbers and sizes are Linux's (glibc's and musl's alike).</remarks>
internal static partial class DetachedProcess
{
    private const string C = "libc";

    /// <summary>Each of the system's structures is smaller.</summary>
    private const int Room = 1024;

    [LibraryImport(C, EntryPoint = "posix_spawn_file_actions_init")]
    private static unsafe partial int InitActions(void* actions);

    [LibraryImport(C, EntryPoint = "posix_spawn_file_actions_destroy")]
    private static unsafe partial int DestroyActions(void* actions);

    [LibraryImport(C, EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int AddOpen(void* actions, int descriptor, string path, int flags, uint mode);

    [LibraryImport(C, EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static unsafe partial int AddDuplicate(void* actions, int descriptor, int copy);

    [LibraryImport(C, EntryPoint = "posix_spawn_file_actions_addchdir_np", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int AddChangeFolder(void* actions, string path);

    [LibraryImport(C, EntryPoint = "posix_spawnattr_init")]
    private static unsafe partial int InitAttributes(void* attributes);

    [LibraryImport(C, EntryPoint = "posix_spawnattr_destroy")]
    private static unsafe partial int DestroyAttributes(void* attributes);

    [LibraryImport(C, EntryPoint = "posix_spawnattr_setflags")]
    private static unsafe partial int SetFlags(void* attributes, short flags);

    [LibraryImport(C, EntryPoint = "posix_spawnattr_setsigdefault")]
    private static unsafe partial int SetDefaultSignals(void* attributes, void* signals);

    [LibraryImport(C, EntryPoint = "posix_spawnattr_setsigmask")]
    private static unsafe partial int SetBlockedSignals(void* attributes, void* signals);

    [LibraryImport(C, EntryPoint = "sigfillset")]
    private static unsafe partial int AllSignals(void* signals);

    [LibraryImport(C, EntryPoint = "sigdelset")]
    private static unsafe partial int TakeOut(void* signals, int signal);

    [LibraryImport(C, EntryPoint = "sigemptyset")]
    private static unsafe partial int NoSignals(void* signals);

    [LibraryImport(C, EntryPoint = "posix_spawnp", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Spawn(
        out int process,
        string program,
        void* actions,
        void* attributes,
        byte** arguments,
        byte** environment
    );

    [LibraryImport(C, EntryPoint = "waitpid", SetLastError = true)]
    private static unsafe partial int Wait(int process, int* status, int options);

    /// <summary>Starts a program in a session of its own, with an empty standard input and its output in a
    /// file.</summary>
    /// <param name="program">Absolute path, or a name to look up on PATH.</param>
    /// <param name="arguments">Without the program's name.</param>
    /// <param name="environment">Its whole environment, NAME=VALUE.</param>
    /// <param name="folder">Its working folder; null for ours.</param>
    /// <param name="log">What it writes goes there.</param>
    /// <param name="append">Whether the log is kept.</param>
    /// <returns>Its process id.</returns>
    /// <exception cref="Win32Exception">It cannot be started, or its log not be opened.</exception>
    internal static unsafe int Start(
        string program,
        IEnumerable<string> arguments,
        IEnumerable<string> environment,
        string? folder,
        string log,
        bool append
    )
    {
        const int write = 0x1,
            create = 0x40,
            truncate = 0x200,
            atEnd = 0x400,
            withoutWaiting = 0x800;
        const uint ownersAlone = 0x180;
        // What our runtime ignores or catches is not the server's affair.
        return Start(
            program,
            arguments,
            environment,
            folder,
            [],
            actions =>
            {
                Check(AddOpen((void*)actions, 0, "/dev/null", 0, 0));
                // Without waiting: a pipe in the log's place would keep us for good. It makes no difference to a file.
                Check(
                    AddOpen(
                        (void*)actions,
                        1,
                        log,
                        write | create | withoutWaiting | (append ? atEnd : truncate),
                        ownersAlone
                    )
                );
                Check(AddDuplicate((void*)actions, 1, 2));
            }
        );
    }

    /// <summary>Starts a program in a session of its own, with a terminal of its own, or none.</summary>
    /// <param name="program">Absolute path.</param>
    /// <param name="arguments">Without the program's name.</param>
    /// <param name="environment">Its whole environment, NAME=VALUE.</param>
    /// <param name="folder">Its working folder; null for ours.</param>
    /// <param name="terminal">The terminal's path; null for none.</param>
    /// <param name="atTerminal">Which of its three standard streams are that terminal; the others are ours.</param>
    /// <returns>Its process id.</returns>
    /// <exception cref="Win32Exception">It cannot be started.</exception>
    internal static unsafe int StartOnTerminal(
        string program,
        IEnumerable<string> arguments,
        IEnumerable<string> environment,
        string? folder,
        string? terminal,
        IReadOnlyList<bool> atTerminal
    )
    {
        const int readAndWrite = 2;
        return Start(
            program,
            arguments,
            environment,
            folder,
            IgnoredSignals.NumbersOfEndings(),
            actions =>
            {
                for (var stream = 0; terminal is not null && stream < atTerminal.Count; stream++)
                {
                    if (atTerminal[stream])
                    {
                        // The first terminal that a new session opens is its own: what /dev/tty is, and where Ctrl+C
                        // comes from.
                        Check(AddOpen((void*)actions, stream, terminal, readAndWrite, 0));
                    }
                }
            }
        );
    }

    /// <summary>Starts a program in our session, with our streams, as the leader of a process group of its
    /// own.</summary>
    /// <param name="program">Absolute path.</param>
    /// <param name="arguments">Without the program's name.</param>
    /// <param name="environment">Its whole environment, NAME=VALUE.</param>
    /// <param name="folder">Its working folder; null for ours.</param>
    /// <returns>Its process id, which is the group's, too.</returns>
    /// <exception cref="Win32Exception">It cannot be started.</exception>
    internal static int StartInGroup(
        string program,
        IEnumerable<string> arguments,
        IEnumerable<string> environment,
        string? folder
    ) => Start(program, arguments, environment, folder, IgnoredSignals.NumbersOfEndings(), _ => { }, OwnGroup);

    /// <summary>Starts a program in a session of its own, at the other end of two pipes of ours.</summary>
    /// <param name="program">Absolute path.</param>
    /// <param name="arguments">Without the program's name.</param>
    /// <param name="environment">Its whole environment, NAME=VALUE.</param>
    /// <param name="input">The descriptor it reads from.</param>
    /// <param name="output">The descriptor it writes to.</param>
    /// <returns>Its process id.</returns>
    /// <exception cref="Win32Exception">It cannot be started.</exception>
    internal static unsafe int StartHeld(
        string program,
        IEnumerable<string> arguments,
        IEnumerable<string> environment,
        int input,
        int output
    )
    {
        Posix.InheritNothing();
        return Start(
            program,
            arguments,
            environment,
            "/",
            [],
            actions =>
            {
                Check(AddDuplicate((void*)actions, input, 0));
                Check(AddDuplicate((void*)actions, output, 1));
                Check(AddOpen((void*)actions, 2, "/dev/null", 1, 0));
            }
        );
    }

    private const short OwnSession = 0x80,
        OwnGroup = 0x02;

    private static unsafe int Start(
        string program,
        IEnumerable<string> arguments,
        IEnumerable<string> environment,
        string? folder,
        IEnumerable<int> ignored,
        Action<nint> addStreams,
        short apart = OwnSession
    )
    {
        const short defaultSignals = 0x04,
            blockedSignals = 0x08;
        void* actions = NativeMemory.AllocZeroed(Room),
            attributes = NativeMemory.AllocZeroed(Room);
        void* signals = NativeMemory.AllocZeroed(Room);
        byte** words = Texts([program, .. arguments]),
            variables = Texts(environment);
        try
        {
            Check(InitActions(actions));
            Check(InitAttributes(attributes));
            if (folder is { Length: > 0 })
            {
                Check(AddChangeFolder(actions, folder));
            }

            addStreams((nint)actions);
            _ = AllSignals(signals);
            foreach (var signal in ignored)
            {
                _ = TakeOut(signals, signal);
            }

            Check(SetDefaultSignals(attributes, signals));
            _ = NoSignals(signals);
            Check(SetBlockedSignals(attributes, signals));
            Check(SetFlags(attributes, (short)(defaultSignals | blockedSignals | apart)));
            Check(Spawn(out var process, program, actions, attributes, words, variables));
            return process;
        }
        finally
        {
            _ = DestroyActions(actions);
            _ = DestroyAttributes(attributes);
            NativeMemory.Free(actions);
            NativeMemory.Free(attributes);
            NativeMemory.Free(signals);
            FreeTexts(words);
            FreeTexts(variables);
        }
    }

    private static void Check(int error)
    {
        if (error != 0)
        {
            throw new Win32Exception(error);
        }
    }

    /// <summary>Waits until a child has ended, and collects it.</summary>
    /// <returns>Its exit code; 128 plus the signal when a signal ended it.</returns>
    internal static unsafe int WaitFor(int process)
    {
        const int interrupted = 4,
            unknown = 1,
            ofSignal = 128;
        int status;
        while (Wait(process, &status, 0) < 0)
        {
            if (Marshal.GetLastPInvokeError() != interrupted)
            {
                return unknown;
            }
        }

        var signal = status & 0x7f;
        return signal == 0 ? (status >> 8) & 0xff : ofSignal + signal;
    }

    /// <summary>Collects a child that has ended: until its parent does, it stays in the process table. Nothing happens
    /// when it runs, or was collected.</summary>
    /// <returns>True when it needs no collecting any more.</returns>
    internal static unsafe bool Collect(int process)
    {
        const int withoutWaiting = 1;
        return Wait(process, null, withoutWaiting) != 0;
    }

    private static unsafe byte** Texts(IEnumerable<string> texts)
    {
        var all = texts.ToArray();
        var pointers = (byte**)NativeMemory.AllocZeroed((nuint)(all.Length + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < all.Length; i++)
        {
            pointers[i] = (byte*)Marshal.StringToCoTaskMemUTF8(all[i]);
        }

        return pointers;
    }

    private static unsafe void FreeTexts(byte** texts)
    {
        for (var text = texts; *text is not null; text++)
        {
            Marshal.FreeCoTaskMem((nint)(*text));
        }

        NativeMemory.Free(texts);
    }
}
