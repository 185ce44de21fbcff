using System.Diagnostics;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Integration.Tests;

/// <summary>Root's commands where another user lies in wait: nothing of that user's choosing is done with root's
/// rights, and nothing keeps root waiting. Needs root.</summary>
[Trait("Needs", "root")]
public sealed class StrangerTests
{
    private const string LabUser = "postgres";
    private const string Stranger = "nobody";

    internal static void Shell(string script, params string[] arguments)
    {
        using var shell = Reaper.Start(
            new ProcessStartInfo("/bin/sh", ["-euc", script, "sh", .. arguments]) { RedirectStandardError = true }
        );
        var error = shell.StandardError.ReadToEnd();
        shell.WaitForExit();
        Assert.True(shell.ExitCode == 0, $"{script}\n{error}");
    }

    /// <summary>Writes a manifest as the lab's user could.</summary>
    internal static void Forge(
        string root,
        string owner,
        int pgpools = 1,
        LabState state = LabState.Failed,
        Func<Lab, Lab>? change = null
    )
    {
        var lab = new Lab
        {
            Id = "0123abcd",
            Name = Path.GetFileName(root),
            Root = root,
            Mode = ClusteringMode.Raw,
            Owner = owner,
            Folder = new FolderOrigin(null),
            Tools = new Toolset(
                "/usr/bin",
                new PostgresVersion(17, 0),
                "/usr/bin/pgpool",
                "/usr/bin",
                new PgpoolVersion(4, 6, 0)
            ),
            Pgpools =
            [
                .. Enumerable
                    .Range(0, pgpools)
                    .Select(i => new PgpoolNode(i, root, root, 1 + (2 * i), 2 + (2 * i), null, [], root)),
            ],
            Nodes = [new PostgresNode(0, 9, "", "")],
            HasPrivateSockets = true,
        };
        Directory.CreateDirectory($"{root}/.pgpoollab");
        LabStore.Save(
            new LabManifest
            {
                ToolVersion = "1.0.0",
                CommandLine = [],
                State = state,
                Lab = (change?.Invoke(lab) ?? lab).WithOwnFolders(),
            }
        );
        Shell("""chmod 700 "$2/.pgpoollab"; chown -R "$1:" "$2" """, owner, root);
    }

    /// <summary>Exchanges two names for each other, again and again, as fast as one can.</summary>
    private sealed class Exchange : IDisposable
    {
        private readonly CancellationTokenSource _end = new();
        private readonly Thread _thread;

        /// <param name="path">The folder.</param>
        /// <param name="withLinkTo">Where the link leads that takes its place.</param>
        /// <param name="pace">How long each stays, at most, in rounds of a busy loop.</param>
        /// <param name="when">When to begin; at once by default.</param>
        internal Exchange(string path, string withLinkTo, int pace, Func<bool>? when = null)
        {
            Directory.CreateSymbolicLink(path + ".link", withLinkTo);
            _thread = new Thread(() =>
            {
                while (when?.Invoke() is false && !_end.IsCancellationRequested)
                {
                    Thread.SpinWait(100);
                }

                while (!_end.IsCancellationRequested)
                {
                    Try(() => Directory.Move(path, path + ".real"));
                    // Of a link to a folder .NET says that it is no file.
                    Try(() => Directory.Move(path + ".link", path));
                    Thread.SpinWait(Random.Shared.Next(pace));
                    Try(() => Directory.Move(path, path + ".link"));
                    Try(() => Directory.Move(path + ".real", path));
                    Thread.SpinWait(Random.Shared.Next(pace));
                }
            });
            _thread.Start();

            static void Try(Action move)
            {
                try
                {
                    move();
                }
                catch (IOException)
                {
                    // It was deleted meanwhile.
                }
            }
        }

        public void Dispose()
        {
            _end.Cancel();
            _thread.Join();
        }
    }

