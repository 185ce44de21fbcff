using System.Buffers.Binary;
using System.Text;

namespace PgpoolLab.Servers.Clients;

/// <summary>
/// Queries by the simple query protocol, over a unix socket. Pgpool-II answers its own SHOW commands by this protocol
/// alone, and Npgsql does not speak it; psql does, but takes 20 ms to start, which is long for who looks again and
/// again.
/// </summary>
/// <remarks>PostgreSQL manual, "Message Flow" and "Message Formats" of the frontend/backend protocol 3.0.</remarks>
internal sealed class SimpleQuery : IAsyncDisposable
{
    private const int ProtocolVersion3 = 3 << 16;
    private const int MostWeAccept = 1 << 24;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly Stream _connection;

    // Only for reading: it writes nothing while there is something left to read, as there is of an answer that cannot
    // be understood.
    private readonly BufferedStream _answers;
    private readonly TimeProvider _time;
    private int _received;

    private SimpleQuery(Stream connection, TimeProvider time) =>
        (_connection, _answers, _time) = (connection, new BufferedStream(connection), time);

    /// <summary>Begins a session, for who asks again and again: through Pgpool-II each costs a connection to every
    /// node.</summary>
    /// <param name="connection">A connection to the server; it is the session's from now on.</param>
    /// <param name="user">Who asks.</param>
    /// <param name="database">Where.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The session, or the server's error, or neither when it wants to know more of us than our
    /// name.</returns>
    /// <exception cref="IOException">The connection broke, or what came is not this protocol.</exception>
    internal static async Task<(SimpleQuery? Session, Answer? Refusal)> OpenAsync(
        Stream connection,
        string user,
        string database,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        var session = new SimpleQuery(connection, time);
        var accepted = false;
        try
        {
            (accepted, var refusal) = await session.WithinPatienceAsync(
                token => session.StartAsync(user, database, token),
                cancellationToken
            );
            return (accepted ? session : null, refusal);
        }
        finally
        {
            if (!accepted)
            {
                await session._answers.DisposeAsync();
            }
        }
    }

    /// <summary>Asks.</summary>
    /// <exception cref="IOException">The connection broke, or what came is not this protocol.</exception>
    internal Task<Answer> AskAsync(string sql, CancellationToken cancellationToken) =>
        WithinPatienceAsync(token => QueryAsync(sql, token), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await SendAsync((byte)'X', [], CancellationToken.None);
        }
        catch (IOException)
        {
            // The server was first.
        }

        await _answers.DisposeAsync();
    }

    private async Task<T> WithinPatienceAsync<T>(
        Func<CancellationToken, Task<T>> talk,
        CancellationToken cancellationToken
    )
    {
        _received = 0;
        using var limit = new CancellationTokenSource(Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await talk(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"No answer within {Patience.TotalSeconds:0} s.");
        }
        catch (Exception error) when (error is ArgumentException or OverflowException)
        {
            // A message that promises more than it holds, or less than nothing.
            throw NotThisProtocol(error);
        }
    }

    private async Task<(bool Accepted, Answer? Refusal)> StartAsync(
        string user,
        string database,
        CancellationToken cancellationToken
    )
    {
        await SendAsync(
            null,
            [
                .. Number(ProtocolVersion3),
                .. Text("user"),
                .. Text(user),
                .. Text("database"),
                .. Text(database),
                .. Text("application_name"),
                .. Text("pgpoollab"),
                0,
            ],
            cancellationToken
        );
        while (true)
        {
            var (type, body) = await ReceiveAsync(cancellationToken);
            switch (type)
            {
                case 'R' when BinaryPrimitives.ReadInt32BigEndian(body) != 0:
                    return (false, null);
                case 'E':
                    return (false, new Answer([], [], Message(body)));
                case 'Z':
                    return (true, null);
                default:
                    break;
            }
        }
    }

    private async Task<Answer> QueryAsync(string sql, CancellationToken cancellationToken)
    {
        await SendAsync((byte)'Q', Text(sql), cancellationToken);
        var columns = Array.Empty<string>();
        var rows = new List<string?[]>();
        string? error = null;
        while (true)
        {
            char type;
            byte[] body;
            try
            {
                (type, body) = await ReceiveAsync(cancellationToken);
            }
            catch (EndOfStreamException end) when (error is not null)
            {
                // It has said why it leaves.
                throw new IOException(error, end);
            }

            switch (type)
            {
                case 'E':
                    error ??= Message(body);
                    break;
                case 'T':
                    columns = Columns(body);
                    break;
                case 'D':
                    rows.Add(Row(body));
                    break;
                case 'Z':
                    return new Answer(columns, rows, error);
                default:
                    break;
            }
        }
    }

    private async Task SendAsync(byte? type, byte[] body, CancellationToken cancellationToken)
    {
        byte[] message = [.. type is { } t ? (byte[])[t] : [], .. Number(body.Length + sizeof(int)), .. body];
        await _connection.WriteAsync(message, cancellationToken);
    }

    private async Task<(char Type, byte[] Body)> ReceiveAsync(CancellationToken cancellationToken)
    {
        var header = new byte[1 + sizeof(int)];
        await _answers.ReadExactlyAsync(header, cancellationToken);
        // What the header promises, and all messages of an answer together: a server that never comes to an end must
        // not fill our memory.
        var length = (long)BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1)) - sizeof(int);
        if (length < 0 || _received + header.Length + length > MostWeAccept)
        {
            throw NotThisProtocol();
        }

        _received += header.Length + (int)length;
        var body = new byte[length];
        await _answers.ReadExactlyAsync(body, cancellationToken);
        return ((char)header[0], body);
    }

    private static IOException NotThisProtocol(Exception? error = null) =>
        new("What answers there is no PostgreSQL and no Pgpool-II.", error);

    private static string[] Columns(ReadOnlySpan<byte> body)
    {
        var names = new string[BinaryPrimitives.ReadInt16BigEndian(body)];
        body = body[sizeof(short)..];
        for (var i = 0; i < names.Length; i++)
        {
            var end = body.IndexOf((byte)0);
            names[i] = Encoding.UTF8.GetString(body[..end]);
            const int restOfField = 4 + 2 + 4 + 2 + 4 + 2;
            body = body[(end + 1 + restOfField)..];
        }

        return names;
    }

    private static string?[] Row(ReadOnlySpan<byte> body)
    {
        var values = new string?[BinaryPrimitives.ReadInt16BigEndian(body)];
        body = body[sizeof(short)..];
        for (var i = 0; i < values.Length; i++)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(body);
            body = body[sizeof(int)..];
            if (length >= 0)
            {
                values[i] = Encoding.UTF8.GetString(body[..length]);
                body = body[length..];
            }
        }

        return values;
    }

    /// <summary>The text ('M') among an error's fields.</summary>
    private static string Message(ReadOnlySpan<byte> body)
    {
        while (body.Length > 1 && body[0] != 0)
        {
            var field = body[..body.IndexOf((byte)0)];
            if (field[0] == 'M' && field.Length > 1)
            {
                return Encoding.UTF8.GetString(field[1..]);
            }

            body = body[(field.Length + 1)..];
        }

        return "an error without a text";
    }

    private static byte[] Number(int value)
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Text(string text) => [.. Encoding.UTF8.GetBytes(text), 0];

    /// <summary>What a server answered.</summary>
    internal sealed record Answer(IReadOnlyList<string> Columns, IReadOnlyList<string?[]> Rows, string? Error);
}
