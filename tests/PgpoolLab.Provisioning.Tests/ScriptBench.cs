using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>
/// Runs a lab's scripts by a real shell in a folder with a difficult name. PostgreSQL's programs are small scripts that
/// write down how they were called. Its server is one that does what scripts can see of the real one: it is a process
/// of that name, works in its data folder, says in
/// <c>postmaster.pid</c> how far it is, and listens to signals.
/// </summary>
public abstract class ScriptBench : IAsyncDisposable
{
    // A shell cannot take back that signals are ignored, as they are in what a script starts in the background; the
    // real servers can.
    private const string Server = """
        #!/usr/bin/perl
        # MANNER -D DATA: PostgreSQL. MANNER FILE, or nothing: Pgpool-II, which makes the file when it can be told to
        # end.
        use strict;
        my ($manner, $answers, $data) = @ARGV;
        alarm 60; # whatever becomes of the test
        my $heard = sub { open(my $file, '>>', 'signals'); print $file "$_[0]\n"; close $file };
        my $says = sub {
            my $port = 11002 + ($data =~ /(\d)$/)[0];
            open(my $file, '>', 'postmaster.new');
            printf $file "%d\n%s\n1795428963\n%d\n/nonexistent\nlocalhost\n  11002 7\n%-8s\n", $$, $data, $port, $_[0];
            close $file;
            rename 'postmaster.new', 'postmaster.pid';
        };
        my $ends = sub {
            $heard->($_[0]);
            return if $manner eq 'stubborn';
            unlink $data ? 'postmaster.pid' : 'run/pgpool.pid';
            exit 0
        };
        $SIG{$_} = $ends for qw(INT QUIT TERM);
        if (defined $data) {
            chdir $data or die "$data: $!\n";
            $SIG{USR1} = sub {
                $heard->('USR1');
                exit 1 if $manner eq 'fragile';
                return if $manner eq 'deaf' or !-e 'promote';
                unlink 'promote', 'standby.signal', 'recovery.conf';
                open(my $file, '>', 'in production');
            };
            print STDERR "LOG:  starting\n";
            $says->('starting');
            exit 1 if $manner eq 'dying';
            select undef, undef, undef, 0.05;
            $says->($manner eq 'standby' ? 'standby' : 'ready') unless $manner eq 'starting';
            if ($manner eq 'followed' and !fork) { # as the process that writes the log
                $SIG{INT} = 'IGNORE';
                my $parent = getppid;
                select undef, undef, undef, 0.02 while getppid == $parent;
                select undef, undef, undef, 0.2;
                open(my $file, '>', 'last words');
                exit 0;
            }
        }
        elsif (defined $answers) { open(my $file, '>', $answers) }
        sleep 1 while 1;
        """;

    private protected readonly LocalHost _host = new(TimeProvider.System);
    private readonly TemporaryFolder _links = new();
    private readonly TemporaryFolder _sockets = new();
    private readonly TemporaryFolder _programs = new();
    private readonly Dictionary<string, string?> _environment = [];
    private int _patience;
    private int _patienceOfScript;
    private bool _clockIsFake;

    private protected readonly TemporaryFolder _outer = new(" " + Labs.NastyName);
    private protected readonly ConfigRenderer _renderer = Labs.Renderer();
    private protected Lab _lab;

    private protected ScriptBench()
    {
        var alias = _links["0123abcd"];
        var lab = Labs.Fixed(nodes: 3, root: _outer[Labs.NastyName], alias: alias);
        _lab = lab with
        {
            Owner = Labs.Me,
            Tools = new Toolset(
                _outer["pg bin"],
                new PostgresVersion(15, 4),
                _outer["pool/bin/pgpool"],
                _outer["pcp's"],
                new PgpoolVersion(4, 3, 5)
            ),
            // Not where other labs of this machine have theirs.
            Pgpools = [lab.Pgpool with { SocketDirectories = [_sockets.Path], PcpSocketDirectory = _sockets.Path }],
        };
        string[] folders =
        [
            _lab.Root,
            _lab.Paths.Etc,
            _lab.Paths.Log,
            _lab.Paths.Run,
            _lab.Tools.PostgresBin,
            _lab.Tools.PgpoolBin,
            _lab.Tools.PcpBin,
            .. _lab.Nodes.Select(n => n.DataDirectory),
            _outer["servers"],
        ];
        foreach (var folder in folders)
        {
            Directory.CreateDirectory(folder);
        }

        Directory.CreateSymbolicLink(alias, _lab.Root);
        Script(_outer["servers/postgres"], Server);
        Script(_outer["servers/pgpool"], Server);
        Fake("postgres", Serve("ready"));
        Fake(
            "pg_controldata",
            """
            state='in archive recovery'
            [ ! -e "$2/in production" ] || state='in production'
            echo "Database cluster state:               $state"
            echo "Latest checkpoint's TimeLineID:       1"
            """
        );
        Fake("pg_ctl", "");
        Fake("psql", "case \"$*\" in *pg_is_in_recovery*) echo f ;; *) cat >/dev/null ;; esac");
        Fake("pg_rewind", "exit 1");
        Fake(
            "pg_basebackup",
            """
            while [ $# -gt 0 ]; do [ "$1" = -D ] && data=$2; shift; done
            mkdir "$data" && echo 15 >"$data/PG_VERSION" && echo "port = 11002" >"$data/postgresql.conf" &&
                : >"$data/.hidden"
            """
        );
        Fake(
            "../pcp's/pcp_attach_node",
            "printf '%s' \"$PCPPASSFILE\" >\"$0.passfile\"; echo pcp_attach_node -- Command Successful"
        );
        Fake("../pool/bin/pgpool", "");
    }