    [Fact]
    public async Task Root_that_gives_a_folder_back_changes_no_owner_and_deletes_nothing_where_an_exchanged_link_leads()
    {
        using var sandbox = new Sandbox(Account.Root);
        var victim = Directory.CreateDirectory(sandbox["victim"]).FullName;
        Directory.CreateDirectory($"{victim}/shadow");
        Shell("""chmod 751 "$1" """, $"{victim}/shadow");
        var before = Identity.OwnerOf($"{victim}/shadow");
        for (var tries = 0; tries < 20; tries++)
        {
            var home = Directory.CreateDirectory($"{sandbox.Labs}/try{tries}/a").FullName;
            var root = $"{home}/shadow";
            // What such a manifest asks for: the folder was root's, of another group, and root has made the one above
            // it.
            Forge(
                root,
                LabUser,
                change: lab =>
                    lab with
                    {
                        Folder = tries % 2 == 0 ? new FolderOrigin(null, 0, 104) : new FolderOrigin(root),
                    }
            );
            Shell("""chown postgres: "$1" """, Path.GetDirectoryName(home)!);
            // Until the hidden folder is gone all is as it should be: then root is about to give the folder back.
            using (new Exchange(home, victim, 4_000, () => !Directory.Exists($"{root}/.pgpoollab")))
            {
                // It may say that there is no lab, that a link is in the way, or that all is gone.
                await sandbox.RunAsync("destroy", root);
            }

            Assert.Equal((before, true), (Identity.OwnerOf($"{victim}/shadow"), Directory.Exists($"{victim}/shadow")));
        }

        Directory.Delete(sandbox.Labs, recursive: true);
        Directory.CreateDirectory(sandbox.Labs);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData(null, 104)]
    [InlineData("/", 104)]
    public async Task No_owner_no_group_and_no_folder_to_delete_comes_out_of_a_manifest(string? createdFrom, int? group)
    {
        using var sandbox = new Sandbox(Account.Root);
        Forge(
            sandbox.Lab,
            LabUser,
            change: lab => lab with { Folder = new FolderOrigin(createdFrom, group is null ? null : 0, group) }
        );
        var owner = Identity.OwnerOf(sandbox.Lab);
        (await sandbox.RunAsync("destroy", sandbox.Lab)).Ok();
        // Root has not made it and has not given it away: it stays its user's, and empty.
        Assert.Equal(owner, Identity.OwnerOf(sandbox.Lab));
        Assert.Empty(Directory.EnumerateFileSystemEntries(sandbox.Lab));
        Directory.Delete(sandbox.Lab);
    }

    [Fact]
    public async Task A_folder_that_was_roots_is_roots_again_whatever_its_user_has_made_of_it()
    {
        using var sandbox = new Sandbox(Account.Root);
        Directory.CreateDirectory(sandbox.Lab);
        Shell("""chown 0:104 "$1"; chmod 2750 "$1" """, sandbox.Lab);
        (await sandbox.RunAsync("setup", "-n", "1", "-m", "n", "--port", "auto", sandbox.Lab)).Ok();
        Shell(
            """
            sed -i 's/"formerGid": [0-9]*/"formerGid": 42/' "$1/.pgpoollab/lab.json"
            chown -h postgres: "$1/.pgpoollab/lab.json"; chmod 600 "$1/.pgpoollab/lab.json"; chmod 777 "$1"
            """,
            sandbox.Lab
        );
        (await sandbox.RunAsync("destroy", sandbox.Lab)).Ok();
        Assert.Equal(
            ((0, 104), (UnixFileMode)Convert.ToInt32("2750", 8)),
            (Identity.OwnerOf(sandbox.Lab)!.Value, File.GetUnixFileMode(sandbox.Lab))
        );
        Directory.Delete(sandbox.Lab);
    }

