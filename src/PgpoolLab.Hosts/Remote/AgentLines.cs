using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace PgpoolLab.Hosts.Remote;

/// <summary>Lines of JSON, to and fro.</summary>
public static class AgentLines
{
    /// <summary>The largest line: a program of 256 MB in base64, and what stands around it.</summary>
    internal const long Longest = 400L << 20;

    /// <summary>Every line, until the other side has closed its end.</summary>
    /// <exception cref="IOException">A line is longer than any that our side sends.</exception>
    /// <param name="input">Where they come from.</param>
    /// <param name="heard">Is called whenever bytes have come, of a line that is not yet whole, too.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="longest">The largest line at that moment; null for the largest there is.</param>
    public static async IAsyncEnumerable<ReadOnlySequence<byte>> ReadAsync(
        Stream input,
        Action? heard,
        [EnumeratorCancellation] CancellationToken cancellationToken,
        Func<long>? longest = null
    )
    {
        var reader = PipeReader.Create(input, new StreamPipeReaderOptions(bufferSize: 64 * 1024, leaveOpen: true));
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            heard?.Invoke();
            var buffer = read.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                yield return buffer.Slice(0, end);
                buffer = buffer.Slice(buffer.GetPosition(1, end));
            }

            if (buffer.Length > (longest?.Invoke() ?? Longest))
            {
                throw new IOException("The other side sends a line without an end.");
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
            {
                yield break;
            }
        }
    }

    /// <summary>One line as a message; null when it is none.</summary>
    /// <typeparam name="TMessage">What a line is.</typeparam>
    /// <param name="line">The line.</param>
    /// <param name="type">How it is read.</param>
    public static TMessage? TryParse<TMessage>(ReadOnlySequence<byte> line, JsonTypeInfo<TMessage> type)
        where TMessage : class
    {
        try
        {
            return Parse(line, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>One line as a message.</summary>
    /// <typeparam name="TMessage">What a line is.</typeparam>
    /// <param name="line">The line.</param>
    /// <param name="type">How it is read.</param>
    /// <exception cref="JsonException">It is none.</exception>
    public static TMessage? Parse<TMessage>(ReadOnlySequence<byte> line, JsonTypeInfo<TMessage> type)
    {
        var reader = new Utf8JsonReader(line);
        return JsonSerializer.Deserialize(ref reader, type);
    }
}

/// <summary>Writes lines, one at a time, whoever they come from.</summary>
/// <typeparam name="TMessage">What a line is.</typeparam>
/// <param name="output">Where to.</param>
/// <param name="type">How it is written.</param>
/// <param name="progressed">Is called whenever a part of a long line has been taken.</param>
public sealed class LineWriter<TMessage>(Stream output, JsonTypeInfo<TMessage> type, Action? progressed = null)
    : IDisposable
{
    private const int Part = 64 * 1024;
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Writes one.</summary>
    /// <param name="message">The line.</param>
    /// <param name="cancellationToken">Gives up while others write; a line that has begun goes out whole.</param>
    public async Task WriteAsync(TMessage message, CancellationToken cancellationToken)
    {
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(message, type), (byte)'\n'];
        await _turn.WaitAsync(cancellationToken);
        try
        {
            // Half a line would make the rest of the conversation unreadable.
            for (var at = 0; at < line.Length; at += Part)
            {
                await output.WriteAsync(line.AsMemory(at, Math.Min(Part, line.Length - at)), CancellationToken.None);
                if (line.Length > Part)
                {
                    progressed?.Invoke();
                }
            }

            await output.FlushAsync(CancellationToken.None);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();
}
