using PgpoolLab.Cli.Rendering;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Tools;

namespace PgpoolLab.Cli.Demo;

/// <summary>Installs what a demo needs on a Debian machine, when root asks for one; anybody else is told the
/// command.</summary>
internal static class DemoPackages
{
    internal static async Task EnsureAsync(Terminal terminal, IHost host, CancellationToken cancellationToken)
    {
        var platform = await Platform.DetectAsync(host, cancellationToken);
        var finder = new ToolFinder(host, platform);
        var request = ToolRequest.From(new LabSpec { Directory = "/" }, Environment.GetEnvironmentVariable);
        try
        {
            await finder.FindAsync(request, cancellationToken);
        }
        catch (ToolsMissingException missing)
            when (missing.Packages is { } packages && platform.Family == "debian" && Identity.IsRoot)
        {
            terminal.Say($"Installing what is missing:  {platform.InstallCommand(packages)}");
            await AptAsync(["update"], cancellationToken);
            await AptAsync(["install", "-y", .. packages], cancellationToken);
            terminal.Say(
                "(Debian's packages may start servers of their own, on ports 5432 and 5433; a lab has nothing to "
                    + "do with them.)"
            );
            await finder.FindAsync(request, cancellationToken);
        }
    }

    /// <summary>Installs these packages, where that is this program's to do: on Debian, for root.</summary>
    /// <returns>False where it is not.</returns>
    internal static async Task<bool> InstallAsync(
        Terminal terminal,
        IHost host,
        IReadOnlyList<string> packages,
        CancellationToken cancellationToken
    )
    {
        const string sshd = "openssh-server";
        if ((await Platform.DetectAsync(host, cancellationToken)).Family != "debian" || !Identity.IsRoot)
        {
            return false;
        }

        terminal.Say($"Installing what is missing:  apt-get install {string.Join(' ', packages)}");
        const string noService = "/etc/ssh/sshd_not_to_be_run";
        if (packages.Contains(sshd) && !File.Exists(noService))
        {
            // The package would let people log in to this machine from now on (its README.Debian).
            Directory.CreateDirectory("/etc/ssh");
            await File.WriteAllTextAsync(noService, "", cancellationToken);
            terminal.Say($"(The machine's own sshd is not started. To have it:  rm {noService})");
        }

        await AptAsync(["update"], cancellationToken);
        await AptAsync(["install", "-y", "--no-install-recommends", .. packages], cancellationToken);
        return true;
    }

    /// <summary>Shows what apt-get does, and waits for it however long it takes: a package manager that is ended leaves
    /// the machine half configured. In a session of its own Ctrl+C does not reach it.</summary>
    private static async Task AptAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // Its progress is conversation, not data.
        var command = new CommandSpec(
            "/bin/sh",
            ["-c", "exec setsid --wait apt-get \"$@\" >&2 </dev/null", "apt-get", .. arguments]
        )
        {
            KeepsEnvironment = true,
        }.With("DEBIAN_FRONTEND", "noninteractive");
        var code = await ChildProcess.RunInteractiveAsync(command);
        cancellationToken.ThrowIfCancellationRequested();
        if (code != 0)
        {
            throw new LabException(
                ExitCode.Missing,
                $"What is missing could not be installed: apt-get ended with exit code {code}."
            );
        }
    }
}
