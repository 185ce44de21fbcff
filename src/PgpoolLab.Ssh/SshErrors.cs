using PgpoolLab.Model;
using PgpoolLab.Ssh.Files;

namespace PgpoolLab.Ssh;

/// <summary>No connection to a host comes about.</summary>
/// <param name="host">Its name.</param>
/// <param name="what">What was seen.</param>
/// <param name="inner">The cause.</param>
public sealed class HostUnreachableException(string host, string what, Exception? inner = null)
    : LabException(ExitCode.NotHealthy, what, inner)
{
    /// <summary>The host's name.</summary>
    public string Host { get; } = host;
}

/// <summary>A host shows a key that is not to be trusted. Nobody has logged in.</summary>
/// <param name="host">Its name.</param>
/// <param name="verdict">What the files of known hosts say.</param>
/// <param name="what">That, for people.</param>
public sealed class HostKeyException(string host, HostKeyVerdict verdict, string what)
    : LabException(ExitCode.Missing, what)
{
    /// <summary>The host's name.</summary>
    public string Host { get; } = host;

    /// <summary>What the files of known hosts say.</summary>
    public HostKeyVerdict Verdict { get; } = verdict;
}

/// <summary>A host lets nobody in with the keys that there are.</summary>
/// <param name="host">Its name.</param>
/// <param name="what">That, for people.</param>
/// <param name="inner">The cause.</param>
public sealed class LoginRefusedException(string host, string what, Exception? inner = null)
    : LabException(ExitCode.Missing, what, inner)
{
    /// <summary>The host's name.</summary>
    public string Host { get; } = host;
}

/// <summary>The agent does not run on a host. Nothing of a lab was made.</summary>
/// <param name="host">Its name.</param>
/// <param name="what">Why, for people.</param>
/// <param name="inner">The cause.</param>
public sealed class NoAgentException(string host, string what, Exception? inner = null)
    : LabException(ExitCode.Missing, what, inner)
{
    /// <summary>The host's name.</summary>
    public string Host { get; } = host;

    /// <summary>The two ways to another program. Only few commands have these options: labs remember which it
    /// is.</summary>
    internal static IReadOnlyList<string> TwoWays { get; } =
    [
        "Install a pgpoollab there, and make the lab with it:  pgpoollab setup --hosts … --installed PATH",
        "Try out whether another one of this machine runs there:  pgpoollab hosts check HOST … --agent PATH",
    ];
}
