using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using PgpoolLab.Hosts.Local;

namespace PgpoolLab.Integration.Tests;

/// <summary>What a command left.</summary>
public sealed record Outcome(string Command, int ExitCode, string Output, string Error)
{
    public Outcome Ok()
    {
        Assert.True(ExitCode == 0, $"{Command}\nended with {ExitCode}\n{Output}\n{Error}");
        return this;
    }

    public Outcome FailedWith(int exitCode)
    {
        Assert.True(ExitCode == exitCode, $"{Command}\nended with {ExitCode} instead of {exitCode}\n{Output}\n{Error}");
        return this;
    }
}

/// <summary>A home and a folder for labs, for one test and one user; whatever labs are left in it at the end are
/// destroyed.</summary>
public sealed partial class Sandbox : IDisposable
{
    private static readonly Lazy<string> Program = new(CopyProgram);

    /// <summary>The program, where every user may run it.</summary>
    internal static string ProgramFile => Program.Value;
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<Account, Lazy<string>> Caches = new();
    private readonly TemporaryFolder _folder = new();
    private readonly string _program;

    /// <param name="account">One of <see cref="PgpoolLab.Integration.Tests.Account"/>'s.</param>
    /// <param name="labName">The lab's folder.</param>
    /// <param name="program">The program; by default the one ./pgpoollab has built.</param>
    public Sandbox(string account, string labName = "lab", string? program = null)
    {
        _program = program ?? Program.Value;
        Account = Account.Of(account);
        Home = Directory.CreateDirectory(_folder["home"]).FullName;
        Labs = Directory.CreateDirectory(_folder["labs"]).FullName;
        Lab = Path.Combine(Labs, labName);
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)Convert.ToInt32("755", 8));
        Account.Own(_folder.Path);
    }

    public Account Account { get; }

    public string Home { get; }

    public string Labs { get; }

    /// <summary>Where the program lies.</summary>
    public string ProgramFolder => Path.GetDirectoryName(_program)!;

    /// <summary>The lab's folder; setup makes it.</summary>
    public string Lab { get; }

    public string this[string name] => Path.Combine(_folder.Path, name);

    /// <summary>Where commands run instead of on this machine as it is; null for that.</summary>
    internal Endurance.PrivateMachine? Machine { get; set; }

    /// <summary>Added to the environment of every command.</summary>
    internal Dictionary<string, string> Variables { get; } = [];

    /// <summary>Runs the program.</summary>
    public Task<Outcome> RunAsync(params string[] arguments) => StartAndWaitAsync([_program, .. arguments], Labs, []);

    /// <summary>Runs the program in the lab's folder.</summary>
    public Task<Outcome> RunInLabAsync(params string[] arguments) =>
        StartAndWaitAsync([_program, .. arguments], Lab, []);

    /// <summary>Runs a shell script in the lab's folder, as a user would paste it; <c>pgpoollab</c> is on
    /// PATH.</summary>
    public Task<Outcome> ShellAsync(string script, params (string Name, string Value)[] environment) =>
        StartAndWaitAsync(["/bin/sh", "-eu", "-c", Suspend + script], Directory.Exists(Lab) ? Lab : Labs, environment);

    /// <summary>A process that was sent SIGSTOP still takes signals in until the kernel lets it run next: what a test
    /// does then must begin when it has stopped.</summary>
    private const string Suspend = """
        suspend() {
            kill -STOP "$@"
            for one; do until grep -q '^State:.[TZ]' "/proc/$one/status"; do sleep 0.01; done; done
        }

        """;

    /// <summary>Starts the program without waiting for it.</summary>
    public Process Start(string workingDirectory, params string[] arguments) =>
        Start([_program, .. arguments], workingDirectory, []);

    /// <summary>The same, and its standard input stays open.</summary>
    public Process StartOpen(string workingDirectory, params string[] arguments) =>
        Start([_program, .. arguments], workingDirectory, [], open: true);

    /// <summary>What <c>nodes --json</c> says.</summary>
    public async Task<JsonElement> NodesAsync()
    {
        var outcome = (await RunInLabAsync("nodes", "--json")).Ok();
        using var document = JsonDocument.Parse(outcome.Output);
        return document.RootElement.Clone();
    }

    /// <summary>pcp_recovery_node for a node that Pgpool-II has given up.</summary>
    /// <remarks>A second after a failover Pgpool-II starts its process for pcp anew; who had just connected is cut off.
    /// What counts is what pcp_recovery_node says: in 4.3 it ends with 0 in any case.</remarks>
    public async Task RecoverByPcpAsync(int node)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var told = await ShellAsync(
                $"eval \"$(pgpoollab env)\"; pcp_recovery_node -w -p $PCP_PORT -n {node} 2>&1; sleep 0.1"
            );
            if (told.Output.Contains("Command Successful", StringComparison.Ordinal))
            {
                return;
            }

            Assert.True(
                clock.Elapsed < TimeSpan.FromMinutes(1) && !told.Output.Contains("DETAIL", StringComparison.Ordinal),
                $"pcp_recovery_node of node {node} ended with {told.ExitCode}: {told.Output}{told.Error}"
            );
        }
    }

    /// <summary>Asks <c>nodes</c> again and again until it shows what is expected.</summary>
    public async Task<JsonElement> UntilNodesShowAsync(string expectation, Func<JsonElement[], bool> holds)
    {
        var deadline = Stopwatch.StartNew();
        JsonElement? shown = null;
        while (true)
        {
            var report = await NodesAsync();
            if (holds([.. report.GetProperty("nodes").EnumerateArray()]))
            {
                shown ??= report;
                if (report.GetProperty("atWork").GetArrayLength() == 0)
                {
                    return report;
                }
            }

            // While something is at work there is no advice; but what was shown may pass with that.
            if (
                shown is { } before
                && (
                    !holds([.. report.GetProperty("nodes").EnumerateArray()])
                    || deadline.Elapsed > TimeSpan.FromSeconds(60)
                )
            )
            {
                return before;
            }

            if (deadline.Elapsed > TimeSpan.FromMinutes(4))
            {
                var logs = string.Join(
                    "\n",
                    new[] { "failover.log", "recovery.log", "pgpool.log", "node0.log", "node1.log", "node2.log" }
                        .Select(l => Path.Combine(Lab, "log", l))
                        .Where(File.Exists)
                        .Select(l => $"--- {l}\n{string.Join("\n", File.ReadLines(l).TakeLast(25))}")
                );
                Assert.Fail($"Expected that {expectation}; last seen:\n{report}\n{logs}");
            }

            await BetweenLooks.PauseAsync(deadline);
        }
    }

    /// <summary>Prepares it for a test. When that fails nothing is left: the test never has it to dispose of.</summary>
    public async Task<Sandbox> ReadyAsync(Func<Task> prepare)
    {
        ArgumentNullException.ThrowIfNull(prepare);
        try
        {
            await prepare();
            return this;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Asks <c>nodes</c> again and again until its report is as expected.</summary>
    public async Task<JsonElement> UntilAsync(string expectation, Func<JsonElement, bool> holds)
    {
        var deadline = Stopwatch.StartNew();
        while (true)
        {
            var report = await NodesAsync();
            if (holds(report))
            {
                return report;
            }

            Assert.True(
                deadline.Elapsed < TimeSpan.FromMinutes(4),
                $"Expected that {expectation}; last seen:\n{report}"
            );
            await BetweenLooks.PauseAsync(deadline);
        }
    }

    /// <summary>Text with everything that differs between machines and runs replaced.</summary>
    public string Neutral(string text)
    {
        text = text.Replace(_folder.Path, "<sandbox>", StringComparison.Ordinal)
            .Replace(ProgramFolder, "<bin>", StringComparison.Ordinal)
            .Replace($"user {Account.LabUser}", "user <user>", StringComparison.Ordinal);
        text = PackageOfMajor().Replace(text, "postgresql-<N>");
        text = Holder().Replace(text, "used by <holder>.");
        text = FailedLogs().Replace(text, "<state>/failed/<stamp>");
        text = Milliseconds().Replace(text, "(<n> ms)");
        text = Pid().Replace(text, "pid <pid>: <command>)");
        return Version().Replace(text, "<version>");
    }

    /// <summary>Where the leases of ports lie, of all users.</summary>
    internal static string LeaseFolder => Provisioning.Store.PortLeases.OfThisMachine.Folder;

    /// <summary>The file that stands for a leased port.</summary>
    internal static string LeaseOf(int port) => Provisioning.Store.PortLeases.OfThisMachine.FileOf(port);

    /// <summary>Nothing of the labs must be left: no process, socket, file, entry in the list or lease of a
    /// port.</summary>
    public void AssertNothingIsLeft()
    {
        Assert.DoesNotContain(
            Directory.Exists(LeaseFolder) ? Directory.EnumerateFiles(LeaseFolder) : [],
            lease =>
            {
                // Those of other tests come and go, and are locked while they are made: .NET's own ways of reading
                // respect that.
                using var file = Hosts.SharedFile.TryOpen(lease, out _);
                return file?.Read(10_000)?.Contains(_folder.Path + "/", StringComparison.Ordinal) is true;
            }
        );
        if (Account.TestsRunAsRoot)
        {
            const string notes = "/var/lib/pgpoollab/folders";
            Assert.DoesNotContain(
                Directory.Exists(notes) ? Directory.GetFiles(notes) : [],
                note => Hosts.RegularFile.ReadText(note)?.Contains(_folder.Path + "/", StringComparison.Ordinal) is true
            );
        }

        Assert.Empty(ProcessesLeft());
        Assert.Empty(Directory.EnumerateFileSystemEntries(Labs));
        foreach (var state in StateFolders().Where(Directory.Exists))
        {
            var entries = Directory
                .EnumerateFiles(state, "*", SearchOption.AllDirectories)
                .Where(f => Path.GetExtension(f) is ".json" or ".lab")
                .Where(f => TextOf(f).Contains(_folder.Path, StringComparison.Ordinal));
            Assert.Empty(entries);
            Assert.DoesNotContain(
                Directory.EnumerateFileSystemEntries(state),
                e => new FileInfo(e).LinkTarget?.StartsWith(_folder.Path, StringComparison.Ordinal) is true
            );
        }
    }

    /// <summary>What is in a file, where others may have left a pipe or a device, and may take files away. To open a
    /// pipe would last until somebody writes to it.</summary>
    private static string TextOf(string file)
    {
        try
        {
            return Hosts.RegularFile.ReadText(file) ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }

    /// <summary>The same when everything should have ended: a server that has said so may need a moment more to be
    /// gone.</summary>
    public string[] ProcessesLeft()
    {
        var clock = Stopwatch.StartNew();
        while (Processes() is { Length: > 0 } && clock.Elapsed < TimeSpan.FromMinutes(2))
        {
            Thread.Sleep(20);
        }

        return Processes();
    }

    /// <summary>Command lines of all processes that work in this sandbox's labs.</summary>
    public string[] Processes() =>
        Directory
            .EnumerateDirectories("/proc")
            .Where(d => int.TryParse(Path.GetFileName(d), out _))
            .Select(d =>
            {
                try
                {
                    var folder = new FileInfo(d + "/cwd").LinkTarget;
                    var state = File.ReadAllText(d + "/stat").Split(") ").Last()[0];
                    return state != 'Z' && folder?.StartsWith(Labs, StringComparison.Ordinal) is true
                        ? File.ReadAllText(d + "/cmdline").Replace('\0', ' ')
                        : null;
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    return null;
                }
                // One that is just ending has no command line any more.
            })
            .OfType<string>()
            .Where(c => c.Length > 0)
            .ToArray();

    public void Dispose()
    {
        foreach (
            var manifest in Directory.EnumerateFiles(
                Labs,
                "lab.json",
                new EnumerationOptions
                {
                    RecurseSubdirectories = true,
                    AttributesToSkip = 0,
                    IgnoreInaccessible = true,
                }
            )
        )
        {
            RunAsync("destroy", Path.GetDirectoryName(Path.GetDirectoryName(manifest))!).GetAwaiter().GetResult();
        }

        // What the original's labs, or a test that failed, left running.
        var left = ProcessIds();
        foreach (var id in left)
        {
            _ = Signals.Send(id, Signals.Kill);
        }

        var clock = Stopwatch.StartNew();
        while (left.Any(id => Directory.Exists($"/proc/{id}")) && clock.Elapsed < TimeSpan.FromMinutes(1))
        {
            Thread.Sleep(5);
        }

        // The original's Pgpool-II shares 137 MB with its children, which would stay until the machine is started
        // again.
        var host = new PgpoolLab.Hosts.Local.LocalHost(TimeProvider.System);
        foreach (var id in left)
        {
            _ = host.Memory.RemoveAsync(id, CancellationToken.None).AsTask().Result;
        }

        foreach (var socketLock in Directory.EnumerateFiles("/tmp", ".s.PGSQL.*.lock").Where(IsOurs))
        {
            File.Delete(socketLock);
            File.Delete(socketLock[..^".lock".Length]);
        }

        _folder.Dispose();
    }

    private int[] ProcessIds() =>
        Directory
            .EnumerateDirectories("/proc")
            .Select(d => int.TryParse(Path.GetFileName(d), out var id) ? id : 0)
            .Where(id => id > 0)
            .Where(id =>
            {
                try
                {
                    return new FileInfo($"/proc/{id}/cwd").LinkTarget?.StartsWith(
                            _folder.Path + "/",
                            StringComparison.Ordinal
                        )
                            is true
                        || File.ReadAllText($"/proc/{id}/cmdline")
                            .Contains(_folder.Path + "/", StringComparison.Ordinal);
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    return false;
                }
            })
            .ToArray();

    /// <summary>The processes of this sandbox and the ends of its logs: what is needed to find out why something
    /// hangs.</summary>
    private string WhatIsGoingOn()
    {
        var processes = ProcessIds()
            .Select(id =>
            {
                try
                {
                    return $"{id} {File.ReadAllText($"/proc/{id}/stat").Split(") ").Last()[..9]} "
                        + $"{File.ReadAllText($"/proc/{id}/cmdline").Replace('\0', ' ')}";
                }
                catch (IOException)
                {
                    return $"{id} (ended meanwhile)";
                }
            });
        var logs = Directory
            .EnumerateFiles(
                _folder.Path,
                "*.log",
                new EnumerationOptions
                {
                    RecurseSubdirectories = true,
                    MaxRecursionDepth = 4,
                    IgnoreInaccessible = true,
                }
            )
            .Concat(
                Directory.EnumerateFiles(
                    _folder.Path,
                    "setup.*",
                    new EnumerationOptions
                    {
                        RecurseSubdirectories = true,
                        MaxRecursionDepth = 4,
                        IgnoreInaccessible = true,
                    }
                )
            )
            .Select(log => $"--- {log}\n{string.Join('\n', File.ReadLines(log).TakeLast(15))}");
        return string.Join('\n', processes.Concat(logs));
    }

    private bool IsOurs(string file)
    {
        try
        {
            return File.ReadAllText(file).Contains(_folder.Path + "/", StringComparison.Ordinal);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private IEnumerable<string> StateFolders() =>
        [$"{Home}/.local/state/pgpoollab", "/var/lib/postgresql/.local/state/pgpoollab"];

    private async Task<Outcome> StartAndWaitAsync(
        string[] argv,
        string workingDirectory,
        IReadOnlyList<(string Name, string Value)> environment
    )
    {
        using var process = Start(argv, workingDirectory, environment);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(8));
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return new Outcome(
                string.Join(' ', argv),
                process.ExitCode,
                await output.WaitAsync(limit.Token),
                await error.WaitAsync(limit.Token)
            );
        }
        catch (OperationCanceledException)
        {
            var state = WhatIsGoingOn();
            process.Kill(entireProcessTree: true);
            throw new TimeoutException(
                $"{string.Join(' ', argv)} did not end, or something it started holds its output open.\n{state}"
            );
        }
    }

    /// <summary>Runs any program; <c>pgpoollab</c> is ours.</summary>
    internal Task<Outcome> RunProgramAsync(string[] argv, string workingDirectory) =>
        StartAndWaitAsync(argv, workingDirectory, []);

    internal Process Start(
        string[] argv,
        string workingDirectory,
        IReadOnlyList<(string Name, string Value)> environment,
        bool open = false
    )
    {
        // Who runs the tests in the background may have SIGINT ignored, and ignoring is inherited.
        string[] all =
        [
            .. Machine?.Enter(workingDirectory) ?? [],
            "env",
            "--default-signal=INT,TERM,HUP",
            .. Account.Prefix,
            .. argv,
        ];
        var info = new ProcessStartInfo(all[0], all.Skip(1))
        {
            WorkingDirectory = Machine is null ? workingDirectory : Home,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (
            var name in info
                .Environment.Keys.Where(k =>
                    k.StartsWith("PG", StringComparison.Ordinal) || k.StartsWith("XDG_", StringComparison.Ordinal)
                )
                .ToArray()
        )
        {
            info.Environment.Remove(name);
        }

        info.Environment["HOME"] = Home;
        // The clusters that labs are copied from are the same for all tests of one account.
        info.Environment["XDG_CACHE_HOME"] = Caches
            .GetOrAdd(Account, account => new Lazy<string>(() => CacheOf(account)))
            .Value;
        info.Environment["PATH"] = $"{ProgramFolder}:{Environment.GetEnvironmentVariable("PATH")}";
        foreach (var (name, value) in Variables.Select(v => (v.Key, v.Value)).Concat(environment))
        {
            info.Environment[name] = value;
        }

        var process = Reaper.Start(info);
        if (!open)
        {
            process.StandardInput.Close();
        }

        return process;
    }

    private static string CacheOf(Account account)
    {
        var folder = Directory
            .CreateDirectory(Path.Combine(Path.GetDirectoryName(Program.Value)!, $"cache-{account.Name}"))
            .FullName;
        account.Own(folder);
        return folder;
    }

    /// <summary>Other users cannot read every place a repository is cloned to.</summary>
    private static string CopyProgram() =>
        CopyProgram(
            Environment.GetEnvironmentVariable("PGPOOLLAB") ?? Path.Combine(RepositoryRoot(), "artifacts", "pgpoollab")
        );

    /// <summary>Copies a program, and what lies beside it, to where everybody can read it.</summary>
    internal static string CopyProgram(string built)
    {
        Assert.True(File.Exists(built), $"There is no {built}; ./test builds it");
        var folder = FolderForAll();
        foreach (
            var file in Directory
                .EnumerateFiles(Path.GetDirectoryName(built)!)
                .Where(f => !Path.GetFileName(f).StartsWith('.') && !f.EndsWith(".log", StringComparison.Ordinal))
        )
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        return Path.Combine(folder, Path.GetFileName(built));
    }

    /// <summary>A folder everybody can read, until the tests end.</summary>
    internal static string FolderForAll()
    {
        var folder = Directory.CreateTempSubdirectory("pgpoollab-bin-").FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)Convert.ToInt32("755", 8));
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    }

    internal static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "PgpoolLab.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }

    [GeneratedRegex(@"[^ ]*/pgpoollab/failed/[0-9a-f-]+")]
    private static partial Regex FailedLogs();

    [GeneratedRegex(@"\bpostgresql-[1-9][0-9]\b")]
    private static partial Regex PackageOfMajor();

    [GeneratedRegex(@"used by .*\.(?=\n)")]
    private static partial Regex Holder();

    [GeneratedRegex(@"\(\d+ ms\)")]
    private static partial Regex Milliseconds();

    [GeneratedRegex(@"pid \d+: .*\)")]
    private static partial Regex Pid();

    [GeneratedRegex(@"\b\d+\.\d+(\.\d+)?\b")]
    private static partial Regex Version();
}
