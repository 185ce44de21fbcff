using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace PgpoolLab.Hosts;

/// <summary>Standard input, output and error of this process, as the system has them.</summary>
/// <remarks>.NET's own <see cref="Console"/> sends the terminal escape sequences as soon as it is asked for anything,
/// and takes a file that was opened with the number 2 for standard error.</remarks>
public static partial class StandardStreams
{
    private const string C = "libc";
    private const int CloseOnExec = 1;
    private static readonly string[] Names = ["Standard input", "Standard output", "Standard error"];

    [LibraryImport(C, EntryPoint = "fcntl", SetLastError = true)]
    private static partial int ControlDescriptor(int descriptor, int command);

    [LibraryImport(C, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport(C, EntryPoint = "dup2")]
    private static partial int Duplicate(int descriptor, int copy);

    [LibraryImport(C, EntryPoint = "close")]
    private static partial int Close(int descriptor);

    [LibraryImport(C, EntryPoint = "isatty")]
    private static partial int IsTerminalDescriptor(int descriptor);

    [LibraryImport(C, EntryPoint = "ioctl", SetLastError = true)]
    private static unsafe partial int ControlDevice(int descriptor, nuint request, ushort* size);

    [LibraryImport(C, EntryPoint = "signal")]
    private static partial nint SetHandler(int signal, nint handler);

    [LibraryImport(C, EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Execute(string path, byte** arguments);

    /// <summary>
    /// Opens those that the caller has closed on /dev/null, so that no file of ours gets such a number. To be called
    /// before all else. Output that nobody would ever see can still not be written.
    /// </summary>
    public static void Complete()
    {
        const int getFlags = 1;
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var taken = new List<int>();
        for (var stream = 0; stream < Names.Length; stream++)
        {
            var flags = ControlDescriptor(stream, getFlags);
            if (flags < 0)
            {
                OpenNull(stream);
            }
            else if ((flags & CloseOnExec) != 0)
            {
                // No program begins with such a descriptor: the runtime was given the number for a file of its own.
                taken.Add(stream);
            }
        }

        if (taken.Count > 0 && OperatingSystem.IsLinux() && Environment.ProcessPath is { } program)
        {
            BeginAgain(program, taken);
        }
    }

    /// <summary>True when a terminal is at the other end.</summary>
    /// <param name="stream">0, 1 or 2.</param>
    public static bool IsTerminal(int stream) =>
        OperatingSystem.IsWindows()
            ? !(stream == 1 ? Console.IsOutputRedirected : Console.IsErrorRedirected)
            : IsTerminalDescriptor(stream) == 1;

    /// <summary>Forgets what was typed at a terminal and not read: it was no answer to what is asked now.</summary>
    /// <param name="stream">0.</param>
    public static void ForgetTyped(int stream)
    {
        if (!OperatingSystem.IsWindows())
        {
            TerminalCalls.ForgetTyped(stream);
        }
    }

    /// <summary>Columns of the terminal; null when it is none, or does not say.</summary>
    /// <param name="stream">0, 1 or 2.</param>
    public static int? WidthOf(int stream) => SizeOf(stream)?.Columns;

    /// <summary>The size of the window a standard stream writes to.</summary>
    /// <param name="stream">1 or 2.</param>
    /// <returns>Null when it is no terminal, or that does not tell.</returns>
    public static unsafe (int Columns, int Rows)? SizeOf(int stream)
    {
        if (OperatingSystem.IsWindows())
        {
            return (Console.WindowWidth, Console.WindowHeight);
        }

        var getWindowSize = OperatingSystem.IsMacOS() ? 0x40087468u : 0x5413u;
        const int rowsColumnsAndPixels = 4;
        var size = stackalloc ushort[rowsColumnsAndPixels];
        return ControlDevice(stream, getWindowSize, size) == 0 && size[1] > 0 ? (size[1], size[0]) : null;
    }

    /// <summary>Standard output or error, or a terminal at standard input, to be written to. Nothing it writes ever
    /// fails; it remembers that something did.</summary>
    /// <param name="stream">0, 1 or 2.</param>
    public static StandardStream ForWriting(int stream) => new(stream, Names[stream]);

    private static void OpenNull(int stream)
    {
        const int readOnly = 0,
            readAndWrite = 2,
            standardOutput = 1;
        // What is printed must not vanish with success: as in GNU's programs, /dev/null in place of standard output
        // cannot be written to.
        var descriptor = Open("/dev/null", stream == standardOutput ? readOnly : readAndWrite);
        if (descriptor >= 0 && descriptor != stream)
        {
            _ = Duplicate(descriptor, stream);
            _ = Close(descriptor);
        }
    }

    private static unsafe void BeginAgain(string program, IEnumerable<int> streams)
    {
        const int brokenPipe = 13;
        var own = File.ReadAllBytes("/proc/self/cmdline");
        foreach (var stream in streams)
        {
            OpenNull(stream);
        }

        // The runtime ignores it, and what is ignored stays so.
        _ = SetHandler(brokenPipe, 0);
        var count = own.Count(b => b == 0);
        fixed (byte* text = own)
        {
            var words = stackalloc byte*[count + 1];
            var word = text;
            for (var i = 0; i < count; i++)
            {
                words[i] = word;
                while (*word++ != 0) { }
            }

            words[count] = null;
            _ = Execute(program, words);
        }

        throw new Win32Exception();
    }
}

/// <summary>Standard output or error of this process. A failure to write changes nothing of what a command does: it is
/// remembered.</summary>
/// <param name="descriptor">1 or 2.</param>
/// <param name="name">For messages: "Standard output".</param>
public sealed partial class StandardStream(int descriptor, string name) : Stream
{
    private const int Interrupted = 4;
    private const int BrokenPipe = 32;
    private readonly Lock _gate = new();
    private int _error;

    /// <summary>Its number.</summary>
    internal int Descriptor => descriptor;

    /// <summary>True when nobody will see what is written: the disk is full, the reader has gone.</summary>
    /// <remarks>A reader that goes is noticed without writing to it, too: who waits for news has nothing to
    /// write.</remarks>
    public bool IsLost => _error != 0 || HasNoReader();

    /// <summary>Why it could not be written to; null when it could, or when its reader has had enough, which is no
    /// failure.</summary>
    public string? Problem =>
        _error is 0 or BrokenPipe ? null : $"{name} could not be written to: {new Win32Exception(_error).Message}.";

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>A writer of UTF-8 that keeps nothing back.</summary>
    public TextWriter Writer() =>
        new StreamWriter(this, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true)
        {
            AutoFlush = true,
        };

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override unsafe void Write(ReadOnlySpan<byte> buffer)
    {
        if (OperatingSystem.IsWindows())
        {
            (descriptor == 1 ? Console.OpenStandardOutput() : Console.OpenStandardError()).Write(buffer);
            return;
        }

        lock (_gate)
        {
            fixed (byte* bytes = buffer)
            {
                for (var written = 0; written < buffer.Length && _error == 0; )
                {
                    var now = WriteBytes(descriptor, bytes + written, (nuint)(buffer.Length - written));
                    written += (int)Math.Max(0, now);
                    if (now < 0)
                    {
                        Remember(Marshal.GetLastPInvokeError());
                    }
                }
            }
        }
    }

    /// <inheritdoc/>
    public override void Flush() { }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static unsafe partial nint WriteBytes(int descriptor, byte* bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static unsafe partial int Poll(Watched* descriptors, nuint count, int timeout);

    private unsafe bool HasNoReader()
    {
        const short failedOrHungUp = 8 | 16;
        if (OperatingSystem.IsWindows())
        {
            return false;
        }

        var watched = new Watched { Descriptor = descriptor };
        return Poll(&watched, 1, 0) > 0 && (watched.Happened & failedOrHungUp) != 0;
    }

    private unsafe void Remember(int error)
    {
        const short canBeWritten = 4;
        const int endless = -1;
        var again = OperatingSystem.IsMacOS() ? 35 : 11;
        if (error == again)
        {
            // Whoever shares it with us has made it so that it does not wait.
            var watched = new Watched { Descriptor = descriptor, Events = canBeWritten };
            _ = Poll(&watched, 1, endless);
        }
        else if (error != Interrupted)
        {
            _error = error;
        }
    }

    private struct Watched
    {
        internal int Descriptor;
        internal short Events;
        internal short Happened;
    }
}