    public async ValueTask DisposeAsync()
    {
        // What works in a folder of this test's own was started by it.
        foreach (var server in Servers(_ => true))
        {
            await _host.Processes.SignalAsync(server, ProcessSignal.Kill, CancellationToken.None);
        }

        await WaitForAsync(() => Servers(_ => true).Count == 0);
        _outer.Dispose();
        _links.Dispose();
        _sockets.Dispose();
        _programs.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Where the lab's sockets are.</summary>
    private protected TemporaryFolder Sockets => _sockets;

    /// <summary>Shell words by which the program <c>postgres</c> becomes a server of some manner: ready, standby (what
    /// it says of itself when it is up), starting (for ever), dying (while it starts), deaf (is not promoted), fragile
    /// (ends when it is to be promoted), stubborn (does not end), followed (by a process that ends a little
    /// later).</summary>
    private protected static string Serve(string manner) => $"exec \"${{0%/*}}/../servers/postgres\" {manner} \"$@\"";

    /// <summary>A number no process of Linux can have.</summary>
    private protected const int NobodysNumber = 4_194_305;

    /// <summary>Has a node's PostgreSQL run, as if it had been started some time ago.</summary>
    private protected async Task<ProcessFacts> StartServerAsync(PostgresNode node, string manner = "ready")
    {
        using var process = Process.Start(
            new ProcessStartInfo(_outer["servers/postgres"], [manner, "-D", node.DataDirectory])
            {
                RedirectStandardError = true,
            }
        )!;
        var id = process.Id;
        await WaitForAsync(() => StatusOf(node) is { } status && status[0] == $"{id}" && status[1] != "starting");
        return (await _host.Processes.FindAsync(id, CancellationToken.None))!;
    }

    private protected static async Task WaitForAsync(Func<bool> fact)
    {
        var clock = Stopwatch.StartNew();
        while (!fact())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(2), "It does not happen.");
            await Task.Delay(5);
        }
    }

    /// <summary>The PID and how far it is, as a node's PostgreSQL says them; null when it says nothing.</summary>
    private protected static string[]? StatusOf(PostgresNode node)
    {
        var file = $"{node.DataDirectory}/postmaster.pid";
        return File.Exists(file) && File.ReadAllLines(file) is { Length: 8 } lines ? [lines[0], lines[7].Trim()] : null;
    }

    /// <summary>Every server this test has started that runs, and passes.</summary>
    private protected IReadOnlyList<ProcessFacts> Servers(Func<ProcessFacts, bool> test)
    {
        // It is answered at once.
        return
        [
            .. _host
                .Processes.FindAllAsync(ProcessFilter.All, CancellationToken.None)
                .AsTask()
                .Result.Where(p =>
                    p.WorkingDirectory?.StartsWith(_outer.Path + "/", StringComparison.Ordinal) == true && test(p)
                ),
        ];
    }

    private protected ProcessFacts? ServerOf(PostgresNode node) =>
        Servers(p => p.Name == "postgres" && p.WorkingDirectory == node.DataDirectory)
            .FirstOrDefault(p => StatusOf(node)?[0] == $"{p.Id}");

    private protected bool Runs(ProcessFacts server) =>
        Servers(p => p.Id == server.Id && p.StartedAt == server.StartedAt).Count == 1;

    /// <summary>Ends a server as a fast shutdown does.</summary>
    private protected async Task EndAsync(ProcessFacts server)
    {
        await _host.Processes.SignalAsync(server, ProcessSignal.Interrupt, CancellationToken.None);
        await WaitForAsync(() => !Runs(server));
    }

    /// <summary>What a node's PostgreSQL has been told.</summary>
    private protected static string[] Signals(PostgresNode node) =>
        File.Exists($"{node.DataDirectory}/signals") ? File.ReadAllLines($"{node.DataDirectory}/signals") : [];

    private protected static bool IsPromoted(PostgresNode node) => File.Exists($"{node.DataDirectory}/in production");

    /// <summary>Lets scripts that would wait for so many seconds before they give up do so after a few.</summary>
    private protected void GiveUpAfter(int seconds, int insteadOf) =>
        (_patience, _patienceOfScript) = (seconds, insteadOf);

    /// <summary>A machine so busy that each pause of a script lasts for so many seconds. (None passes in
    /// truth.)</summary>
    private protected void EachPauseLasts(int seconds)
    {
        _clockIsFake = true;
        File.WriteAllText(Clock, "1000.08 4000.00\n");
        Program(
            "sleep",
            $$"""
            echo "$1" >>"$0.calls"
            IFS='. ' read -r now rest <{{Shell.Quote(Clock)}}
            echo "$((now + {{seconds}})).$rest" >{{Shell.Quote(Clock)}}
            """
        );
    }

    /// <summary>How often scripts have paused since <see cref="EachPauseLasts"/>.</summary>
    private protected int Pauses =>
        File.Exists(_programs["sleep.calls"]) ? File.ReadAllLines(_programs["sleep.calls"]).Length : 0;

    private string Clock => _outer["uptime"];

    /// <summary>Lets scripts find no other programs than these of the machine.</summary>
    private protected void OnlyPrograms(params string[] names)
    {
        foreach (var name in names)
        {
            var found = (Environment.GetEnvironmentVariable("PATH") ?? "")
                .Split(':')
                .Append("/usr/bin")
                .Append("/bin")
                .Select(f => $"{f}/{name}")
                .First(File.Exists);
            File.CreateSymbolicLink(_programs[name], found);
        }

        _environment["PATH"] = _programs.Path;
    }

    /// <summary>What the shell holds in which scripts are called.</summary>
    private protected void Exports(string name, string value) => _environment[name] = value;

    /// <summary>Lets scripts find this program before the machine's own.</summary>
    private protected void Program(string name, string body)
    {
        Script(_programs[name], "#!/bin/sh\n" + body + "\n");
        _environment.TryAdd("PATH", $"{_programs.Path}:{Environment.GetEnvironmentVariable("PATH")}");
    }

    private protected void Fake(string name, string body) =>
        Script(
            $"{_lab.Tools.PostgresBin}/{name}",
            "#!/bin/sh\nprintf '%s\\n' \"$(printf '<%s>' \"$@\")\" >>\"$0.calls\"\n" + body + "\n"
        );

    /// <summary>Pgpool-II that answers once it runs.</summary>
    private protected void FakePgpoolThatAnswers()
    {
        Fake("pg_isready", $"[ -e {Shell.Quote(_outer["answers"])} ] || exit 2");
        Fake(
            "../pool/bin/pgpool",
            "echo $$ >run/pgpool.pid; pwd -P >\"$0.cwd\"; echo pgpool says; "
                + $"exec \"${{0%/*}}/../../servers/pgpool\" ready {Shell.Quote(_outer["answers"])}"
        );
    }

    /// <summary>pg_ctl that starts and stops the program <c>postgres</c>, and waits.</summary>
    private protected void FakePgCtl() =>
        Fake(
            "pg_ctl",
            """
            case "$*" in
            *' start')
                "${0%/*}/postgres" -D "$3" >>"$5" 2>&1 </dev/null &
                until [ "$(head -n 1 "$3/postmaster.pid" 2>/dev/null)" = $! ] &&
                    grep -Eq '^(ready|standby)' "$3/postmaster.pid"; do
                    kill -0 $! 2>/dev/null || exit 1
                    sleep 0.01
                done
                ;;
            *' stop')
                kill -INT "$(head -n 1 "$3/postmaster.pid")"
                while [ -e "$3/postmaster.pid" ]; do sleep 0.01; done
                ;;
            esac
            """
        );

    private protected static void Script(string path, string text) => Executable.Write(path, text);

    private protected string[] Calls(string name) =>
        File.Exists($"{_lab.Tools.PostgresBin}/{name}.calls")
            ? File.ReadAllLines($"{_lab.Tools.PostgresBin}/{name}.calls")
            : [];

    /// <summary>The nodes whose PostgreSQL was started, by the names of their folders.</summary>
    private protected string[] StartedNodes() =>
        Calls("postgres").Select(c => Path.GetFileName(c[..^1].Split("><")[1])).Order(StringComparer.Ordinal).ToArray();

    /// <summary>A script with the patience of <see cref="GiveUpAfter"/>.</summary>
    private protected string Hurried(string text)
    {
        if (_patienceOfScript == 0)
        {
            return text;
        }

        Assert.Matches($@"\bbegin_wait {_patienceOfScript}\b", text);
        return Regex.Replace(text, $@"\bbegin_wait {_patienceOfScript}\b", $"begin_wait {_patience}");
    }

    private protected string Render(string script)
    {
        var text = Hurried(_renderer.Render($"scripts/{script}", _lab));
        return _clockIsFake ? text.Replace("/proc/uptime", Shell.Quote(Clock), StringComparison.Ordinal) : text;
    }

    /// <summary>Runs one of the scripts Pgpool-II calls.</summary>
    private protected Task<CommandResult> RunAsync(string script, params string[] arguments)
    {
        // Where Pgpool-II and PostgreSQL find them.
        var node = _lab.Nodes.FirstOrDefault(n => n.ServerDataDirectory == arguments.FirstOrDefault()) ?? _lab.Nodes[0];
        var isOfPgpool = script.EndsWith(".sh", StringComparison.Ordinal) && script != "basebackup.sh";
        var file = $"{(isOfPgpool ? _lab.Paths.Etc : node.ServerDataDirectory)}/{script}";
        Script(file, Render(script));
        return HostRunAsync(new CommandSpec("/bin/sh", [file, .. arguments]));
    }

    /// <summary>Runs one of the scripts a user calls.</summary>
    private protected Task<CommandResult> CallAsync(string script, params string[] arguments)
    {
        Script($"{_lab.Root}/{script}", Render(script));
        return HostRunAsync(new CommandSpec($"{_lab.Root}/{script}", arguments));
    }

    private protected Task<CommandResult> HostRunAsync(CommandSpec command) =>
        _host.Programs.RunAsync(
            command with
            {
                WorkingDirectory = command.WorkingDirectory ?? "/",
                Environment = _environment,
            },
            CancellationToken.None
        );

    private protected JsonElement[] Events() =>
        File.ReadAllLines(_lab.Paths.Events).Select(l => JsonDocument.Parse(l).RootElement).ToArray();

    private protected JsonElement Event() => Assert.Single(Events());

    private protected static string[] Arguments(JsonElement e) =>
        e.GetProperty("arguments").EnumerateArray().Select(a => a.GetString()!).ToArray();

    private protected (string? Name, int ExitCode) Ended() =>
        (Event().GetProperty("event").GetString(), Event().GetProperty("exit_code").GetInt32());

    private protected string LogOf(string name) => File.ReadAllText($"{_lab.Paths.Log}/{name}.log");

    private protected static string[] Sorted(string output) =>
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal).ToArray();

    private protected static string[] Names(string folder) =>
        Directory.GetFileSystemEntries(folder).Select(e => Path.GetFileName(e)).Order(StringComparer.Ordinal).ToArray();

    // ---- the scripts, called as Pgpool-II and PostgreSQL call them ----

    /// <summary>The primary, node 0, has failed; node 1 is the new main node.</summary>
    private protected Task<CommandResult> FailOverAsync(string oldPrimary = "0", bool toStandby = true)
    {
        if (toStandby)
        {
            var name = _lab.Tools.Postgres.Major >= 12 ? "standby.signal" : "recovery.conf";
            File.WriteAllText($"{_lab.Nodes[1].DataDirectory}/{name}", "");
        }

        return RunAsync("failover.sh", "0", "localhost", "11002", "1", "localhost", "0", oldPrimary, "11003");
    }

    private protected Task<CommandResult> RecoverAsync(int node = 1, int from = 0) =>
        RunAsync(
            "basebackup.sh",
            _lab.Nodes[from].ServerDataDirectory,
            "localhost",
            _lab.Nodes[node].ServerDataDirectory,
            $"{_lab.Nodes[from].Port}",
            $"{node}"
        );

    private protected Task<CommandResult> RemoteStartAsync(int node = 2) =>
        RunAsync("pgpool_remote_start", "localhost", _lab.Nodes[node].ServerDataDirectory);

    /// <summary>Node 2 is to follow node 1.</summary>
    private protected Task<CommandResult> FollowAsync(int port = 11003) =>
        RunAsync("follow_primary.sh", "2", "localhost", "11004", "1", "localhost", "0", "0", $"{port}");
}
