using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace PgpoolLab.Integration.Tests;

/// <summary>One lab, made by our pgpool_setup or by the original, and what <c>contract.sh</c> found in it.</summary>
public sealed class ContractRun : IDisposable
{
    private readonly Sandbox _sandbox;

    private ContractRun(Sandbox sandbox, int port, int postgresPort) =>
        (_sandbox, Port, PostgresPort) = (sandbox, port, postgresPort);

    public int Port { get; }

    public int PostgresPort { get; }

    public string User => _sandbox.Account.LabUser;

    public Dictionary<string, string> Facts { get; } = [];

    public string this[string fact] =>
        Facts.TryGetValue(fact, out var value)
            ? value
            : throw new KeyNotFoundException(
                $"contract.sh found no '{fact}'; it found {string.Join(", ", Facts.Keys)}"
            );

    /// <summary>Makes a lab and looks at it.</summary>
    /// <param name="original">True for the original script, false for ours.</param>
    /// <param name="mode">pgpool_setup's letter.</param>
    /// <param name="options">More options.</param>
    /// <remarks>The original waits for some things for ever, and now and then they do not come. That says nothing about
    /// the contract, so it is given a second and a third chance. Ours has one.</remarks>
    public static async Task<ContractRun> MakeAsync(bool original, string mode, params string[] options)
    {
        for (var chance = 1; ; chance++)
        {
            var port = FreePorts.Block();
            var run = new ContractRun(new Sandbox(Account.Plain), port, port + 2);
            try
            {
                await run.LookAsync(original, mode, options);
                return run;
            }
            catch (TimeoutException hung) when (original && chance < 3)
            {
                await Console.Error.WriteLineAsync($"The original hangs (chance {chance} of 3): {hung.Message}");
                run.Dispose();
            }
            catch
            {
                run.Dispose();
                throw;
            }
        }
    }

    private async Task LookAsync(bool original, string mode, string[] options)
    {
        Directory.CreateDirectory(_sandbox.Lab);
        _sandbox.Account.Own(_sandbox.Lab);
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Contract", "contract.sh"), _sandbox["contract.sh"]);
        List<(string, string)> environment =
        [
            ("PGBIN", PostgresBin()),
            ("PCP", "/usr/sbin"),
            ("PGSOCKET_DIR", "/tmp"),
            ("ENABLE_TEST", "true"),
            ("USER", User),
        ];
        if (original)
        {
            environment.AddRange(Originals.Prepare(_sandbox));
        }
        else
        {
            (await _sandbox.RunAsync("install-links", _sandbox["bin"])).Ok();
            environment.Add(("PGPOOL_SETUP", _sandbox["bin"] + "/pgpool_setup"));
        }

        var outcome = await _sandbox.ShellAsync(
            $"bash {_sandbox["contract.sh"]} {mode} {Port} {PostgresPort} {string.Join(' ', options)}",
            [.. environment]
        );
        foreach (
            var line in outcome
                .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(l => l.Split('\t', 2))
                .Where(l => l.Length == 2)
        )
        {
            Facts[line[0]] = line[1];
        }
    }

    /// <summary>The newest PostgreSQL that has Pgpool-II's extensions.</summary>
    public static string PostgresBin() =>
        Directory
            .GetDirectories("/usr/lib/postgresql")
            .Where(d => File.Exists($"/usr/share/postgresql/{Path.GetFileName(d)}/extension/pgpool_recovery.control"))
            .OrderByDescending(d => int.Parse(Path.GetFileName(d), CultureInfo.InvariantCulture))
            .First() + "/bin";

    public void Dispose() => _sandbox.Dispose();
}

