using System.Diagnostics;
using System.Globalization;
using System.IO.Pipes;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Model;

namespace PgpoolLab.Hosts.Tests;

// One after the other: every child inherits what another test leaves open for its own.
[Collection("processes")]
public abstract class ProcessTests(HostUnderTest under) : IDisposable
{
    private readonly IHost _host = under.Host;
    private readonly TemporaryFolder _folder = new(" it's");
    private readonly List<int> _started = [];

    public void Dispose()
    {
        foreach (var id in _started)
        {
            try
            {
                using var process = Process.GetProcessById(id);
                process.Kill();
                // Not process.WaitForExit(): where nobody collects what has ended, it waits for ever.
                EndOfAsync(id).GetAwaiter().GetResult();
            }
            catch (ArgumentException)
            {
                // It has ended already.
            }
        }

        _folder.Dispose();
        under.Dispose();
        GC.SuppressFinalize(this);
    }

    private async Task<int> StartAsync(string script, bool append = false)
    {
        var command = new CommandSpec("/bin/sh", "-c", script) { WorkingDirectory = _folder.Path };
        var id = await _host.Programs.StartDetachedAsync(
            command.With("COLOR", "blue"),
            _folder["server.log"],
            append,
            CancellationToken.None
        );
        _started.Add(id);
        return id;
    }

    private async Task<ProcessFacts> StartSleeperAsync()
    {
        var id = await StartAsync("exec sleep 600");
        ProcessFacts? found = null;
        await Eventually.TrueAsync(
            // A program that is just being started has its name before its arguments.
            async () =>
                (found = await _host.Processes.FindAsync(id, CancellationToken.None))
                    is { Name: "sleep", CommandLine: "sleep 600" },
            "sleep runs"
        );
        return found!;
    }

    private Task EndOfAsync(int id) =>
        Eventually.TrueAsync(
            async () => await _host.Processes.FindAsync(id, CancellationToken.None) is null,
            $"process {id} ends"
        );

    [Fact]
    public async Task A_process_is_known_by_who_has_started_it()
    {
        using var child = Process.Start("sleep", ["600"])!;
        try
        {
            var found = await _host.Processes.FindAsync(child.Id, CancellationToken.None);
            Assert.Equal(Environment.ProcessId, found!.ParentId);
        }
        finally
        {
            child.Kill();
        }
    }

    [Fact]
    public async Task A_suspended_process_is_known_by_its_state_and_everyone_has_an_age()
    {
        var sleeper = await StartSleeperAsync();
        Assert.False(sleeper.IsSuspended);
        using var kill = Process.Start("kill", ["-STOP", $"{sleeper.Id}"])!;
        await Eventually.TrueAsync(
            async () => (await _host.Processes.FindAsync(sleeper.Id, CancellationToken.None))?.State == 'T',
            "it is suspended"
        );
        Assert.True((await _host.Processes.FindAsync(sleeper.Id, CancellationToken.None))!.IsSuspended);
        Assert.InRange(
            (await _host.Processes.AgeOfAsync(sleeper, CancellationToken.None))!.Value,
            TimeSpan.Zero,
            TimeSpan.FromMinutes(10)
        );
    }

    [Fact]
    public async Task A_detached_server_leads_a_session_of_its_own()
    {
        var server = await StartSleeperAsync();
        var own = await _host.Processes.FindAsync(Environment.ProcessId, CancellationToken.None);
        Assert.Equal(server.Id, server.SessionId);
        Assert.NotEqual(own!.SessionId, server.SessionId);
    }

    [Fact]
    public async Task A_detached_server_holds_none_of_our_streams()
    {
        var server = await StartSleeperAsync();
        var streams = new[] { 0, 1, 2 }.Select(n => new FileInfo($"/proc/{server.Id}/fd/{n}").LinkTarget);
        Assert.Equal(["/dev/null", _folder["server.log"], _folder["server.log"]], streams);
    }

