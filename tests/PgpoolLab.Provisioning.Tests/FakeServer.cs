using System.Buffers.Binary;
using System.Text;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>A server at the other end of a connection: to each message it is sent it gives the next of its
/// answers.</summary>
/// <remarks>PostgreSQL manual, "Message Formats".</remarks>
internal sealed class FakeServer(params byte[][] answers) : Stream
{
    private readonly Queue<byte[]> _answers = new(answers);
    private ReadOnlyMemory<byte> _ready;
    private bool _gone;

    /// <summary>What it was sent, message by message.</summary>
    internal List<byte[]> Received { get; } = [];

    /// <summary>It goes when it has given its last answer; else it says nothing any more.</summary>
    internal bool Leaves { get; init; }

    /// <summary>How many bytes come at a time.</summary>
    internal int Portion { get; init; } = int.MaxValue;

    internal bool IsClosed { get; private set; }

    /// <summary>What a server says first to who it trusts.</summary>
    internal static byte[] Welcome =>
        [
            .. Trusts,
            .. Message('S', "server_version\0"u8, "99.1\0"u8),
            .. Message('K', Number(17), Number(4711)),
            .. Ready,
        ];

    internal static byte[] Trusts => Message('R', Number(0));

    internal static byte[] Ready => Message('Z', "I"u8);

    /// <summary>It wants a password, as MD5 with some salt.</summary>
    internal static byte[] WantsPassword => Message('R', Number(5), "salt"u8);

    internal static byte[] Error(string text) =>
        Message('E', "SFATAL\0C57P03\0M"u8, Encoding.UTF8.GetBytes(text), "\0Fpool.c\0\0"u8);

    internal static byte[] Notice => Message('N', "SNOTICE\0MWell.\0\0"u8);

    internal static byte[] Columns(params string[] names) =>
        Message(
            'T',
            Short(names.Length),
            names
                .SelectMany(n =>
                    (byte[])
                        [
                            .. Encoding.UTF8.GetBytes(n),
                            0,
                            .. Number(0),
                            .. Short(0),
                            .. Number(25),
                            .. Short(-1),
                            .. Number(-1),
                            .. Short(0),
                        ]
                )
                .ToArray()
        );

    internal static byte[] Row(params string?[] values) =>
        Message(
            'D',
            Short(values.Length),
            values
                .SelectMany(v =>
                    v is null
                        ? Number(-1)
                        : (byte[])[.. Number(Encoding.UTF8.GetByteCount(v)), .. Encoding.UTF8.GetBytes(v)]
                )
                .ToArray()
        );

    internal static byte[] Done => [.. Message('C', "SELECT 2\0"u8), .. Ready];

    internal static byte[] Message(
        char type,
        ReadOnlySpan<byte> body,
        ReadOnlySpan<byte> more = default,
        ReadOnlySpan<byte> rest = default
    ) => [(byte)type, .. Number(body.Length + more.Length + rest.Length + 4), .. body, .. more, .. rest];

    internal static byte[] Number(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    internal static byte[] Short(int value) => Number(value)[2..];

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_gone)
        {
            throw new IOException("Broken pipe");
        }

        Received.Add(buffer.ToArray());
        if (_answers.TryDequeue(out var answer))
        {
            _ready = answer;
        }

        return ValueTask.CompletedTask;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_ready.Length == 0)
        {
            _gone = Leaves && _answers.Count == 0;
            if (!_gone)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            return 0;
        }

        var count = Math.Min(Math.Min(Portion, buffer.Length), _ready.Length);
        _ready[..count].CopyTo(buffer);
        _ready = _ready[count..];
        return count;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() { }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        IsClosed = true;
        base.Dispose(disposing);
    }
}
