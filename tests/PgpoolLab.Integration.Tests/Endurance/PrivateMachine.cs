using System.Diagnostics;
using System.Globalization;

namespace PgpoolLab.Integration.Tests.Endurance;

/// <summary>
/// A machine within the machine: SysV shared memory and semaphores, <c>/dev/shm</c>, <c>/tmp</c>, libpq's socket folder
/// and the home of postgres are its own, the labs' disk may be small. So whatever is found there at the end was left by
/// what ran here, and it is gone with its last process. Needs root.
/// </summary>
internal sealed class PrivateMachine : IDisposable
{
    private const string PostgresHome = "/var/lib/postgresql";

    /// <summary>Its usual name, <c>/var/run/postgresql</c>, leads through a link, which from outside would lead
    /// outside.</summary>
    private const string SocketFolder = "/run/postgresql";

    private const string SharedMemory = "/dev/shm";

    private const string Temporary = "/tmp";

    // The sandbox and the program may lie in /tmp themselves: they are put back where they were.
    private const string Script = """
        set -e
        disk=$1 folder=$2 owner=$3; shift 3
        mount -t tmpfs tmpfs /mnt
        n=0; for kept; do n=$((n + 1)); mkdir /mnt/$n; mount --bind "$kept" /mnt/$n; done
        for private in /tmp /dev/shm /run/postgresql; do mount -t tmpfs -o mode=1777 tmpfs $private; done
        mount -t tmpfs -o mode=755 tmpfs /var/lib/postgresql
        chown postgres: /var/lib/postgresql
        n=0; for kept; do n=$((n + 1)); mkdir -p "$kept"; mount --move /mnt/$n "$kept"; done
        umount /mnt
        if [ -n "$disk" ]; then mount -t tmpfs -o mode=755,size="$disk" tmpfs "$folder"; chown "$owner": "$folder"; fi
        echo ready
        exec sleep 36000
        """;

    private readonly Process _keeper;
    private readonly string _space;
    private readonly string[] _kept;

    private PrivateMachine(Process keeper, string[] kept) =>
        (_keeper, _kept, _space) = (
            keeper,
            kept,
            Space(keeper.Id) ?? throw new InvalidOperationException("The namespace has ended.")
        );