    [Fact]
    public async Task A_lab_whose_own_folders_are_links_costs_nobody_a_file()
    {
        using var sandbox = new Sandbox(Account.Root);
        var (theirs, trap) = (sandbox["labs/theirs"], sandbox["labs/trap"]);
        Forge(theirs, LabUser, pgpools: 2);
        Shell(
            """
            mkdir -p "$1/pgpool0/data0" "$1/pgpool1/etc"
            touch "$1/pgpool0/data0/PG_VERSION" "$1/pgpool1/etc/pgpool.conf"; chown -R postgres: "$1"
            mkdir "$2"
            for name in .pgpoollab pgpool0 pgpool1; do ln -s "$1/$name" "$2/$name"; done; chown -hR nobody: "$2"
            """,
            theirs,
            trap
        );
        string[] Files() =>
            [
                .. Directory
                    .EnumerateFileSystemEntries(
                        theirs,
                        "*",
                        new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }
                    )
                    .Order(StringComparer.Ordinal),
            ];
        var before = Files();
        var outcome = (await sandbox.RunAsync("destroy", trap)).FailedWith(1);
        Assert.Contains("is a link", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(before, Files());

        // A real hidden folder of the lab's user, and links beside it: as after somebody who may write in the folder
        // has exchanged them.
        var half = sandbox["labs/half"];
        Forge(half, LabUser, pgpools: 2);
        Shell(
            """for name in pgpool0 pgpool1; do ln -s "$1/$name" "$2/$name"; chown -h nobody: "$2/$name"; done""",
            theirs,
            half
        );
        foreach (var command in (string[])["destroy", "stopall", "startall"])
        {
            outcome = await sandbox.RunAsync(command == "destroy" ? [command, half] : [command, "--lab", half]);
            Assert.NotEqual(0, outcome.ExitCode);
            Assert.Equal(before, Files());
        }

        Shell("""rm "$1/pgpool0" "$1/pgpool1" """, half);
        (await sandbox.RunAsync("destroy", half)).Ok();
        (await sandbox.RunAsync("destroy", theirs)).Ok();
        Shell("""rm -r "$1"/* """, sandbox.Labs);
    }

    [Fact]
    public async Task Of_two_manifests_that_are_exchanged_none_is_run_with_the_other_users_rights()
    {
        using var sandbox = new Sandbox(Account.Root);
        var mark = sandbox["mark"];
        Directory.CreateDirectory(mark);
        Shell(
            """
            chmod 1777 "$1"
            mkdir "$2"; printf '#!/bin/sh\ntouch "%s/as-$(id -un)"\n' "$1" >"$2/psql"; chmod 755 "$2" "$2/psql"
            """,
            mark,
            sandbox["bin"]
        );
        for (var tries = 0; tries < 20; tries++)
        {
            var home = Directory.CreateDirectory($"{sandbox.Labs}/try{tries}").FullName;
            Forge(
                $"{home}/lab",
                Stranger,
                1,
                LabState.Ready,
                lab =>
                    lab with
                    {
                        Owner = tries % 2 == 0 ? LabUser : Stranger,
                        Tools = lab.Tools with { PostgresBin = sandbox["bin"] },
                    }
            );
            Forge($"{home}/other", LabUser, state: LabState.Ready);
            using (new Exchange($"{home}/lab", $"{home}/other", 150_000))
            {
                await sandbox.RunAsync("psql", "--lab", $"{home}/lab");
            }

            Assert.False(
                File.Exists($"{mark}/as-{LabUser}"),
                "What the stranger's manifest names was run as the lab's user."
            );
        }

        // That it would be seen.
        Forge(
            $"{sandbox.Labs}/theirs",
            Stranger,
            1,
            LabState.Ready,
            lab => lab with { Tools = lab.Tools with { PostgresBin = sandbox["bin"] } }
        );
        await sandbox.RunAsync("psql", "--lab", $"{sandbox.Labs}/theirs");
        Assert.True(File.Exists($"{mark}/as-{Stranger}"));

        Shell("""rm -r "$1"/* """, sandbox.Labs);
    }

