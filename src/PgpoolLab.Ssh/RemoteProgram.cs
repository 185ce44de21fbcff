using System.IO.Pipelines;
using System.Text;
using Renci.SshNet;

namespace PgpoolLab.Ssh;

/// <summary>A program that runs on a host, with its three streams.</summary>
internal sealed class RemoteProgram : IDisposable
{
    private const int MostWords = 20;

    /// <summary>How many characters of a line are kept.</summary>
    private const int LongestWord = 500;
    private readonly SshCommand _command;
    private readonly Pipe _output = new();
    private readonly Queue<string> _words = new();
    private readonly Task _ended;
    private readonly Task _pumps;
    private Exception? _broken;

    private RemoteProgram(SshClient client, SshCommand command)
    {
        _command = command;
        client.ErrorOccurred += (_, error) => _broken ??= error.Exception;
        _ended = command.ExecuteAsync(CancellationToken.None);
        // What became of it is seen by who reads its output.
        _ = _ended.ContinueWith(
            static t => _ = t.Exception,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted,
            TaskScheduler.Default
        );
        Input = new ProgramInput(command.CreateInputStream());
        Output = _output.Reader.AsStream();
        // The library's streams hold a thread while nothing comes; those of the pool are few on a small machine.
        _pumps = Task.WhenAll(OnItsThread(PumpOutput), OnItsThread(PumpWords));
    }

    /// <summary>What it writes.</summary>
    internal Stream Output { get; }

    /// <summary>What it reads. It must be written to before it is closed, or the program never sees its
    /// end.</summary>
    internal Stream Input { get; }

    /// <summary>The last lines of its standard error.</summary>
    internal IReadOnlyList<string> Words
    {
        get
        {
            lock (_words)
            {
                return [.. _words];
            }
        }
    }

    /// <summary>Its exit code; null while it runs, and when a signal ended it.</summary>
    internal int? ExitCode => _command.ExitStatus;

    /// <summary>The signal that ended it.</summary>
    internal string? ExitSignal => _command.ExitSignal;

    /// <summary>Begins one. Waits for the host on the calling thread.</summary>
    /// <exception cref="Renci.SshNet.Common.SshException">The host does not begin it.</exception>
    internal static RemoteProgram Start(SshClient client, string command)
    {
        var made = client.CreateCommand(command);
        try
        {
            return new RemoteProgram(client, made);
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    /// <summary>Waits until all it has written is there.</summary>
    internal Task WaitAsync(CancellationToken cancellationToken) => _pumps.WaitAsync(cancellationToken);

    internal static Task OnItsThread(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void PumpOutput()
    {
        var stream = _command.OutputStream;
        try
        {
            while (true)
            {
                var memory = _output.Writer.GetMemory(32 * 1024);
                var count = stream.Read(memory.Span);
                if (count == 0)
                {
                    break;
                }

                _output.Writer.Advance(count);
                if (_output.Writer.FlushAsync().AsTask().GetAwaiter().GetResult().IsCompleted)
                {
                    break;
                }
            }

            _output.Writer.Complete(_broken is { } broken ? new IOException(broken.Message, broken) : null);
        }
        catch (Exception error)
        {
            _output.Writer.Complete(new IOException(error.Message, error));
        }
    }

    private void PumpWords()
    {
        try
        {
            using var reader = new StreamReader(_command.ExtendedOutputStream, Encoding.UTF8);
            foreach (var line in Lines(reader, LongestWord))
            {
                lock (_words)
                {
                    _words.Enqueue(line);
                    if (_words.Count > MostWords)
                    {
                        _words.Dequeue();
                    }
                }
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // It is over.
        }
    }

    /// <summary>Lines as they come, of each only the beginning: who writes without end must not fill the
    /// memory.</summary>
    internal static IEnumerable<string> Lines(TextReader reader, int longest)
    {
        var (buffer, line) = (new char[4096], new StringBuilder());
        var count = 0;
        while ((count = reader.Read(buffer, 0, buffer.Length)) > 0)
        {
            for (var at = 0; at < count; at++)
            {
                if (buffer[at] == '\n')
                {
                    yield return line.ToString().TrimEnd('\r');
                    line.Clear();
                }
                else if (line.Length < longest)
                {
                    line.Append(buffer[at]);
                }
            }
        }

        if (line.Length > 0)
        {
            yield return line.ToString();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _command.Dispose();
}

/// <summary>A program's input. Whatever the library throws is what a stream throws.</summary>
/// <param name="stream">The library's.</param>
internal sealed class ProgramInput(Stream stream) : Stream
{
    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count)
    {
        try
        {
            stream.Write(buffer, offset, count);
        }
        catch (Exception error) when (error is not IOException)
        {
            throw new IOException(error.Message, error);
        }
    }

    /// <inheritdoc/>
    /// <remarks>The library waits where the other side takes no more.</remarks>
    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer,
        CancellationToken cancellationToken = default
    )
    {
        var bytes = buffer.ToArray();
        await Task.Run(() => Write(bytes, 0, bytes.Length), cancellationToken);
    }

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override void Flush() { }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            try
            {
                stream.Dispose();
            }
            catch (Exception)
            {
                // The connection has ended, and so has the input.
            }
        }

        base.Dispose(disposing);
    }
}
