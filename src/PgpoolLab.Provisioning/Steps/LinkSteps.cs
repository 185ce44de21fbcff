using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Servers.Links;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>Starts the process of the lab's links, unless it runs.</summary>
public sealed record StartLinks : IStep
{
    /// <inheritdoc/>
    public string Title => "Start the links";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return [LinkServer.CommandOf(lab, Program(null)).ToString()];
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var server = LinkServers.Of(context, context.Lab);
        // It is started before it is known to have come up.
        if (await server.LookAsync(cancellationToken) is null)
        {
            context.Undo.Push("stop the links", server.StopAsync);
        }

        await server.StartAsync(Program(context.Renderer.Program), cancellationToken);
    }

    private static CommandSpec Program(ScriptProgram? program) =>
        program is null ? new CommandSpec("pgpoollab")
        : program.Library is { } library ? new CommandSpec(program.File, library)
        : new CommandSpec(program.File);
}

/// <summary>Ends the process of the lab's links, and every connection through them.</summary>
public sealed record StopLinks : IStep
{
    /// <inheritdoc/>
    public string Title => "Stop the links";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return [$"SIGKILL to the process whose number is in {Shell.Quote(lab.LinkPid)}"];
    }

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return LinkServers.Of(context, context.Lab).StopAsync(cancellationToken);
    }
}

/// <summary>Has the links be those of the lab with another number of nodes.</summary>
/// <param name="From">The lab as it is.</param>
/// <param name="To">The lab as it is to be.</param>
public sealed record ReloadLinks(Lab From, Lab To) : IStep
{
    /// <inheritdoc/>
    public string Title => "Change the links";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) => [$"tell the process that listens at {Shell.Quote(To.LinkSocket)}"];

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Undo.Push("put back the links", LinkServers.Of(context, From).ReloadAsync);
        return LinkServers.Of(context, To).ReloadAsync(cancellationToken);
    }

    /// <summary>Equal for the same lab and the same numbers of nodes.</summary>
    public bool Equals(ReloadLinks? other) =>
        other is not null
        && From.Id == other.From.Id
        && From.Nodes.SequenceEqual(other.From.Nodes)
        && To.Nodes.SequenceEqual(other.To.Nodes);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(From.Id, From.Nodes.Count, To.Nodes.Count);
}

/// <summary>The process of a lab's links, for steps.</summary>
internal static class LinkServers
{
    internal static LinkServer Of(StepContext context, Lab lab) => new(context.Host, lab, context.Probes, context.Time);
}