/// <summary>The scripts Debian ships, made to run: they look for Pgpool-II in one folder, for ssh to this machine, and
/// for ed.</summary>
internal static class Originals
{
    internal static (string Name, string Value)[] Prepare(Sandbox sandbox)
    {
        var home = sandbox["P"];
        foreach (var folder in (string[])["bin", "sbin"])
        {
            Directory.CreateDirectory($"{home}/{folder}");
            foreach (
                var program in Directory
                    .EnumerateFiles("/usr/sbin")
                    .Select(f => Path.GetFileName(f))
                    .Where(f =>
                        f.StartsWith("pgpool", StringComparison.Ordinal)
                        || f.StartsWith("pcp_", StringComparison.Ordinal)
                        || f.StartsWith("pg_md5", StringComparison.Ordinal)
                        || f is "pg_enc" or "wd_cli" or "watchdog_setup"
                    )
            )
            {
                File.CreateSymbolicLink($"{home}/{folder}/{program}", $"/usr/sbin/{program}");
            }
        }

        // Its scripts keep configuration files in /tmp for a while, under one name for all labs: basebackup.sh does,
        // and from 4.7 on follow_primary.sh, too. Each lab has a folder of its own for all of them.
        var setup = File.ReadAllText("/usr/sbin/pgpool_setup");
        Assert.Contains("/tmp/postgresql.conf", setup, StringComparison.Ordinal);
        File.Delete($"{home}/bin/pgpool_setup");
        File.WriteAllText($"{home}/bin/pgpool_setup", setup.Replace("/tmp/", $"{home}/", StringComparison.Ordinal));
        File.SetUnixFileMode($"{home}/bin/pgpool_setup", (UnixFileMode)Convert.ToInt32("755", 8));

        Directory.CreateDirectory($"{home}/etc");
        foreach (
            var sample in Directory
                .EnumerateFiles("/usr/share/doc/pgpool2/examples")
                .Where(f => f.Contains(".sample", StringComparison.Ordinal))
        )
        {
            File.Copy(sample, $"{home}/etc/{Path.GetFileName(sample)}");
        }

        // Debian's default is a folder that not everybody may write to. (Before 4.2 each mode has a sample of its own.)
        foreach (var sample in Directory.EnumerateFiles($"{home}/etc", "pgpool.conf.sample*"))
        {
            File.AppendAllText(sample, "wd_ipc_socket_dir = '/tmp'\n");
        }

        // What they want of ssh is to run a command on this very machine.
        var ssh = $"{home}/bin/ssh";
        File.WriteAllText(ssh, "#!/bin/sh\n# ssh -T localhost COMMAND...\nshift 2\nexec sh -c \"$*\"\n");
        File.SetUnixFileMode(ssh, (UnixFileMode)Convert.ToInt32("755", 8));
        sandbox.Account.Own(home);
        return
        [
            ("PGPOOL_SETUP", $"{home}/bin/pgpool_setup"),
            ("WATCHDOG_SETUP", $"{home}/bin/watchdog_setup"),
            ("PGPOOL_INSTALL_DIR", home),
            ("PGPOOLDIR", $"{home}/etc"),
            ("PATH", $"{home}/bin:{Environment.GetEnvironmentVariable("PATH")}"),
        ];
    }
}

/// <summary>Ports for tests of the old command lines, which cannot choose any themselves.</summary>
internal static class FreePorts
{
    private const int First = 2200;
    private const int Last = 9960; // all of as many digits: tables are as wide as what is in them
    private static readonly HashSet<int> Given = [];

    /// <summary>The first of a block of free ports, no two tests at a time the same.</summary>
    internal static int Block(int size = 40)
    {
        lock (Given)
        {
            var blocks = Enumerable.Range(0, (Last - First) / size).Select(i => First + (i * size)).ToArray();
            Random.Shared.Shuffle(blocks);
            var free = blocks.Where(b => Enumerable.Range(b, size).All(IsFree));
            // When all were given, those come again that nobody uses any more.
            var block = free.Where(b => !Given.Contains(b)).Concat(free).Cast<int?>().FirstOrDefault();
            Given.Add(block ?? throw new InvalidOperationException($"There are no {size} free ports in a row."));
            return block.Value;
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