    [Theory]
    [InlineData(Account.Root)]
    [InlineData(Account.Plain)]
    public async Task Another_users_process_that_looks_like_the_labs_Pgpool_is_in_no_commands_way(string account)
    {
        using var sandbox = new Sandbox(account);
        (await sandbox.RunAsync("setup", "-n", "1", "-m", "n", "--port", "auto", sandbox.Lab)).Ok();
        Shell("""mkdir -p "$1"; cp /bin/sh "$1/pgpool"; chmod -R 755 "$1" """, sandbox["look-alike"]);
        var other = account == Account.Root ? Stranger : LabUser;
        var info = new ProcessStartInfo(
            "setpriv",
            [
                "--reuid",
                other,
                "--regid",
                "nogroup",
                "--clear-groups",
                sandbox["look-alike/pgpool"],
                "-c",
                "read line",
                "-f",
                $"{sandbox.Lab}/etc/pgpool.conf",
                "-n",
            ]
        )
        {
            RedirectStandardInput = true,
            WorkingDirectory = sandbox.Lab,
        };
        using var stranger = Reaper.Start(info);
        try
        {
            while (File.ReadAllText($"/proc/{stranger.Id}/comm").Trim() != "pgpool")
            {
                await Task.Delay(5, TestContext.Current.CancellationToken);
            }

            foreach (var stop in (string[])["pgpoollab stopall", "./stopall --plain"])
            {
                Shell(
                    """printf '%s\n' "$1" >"$2/run/pgpool.pid"; chown --reference="$2" "$2/run/pgpool.pid" """,
                    $"{stranger.Id}",
                    sandbox.Lab
                );
                (await sandbox.ShellAsync($"{stop.Replace("stop", "start", StringComparison.Ordinal)}; {stop}")).Ok();
            }

            (await sandbox.RunInLabAsync("destroy", sandbox.Lab)).Ok();
            Assert.False(stranger.HasExited);
        }
        finally
        {
            stranger.StandardInput.Close();
            stranger.WaitForExit();
        }
    }

    /// <summary>What the lab's user has in his home, in a machine where that is nobody else's: a list of labs, and a
    /// cache of clusters.</summary>
    private const string Home = "/var/lib/postgresql";

    [Fact]
    public async Task Pipes_and_devices_in_place_of_what_root_reads_keep_no_command_waiting()
    {
        using var sandbox = new Sandbox(Account.Root);
        using var machine = await Endurance.PrivateMachine.StartAsync(sandbox);
        sandbox.Machine = machine;
        var (piped, endless) = (
            Directory.CreateDirectory($"{sandbox.Labs}/piped").FullName,
            Directory.CreateDirectory($"{sandbox.Labs}/endless").FullName
        );
        machine.Inside(
            "/bin/sh",
            "-euc",
            """
            home=$1 piped=$2 endless=$3
            labs=$home/.local/state/pgpoollab/labs clusters=$home/.cache/pgpoollab/clusters
            key=0123456789abcdef0123456789abcdef other=fedcba9876543210fedcba9876543210
            mkdir -p "$labs" "$clusters/$key" "$clusters/$other" "$clusters/$other.unfinished" \
                "$piped/.pgpoollab" "$endless/.pgpoollab"
            mkfifo "$labs/deadbeef.json" "$clusters/$key/template.json" "$clusters/$key.lock" \
                "$clusters/../programs.json" "$piped/.pgpoollab/lab.json"
            ln -s /dev/zero "$labs/0badcafe.json"
            ln -s /dev/zero "$clusters/$other/template.json"
            ln -s /dev/zero "$endless/.pgpoollab/lab.json"
            printf '{"id":"0000abcd","name":"piped","root":"%s","ports":[1]}' "$piped" >"$labs/0000abcd.json"
            printf '{"id":"1111abcd","name":"endless","root":"%s","ports":[1]}' "$endless" >"$labs/1111abcd.json"
            chown -hR postgres: "$home" "$piped" "$endless"
            """,
            "sh",
            Home,
            piped,
            endless
        );
        var list = (await sandbox.RunAsync("list")).Ok().Output;
        Assert.Contains("piped", list, StringComparison.Ordinal);
        Assert.Contains("endless", list, StringComparison.Ordinal);
        (await sandbox.RunAsync("cache", "list")).Ok();
        await sandbox.RunAsync("doctor");
        foreach (var lab in (string[])[piped, endless])
        {
            Assert.Contains(
                "is damaged",
                (await sandbox.RunAsync("nodes", "--lab", lab)).FailedWith(1).Error,
                StringComparison.Ordinal
            );
            Assert.Contains(
                "is damaged",
                (await sandbox.RunAsync("destroy", lab)).FailedWith(1).Error,
                StringComparison.Ordinal
            );
        }

        await sandbox.RunAsync("destroy", "--orphans");
        await sandbox.RunAsync("cache", "clear");
        Shell("""rm -r "$1"/* """, sandbox.Labs);
    }

