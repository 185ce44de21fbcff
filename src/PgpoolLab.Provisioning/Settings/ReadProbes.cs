using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Settings;

/// <summary>Waits until a PostgreSQL has read its configuration files again.</summary>
/// <remarks>PostgreSQL manual, "pg_conf_load_time": a new session has it from the first process.</remarks>
/// <param name="Host">Where it runs.</param>
/// <param name="Lab">The lab.</param>
/// <param name="Node">The node.</param>
/// <param name="Before">When it had read them before.</param>
internal sealed record NodeHasRead(IHost Host, Lab Lab, PostgresNode Node, string? Before) : IProbe
{
    /// <inheritdoc/>
    public string Expectation => $"PostgreSQL node {Node.Id} reads its configuration files again";

    /// <inheritdoc/>
    public ServerLog? Log => ServerLog.Of(Lab, Node);

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            var now = await PostgresSettings.ReadAtAsync(Lab, Node, cancellationToken);
            return new Observation(now != Before, $"it has read them last at {now}");
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } problem)
        {
            return new Observation(false, problem);
        }
    }

    /// <inheritdoc/>
    public Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) =>
        Subject.WhyGoneAsync(Host, Lab, Node, cancellationToken);
}

/// <summary>Waits until a Pgpool-II says in its log that it reads its configuration file.</summary>
/// <param name="Host">Where it runs.</param>
/// <param name="Lab">The lab.</param>
/// <param name="Pgpool">The Pgpool-II.</param>
/// <param name="Length">How long the log was before, in bytes.</param>
internal sealed record PgpoolReads(IHost Host, Lab Lab, PgpoolNode Pgpool, long Length) : IProbe
{
    /// <summary>Its words, 4.1 to 4.7.</summary>
    private const string Words = "reload config file";

    /// <inheritdoc/>
    public string Expectation => $"{Lab.TitleOf(Pgpool)} reads its configuration file again";

    /// <inheritdoc/>
    public ServerLog? Log => null;

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        var (text, _) = await Host.Files.ReadGrowthAsync(Pgpool.Paths.PgpoolLog, Length, cancellationToken);
        return new Observation(text.Contains(Words, StringComparison.Ordinal), "its log does not say so");
    }

    /// <inheritdoc/>
    public Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);
}

/// <summary>Waits until a Pgpool-II shows what its file says, of the settings that a reload changes.</summary>
/// <param name="Host">Where it runs.</param>
/// <param name="Lab">The lab.</param>
/// <param name="Pgpool">The Pgpool-II.</param>
/// <param name="File">What the file says, by name.</param>
internal sealed record PgpoolShowsSettings(
    IHost Host,
    Lab Lab,
    PgpoolNode Pgpool,
    IReadOnlyDictionary<string, string> File
) : IProbe
{
    /// <inheritdoc/>
    public string Expectation => $"{Lab.TitleOf(Pgpool)} has the settings of its file in effect";

    /// <inheritdoc/>
    public ServerLog? Log => ServerLog.Of(Pgpool);

    /// <summary>What it showed last; null when it did not answer.</summary>
    internal IReadOnlyDictionary<string, string>? LastSeen { get; private set; }

    /// <summary>Why it did not.</summary>
    internal string? Problem { get; private set; }

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        (LastSeen, Problem) = await PgpoolSettings.AskAsync(Host, Lab, Pgpool, cancellationToken);
        if (LastSeen is null)
        {
            return new Observation(false, Problem ?? "no answer");
        }

        var missing = PgpoolRules.Differences(File, LastSeen).Where(d => !PgpoolRules.NeedsRestart(d.Name)).ToArray();
        return new Observation(
            missing.Length == 0,
            string.Join(", ", missing.Select(m => $"{m.Name} is {m.Shown} instead of {m.Wanted}"))
        );
    }

    /// <inheritdoc/>
    public Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) =>
        Subject.WhyGoneAsync(Host, Lab, Pgpool, cancellationToken);
}

/// <summary>Looks whether the server that is waited for still runs.</summary>
internal static class Subject
{
    internal static async Task<string?> WhyGoneAsync(
        IHost host,
        Lab lab,
        PostgresNode node,
        CancellationToken cancellationToken
    ) =>
        await new LiveLab(host, lab, new ProbeRunner(host, TimeProvider.System)).Of(node).FindAsync(cancellationToken)
            is null
            ? "it has ended"
            : null;

    internal static async Task<string?> WhyGoneAsync(
        IHost host,
        Lab lab,
        PgpoolNode pgpool,
        CancellationToken cancellationToken
    ) =>
        await new LiveLab(host, lab, new ProbeRunner(host, TimeProvider.System)).Of(pgpool).FindAsync(cancellationToken)
            is null
            ? "it has ended"
            : null;
}
