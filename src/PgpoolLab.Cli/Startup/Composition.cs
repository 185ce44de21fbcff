using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Cli.Startup;

/// <summary>The one place where the parts of the program are put together: which machine it works on, by which clock,
/// as which process.</summary>
internal static class Composition
{
    /// <summary>The clock.</summary>
    internal static TimeProvider Clock => TimeProvider.System;

    /// <summary>This process.</summary>
    internal static ThisProcess Process => ThisProcess.Instance;

    /// <summary>The machine the labs are on.</summary>
    internal static IHost Host()
    {
        ThisProcess.ForgetServers();
        return new LocalHost(Clock);
    }

    /// <summary>Waits on that machine.</summary>
    internal static ProbeRunner Probes(IHost host) => new(host, Clock);

    /// <summary>What operations need.</summary>
    /// <param name="progress">Is told what happens.</param>
    /// <param name="openLog">Opens the lab's own log, given its path.</param>
    internal static OperationContext Operation(ILabEventReader progress, Func<string, Serilog.Core.Logger> openLog) =>
        new(Host(), Clock, progress, openLog, ProgramVersion.Text, Process)
        {
            CallersVariable = Environment.GetEnvironmentVariable,
            Program = Invocation.ForLabs(),
            NameOf = FieldNames.Option,
        };
}
