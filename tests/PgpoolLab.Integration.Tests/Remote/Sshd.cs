using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using PgpoolLab.Hosts;
using PgpoolLab.Ssh.Files;

namespace PgpoolLab.Integration.Tests.Remote;

/// <summary>A real sshd of a test's own: its keys, configuration and log lie in the test's folder, it listens at a free
/// port of the loopback alone, lets in whoever runs the tests, and ends with the test.</summary>
internal sealed class Sshd : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly Process _process;
    private readonly List<string> _log = [];
    private readonly string _folder;

    private Sshd(string folder, int port)
    {
        _folder = folder;
        Port = port;
        _process = Reaper.Start(
            new ProcessStartInfo("/usr/sbin/sshd", ["-D", "-e", "-f", $"{folder}/sshd_config", "-p", $"{port}"])
            {
                RedirectStandardError = true,
            }
        );
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_log)
            {
                _log.Add(line.Data ?? "sshd has ended");
            }
        };
        _process.BeginErrorReadLine();
    }

    internal int Port { get; }

    internal int Id => _process.Id;

    /// <summary>What it has logged so far.</summary>
    internal string[] Log
    {
        get
        {
            lock (_log)
            {
                return [.. _log];
            }
        }
    }

    /// <summary>How often somebody has connected.</summary>
    internal int Connections => Log.Count(l => l.Contains("Connection from", StringComparison.Ordinal));

    /// <summary>Its public key.</summary>
    internal SshKey Key(string type = "ed25519") => KeyIn($"{_folder}/host_{type}.pub");

    internal static SshKey KeyIn(string file) =>
        File.ReadAllText(file).Split(' ') is [var type, var base64, ..] ? SshKey.TryParse(type, base64.Trim())! : null!;

    /// <summary>Starts one.</summary>
    /// <param name="folder">Where it keeps its files.</param>
    /// <param name="authorized">The public keys that it lets in.</param>
    /// <param name="configuration">More lines of its configuration.</param>
    /// <param name="types">The types of its keys.</param>
    internal static async Task<Sshd> StartAsync(
        string folder,
        string authorized,
        string configuration = "",
        params string[] types
    )
    {
        if (Account.TestsRunAsRoot)
        {
            // The service makes it when it starts; here it never does.
            Directory.CreateDirectory("/run/sshd");
        }

        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync($"{folder}/authorized_keys", authorized);
        types = types.Length == 0 ? ["ed25519"] : types;
        foreach (var type in types)
        {
            await KeyGen.MakeAsync($"{folder}/host_{type}", type);
        }

        var lines = string.Join('\n', types.Select(t => $"HostKey {folder}/host_{t}"));
        await File.WriteAllTextAsync(
            $"{folder}/sshd_config",
            $"""
            {configuration}
            {lines}
            ListenAddress 127.0.0.1
            PidFile none
            AuthorizedKeysFile {folder}/authorized_keys
            StrictModes no
            UsePAM {(IsLocked ? "yes" : "no")}
            PermitRootLogin yes
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            UseDNS no
            LogLevel VERBOSE

            """
        );
        while (true)
        {
            var sshd = new Sshd(folder, FreePort());
            if (await sshd.ListensAsync())
            {
                return sshd;
            }

            // Somebody was faster at that port.
            sshd.Dispose();
        }
    }

    /// <summary>sshd lets nobody in whose password is locked, unless PAM decides.</summary>
    private static bool IsLocked =>
        Account.TestsRunAsRoot
        && File.ReadLines("/etc/shadow").Any(l => l.StartsWith("root:!", StringComparison.Ordinal));

    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<bool> ListensAsync()
    {
        await UntilAsync(
            () => Log.Any(l => l.StartsWith("Server listening", StringComparison.Ordinal)) || _process.HasExited,
            "sshd does not begin"
        );
        if (!_process.HasExited)
        {
            return true;
        }

        _process.WaitForExit();
        Assert.Contains(Log, l => l.Contains("Address already in use", StringComparison.Ordinal));
        return false;
    }

    /// <summary>Waits for a fact.</summary>
    internal static async Task UntilAsync(Func<bool> fact, string otherwise)
    {
        var waited = Stopwatch.StartNew();
        while (!fact())
        {
            Assert.True(waited.Elapsed < Patience, otherwise);
            await Task.Delay(5);
        }
    }

    /// <summary>The processes that serve its connections, the agent and all it runs among them.</summary>
    internal int[] Family()
    {
        var parents = Directory
            .GetDirectories("/proc")
            .Select(d => int.TryParse(Path.GetFileName(d), out var id) ? id : 0)
            .Where(id => id > 0)
            .Select(id => (Id: id, Parent: ParentOf(id)))
            .ToArray();
        List<int> family = [Id];
        for (var at = 0; at < family.Count; at++)
        {
            family.AddRange(parents.Where(p => p.Parent == family[at]).Select(p => p.Id));
        }

        return [.. family.Skip(1)];
    }

    private static int ParentOf(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(text[(text.LastIndexOf(')') + 4)..].Split(' ')[0], CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    internal static void Signal(string signal, params int[] processes)
    {
        using var kill = Process.Start("kill", [$"-{signal}", .. processes.Select(p => $"{p}")]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            var family = Family();
            _process.Kill();
            if (family.Length > 0)
            {
                Signal("KILL", family);
            }
        }

        _process.WaitForExit();
        _process.Dispose();
    }
}

/// <summary>Keys, made by ssh-keygen.</summary>
internal static class KeyGen
{
    /// <param name="path">The private key's file.</param>
    /// <param name="type">ed25519, rsa, ecdsa-521.</param>
    /// <param name="passphrase">Empty for none.</param>
    /// <param name="more">More arguments of ssh-keygen.</param>
    internal static Task MakeAsync(string path, string type, string passphrase = "", params string[] more)
    {
        var parts = type.Split('-');
        string[] size =
            parts is [_, var bits] ? ["-b", bits]
            : parts[0] == "rsa" ? ["-b", "2048"]
            : [];
        return RunAsync(
            "ssh-keygen",
            ["-q", "-t", parts[0], .. size, "-a", "1", "-N", passphrase, "-C", $"a {type}", "-f", path, .. more]
        );
    }

    /// <summary>Runs a program that must succeed.</summary>
    /// <returns>What it prints.</returns>
    internal static async Task<string> RunAsync(
        string program,
        string[] arguments,
        params (string, string)[] environment
    )
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardError = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in environment)
        {
            info.Environment[name] = value;
        }

        using var process = Reaper.Start(info);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {await output}{error}");
        return await output;
    }
}
