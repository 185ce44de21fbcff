using System.ComponentModel;
using System.Net.Sockets;
using PgpoolLab.Model;

namespace PgpoolLab.Hosts.Remote;

/// <summary>What kind of failure it was: who has called tells them apart by their types.</summary>
internal enum AgentErrorKind
{
    /// <summary>Any other; it arrives as an <see cref="IOException"/>.</summary>
    Other,

    /// <summary><see cref="OperationCanceledException"/>.</summary>
    Cancelled,

    /// <summary><see cref="LabException"/>.</summary>
    Lab,

    /// <summary><see cref="ProgramNotFoundException"/>.</summary>
    NoProgram,

    /// <summary><see cref="UnauthorizedAccessException"/>.</summary>
    NoRight,

    /// <summary><see cref="FileNotFoundException"/> or <see cref="DirectoryNotFoundException"/>.</summary>
    NoFile,

    /// <summary><see cref="SocketException"/>.</summary>
    Socket,

    /// <summary><see cref="ArgumentException"/>.</summary>
    Argument,
}

/// <summary>A failure on the other machine, as the same failure would be here.</summary>
/// <param name="Kind">Its type.</param>
/// <param name="Message">Its words.</param>
internal sealed record AgentError(AgentErrorKind Kind, string Message)
{
    /// <summary>The system's number for it: <see cref="Exception.HResult"/>, or that of a socket's error.</summary>
    public int Number { get; init; }

    /// <summary>The program that was not found.</summary>
    public string? Program { get; init; }

    /// <summary>Of a <see cref="LabException"/>.</summary>
    public ExitCode Code { get; init; }

    /// <inheritdoc cref="LabException.Details"/>
    public IReadOnlyList<string>? Details { get; init; }

    /// <inheritdoc cref="LabException.Hints"/>
    public IReadOnlyList<string>? Hints { get; init; }

    internal static AgentError Of(Exception error) =>
        error switch
        {
            OperationCanceledException => new AgentError(AgentErrorKind.Cancelled, error.Message),
            ProgramNotFoundException none => new AgentError(AgentErrorKind.NoProgram, none.InnerException!.Message)
            {
                Program = none.Program,
            },
            LabException lab => new AgentError(AgentErrorKind.Lab, lab.Message)
            {
                Code = lab.Code,
                Details = lab.Details,
                Hints = lab.Hints,
            },
            UnauthorizedAccessException => new AgentError(AgentErrorKind.NoRight, error.Message),
            FileNotFoundException or DirectoryNotFoundException => new AgentError(AgentErrorKind.NoFile, error.Message),
            SocketException socket => new AgentError(AgentErrorKind.Socket, socket.Message)
            {
                Number = (int)socket.SocketErrorCode,
            },
            ArgumentException => new AgentError(AgentErrorKind.Argument, error.Message),
            _ => new AgentError(AgentErrorKind.Other, error.Message) { Number = error.HResult },
        };

    internal Exception ToException() =>
        Kind switch
        {
            AgentErrorKind.Cancelled => new OperationCanceledException(Message),
            AgentErrorKind.NoProgram => new ProgramNotFoundException(Program ?? "", new Win32Exception(0, Message)),
            AgentErrorKind.Lab => new LabException(Code, Message) { Details = Details ?? [], Hints = Hints ?? [] },
            AgentErrorKind.NoRight => new UnauthorizedAccessException(Message),
            AgentErrorKind.NoFile => new FileNotFoundException(Message),
            AgentErrorKind.Socket => new SocketException(Number, Message),
            AgentErrorKind.Argument => new ArgumentException(Message),
            _ => new IOException(Message, Number),
        };
}
