using System.Globalization;
using System.Text.Json;

namespace PgpoolLab.Client;

/// <summary>A node of a lab: a PostgreSQL. What is done to it returns when it has come about: a <see cref="KillAsync"/>
/// of the primary when a standby has taken over.</summary>
public sealed class Node
{
    private readonly Lab _lab;

    internal Node(Lab lab, int id, string connectionString, string uri) =>
        (_lab, Id, ConnectionString, Uri) = (lab, id, connectionString, uri);

    /// <summary>Its number.</summary>
    public int Id { get; }

    /// <summary>Connects to this node, past Pgpool-II: for Npgsql.</summary>
    public string ConnectionString { get; }

    /// <summary>The same for libpq and drivers that read its URIs.</summary>
    public string Uri { get; }

    private string Number => Id.ToString(CultureInfo.InvariantCulture);

    /// <summary>Stops it in good order.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => DoAsync("stop", cancellationToken);

    /// <summary>Starts it.</summary>
    public Task StartAsync(CancellationToken cancellationToken = default) => DoAsync("start", cancellationToken);

    /// <summary>Ends all its processes at one moment, as a crash of its machine.</summary>
    public Task KillAsync(CancellationToken cancellationToken = default) => DoAsync("kill", cancellationToken);

    /// <summary>Suspends all its processes: it accepts connections, and answers nobody.</summary>
    public Task PauseAsync(CancellationToken cancellationToken = default) => DoAsync("pause", cancellationToken);

    /// <summary>Has it go on.</summary>
    public Task ResumeAsync(CancellationToken cancellationToken = default) => DoAsync("resume", cancellationToken);

    /// <summary>Makes it a standby of the primary by online recovery.</summary>
    public Task RecoverAsync(CancellationToken cancellationToken = default) => DoAsync("recover", cancellationToken);

    /// <summary>Has Pgpool-II use it.</summary>
    public Task AttachAsync(CancellationToken cancellationToken = default) => DoAsync("attach", cancellationToken);

    /// <summary>Has Pgpool-II not use it.</summary>
    public Task DetachAsync(CancellationToken cancellationToken = default) => DoAsync("detach", cancellationToken);

    /// <summary>Makes it a primary behind Pgpool-II's back.</summary>
    public Task PromoteAsync(CancellationToken cancellationToken = default) => DoAsync("promote", cancellationToken);

    /// <summary>Has it replay later what it receives at once, until what is returned is disposed of.</summary>
    /// <param name="by">How much later.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IAsyncDisposable> LagAsync(TimeSpan by, CancellationToken cancellationToken = default)
    {
        var milliseconds = by.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture);
        await _lab.RunAsync(["lag", Number, $"{milliseconds}ms"], cancellationToken).ConfigureAwait(false);
        return new LabEnd(() => _lab.RunAsync(["lag", Number, "off"], CancellationToken.None));
    }

    /// <inheritdoc/>
    public override string ToString() => $"node {Number}";

    private Task<JsonElement> DoAsync(string verb, CancellationToken cancellationToken) =>
        _lab.RunAsync([verb, Number], cancellationToken);
}
