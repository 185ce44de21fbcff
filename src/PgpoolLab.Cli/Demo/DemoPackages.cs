using PgpoolLab.Cli.Rendering;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Tools;

namespace PgpoolLab.Cli.Demo;

/// <summary>Installs what a demo needs on a Debian machine, when root asks for one; anybody else is told the command.</summary>
internal static class DemoPackages
{
    internal static async Task EnsureAsync(Terminal terminal, LocalHost host, CancellationToken cancellationToken)
    {
        var platform = await Platform.DetectAsync(host, cancellationToken);
        var finder = new ToolFinder(host, platform);
        var request = ToolRequest.From(new LabSpec { Directory = "/" }, Environment.GetEnvironmentVariable);
        try
        {
            await finder.FindAsync(request, cancellationToken);
        }
        catch (ToolsMissingException missing) when (missing.Packages is { } packages && platform.Family == "debian" && Identity.IsRoot)
        {
            terminal.Say($"Installing what is missing:  {platform.InstallCommand(packages)}");
            await AptAsync(host, ["update"], cancellationToken);
            await AptAsync(host, ["install", "-y", .. packages], cancellationToken);
            terminal.Say("(Debian's packages may start servers of their own, on ports 5432 and 5433; a lab has nothing to do with them.)");
            await finder.FindAsync(request, cancellationToken);
        }
    }

    private static async Task AptAsync(LocalHost host, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var command = (new CommandSpec("apt-get", arguments) { Timeout = TimeSpan.FromMinutes(20) }).With("DEBIAN_FRONTEND", "noninteractive");
        (await host.RunAsync(command, cancellationToken)).OrThrow("install what is missing");
    }
}
