using PgpoolLab.Hosts;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Servers.Waiting;

/// <summary>Waits until a server could listen on a port.</summary>
/// <param name="Host">Where.</param>
/// <param name="Port">The port.</param>
public sealed record PortIsFree(IHost Host, int Port) : IProbe
{
    /// <inheritdoc/>
    public string Expectation => $"port {Port} becomes free";

    /// <inheritdoc/>
    public ServerLog? Log => null;

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken) =>
        await Host.Ports.WhoHoldsAsync(Port, cancellationToken) is { } holder
            ? new Observation(false, $"it is {holder}")
            : new Observation(true, "");

    /// <inheritdoc/>
    public async Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) =>
        await Host.Ports.WhoHoldsAsync(Port, cancellationToken) is { } holder && holder != PortState.Lingering
            ? $"it is {holder}"
            : null;
}
