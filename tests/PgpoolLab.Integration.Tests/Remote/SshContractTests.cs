using PgpoolLab.Hosts.Tests;
using PgpoolLab.Integration.Tests.Remote;
using PgpoolLab.Ssh;
using PgpoolLab.Ssh.Files;

[assembly: AssemblyFixture(typeof(ContractHost))]

namespace PgpoolLab.Integration.Tests.Remote;

/// <summary>One host behind a real sshd, for all tests of the contract; it is started when the first one needs
/// it.</summary>
public sealed class ContractHost : IAsyncDisposable
{
    private readonly Lazy<Bed> _bed = new(() => new Bed());

    internal HostUnderTest Under() => HostUnderTest.Of(_bed.Value.Host);

    public async ValueTask DisposeAsync()
    {
        if (_bed.IsValueCreated)
        {
            await _bed.Value.Host.DisposeAsync();
            _bed.Value.Dispose();
        }
    }

    private sealed class Bed : SshTestBed
    {
        internal Bed()
        {
            try
            {
                Host = Task.Run(ReadyAsync).GetAwaiter().GetResult();
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        internal SshHost Host { get; }

        private async Task<SshHost> ReadyAsync()
        {
            var sshd = await StartAsync();
            Configure("b", sshd.Port);
            Trust(sshd);
            return await ConnectAsync();
        }
    }
}

public sealed class SshFileTests(ContractHost host) : FileTests(host.Under());

public sealed class SshFileFactsTests(ContractHost host) : FileFactsTests(host.Under());

public sealed class SshProcessTests(ContractHost host) : ProcessTests(host.Under());

public sealed class SshRunTests(ContractHost host) : RunTests(host.Under());

public sealed class SshPortTests(ContractHost host) : PortTests(host.Under());

public sealed class SshSharedMemoryTests(ContractHost host) : SharedMemoryTests(host.Under());
