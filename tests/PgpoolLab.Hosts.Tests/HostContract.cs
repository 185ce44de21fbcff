using System.IO.Pipelines;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Hosts.Remote;

namespace PgpoolLab.Hosts.Tests;

/// <summary>This machine, as itself or behind an agent. What is promised of a host holds for both.</summary>
public sealed class HostUnderTest : IDisposable
{
    private readonly bool _isRemote;
    private readonly AgentUnderTest? _agent;

    private HostUnderTest(bool isRemote, TimeProvider time)
    {
        _isRemote = isRemote;
        var local = new LocalHost(time);
        _agent = isRemote ? AgentUnderTest.Start(local) : null;
        Host = _agent is { } agent ? new RemoteHost(agent.Channel) : local;
    }

    public IHost Host { get; }

    public static HostUnderTest Local() => new(false, TimeProvider.System);

    public static HostUnderTest Remote() => new(true, TimeProvider.System);

    /// <summary>Another one of the kind, by whose clock time passes in another way.</summary>
    public HostUnderTest With(TimeProvider time) => new(_isRemote, time);

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

public sealed class LocalFileTests() : FileTests(HostUnderTest.Local());

public sealed class RemoteFileTests() : FileTests(HostUnderTest.Remote());

public sealed class LocalFileFactsTests() : FileFactsTests(HostUnderTest.Local());

public sealed class RemoteFileFactsTests() : FileFactsTests(HostUnderTest.Remote());

public sealed class LocalProcessTests() : ProcessTests(HostUnderTest.Local());

public sealed class RemoteProcessTests() : ProcessTests(HostUnderTest.Remote());

public sealed class LocalRunTests() : RunTests(HostUnderTest.Local());

public sealed class RemoteRunTests() : RunTests(HostUnderTest.Remote());

public sealed class LocalPortTests() : PortTests(HostUnderTest.Local());

public sealed class RemotePortTests() : PortTests(HostUnderTest.Remote());

public sealed class LocalSharedMemoryTests() : SharedMemoryTests(HostUnderTest.Local());

public sealed class RemoteSharedMemoryTests() : SharedMemoryTests(HostUnderTest.Remote());
