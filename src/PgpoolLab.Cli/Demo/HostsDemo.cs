using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Cli.Demo;

/// <summary><c>demo --hosts</c>: the story on three hosts, which are made on the spot of network namespaces. They and
/// all that is in them hang on one process, which ends when this program does, however it ends: nothing is left to be
/// cleaned up.</summary>
internal static class HostsDemo
{
    /// <summary>The option by which this program is called again, in the network of the hosts.</summary>
    internal const string InsideOption = "--beside-hosts";

    /// <summary>A virtual IP in the network of the hosts: see <c>hosts.sh</c>.</summary>
    internal const string VirtualIp = "10.98.76.100";

    /// <summary>The variable by which the script finds its own text.</summary>
    private const string ScriptVariable = "PGPOOLLAB_HOSTS";

    internal const string DefaultUser = "postgres";

    /// <summary>What is needed besides PostgreSQL and Pgpool-II, and the packages of Debian that have it.</summary>
    private static readonly (string Program, string Package)[] Needed =
    [
        ("unshare", "util-linux"),
        ("setpriv", "util-linux"),
        ("mount", "mount"),
        ("ip", "iproute2"),
        ("arping", "iputils-arping"),
        ("nft", "nftables"),
        ("sudo", "sudo"),
        ("sshd", "openssh-server"),
        ("ssh-keygen", "openssh-client"),
    ];

    /// <summary>Makes the hosts and has the story told beside them.</summary>
    internal static async Task<int> RunAsync(Terminal terminal, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux() || !Identity.IsRoot)
        {
            throw new LabException(
                ExitCode.Missing,
                "demo --hosts makes three hosts on this machine, of network namespaces: that takes Linux, and root."
            )
            {
                Details =
                [
                    $"On Debian or Ubuntu it installs what it needs: {string.Join(", ", Packages(Needed))}.",
                    "All it makes is gone when it ends.",
                ],
                Hints =
                [
                    $"As root:  sudo {Invocation.Command} demo --hosts",
                    "Without hosts anybody can:  pgpoollab demo",
                ],
            };
        }

        var host = Composition.Host();
        await DemoPackages.EnsureAsync(terminal, host, cancellationToken);
        await RequireProgramsAsync(terminal, host, cancellationToken);
        if (await host.Users.FindAsync(DefaultUser, cancellationToken) is null)
        {
            throw new LabException(ExitCode.Missing, $"There is no user {DefaultUser}, as whom the servers would run.");
        }

        if (Invocation.ForScripts() is not [var program])
        {
            throw new LabException(ExitCode.Missing, "The hosts need a program file to run: dotnet has none here.")
            {
                Hints = ["Install pgpoollab:  docs/install.md"],
            };
        }

        var script = Script();
        var caller = Identity.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var command = new CommandSpec(
            "/bin/sh",
            ["-c", script, "sh", "enter", caller, program, DefaultUser, VirtualIp, "demo", "--hosts", InsideOption]
        )
        {
            KeepsEnvironment = true,
            Environment = new Dictionary<string, string?> { [ScriptVariable] = script },
        };
        // On Ctrl+C it is not waited for: it ends because this process does.
        return await ChildProcess.RunInteractiveAsync(command).WaitAsync(cancellationToken);
    }

    private static async Task RequireProgramsAsync(Terminal terminal, IHost host, CancellationToken cancellationToken)
    {
        var missing = new List<(string, string)>();
        foreach (var needed in Needed)
        {
            if (await AdminProgram.FindAsync(host, needed.Program, cancellationToken) is null)
            {
                missing.Add(needed);
            }
        }

        if (missing.Count == 0)
        {
            return;
        }

        var packages = Packages(missing);
        if (!await DemoPackages.InstallAsync(terminal, host, packages, cancellationToken))
        {
            throw new LabException(
                ExitCode.Missing,
                $"demo --hosts needs {string.Join(", ", missing.Select(m => m.Item1))} on this machine."
            )
            {
                Hints = [$"On Debian or Ubuntu:  apt-get install {string.Join(' ', packages)}"],
            };
        }
    }

    private static string[] Packages(IEnumerable<(string Program, string Package)> needed) =>
        [.. needed.Select(n => n.Package).Distinct()];

    private static string Script()
    {
        using var stream = typeof(HostsDemo).Assembly.GetManifestResourceStream("demo/hosts.sh")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
