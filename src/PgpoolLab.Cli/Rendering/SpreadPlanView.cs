using PgpoolLab.Provisioning.Spread;

namespace PgpoolLab.Cli.Rendering;

/// <summary>Prints what every host would do for a lab on several: a section each.</summary>
internal static class SpreadPlanView
{
    internal static void Print(Terminal terminal, SpreadPlan plan, bool json)
    {
        if (json)
        {
            terminal.Out.WriteLine(plan.ToJson());
            return;
        }

        Print(terminal.Out, plan);
    }

    internal static void Print(TextWriter output, SpreadPlan plan)
    {
        var lab = plan.Lab;
        output.WriteLine($"Lab      {lab.Name}");
        output.WriteLine($"Folder   {lab.Root}   (on this machine: it remembers where the parts are)");
        output.WriteLine($"Hosts    {string.Join(", ", lab.Hosts.Select(h => $"{h.Name} ({h.Address})"))}");
        output.WriteLine(
            "Order    the first host makes its part; then all others at once; then every Pgpool-II starts"
        );
        foreach (var host in plan.Hosts)
        {
            output.WriteLine();
            output.WriteLine($"Host {host.Host.Name}");
            output.WriteLine($"  Folder   {host.Facts.Root}");
            output.WriteLine($"  User     {host.Facts.Owner}");
            output.WriteLine(
                $"  Programs PostgreSQL {host.Facts.Tools.Postgres} in {host.Facts.Tools.PostgresBin}, Pgpool-II "
                    + $"{host.Facts.Tools.Pgpool} in {host.Facts.Tools.PgpoolBin}"
            );
            output.WriteLine($"  Runs     {Servers(plan, host)}");
            foreach (var (port, addresses) in plan.PortsOf(host.Host.Id))
            {
                output.WriteLine(
                    $"  Port     {port.Port} {port.Use}, {(port.IsDatagram ? "UDP" : "TCP")}, on {addresses}"
                );
            }

            output.WriteLine(
                $"  Sent     a request of {host.RequestBytes} bytes and the lab's secrets, on standard input, to "
                    + $"{host.Program}"
            );
            foreach (var command in host.SudoCommands.DefaultIfEmpty("nothing"))
            {
                output.WriteLine($"  Sudo     {command}");
            }

            output.WriteLine(
                "  Outside  leases of its ports, the cache of clusters, and, while it runs, links to its sockets"
            );
            var number = 0;
            foreach (var step in host.Facts.Steps)
            {
                output.WriteLine($"  {++number, 3}. {step.Title}");
                foreach (var line in step.Lines)
                {
                    output.WriteLine($"         {line}");
                }
            }
        }
    }

    private static string Servers(SpreadPlan plan, HostPlan host) =>
        string.Join(
            ", ",
            plan.Lab.Nodes.Where(n => n.Host == host.Host.Id)
                .Select(n => $"node {n.Id} ({(n.Id == 0 ? "the primary" : "a standby")})")
                .Concat(plan.Lab.Pgpools.Where(p => p.Host == host.Host.Id).Select(p => $"Pgpool-II {p.Id}"))
        );
}