    /// <summary>Makes it.</summary>
    /// <param name="sandbox">Who will work in it.</param>
    /// <param name="diskBytes">How much the labs' disk can hold; null where it is the usual one.</param>
    internal static async Task<PrivateMachine> StartAsync(Sandbox sandbox, long? diskBytes = null)
    {
        string[] kept = [Path.GetDirectoryName(sandbox.Labs)!, sandbox.ProgramFolder];
        var owner = sandbox.Account.Name == Account.Root ? "root" : sandbox.Account.LabUser;
        var info = new ProcessStartInfo(
            "unshare",
            [
                "--mount",
                "--ipc",
                "sh",
                "-c",
                Script,
                "sh",
                diskBytes?.ToString(CultureInfo.InvariantCulture) ?? "",
                sandbox.Labs,
                owner,
                .. kept,
            ]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var keeper = Reaper.Start(info);
        return await keeper.StandardOutput.ReadLineAsync() == "ready"
            ? new PrivateMachine(keeper, kept)
            : throw new InvalidOperationException("unshare: " + await keeper.StandardError.ReadToEndAsync());
    }

    /// <summary>What to put before a command that is to run here. Its root is the keeper's: the namespace's own is
    /// another where the tests run in a chroot. (nsenter has --wdns since util-linux 2.37 only.)</summary>
    internal string[] Enter(string workingDirectory) =>
        [
            "nsenter",
            $"--mount=/proc/{_keeper.Id}/ns/mnt",
            $"--ipc=/proc/{_keeper.Id}/ns/ipc",
            $"--root=/proc/{_keeper.Id}/root",
            "sh",
            "-c",
            "cd \"$1\" && shift && exec \"$@\"",
            "sh",
            workingDirectory,
        ];

    /// <summary>A path of this machine, as it can be opened from outside.</summary>
    internal string View(string path) => $"/proc/{_keeper.Id}/root{path}";

    /// <summary>Every process that runs here.</summary>
    internal int[] Processes() =>
        Directory
            .EnumerateDirectories("/proc")
            .Select(d => int.TryParse(Path.GetFileName(d), out var id) ? id : 0)
            .Where(id => id > 0 && id != _keeper.Id && Space(id) == _space && !IsZombie(id))
            .ToArray();

    /// <summary>What a process is called and was started with.</summary>
    internal static string Describe(int process)
    {
        try
        {
            return $"{process} {File.ReadAllText($"/proc/{process}/comm").Trim()}: "
                + $"{File.ReadAllText($"/proc/{process}/cmdline").Replace('\0', ' ').Trim()}";
        }
        catch (IOException)
        {
            return $"{process} (ended meanwhile)";
        }
    }

    /// <summary>What is left outside of the labs' folders, a line each.</summary>
    internal IEnumerable<string> Remains()
    {
        foreach (var process in Processes())
        {
            yield return "process " + Describe(process);
        }

        // The tables are those of whoever opens them: so somebody in there must.
        foreach (var table in (string[])["shm", "sem", "msg"])
        {
            foreach (
                var line in Inside("cat", $"/proc/sysvipc/{table}")
                    .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                    .Skip(1)
            )
            {
                var columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                yield return $"SysV {table} {string.Join(' ', columns.Take(8))}";
            }
        }

        foreach (var folder in (string[])[Temporary, SharedMemory, SocketFolder])
        {
            foreach (
                var entry in Directory
                    .EnumerateFileSystemEntries(View(folder))
                    .Select(e => $"{folder}/{Path.GetFileName(e)}")
                    .Where(e => !_kept.Any(k => k == e || k.StartsWith(e + "/", StringComparison.Ordinal)))
            )
            {
                yield return entry;
            }
        }

        // These two are the whole machine's.
        foreach (var note in (string[])["/var/lib/pgpoollab/folders", "/var/tmp/pgpoollab-ports"])
        {
            foreach (var file in Directory.Exists(note) ? Directory.EnumerateFiles(note).Where(NamesSandbox) : [])
            {
                yield return file;
            }
        }

        foreach (var entry in StateOf(PostgresHome))
        {
            yield return entry;
        }
    }

    private bool NamesSandbox(string file)
    {
        try
        {
            return File.ReadAllText(file).Contains(_kept[0] + "/", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // Another test's, deleted meanwhile.
            return false;
        }
    }

    /// <summary>Entries in the list of labs and second names, in a user's home.</summary>
    internal IEnumerable<string> StateOf(string home)
    {
        var state = View($"{home}/.local/state/pgpoollab");
        if (new FileInfo(state).LinkTarget is not null)
        {
            return [];
        }

        var folders = new[] { state, state + "/labs" }.Where(Directory.Exists);
        return folders
            .SelectMany(f => Directory.EnumerateFileSystemEntries(f))
            .Where(e => Path.GetFileName(e) is not ("labs" or "lock" or "failed"))
            .Select(e => "state " + Path.GetFileName(e));
    }

    public void Dispose()
    {
        foreach (var process in Processes().Append(_keeper.Id))
        {
            _ = Signals.Send(process, Signals.Kill);
        }

        _keeper.WaitForExit();
        _keeper.Dispose();
    }

    /// <summary>What a program prints that runs here as root.</summary>
    internal string Inside(params string[] command)
    {
        var all = Enter("/").Concat(command).ToArray();
        using var process = Reaper.Start(new ProcessStartInfo(all[0], all.Skip(1)) { RedirectStandardOutput = true });
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return text;
    }

    private static string? Space(int process)
    {
        try
        {
            return new FileInfo($"/proc/{process}/ns/ipc").LinkTarget;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool IsZombie(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/stat").Split(") ").Last()[0] is 'Z' or 'X';
        }
        catch (IOException)
        {
            return true;
        }
    }
}