    [Fact]
    public async Task Links_in_another_users_cache_and_state_lead_root_nowhere()
    {
        using var sandbox = new Sandbox(Account.Root);
        using var machine = await Endurance.PrivateMachine.StartAsync(sandbox);
        sandbox.Machine = machine;
        var victim = Directory.CreateDirectory(sandbox["victim"]).FullName;
        machine.Inside(
            "/bin/sh",
            "-euc",
            """
            home=$1 victim=$2
            key=0123456789abcdef0123456789abcdef other=fedcba9876543210fedcba9876543210
            mkdir -p "$victim/$key/cluster" "$victim/$other.unfinished" "$victim/labs" \
                "$home/.cache/pgpoollab" "$home/.local/state"
            printf '{"id":"0000abcd","name":"not-theirs","root":"/nowhere","ports":[1]}' >"$victim/labs/0000abcd.json"
            ln -s "$victim" "$home/.cache/pgpoollab/clusters"
            ln -s "$victim" "$home/.local/state/pgpoollab"
            chown -hR postgres: "$home"
            """,
            "sh",
            Home,
            victim
        );
        string[] Files() =>
            [
                .. Directory
                    .EnumerateFileSystemEntries(victim, "*", SearchOption.AllDirectories)
                    .Order(StringComparer.Ordinal),
            ];
        var before = Files();
        foreach (
            var command in (string[][])
                [
                    ["list"],
                    ["doctor"],
                    ["cache", "list"],
                    ["destroy", "--orphans"],
                    ["cache", "clear"],
                ]
        )
        {
            var outcome = await sandbox.RunAsync(command);
            Assert.DoesNotContain("not-theirs", outcome.Output, StringComparison.Ordinal);
            Assert.Equal(before, Files());
        }
    }

    [Fact]
    public async Task Root_keeps_nothing_in_a_home_that_is_another_users()
    {
        using var sandbox = new Sandbox(Account.Root);
        var home = Directory.CreateDirectory(sandbox["theirs"]).FullName;
        var victim = Directory.CreateDirectory(sandbox["victim"]).FullName;
        Shell(
            """
            mkdir -p "$1/.cache/pgpoollab" "$2/0123456789abcdef0123456789abcdef"
            ln -s "$2" "$1/.cache/pgpoollab/clusters"
            chown -hR nobody: "$1"
            """,
            home,
            victim
        );
        foreach (var name in (string[])["HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"])
        {
            sandbox.Variables[name] = name == "XDG_CACHE_HOME" ? $"{home}/.cache" : home;
        }

        foreach (
            var command in (string[][])
                [
                    ["setup", "--dry-run", "--port", "auto", sandbox.Lab],
                    ["list"],
                    ["cache", "list"],
                    ["doctor"],
                ]
        )
        {
            await sandbox.RunAsync(command);
        }

        var own = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.ReparsePoint,
        };
        Assert.DoesNotContain(
            Directory.EnumerateFileSystemEntries(home, "*", own),
            e => Identity.OwnerOf(e)!.Value.User == 0
        );
        Assert.Equal(
            ["0123456789abcdef0123456789abcdef"],
            Directory.EnumerateFileSystemEntries(victim).Select(e => Path.GetFileName(e))
        );
    }
}
