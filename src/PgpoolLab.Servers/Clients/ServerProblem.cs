using System.Net.Sockets;
using Npgsql;

namespace PgpoolLab.Servers.Clients;

/// <summary>Why a server did not answer, in words that are about the server, not about the library that asked
/// it.</summary>
internal static class ServerProblem
{
    private const string Closed = "it closed the connection";

    /// <summary>One line; null when the error is no connection's or server's fault.</summary>
    internal static string? Of(Exception error) => Words(error)?.ReplaceLineEndings(" ");

    private static string? Words(Exception error) =>
        error switch
        {
            PostgresException e => e.MessageText,
            NpgsqlException { InnerException: { } inner } => Words(inner) ?? inner.Message,
            NpgsqlException e => e.Message,
            SocketException e => Of(e),
            EndOfStreamException => Closed,
            IOException { InnerException: SocketException inner } => Of(inner),
            TimeoutException { InnerException: null } e
                when e.Message.StartsWith("The operation", StringComparison.Ordinal) => "no answer",
            TimeoutException or IOException => error.Message,
            _ => null,
        };

    /// <summary>.NET has no number of its own for a socket's file that is not there, and calls it an address that
    /// cannot be assigned.</summary>
    private static string Of(SocketException error) =>
        error.SocketErrorCode switch
        {
            SocketError.AddressNotAvailable or SocketError.ConnectionRefused =>
                "connection refused: nobody listens there",
            SocketError.ConnectionReset
            or SocketError.ConnectionAborted
            or SocketError.Shutdown
            or SocketError.NotConnected => Closed,
            SocketError.TimedOut => "no answer",
            _ => error.Message,
        };
}