    [Fact]
    public async Task A_caller_that_waits_for_the_end_of_a_pipe_does_not_wait_for_the_server()
    {
        // bats gives its tests a pipe as number 3, make its jobs two more: whoever holds them open keeps the caller
        // waiting.
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable);
        var server = await StartSleeperAsync();
        pipe.DisposeLocalCopyOfClientHandle();
        var end = Task.Run(pipe.ReadByte);
        var ended = await Task.WhenAny(end, Task.Delay(TimeSpan.FromMinutes(1))) == end;
        Assert.True(await _host.Processes.SignalAsync(server, ProcessSignal.Kill, CancellationToken.None));
        Assert.Equal(-1, await end);
        Assert.True(ended, "the server holds the pipe");
    }

    [Fact]
    public async Task A_detached_server_writes_to_its_log_and_has_its_folder_and_environment()
    {
        var id = await StartAsync("echo out $COLOR; echo err >&2; pwd -P");
        await EndOfAsync(id);
        Assert.Equal($"out blue\nerr\n{_folder.Path}\n", File.ReadAllText(_folder["server.log"]));
    }

    [Theory]
    [InlineData(true, "before\nnow\n")]
    [InlineData(false, "now\n")]
    public async Task A_log_is_kept_or_begun_anew(bool append, string expected)
    {
        File.WriteAllText(_folder["server.log"], "before\n");
        var id = await StartAsync("echo now", append);
        await EndOfAsync(id);
        Assert.Equal(expected, File.ReadAllText(_folder["server.log"]));
    }

    [Fact]
    public void A_process_is_found_with_its_user()
    {
        Assert.Equal(Identity.Current.UserId, ProcessTable.Find(Environment.ProcessId)!.UserId);
        Assert.Equal(0, ProcessTable.Find(1)?.UserId ?? 0);
    }

    /// <summary>What belongs to others is passed over before it is read.</summary>
    [Fact]
    public async Task Processes_are_found_by_their_user_and_name_and_the_kernel_has_none()
    {
        var own = await StartSleeperAsync();
        var user = Identity.Current.UserId;
        Assert.Equal(own.CommandLine, (await FoundAsync(new ProcessFilter { UserId = user }))?.CommandLine);
        Assert.NotNull(await FoundAsync(new ProcessFilter { UserId = user, Names = ["sleep"] }));
        Assert.NotNull(await FoundAsync(ProcessFilter.All));
        Assert.Null(await FoundAsync(new ProcessFilter { UserId = user, Names = ["postgres"] }));
        Assert.Null(await FoundAsync(new ProcessFilter { UserId = user + 1 }));
        var all = await _host.Processes.FindAllAsync(ProcessFilter.All, CancellationToken.None);
        Assert.DoesNotContain(all, p => p is { Name: "kthreadd", CommandLine: "" });

        async Task<ProcessFacts?> FoundAsync(ProcessFilter filter) =>
            (await _host.Processes.FindAllAsync(filter, CancellationToken.None)).FirstOrDefault(p => p.Id == own.Id);
    }

    [Fact]
    public async Task A_program_that_cannot_be_started_detached_says_so()
    {
        var missing = await Assert.ThrowsAsync<ProgramNotFoundException>(() =>
            _host.Programs.StartDetachedAsync(
                new CommandSpec("/nonexistent/postgres"),
                _folder["server.log"],
                append: false,
                CancellationToken.None
            )
        );
        Assert.Equal("Could not start /nonexistent/postgres: No such file or directory", missing.Message);
        var unwritable = await Assert.ThrowsAsync<LabException>(() =>
            _host.Programs.StartDetachedAsync(
                new CommandSpec("true"),
                _folder["no/server.log"],
                append: true,
                CancellationToken.None
            )
        );
        Assert.StartsWith(
            $"Could not start true: its log {_folder["no/server.log"]} cannot be written to: Could not find a "
                + "part of the path",
            unwritable.Message,
            StringComparison.Ordinal
        );
        Assert.Equal(ExitCode.Failed, unwritable.Code);
    }

    [Fact]
    public async Task A_detached_server_that_has_ended_does_not_stay_in_the_process_table()
    {
        var id = await StartAsync("exit 3");
        await Eventually.TrueAsync(
            async () =>
                await _host.Processes.FindAsync(id, CancellationToken.None) is null && !Path.Exists($"/proc/{id}"),
            $"process {id} ends and is collected"
        );
    }

    [Fact]
    public async Task A_detached_server_takes_every_signal_in_its_own_way()
    {
        // Our runtime ignores SIGPIPE, and catches others. (Signals above 31 belong to the C library.)
        var server = await StartSleeperAsync();
        var signals = File.ReadLines($"/proc/{server.Id}/status")
            .Where(l => l.StartsWith("Sig", StringComparison.Ordinal) && l[3..6] is "Blk" or "Ign" or "Cgt")
            .Select(l => ulong.Parse(l.Split('\t')[1], System.Globalization.NumberStyles.HexNumber) & 0x7fffffff);
        Assert.Equal([0UL, 0UL, 0UL], signals);
    }

    [Fact]
    public async Task What_is_known_of_a_process_tells_it_from_every_other()
    {
        var (one, two) = (await StartSleeperAsync(), await StartSleeperAsync());
        Assert.Equal("sleep", one.Name);
        Assert.Equal("sleep 600", one.CommandLine);
        Assert.Equal(_folder.Path, one.WorkingDirectory);
        Assert.NotEqual("", one.StartedAt);
        Assert.NotEqual(one.Id, two.Id);
        Assert.Equal(one, await _host.Processes.FindAsync(one.Id, CancellationToken.None));
        // What it does changes from look to look.
        Assert.Single(((ProcessFacts[])[one with { State = 'R' }, one with { State = 'S' }]).Distinct());
        Assert.Equal(
            [one.Id, two.Id],
            (await _host.Processes.FindAllAsync(ProcessFilter.All, CancellationToken.None))
                .Where(p => p.WorkingDirectory == _folder.Path)
                .Select(p => p.Id)
                .Order()
        );
    }

    [Fact]
    public async Task How_processes_were_started_is_asked_for_all_at_once_and_of_one_variable_alone()
    {
        var server = await StartSleeperAsync();
        var another = await StartSleeperAsync();
        var gone = await StartSleeperAsync();
        Assert.True(await _host.Processes.SignalAsync(gone, ProcessSignal.Kill, CancellationToken.None));
        await EndOfAsync(gone.Id);
        // The number is another's by now.
        var before = another with
        {
            StartedAt = "1",
        };
        Assert.Equal(
            [new ProcessOrigin(_folder["server.log"], "blue"), default, default],
            await _host.Processes.FindOriginsAsync([server, gone, before], "COLOR", CancellationToken.None)
        );
        Assert.Null((await OriginAsync("COLO")).Variable);
        Assert.Empty(await _host.Processes.FindOriginsAsync([], "COLOR", CancellationToken.None));

        File.Delete(_folder["server.log"]);
        Assert.Equal(_folder["server.log"] + " (deleted)", (await OriginAsync("COLOR")).Output);

        async Task<ProcessOrigin> OriginAsync(string variable) =>
            Assert.Single(await _host.Processes.FindOriginsAsync([server], variable, CancellationToken.None));
    }

    [Fact]
    public async Task A_family_is_a_process_and_its_children_and_nobody_else()
    {
        var stranger = await StartSleeperAsync();
        // A child of a child is no child, and of a child that has ended nothing is left but its number.
        await StartAsync(
            "sleep 600 & echo $! >first; sh -c 'sleep 600 & echo $! >grandchild; wait' & echo $! >second; sh -c "
                + "'echo $$ >gone' & exec sleep 600"
        );
        var parent = _started[^1];
        var (first, second, grandchild, gone) = (
            await NumberAsync("first"),
            await NumberAsync("second"),
            await NumberAsync("grandchild"),
            await NumberAsync("gone")
        );
        _started.AddRange([first, second, grandchild]);
        await EndOfAsync(gone);
        await Eventually.TrueAsync(
            async () => (await _host.Processes.FindAsync(parent, CancellationToken.None))?.Name == "sleep",
            "the parent sleeps"
        );
        var facts = (await _host.Processes.FindAsync(parent, CancellationToken.None))!;
        var family = await _host.Processes.FindFamilyAsync(facts, CancellationToken.None);
        Assert.Equal(facts, family[0]);
        Assert.Equal([first, second], family.Skip(1).Select(p => p.Id).Order());
        Assert.Equal([stranger], await _host.Processes.FindFamilyAsync(stranger, CancellationToken.None));

        async Task<int> NumberAsync(string file)
        {
            await Eventually.TrueAsync(
                () => File.Exists(_folder[file]) && File.ReadAllText(_folder[file]).EndsWith('\n'),
                $"{file} is written"
            );
            return int.Parse(File.ReadAllText(_folder[file]));
        }
    }

    [Fact]
    public async Task Of_a_process_that_has_ended_there_is_no_family_left_but_what_is_known_of_it()
    {
        var server = await StartSleeperAsync();
        Assert.True(await _host.Processes.SignalAsync(server, ProcessSignal.Kill, CancellationToken.None));
        await EndOfAsync(server.Id);
        Assert.Equal([server], await _host.Processes.FindFamilyAsync(server, CancellationToken.None));
    }

    [Fact]
    public async Task A_process_that_has_ended_is_not_found()
    {
        var server = await StartSleeperAsync();
        Assert.True(await _host.Processes.SignalAsync(server, ProcessSignal.Terminate, CancellationToken.None));
        await EndOfAsync(server.Id);
        Assert.False(await _host.Processes.SignalAsync(server, ProcessSignal.Terminate, CancellationToken.None));
    }

    [Fact]
    public async Task A_process_nobody_has_collected_yet_counts_as_ended()
    {
        // The shell becomes sleep, which does not collect the child it did not know it had.
        await StartAsync("sh -c 'echo $$ >zombie' & exec sleep 600");
        var zombie = int.Parse(await Eventually.FileAsync(_folder["zombie"]));
        await Eventually.TrueAsync(
            () => File.ReadAllText($"/proc/{zombie}/stat").Contains(") Z ", StringComparison.Ordinal),
            "it is a zombie"
        );
        Assert.Null(await _host.Processes.FindAsync(zombie, CancellationToken.None));
    }

    [Fact]
    public async Task A_stranger_who_has_the_number_now_gets_no_signal()
    {
        var server = await StartSleeperAsync();
        Assert.False(
            await _host.Processes.SignalAsync(
                server with
                {
                    StartedAt = "1",
                },
                ProcessSignal.Kill,
                CancellationToken.None
            )
        );
        // A program that was started this moment may not show its command line yet.
        Assert.Equal(server.StartedAt, (await _host.Processes.FindAsync(server.Id, CancellationToken.None))?.StartedAt);
    }

    [Fact]
    public async Task A_signal_has_the_number_POSIX_gives_it()
    {
        await StartAsync(
            "for s in HUP INT QUIT TERM; do trap \"echo $s >>signals\" $s; done; echo >ready; while :; do sleep "
                + "0.02; done"
        );
        await Eventually.FileAsync(_folder["ready"]);
        var server = (await _host.Processes.FindAsync(_started[^1], CancellationToken.None))!;
        var signals = new[]
        {
            (ProcessSignal.Hangup, "HUP"),
            (ProcessSignal.Interrupt, "INT"),
            (ProcessSignal.Quit, "QUIT"),
            (ProcessSignal.Terminate, "TERM"),
        };
        foreach (var (signal, name) in signals.Where(s => !IsIgnored(s.Item1)))
        {
            Assert.True(await _host.Processes.SignalAsync(server, signal, CancellationToken.None));
            await Eventually.TrueAsync(
                () =>
                    File.Exists(_folder["signals"])
                    && File.ReadAllText(_folder["signals"]).EndsWith(name + "\n", StringComparison.Ordinal),
                $"it hears {name}"
            );
        }

        Assert.True(await _host.Processes.SignalAsync(server, ProcessSignal.Kill, CancellationToken.None));
        await EndOfAsync(server.Id);
    }

    [Fact]
    public async Task No_process_has_the_number_zero_or_less()
    {
        Assert.Null(await _host.Processes.FindAsync(0, CancellationToken.None));
        Assert.Null(await _host.Processes.FindAsync(-1, CancellationToken.None));
    }

    /// <summary>A shell cannot trap what was ignored when it began: run with &amp; from a script, tests ignore SIGINT
    /// and SIGQUIT.</summary>
    private static bool IsIgnored(ProcessSignal signal)
    {
        var mask = File.Exists("/proc/self/status")
            ? File.ReadLines("/proc/self/status")
                .First(l => l.StartsWith("SigIgn:", StringComparison.Ordinal))[7..]
                .Trim()
            : "0";
        return (ulong.Parse(mask, NumberStyles.HexNumber) >> ((int)signal - 1) & 1) == 1;
    }

    /// <summary>Texts as the kernel writes them.</summary>
    [Theory]
    [InlineData("4194560", "0000000000000000", "0000000000000000", false)]
    [InlineData("4194560", "0000000000000100", "0000000000000000", true)]
    [InlineData("4194560", "0000000000000000", "0000000000000100", true)]
    [InlineData("4194560", "0000000000004002", "fffffffffffffeff", false)]
    [InlineData("4194564", "0000000000000000", "0000000000000000", true)]
    public void Who_was_killed_and_has_not_ended_yet_can_be_told(
        string flags,
        string pending,
        string shared,
        bool killed
    ) =>
        Assert.Equal(
            killed,
            ProcessTable.IsBeingKilled(
                ["S", "1", "2", "3", "0", "-1", flags],
                $"Name:\tpostgres\nSigQ:\t0/1\nSigPnd:\t{pending}\nShdPnd:\t{shared}\nSigBlk:\t0000000000000100\n"
            )
        );

    [Fact]
    public async Task Who_lives_is_not_being_killed()
    {
        Assert.False(await _host.Processes.IsBeingKilledAsync(Environment.ProcessId, CancellationToken.None));
        Assert.True(await _host.Processes.IsBeingKilledAsync(4_194_305, CancellationToken.None));
    }
}
