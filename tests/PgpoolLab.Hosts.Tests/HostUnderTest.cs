using System.IO.Pipelines;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Hosts.Remote;

namespace PgpoolLab.Hosts.Tests;

/// <summary>This machine, as itself, behind an agent, or behind one that is reached by SSH. What is promised of a host
/// holds for all of them.</summary>
public sealed class HostUnderTest : IDisposable
{
    private readonly Func<TimeProvider, HostUnderTest> _with;
    private readonly AgentUnderTest? _agent;

    private HostUnderTest(IHost host, AgentUnderTest? agent, Func<TimeProvider, HostUnderTest> with)
    {
        Host = host;
        _agent = agent;
        _with = with;
    }

    public IHost Host { get; }

    public static HostUnderTest Local() => Local(TimeProvider.System);

    private static HostUnderTest Local(TimeProvider time) => new(new LocalHost(time), null, Local);

    public static HostUnderTest Remote() => Remote(TimeProvider.System);

    private static HostUnderTest Remote(TimeProvider time)
    {
        var agent = AgentUnderTest.Start(new LocalHost(time));
        return new HostUnderTest(new RemoteHost(agent.Channel), agent, Remote);
    }

    /// <summary>A host that goes on after the test. It has a clock of its own.</summary>
    public static HostUnderTest Of(IHost host) => new(host, null, _ => Of(host));

    /// <summary>Another one of the kind, by whose clock time passes in another way.</summary>
    public HostUnderTest With(TimeProvider time) => _with(time);

    public void Dispose() => _agent?.Dispose();
}

/// <summary>Both ends of a conversation, in one process.</summary>
internal sealed class AgentUnderTest : IDisposable
{
    private readonly Pipe _calls = new();
    private readonly Pipe _answers = new();
    private readonly AgentService _service;
    private Task _running = Task.CompletedTask;

    private AgentUnderTest(IHost host) => _service = new AgentService(host, _answers.Writer.AsStream());

    internal AgentChannel Channel { get; private set; } = null!;

    internal static AgentUnderTest Start(IHost host)
    {
        var agent = new AgentUnderTest(host);
        agent._running = Task.Run(() =>
            agent._service.RunAsync(agent._calls.Reader.AsStream(), "mark", "1.2.3", default)
        );
        agent.Channel = AgentChannel
            .OpenAsync(
                "b",
                agent._answers.Reader.AsStream(),
                agent._calls.Writer.AsStream(),
                "mark",
                TimeProvider.System,
                CancellationToken.None
            )
            .GetAwaiter()
            .GetResult();
        return agent;
    }

    public void Dispose()
    {
        _calls.Writer.Complete();
        _running.GetAwaiter().GetResult();
        Channel.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _service.Dispose();
    }
}
