using System.Buffers.Binary;
using System.Text;

namespace PgpoolLab.Provisioning.Probes;

/// <summary>
/// Queries by the simple query protocol, over a unix socket. Pgpool-II answers its own SHOW commands by this protocol alone, and Npgsql does
/// not speak it; psql does, but takes 20 ms to start, which is long for who looks again and again.
/// </summary>
/// <remarks>PostgreSQL manual, "Message Flow" and "Message Formats" of the frontend/backend protocol 3.0.</remarks>
internal sealed class SimpleQuery : IAsyncDisposable
{
    private const int ProtocolVersion3 = 3 << 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly BufferedStream _stream;

    private SimpleQuery(BufferedStream stream) => _stream = stream;

    /// <summary>Asks one query in a session of its own.</summary>
    /// <param name="connection">A connection to the server.</param>
    /// <param name="user">Who asks.</param>
    /// <param name="database">Where.</param>
    /// <param name="sql">What.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The columns' names and the rows, or the server's error; null when the server wants to know more of us than our name.</returns>
    /// <exception cref="IOException">The connection broke, or what came is not this protocol.</exception>
    internal static async Task<Answer?> AskAsync(Stream connection, string user, string database, string sql, CancellationToken cancellationToken)
    {
        var (session, refusal) = await OpenAsync(connection, user, database, cancellationToken);
        if (session is null)
        {
            return refusal;
        }

        await using (session)
        {
            return await session.AskAsync(sql, cancellationToken);
        }
    }

    /// <summary>Begins a session, for who asks again and again: through Pgpool-II each costs a connection to every node.</summary>
    /// <param name="connection">A connection to the server; it is the session's from now on.</param>
    /// <param name="user">Who asks.</param>
    /// <param name="database">Where.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The session, or the server's error, or neither when it wants to know more of us than our name.</returns>
    /// <exception cref="IOException">The connection broke, or what came is not this protocol.</exception>
    internal static async Task<(SimpleQuery? Session, Answer? Refusal)> OpenAsync(Stream connection, string user, string database, CancellationToken cancellationToken)
    {
        var stream = new BufferedStream(connection);
        SimpleQuery? session = null;
        try
        {
            var (accepted, refusal) = await WithinPatienceAsync(token => StartAsync(stream, user, database, token), cancellationToken);
            session = accepted ? new SimpleQuery(stream) : null;
            return (session, refusal);
        }
        finally
        {
            if (session is null)
            {
                await stream.DisposeAsync();
            }
        }
    }

    /// <summary>Asks.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    internal Task<Answer> AskAsync(string sql, CancellationToken cancellationToken) => WithinPatienceAsync(token => QueryAsync(_stream, sql, token), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await SendAsync(_stream, (byte)'X', [], CancellationToken.None);
        }
        catch (IOException)
        {
            // The server was first.
        }

        await _stream.DisposeAsync();
    }

    private static async Task<T> WithinPatienceAsync<T>(Func<CancellationToken, Task<T>> talk, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await talk(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"No answer within {Patience.TotalSeconds:0} s.");
        }
    }

    private static async Task<(bool Accepted, Answer? Refusal)> StartAsync(Stream stream, string user, string database, CancellationToken cancellationToken)
    {
        await SendAsync(stream, null, [.. Number(ProtocolVersion3), .. Text("user"), .. Text(user), .. Text("database"), .. Text(database), .. Text("application_name"), .. Text("pgpoollab"), 0], cancellationToken);
        while (true)
        {
            var (type, body) = await ReceiveAsync(stream, cancellationToken);
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

    private static async Task<Answer> QueryAsync(Stream stream, string sql, CancellationToken cancellationToken)
    {
        await SendAsync(stream, (byte)'Q', Text(sql), cancellationToken);
        var columns = Array.Empty<string>();
        var rows = new List<string?[]>();
        string? error = null;
        while (true)
        {
            var (type, body) = await ReceiveAsync(stream, cancellationToken);
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

    private static async Task SendAsync(Stream stream, byte? type, byte[] body, CancellationToken cancellationToken)
    {
        byte[] message = [.. type is { } t ? (byte[])[t] : [], .. Number(body.Length + sizeof(int)), .. body];
        await stream.WriteAsync(message, cancellationToken);
        await stream.FlushAsync(cancellationToken);
    }

    private static async Task<(char Type, byte[] Body)> ReceiveAsync(Stream stream, CancellationToken cancellationToken)
    {
        var header = new byte[1 + sizeof(int)];
        await stream.ReadExactlyAsync(header, cancellationToken);
        const int mostWeAccept = 1 << 24;
        var length = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1)) - sizeof(int);
        if (length is < 0 or > mostWeAccept)
        {
            throw new IOException("What answers there is no PostgreSQL and no Pgpool-II.");
        }

        var body = new byte[length];
        await stream.ReadExactlyAsync(body, cancellationToken);
        return ((char)header[0], body);
    }

    private static string[] Columns(ReadOnlySpan<byte> body)
    {
        var names = new string[BinaryPrimitives.ReadInt16BigEndian(body)];
        body = body[sizeof(short)..];
        for (var i = 0; i < names.Length; i++)
        {
            var end = body.IndexOf((byte)0) is >= 0 and var found ? found : throw new IOException("What answers there is no PostgreSQL and no Pgpool-II.");
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
            var end = body.IndexOf((byte)0);
            if (end < 0)
            {
                break;
            }

            if (body[0] == 'M')
            {
                return Encoding.UTF8.GetString(body[1..end]);
            }

            body = body[(end + 1)..];
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
