using PgpoolLab.Hosts;

namespace PgpoolLab.Servers.Clients;

/// <summary>What PostgreSQL says of itself in its <c>postmaster.pid</c>.</summary>
/// <param name="ProcessId">Its first process.</param>
/// <param name="Status">How far it is: starting, stopping, ready, standby; empty when that is not written yet.</param>
/// <remarks>PostgreSQL source: <c>utils/pidfile.h</c>.</remarks>
public sealed record PostmasterFile(int ProcessId, string Status)
{
    private const int StatusLine = 7;

    /// <summary>True when it takes connections. A hot standby says "ready" as a primary does; "standby" is one that
    /// takes none (hot_standby off).</summary>
    public bool Accepts => Status is "ready";

    /// <summary>True when it was told to stop and has not ended yet.</summary>
    public bool IsStopping => Status is "stopping";

    /// <summary>True while it has not said that it takes connections: it may still recover from a crash.</summary>
    public bool IsStarting => Status is "" or "starting";

    /// <summary>Reads the file of a data folder.</summary>
    /// <returns>Null when there is none, or it is only just being written.</returns>
    public static async ValueTask<PostmasterFile?> ReadAsync(
        IHost host,
        string dataDirectory,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(host);
        return Parse(await host.Files.ReadTextAsync($"{dataDirectory}/postmaster.pid", cancellationToken) ?? "");
    }

    /// <summary>Understands the file's text.</summary>
    public static PostmasterFile? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var lines = text.Split('\n');
        // Without a server process (single-user mode) the number is negative.
        return int.TryParse(lines[0], out var id) && id > 0
            ? new PostmasterFile(id, lines.Length > StatusLine ? lines[StatusLine].Trim() : "")
            : null;
    }
}
