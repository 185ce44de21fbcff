using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace PgpoolLab.Integration.Tests;

/// <summary>Who gets into a lab, and who does not: another user of the machine really tries every door.</summary>
public sealed class AccessTests
{
    /// <summary>A user every Linux has, and no test uses.</summary>
    private static readonly string[] Stranger = ["setpriv", "--reuid", "daemon", "--regid", "daemon", "--clear-groups"];

    [Fact]
    [Trait("Needs", "root")]
    public async Task Another_user_of_the_machine_gets_in_nowhere()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("up", "-s", "--watchdog", "2", "--port", "auto", sandbox.Lab)).Ok();
        var lab = Manifest(sandbox);
        var (ports, pcpPorts) = (lab.ClientPorts, lab.PcpPorts);
        string[] folders = [$"{sandbox.Lab}/run", "/tmp", "/var/run/postgresql"];
        string[] roles = [sandbox.Account.LabUser, "repl", "pgpool", "postgres", "daemon"];
        var bin = ContractRun.PostgresBin();

        // By TCP and by socket, without a password and with those that are guessed first.
        var script = string.Join(
            '\n',
            [
                "try() { if out=$(\"$@\" </dev/null 2>&1); then echo \"GOT IN: $* -> $out\"; fi; }",
                .. ports.SelectMany(p =>
                    ((string[])["127.0.0.1", "::1", "localhost", .. folders]).SelectMany(h =>
                        roles.Select(r => $"try {bin}/psql -XAtw -h {h} -p {p} -U {r} -d test -c 'select 1'")
                    )
                ),
                .. ports.SelectMany(p =>
                    roles.SelectMany(r =>
                        ((string[])[r, "postgres", "password"]).Select(w =>
                            $"PGPASSWORD={w} try {bin}/psql -XAtw -h 127.0.0.1 -p {p} -U {r} -d test -c 'select 1'"
                        )
                    )
                ),
                .. lab.NodePorts.SelectMany(p =>
                    roles.Select(r =>
                        $"try {bin}/pg_basebackup -h 127.0.0.1 -p {p} -U {r} -w -D {sandbox["stolen"]} -X none"
                    )
                ),
                .. pcpPorts.SelectMany(p =>
                    ((string[])["-h localhost", .. folders.Select(f => $"-h {f}"), ""]).SelectMany(h =>
                        roles.Select(r => $"try /usr/sbin/pcp_node_count -w {h} -p {p} -U {r}")
                    )
                ),
                .. pcpPorts.SelectMany(p =>
                    roles.Select(r =>
                        $"printf '*:*:*:{r}\\n' >$HOME/pcp; chmod 600 $HOME/pcp; PCPPASSFILE=$HOME/pcp try "
                        + $"/usr/sbin/pcp_node_count -w -h localhost -p {p} -U {r}"
                    )
                ),
            ]
        );
        Assert.DoesNotContain("GOT IN", await AsStrangerAsync(sandbox, script), StringComparison.Ordinal);

        // By reading: everything of the lab, of its user's state and cache, that a stranger can read.
        var secrets = Secrets(sandbox);
        var readable = await AsStrangerAsync(
            sandbox,
            $"find '{sandbox.Lab}' '{sandbox.Home}' {sandbox["."]} -type f -readable -print 2>/dev/null"
        );
        var files = readable.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(files, f => f.EndsWith("startall", StringComparison.Ordinal));
        Assert.All(
            files,
            f => Assert.DoesNotContain(secrets, s => File.ReadAllText(f).Contains(s, StringComparison.Ordinal))
        );
        // Whoever looks for a free port may read the leases.
        var leases = await AsStrangerAsync(sandbox, $"cat {string.Join(' ', ports.Select(p => Sandbox.LeaseOf(p)))}");
        Assert.Contains(sandbox.Lab, leases, StringComparison.Ordinal);
        Assert.DoesNotContain(secrets, s => leases.Contains(s, StringComparison.Ordinal));
        Assert.All(
            (string[])
                [
                    "etc",
                    "run",
                    "log",
                    "data0",
                    ".pgpoollab",
                    "pgpool0/etc",
                    "pgpool0/run",
                    "pgpool0/log",
                    "pgpool0/data0",
                ],
            f =>
                Assert.True(
                    !Directory.Exists($"{sandbox.Lab}/{f}")
                        || File.GetUnixFileMode($"{sandbox.Lab}/{f}") == (UnixFileMode)Convert.ToInt32("700", 8),
                    f
                )
        );

        // The doors are there: the owner goes through them.
        (
            await sandbox.ShellAsync(
                "eval \"$(pgpoollab env)\"; for h in localhost 127.0.0.1 $PGHOST; do for p in "
                    + $"{string.Join(' ', ports)}; do psql -XAtw -h $h -p $p -c 'select 1'; done; done; "
                    + "pcp_node_count; pcp_node_count -h localhost"
            )
        ).Ok();
    }

    [Fact]
    public async Task The_owner_types_no_password()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("up", "-s", "--port", "auto", sandbox.Lab)).Ok();
        var outcome = (
            await sandbox.ShellAsync(
                """
                eval "$(pgpoollab env)"
                psql -Xqc 'CREATE TABLE t (i int)'
                pgbench -q -i >/dev/null 2>&1
                pgbench -c 2 -t 20 >/dev/null 2>&1
                psql -XAtc "SELECT count(*) > 0 FROM pgbench_history" -h localhost
                psql -XAt -p $((PGPOOL_PORT + 2)) -c 'SELECT pg_is_in_recovery()' -h 127.0.0.1
                psql -XAt -p $((PGPOOL_PORT + 3)) -c 'SELECT pg_is_in_recovery()'
                pcp_node_count
                pcp_node_info -n 1 | cut -d' ' -f1
                timeout 20 pcp_node_count
                echo 0 | xargs bash -c 'pcp_node_count'
                psql -XAtc 'SELECT pg_is_in_recovery()' "$(pgpoollab env --format uri 1)"
                pgpoollab env --format service >service.conf
                PGSERVICEFILE=service.conf psql -XAtc 'SELECT pg_is_in_recovery()' service=node0
                rm service.conf
                (eval "$(pgpoollab env --off)"; echo "${PGHOST-none} ${PCPPASSFILE-none} ${PGPOOLLAB_SAVED-none}")
                env -u PGHOST /usr/sbin/pcp_node_count -w -h localhost -p $PCP_PORT
                # By libpq's default folder where the lab's user may write there, without any help.
                (unset PGHOST PGPORT PGPASSFILE; psql -XAt -h /tmp -p $PGPOOL_PORT -d test -c "SELECT 'by the link'")
                roles="SELECT string_agg(rolname || ' ' || left(rolpassword, 13), ',' ORDER BY rolname)"
                psql -XAtc "$roles FROM pg_authid WHERE rolcanlogin" -p $((PGPOOL_PORT + 2))
                psql -XAtc "SELECT usename FROM pg_stat_replication" -p $((PGPOOL_PORT + 2))
                """
            )
        ).Ok();
        string[] roles = [sandbox.Account.LabUser, "pgpool", "repl"];
        var verifiers = string.Join(',', roles.Order(StringComparer.Ordinal).Select(r => r + " SCRAM-SHA-256"));
        Assert.Equal(
            $"t\nf\nt\n2\nlocalhost\n2\n2\nt\nf\nnone none none\n2\nby the link\n{verifiers}\nrepl\n",
            outcome.Output
        );
    }

    /// <summary>A role of the user's own works through Pgpool-II with its password, and with no other; also where
    /// Pgpool-II keeps a connection of the role open.</summary>
    [Fact]
    public async Task A_role_of_the_users_own_gets_through_Pgpool_with_its_password_alone()
    {
        using var sandbox = new Sandbox(Account.Plain);
        // docs/access.md
        string[] workaround = InstalledPgpool.HasPasswordBypass ? ["--set", "pgpool.connection_cache=off"] : [];
        (await sandbox.RunAsync(["up", "-s", "--port", "auto", .. workaround, sandbox.Lab])).Ok();
        var outcome = (
            await sandbox.ShellAsync(
                """
                eval "$(pgpoollab env)"
                psql -Xqc "CREATE ROLE alice LOGIN PASSWORD 'wonderland'"
                n=0
                until [ "$(psql -XAtc "SELECT count(*) FROM pg_roles WHERE rolname = 'alice'" \
                    -p $((PGPOOL_PORT + 3)))" = 1 ]; do n=$((n + 1)); [ $n -lt 1200 ]; sleep 0.1; done
                as() {
                    PGPASSWORD=$1 psql -XAtw -h $2 -U alice -c 'SELECT current_user' 2>&1 |
                        grep -o '^alice$\|authentication failed' | head -n 1
                }
                for i in 1 2 3; do as wonderland localhost; as "wrong" localhost; done
                as wonderland "$PGHOST"
                as wrong "$PGHOST"
                for i in $(seq 40); do as wonderland localhost; done | sort | uniq -c | tr -s ' '
                for i in $(seq 40); do as wrong localhost; done | sort | uniq -c | tr -s ' '
                """
            )
        ).Ok();
        Assert.Equal(
            "alice\nauthentication failed\nalice\nauthentication failed\nalice\nauthentication "
                + "failed\nalice\nauthentication failed\n 40 alice\n 40 authentication failed\n",
            outcome.Output
        );
    }

    [Fact]
    public async Task No_secret_is_on_a_command_line_in_a_log_a_report_or_the_manifest()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var seen = new List<string>();
        using var watching = new CancellationTokenSource();
        var watcher = Task.Run(
            () =>
            {
                while (!watching.IsCancellationRequested)
                {
                    seen.AddRange(CommandLines());
                    Thread.Sleep(2);
                }
            },
            CancellationToken.None
        );
        var said = new List<Outcome>();
        foreach (
            var command in (string[])
                [
                    "pgpoollab up -s -r --port auto --json --set postgresql.log_statement=all --set "
                        + "postgresql.log_connections=on",
                    "pgpoollab env",
                    "pgpoollab env --json",
                    "pgpoollab nodes --json",
                    "pgpoollab list --json",
                    "pgpoollab setup --dry-run -s ../other",
                    "eval \"$(pgpoollab env)\"; pg_ctl -m immediate -D data0 stop",
                    "eval \"$(pgpoollab env)\"; n=0; until [ \"$(psql -XAtc 'SELECT 1' 2>/dev/null)\" = 1 ] && [ "
                        + "$n -gt 20 ]; do n=$((n + 1)); sleep 0.1; done; pcp_recovery_node -n 0",
                    "pgpoollab stopall",
                    "./startall",
                    "./stopall",
                ]
        )
        {
            if (!Directory.Exists(sandbox.Lab))
            {
                Directory.CreateDirectory(sandbox.Lab);
                sandbox.Account.Own(sandbox.Lab);
            }

            said.Add((await sandbox.ShellAsync(command)).Ok());
        }

        await watching.CancelAsync();
        await watcher;
        var secrets = Secrets(sandbox);
        Assert.True(secrets.Length >= 5, string.Join(' ', secrets));
        Assert.Contains(
            seen,
            c =>
                c.Contains("pg_basebackup", StringComparison.Ordinal)
                || c.Contains("pg_rewind", StringComparison.Ordinal)
        );
        foreach (var secret in secrets)
        {
            Assert.DoesNotContain(seen, c => c.Contains(secret, StringComparison.Ordinal));
            Assert.DoesNotContain(said, o => (o.Output + o.Error).Contains(secret, StringComparison.Ordinal));
            Assert.DoesNotContain(
                Directory
                    .EnumerateFiles($"{sandbox.Lab}/log", "*", SearchOption.AllDirectories)
                    .Append($"{sandbox.Lab}/.pgpoollab/lab.json")
                    .Concat(StateFiles(sandbox)),
                f => File.ReadAllText(f).Contains(secret, StringComparison.Ordinal)
            );
        }
    }

    [Theory]
    [InlineData("md5", "md5", false)]
    [InlineData("trust", "trust", true)]
    public async Task Other_methods_can_be_tried_out_and_what_they_open_is_said(string method, string word, bool lets)
    {
        using var sandbox = new Sandbox(Account.Plain);
        var up = (await sandbox.RunAsync("up", "-s", "--auth", method, "--port", "auto", sandbox.Lab)).Ok();
        Assert.Contains("warning:", up.Error, StringComparison.Ordinal);
        var outcome = (
            await sandbox.ShellAsync(
                """
                eval "$(pgpoollab env)"
                grep -c "127.0.0.1/32 .* $0" data0/pg_hba.conf || true
                psql -XAtc 'SELECT 1' -h localhost
                pg_ctl -m immediate -D data0 stop >/dev/null
                until_true() { n=0; until "$@" 2>/dev/null; do n=$((n + 1)); [ $n -lt 1200 ]; sleep 0.1; done; }
                primary() { [ "$(psql -XAtc 'SELECT pg_is_in_recovery()')" = f ]; }
                streams() {
                    [ "$(psql -XAtc 'SELECT count(*) FROM pg_stat_replication' -p $((PGPOOL_PORT + 3)))" = 1 ]
                }
                until_true primary
                # A second after a failover Pgpool-II starts its process for pcp again, and cuts off clients that have
                # just connected.
                until_true grep -q 'fork a new PCP child' log/pgpool.log
                pcp_recovery_node -n 0
                until_true streams
                unset PGPASSFILE
                for p in $PGPOOL_PORT $((PGPOOL_PORT + 3)); do
                    psql -XAtwc "SELECT 'let in'" -h localhost -p $p 2>&1 | grep -o 'let in' || true
                done
                """.Replace("$0", word, StringComparison.Ordinal)
            )
        ).Ok();
        Assert.Contains("\n1\n", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(lets ? 2 : 0, outcome.Output.Split("let in").Length - 1);
    }

    /// <summary>127.0.0.2 is as good as another machine's way in: no rule for loopback's 127.0.0.1 names it.</summary>
    [Fact]
    public async Task A_lab_that_listens_elsewhere_does_so_by_TLS_with_passwords_and_a_certificate_clients_can_verify()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("up", "-s", "--listen", "127.0.0.2", "--port", "auto", sandbox.Lab)).Ok();
        var outcome = (
            await sandbox.ShellAsync(
                """
                eval "$(pgpoollab env)"
                known='^in$|no pg_hba.conf entry|no pool_hba.conf entry|certificate verify failed|no password supplied'
                ask() {
                    psql -XAtw "host=127.0.0.2 $1" -c "SELECT 'in'" >../said 2>&1 || true
                    grep -Eo "$known" ../said | head -n 1 | grep . || cat ../said
                }
                for p in $PGPOOL_PORT $((PGPOOL_PORT + 2)) $((PGPOOL_PORT + 3)); do
                    ask "port=$p sslmode=verify-full sslrootcert=$PGSSLROOTCERT"
                    ask "port=$p sslmode=verify-full sslrootcert=/etc/ssl/certs/ca-certificates.crt"
                    ask "port=$p sslmode=require passfile=/dev/null sslrootcert=$PGSSLROOTCERT.none"
                done
                psql -XAtc "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_replication USING (pid) WHERE ssl" \
                    -p $((PGPOOL_PORT + 2)) -h localhost
                openssl verify -CAfile $PGSSLROOTCERT "$(dirname "$PGSSLROOTCERT")/server.crt" | grep -o OK
                """
            )
        ).Ok();
        Assert.Equal(
            """
            in
            certificate verify failed
            no password supplied
            in
            certificate verify failed
            no password supplied
            in
            certificate verify failed
            no password supplied
            1
            OK

            """.ReplaceLineEndings("\n"),
            outcome.Output
        );

        // From an address no rule names, in clear.
        foreach (var port in Manifest(sandbox).ClientPorts)
        {
            Assert.Matches(
                "no (pg|pool)_hba.conf entry for host \"127.0.0.3\"",
                await AnswerInClearAsync(port, sandbox.Account.LabUser)
            );
        }
    }

    /// <summary>What a server says to a client that comes from 127.0.0.3 and does not ask for TLS.</summary>
    /// <remarks>PostgreSQL manual, "Message Formats", StartupMessage.</remarks>
    private static async Task<string> AnswerInClearAsync(int port, string user)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.3"), 0));
        await socket.ConnectAsync(IPAddress.Parse("127.0.0.2"), port);
        var body = Encoding.ASCII.GetBytes($"\0\u0003\0\0user\0{user}\0database\0test\0\0");
        await socket.SendAsync((byte[])[0, 0, 0, (byte)(body.Length + 4), .. body]);
        var answer = new byte[4096];
        var length = 0;
        while (length < answer.Length && await socket.ReceiveAsync(answer.AsMemory(length)) is > 0 and var read)
        {
            length += read;
        }

        return Encoding.ASCII.GetString(answer, 0, length);
    }

    [Fact]
    [Trait("Needs", "root")]
    public async Task In_roots_lab_the_bare_story_works_and_root_types_no_password()
    {
        using var sandbox = new Sandbox(Account.Root);
        (await sandbox.RunAsync("up", "-s", "--tls", "--port", "auto", sandbox.Lab)).Ok();
        var port = Manifest(sandbox).ClientPorts[0];
        // No eval: libpq's default folder has a link into the private one.
        var bare = (
            await sandbox.ShellAsync(
                $"psql -XAtp {port} -c 'SELECT current_user' test; psql -XAt 'host=localhost port={port} "
                    + "dbname=test sslmode=require' -w -c 'SELECT 1' 2>&1 | grep -o 'no password supplied'"
            )
        ).Ok();
        Assert.Equal("root\nno password supplied\n", bare.Output);
        var outcome = (
            await sandbox.ShellAsync(
                "eval \"$(pgpoollab env)\"; pcp_node_count; psql -XAtc \"SELECT 'tls'\" -h localhost; pg_ctl -m "
                    + "immediate -D data0 stop >/dev/null; pgpoollab wait --for 'node 0 down' --timeout "
                    + "2m 2>/dev/null; "
                    + "until grep -q 'fork a new PCP child' log/pgpool.log; do sleep 0.1; done; "
                    + "pcp_recovery_node -n 0 >/dev/null; ./stopall "
                    + ">/dev/null; ls -d /var/run/postgresql/.s.PGSQL.$PGPOOL_PORT /tmp/.s.PGSQL.$PCP_PORT "
                    + "2>/dev/null || true; ./startall >/dev/null; psql -XAtp $PGPOOL_PORT -c \"SELECT 'again'\""
            )
        ).Ok();
        Assert.Equal("2\ntls\nagain\n", outcome.Output);
    }

    /// <summary>Whatever a stranger must not know.</summary>
    private static string[] Secrets(Sandbox sandbox)
    {
        var files = Directory.EnumerateFiles(
            sandbox.Lab,
            "*",
            new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }
        );
        return files
            .SelectMany(f =>
                Path.GetFileName(f) switch
                {
                    "pgpass" => File.ReadLines(f).Select(l => l.Split(':')[^1]),
                    "pcppass" => File.ReadLines(f).Select(l => l.Split(':')[^1]),
                    ".pgpoolkey" => File.ReadLines(f),
                    "pgpool.conf" => File.ReadLines(f)
                        .Where(l => l.StartsWith("wd_authkey", StringComparison.Ordinal))
                        .Select(l => l.Split('\'')[1]),
                    _ => [],
                }
            )
            .Where(s => s.Length > 0)
            .Distinct()
            .ToArray();
    }

    private static IEnumerable<string> StateFiles(Sandbox sandbox) =>
        Directory.Exists($"{sandbox.Home}/.local")
            ? Directory.EnumerateFiles(
                $"{sandbox.Home}/.local",
                "*",
                new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }
            )
            : [];

    private static IEnumerable<string> CommandLines() =>
        Directory
            .EnumerateDirectories("/proc")
            .Where(d => char.IsAsciiDigit(Path.GetFileName(d)[0]))
            .Select(d =>
            {
                try
                {
                    return File.ReadAllText(d + "/cmdline").Replace('\0', ' ');
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    return "";
                }
            });

    private static (int[] ClientPorts, int[] NodePorts, int[] PcpPorts) Manifest(Sandbox sandbox)
    {
        using var manifest = JsonDocument.Parse(File.ReadAllText($"{sandbox.Lab}/.pgpoollab/lab.json"));
        var lab = manifest.RootElement.GetProperty("lab");
        int[] Ports(string list, string name) =>
            lab.GetProperty(list).EnumerateArray().Select(e => e.GetProperty(name).GetInt32()).ToArray();
        return (
            [.. Ports("pgpools", "port"), .. Ports("nodes", "port")],
            Ports("nodes", "port"),
            Ports("pgpools", "pcpPort")
        );
    }

    private static async Task<string> AsStrangerAsync(Sandbox sandbox, string script)
    {
        var home = Directory.CreateDirectory(sandbox["stranger"]).FullName;
        File.SetUnixFileMode(home, (UnixFileMode)Convert.ToInt32("1777", 8));
        File.WriteAllText($"{home}/try", script);
        var info = new ProcessStartInfo(Stranger[0], [.. Stranger.Skip(1), "/bin/sh", $"{home}/try"])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = home,
        };
        info.Environment["HOME"] = home;
        using var process = Reaper.Start(info);
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output;
    }
}
