using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Provisioning.Doctor;
using PgpoolLab.Provisioning.Leftovers;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Provisioning.Tools;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests;

public sealed class OrphanTests : IDisposable
{
    private const int Me = 1000;
    private const string Root = "/srv/lab";

    private readonly TemporaryFolder _folder = new(" it's");
    private readonly FakeHost _host = new();

    public void Dispose() => _folder.Dispose();

    private static ProcessFacts Process(string name, string? folder, string command = "", int id = 7) =>
        new(id, "1", name, command, folder, id);

    private LabRegistration Registered(string root, string id = "0123abcd", params string[] sockets)
    {
        var user = Identity.Current with { Home = _folder["home"] };
        return new LabRegistration(
            _folder[$"state/labs/{id}.json"],
            _folder["state"],
            user,
            new LabIndexEntry(id, Path.GetFileName(root), root, [11000, 11001]) { Sockets = sockets }
        );
    }

    private string MakeLab(string name, LabState state, string id = "0123abcd")
    {
        Directory.CreateDirectory(_folder[$"{name}/.pgpoollab"]);
        LabStore.Save(
            new LabManifest
            {
                ToolVersion = "1.2.3",
                CommandLine = [],
                State = state,
                Lab = Labs.Fixed(root: _folder[name]) with { Id = id },
            }
        );
        return _folder[name];
    }

    private sealed class Becoming(string refused) : IThisProcess
    {
        internal List<string> Users { get; } = [];

        public bool CanBecomeAnother => true;

        public void Become(SystemUser user, OpenFolder? folder = null)
        {
            if (user.Name == refused)
            {
                throw new System.ComponentModel.Win32Exception(11);
            }

            Users.Add(user.Name);
        }

        public bool TryEnter(string folder) => true;
    }

    [Fact]
    public async Task What_goes_wrong_for_one_user_is_reported_and_keeps_nothing_of_the_others()
    {
        var process = new Becoming("ben");
        UsersOrphans Of(string name, int id, bool any)
        {
            var user = Identity.Current with { Name = name, UserId = Identity.Current.UserId + id };
            var lab = Registered(_folder[$"labs/{name}"], $"0123abc{id}");
            var registration = lab with { User = user };
            Directory.CreateDirectory(Path.GetDirectoryName(registration.File!)!);
            File.WriteAllText(registration.File!, "{}");
            return new UsersOrphans(user, any ? [new Orphan(registration, OrphanKind.FolderGone, [], [])] : []);
        }

        UsersOrphans[] work = [Of("anna", 1, true), Of("ben", 2, true), Of("carla", 3, false), Of("dora", 4, true)];
        // A file where a folder has to be.
        await File.WriteAllTextAsync(_folder["leases"], "");
        var context = new OperationContext(
            _host,
            TimeProvider.System,
            new Notes(),
            _ => throw new InvalidOperationException("Nothing is logged here."),
            "1.2.3",
            process
        )
        {
            Leases = new PortLeases(_folder["leases"]),
        };
        var report = await new DestroyOrphansOperation(
            context,
            () => process.Users[^1] == "anna" ? throw new IOException("The cache is broken.") : null
        ).RemoveAsync(work, CancellationToken.None);
        Assert.Equal(["anna", "carla", "dora"], process.Users);
        var kept = Assert.Single(report.Kept);
        Assert.Equal("ben", kept.Name);
        Assert.StartsWith("Could not become ben: ", kept.Problem, StringComparison.Ordinal);
        Assert.Contains(("anna", "The cache is broken."), report.Remains.Select(r => (r.User, r.Problem)));
        Assert.True(report.IsIncomplete);
        Assert.Equal(
            [false, true, true, false],
            work.Select((_, i) => File.Exists(_folder[$"state/labs/0123abc{i + 1}.json"]))
        );
    }

    /// <summary>As <c>nodes</c> does for one lab.</summary>
    [Fact]
    public async Task The_doctor_reports_labs_whose_nodes_share_a_tablespace()
    {
        string[] labs =
        [
            MakeLab("well", LabState.Ready, "0123abce"),
            MakeLab("shared", LabState.Ready),
            _folder["gone"],
        ];
        Directory.CreateDirectory(_folder["outside"]);
        Directory.CreateSymbolicLink(_folder["link"], _folder["outside"]);
        foreach (var (lab, node, link) in new[] { (0, 0, "outside"), (1, 0, "outside"), (1, 1, "link") })
        {
            Directory.CreateDirectory($"{labs[lab]}/data{node}/pg_tblspc/5"); // LOCATION ''
            Directory.CreateSymbolicLink($"{labs[lab]}/data{node}/pg_tblspc/16400", _folder[link]);
        }

        LabRegistration Registration(string root, string id) =>
            new(null, "", Identity.Current, new LabIndexEntry(id, Path.GetFileName(root), root, []));
        var host = new LocalHost(TimeProvider.System);
        var found = await new LeftoverSurvey(host, new OrphanFinder(host)).SharedTablespacesAsync(
            [Registration(labs[0], "0123abce"), Registration(labs[1], "0123abcd"), Registration(labs[2], "0123abcf")],
            CancellationToken.None
        );
        var finding = Assert.Single(
            LabChecks.Of(
                new MachineFacts
                {
                    LabUser = null,
                    Tools = new ToolSurvey([], []),
                    Programs = new Dictionary<string, string?>(),
                    Places = [],
                    SocketFolders = [],
                    SharedTablespaces = found,
                }
            )
        );
        Assert.Equal(
            (
                Severity.Note,
                "Nodes 0 and 1 of the lab 'shared' write the same files, and damage them: tablespace 16400 lies in "
                    + $"{Identity.RealPath(_folder["outside"])} for all of them.",
                $"pgpoollab status --fix --lab {Shell.Quote(Identity.RealPath(labs[1]))}"
            ),
            (finding.Severity, finding.Seen, finding.Fix)
        );
    }

    /// <summary>Where the cache cannot be used, a lab has a cluster of its own to copy.</summary>
    [Fact]
    public async Task What_makes_a_labs_own_template_is_the_labs_with_the_memory_it_leaves()
    {
        var lab = Labs.Fixed(root: Root);
        _host.Processes.Add(Process("postgres", "/", "postgres --boot -k") with { UserId = Identity.Current.UserId });
        _host.Origins[7] = (null, new() { ["PGDATA"] = lab.Paths.TemplateData });
        await new Orphans(_host, new ProbeRunner(_host, TimeProvider.System)).EndAsync(lab);
        Assert.Equal(["Kill 7"], _host.Signals);
        Assert.Contains($"{Root}/.pgpoollab/template/cluster", _host.MemoryRemoved);
    }

    /// <summary>initdb starts it by a shell; when that is killed, initdb ends, and the server goes on and makes its
    /// shared memory after everything was tidied up.</summary>
    [Theory]
    [InlineData("data", true)]
    [InlineData("other", false)]
    public async Task A_server_of_initdb_is_known_by_its_environment_before_it_is_in_its_folder(string ours, bool ends)
    {
        _host.Processes.Add(
            Process("postgres", "/somewhere", "postgres --boot -X 16777216 -k -F") with
            {
                UserId = Identity.Current.UserId,
            }
        );
        _host.Origins[7] = (
            null,
            new()
            {
                ["LANG"] = "C",
                ["PGDATA"] = _folder["data"],
                ["HOME"] = "/",
            }
        );
        await new Orphans(_host, new ProbeRunner(_host, TimeProvider.System)).EndAsync([_folder[ours]]);
        Assert.Equal(ends ? ["Kill 7"] : [], _host.Signals);
    }

    [Theory]
    [InlineData("postgres", Root + "/data0 (deleted)", true)]
    [InlineData("postmaster", Root + "/data12 (deleted)", true)]
    [InlineData("postgres", Root + "/pgpool0/data1 (deleted)", true)]
    [InlineData("pgpool", Root + " (deleted)", true)]
    [InlineData("pgpool", Root + "/pgpool2 (deleted)", true)]
    // In a folder that is there, though the lab's is not: in another container.
    [InlineData("postgres", Root + "/data0", false)]
    [InlineData("pgpool", Root, false)]
    // Another's program, or another's folder.
    [InlineData("psql", Root + "/data0 (deleted)", false)]
    [InlineData("postgres", Root + "/mine (deleted)", false)]
    [InlineData("postgres", Root + "/data0/data1 (deleted)", false)]
    [InlineData("postgres", Root + " (deleted)", false)]
    [InlineData("postgres", Root + "2/data0 (deleted)", false)]
    [InlineData("pgpool", Root + "/data0 (deleted)", false)]
    [InlineData("pgpool", "/srv (deleted)", false)]
    public void A_server_is_known_by_its_program_and_the_deleted_folder_it_works_in(
        string name,
        string folder,
        bool belongs
    ) => Assert.Equal(belongs, OrphanFinder.Belongs(Process(name, folder), Root, OrphanKind.FolderGone));

    [Theory]
    [InlineData(OrphanKind.ManifestGone, true)]
    [InlineData(OrphanKind.Replaced, false)]
    [InlineData(OrphanKind.SetupKilled, false)]
    public void A_server_in_a_folder_that_is_there_is_the_orphans_only_when_its_manifest_alone_is_gone(
        OrphanKind kind,
        bool belongs
    )
    {
        Assert.Equal(belongs, OrphanFinder.Belongs(Process("postgres", Root + "/data0"), Root, kind));
        Assert.Equal(belongs, OrphanFinder.Belongs(Process("postgres", Root + "/data0 (deleted)"), Root, kind));
    }

    [Theory]
    [InlineData("postgres", "/usr/bin/postgres -D /srv/lab/data0", true)]
    [InlineData("postgres", "/usr/bin/postgres -D /srv/lab/data0 -c x=y", true)]
    [InlineData("pgpool", "pgpool -n -f /srv/lab/etc/pgpool.conf -F x", true)]
    [InlineData("postgres", "/usr/bin/postgres -D /srv/lab2/data0", false)]
    [InlineData("pgpool", "pgpool -f /srv/other/etc/pgpool.conf", false)]
    [InlineData("postgres", "postgres: checkpointer", false)]
    public void Where_folders_cannot_be_seen_the_command_line_tells(string name, string command, bool belongs) =>
        Assert.Equal(belongs, OrphanFinder.Belongs(Process(name, null, command), Root, OrphanKind.FolderGone));

    [Theory]
    [InlineData("postgres", "/srv/lab/data1 (deleted)", "/srv/lab/log/node1.log (deleted)", "/srv/lab")]
    [InlineData("pgpool", "/srv/lab (deleted)", "/srv/lab/log/pgpool.log (deleted)", "/srv/lab")]
    [InlineData("pgpool", "/srv/lab/pgpool2 (deleted)", "/srv/lab/pgpool2/log/pgpool.log (deleted)", "/srv/lab")]
    [InlineData("postgres", "/srv/lab/pgpool0/data0 (deleted)", "/srv/lab/pgpool0/log/node0.log (deleted)", "/srv/lab")]
    // The lab's own name: the folder above it is there.
    [InlineData("pgpool", "/usr/pgpool2 (deleted)", "/usr/pgpool2/log/pgpool.log (deleted)", "/usr/pgpool2")]
    // Not ours: it lives, it logs elsewhere, it is another program, its folder is no data folder of a lab.
    [InlineData("postgres", "/srv/lab/data1", "/srv/lab/log/node1.log (deleted)", null)]
    [InlineData("postgres", "/srv/lab/data1 (deleted)", "/dev/null", null)]
    [InlineData("postgres", "/srv/lab/data1 (deleted)", null, null)]
    [InlineData("postgres", "/srv/lab/data1 (deleted)", "/srv/other/log/node1.log (deleted)", null)]
    [InlineData("sleep", "/srv/lab (deleted)", "/srv/lab/log/pgpool.log (deleted)", null)]
    [InlineData("postgres", "/srv/main (deleted)", "/srv/log/node1.log (deleted)", null)]
    public async Task A_lab_that_is_on_no_list_and_whose_folder_is_gone_is_found_by_its_servers(
        string name,
        string folder,
        string? log,
        string? root
    )
    {
        _host.Processes.Add(Process(name, folder) with { UserId = Me });
        _host.Origins[7] = (log, new() { ["HOME"] = "/home/me" });
        // What lies above the folders of labs is there.
        _host.Folders.AddRange(["/srv", "/usr"]);
        var user = Identity.Current with { UserId = Me, Home = "/home/me" };
        var finder = new OrphanFinder(_host);
        var found = await finder.FindUnlistedAsync([], [user], default);
        Assert.Equal(
            root is null ? [] : [(root, (string?)null, user)],
            found.Select(r => (r.Entry.Root, r.File, r.User))
        );
        Assert.Empty(await finder.FindUnlistedAsync([], [user with { UserId = Me + 1 }], default));
        Assert.Empty(await finder.FindUnlistedAsync([], [user with { Home = "/home/other" }], default));
        Assert.Empty(root is null ? [] : await finder.FindUnlistedAsync([Registered(root)], [user], default));
        // By now something lies there: it works in a deleted folder of another container, say.
        _host.Folders.AddRange(root is null ? [] : [root, Path.GetDirectoryName(folder)!, folder.Split(' ')[0]]);
        Assert.Empty(await finder.FindUnlistedAsync([], [user], default));
    }

    private static Task<OrphanKind?> KindOfAsync(LabRegistration registration) =>
        new OrphanFinder(new LocalHost(TimeProvider.System)).KindOfAsync(registration, default);

    [Fact]
    public async Task What_became_of_a_lab_is_known_by_its_folder_its_manifest_its_id_and_its_lock()
    {
        Assert.Equal(OrphanKind.FolderGone, await KindOfAsync(Registered(_folder["missing"])));
        Directory.CreateDirectory(_folder["empty"]);
        Assert.Equal(OrphanKind.ManifestGone, await KindOfAsync(Registered(_folder["empty"])));
        Assert.Null(await KindOfAsync(Registered(MakeLab("ready", LabState.Ready))));
        Assert.Null(await KindOfAsync(Registered(MakeLab("kept", LabState.Failed))));
        Assert.Equal(OrphanKind.Replaced, await KindOfAsync(Registered(MakeLab("other", LabState.Ready, "beefbeef"))));

        var creating = Registered(MakeLab("creating", LabState.Creating));
        using (LabLock.Take(_folder["creating"]))
        {
            Assert.Null(await KindOfAsync(creating));
        }

        Assert.Equal(OrphanKind.SetupKilled, await KindOfAsync(creating));
        Assert.Equal(
            OrphanKind.DestroyUnfinished,
            await KindOfAsync(Registered(MakeLab("destroying", LabState.Destroying)))
        );
    }

    [Fact]
    public async Task A_lab_whose_manifest_is_damaged_is_not_taken_for_dead()
    {
        MakeLab("damaged", LabState.Creating);
        File.WriteAllText(_folder["damaged/.pgpoollab/lab.json"], "{");
        Assert.Null(await KindOfAsync(Registered(_folder["damaged"])));
    }

    [Fact]
    public async Task Servers_of_another_user_are_nobodys_business()
    {
        _host.Processes.AddRange([
            Process("pgpool", Root + " (deleted)", id: 1) with
            {
                UserId = Me,
            },
            Process("pgpool", Root + " (deleted)", id: 2) with
            {
                UserId = Me + 1,
            },
            Process("pgpool", Root + " (deleted)", id: 3),
        ]);
        var registration = Registered(Root);
        registration = registration with { User = registration.User with { UserId = Me } };
        var orphan = await new OrphanFinder(_host).FindAsync(
            registration,
            OrphanKind.FolderGone,
            [registration],
            default
        );
        Assert.Equal([1], orphan.Processes.Select(p => p.Id));
    }

    [Fact]
    public async Task Sockets_that_are_left_are_those_of_the_entry_that_nobody_has()
    {
        string[] names =
        [
            ".s.PGSQL.11000",
            ".s.PGSQL.11001",
            ".s.PGSQL.11002",
            ".s.PGSQL.11002.lock",
            ".s.PGSQL.11003",
            ".s.PGSQL.11003.lock",
            ".s.PGSQL.11005",
            ".s.PGSQL.11004",
        ];
        var sockets = names.Select(n => $"/run/{n}").ToArray();
        foreach (var socket in sockets.SkipLast(1))
        {
            _host.Files[socket] = "";
        }

        // Of a server that is suspended, and does not answer.
        _host.BoundSockets.Add(sockets[6]);
        _host.AnsweringSockets.Add(sockets[1]);
        _host.Files[sockets[3]] = $"12\n{Root}/data0\n";
        // By now another server's.
        _host.Files[sockets[5]] = "12\n/srv/another/data0\n";
        var registration = Registered(Root, sockets: sockets);
        var orphan = await new OrphanFinder(_host).FindAsync(
            registration,
            OrphanKind.FolderGone,
            [registration],
            default
        );
        Assert.Equal([sockets[0], sockets[2], sockets[3]], orphan.Files);
        Assert.False(orphan.IsNothing);

        // A lab that is there has a socket of the same name: it is that one's.
        var living = Registered(MakeLab("living", LabState.Ready, "beefbeef"), "beefbeef", sockets[..4]);
        orphan = await new OrphanFinder(_host).FindAsync(
            registration,
            OrphanKind.FolderGone,
            [registration, living],
            default
        );
        Assert.True(orphan.IsNothing);
    }

    [Fact]
    public void An_entry_of_an_older_version_tells_its_sockets_by_its_ports() =>
        Assert.Equal(
            [
                "/var/run/postgresql/.s.PGSQL.11000",
                "/var/run/postgresql/.s.PGSQL.11000.lock",
                "/var/run/postgresql/.s.PGPOOLWD_CMD.11000",
                "/tmp/.s.PGSQL.11000",
                "/tmp/.s.PGSQL.11000.lock",
                "/tmp/.s.PGPOOLWD_CMD.11000",
            ],
            OrphanFinder.SocketsOf(new LabIndexEntry("0123abcd", "lab", Root, [11000]))
        );

    [Fact]
    public async Task The_link_that_was_its_second_name_is_left_too()
    {
        var link = _folder["home/.local/state/pgpoollab/0123abcd"];
        _host.Links[link] = Root;
        _host.Links[_folder["home/.local/state/pgpoollab/beefbeef"]] = "/elsewhere";
        var registration = Registered(Root);
        Assert.Equal(
            [link],
            (
                await new OrphanFinder(_host).FindAsync(registration, OrphanKind.FolderGone, [registration], default)
            ).Files
        );
    }

    [Fact]
    public void The_list_remembers_what_is_gone_and_all_labs_are_those_that_are_there()
    {
        var lab = Labs.Fixed(root: MakeLab("here", LabState.Ready)) with { Id = "11112222" };
        var gone = Labs.Fixed(root: _folder["gone"], nodes: 1) with { Id = "33334444" };
        LabIndex.Register(lab);
        LabIndex.Register(gone);
        Assert.DoesNotContain(LabIndex.All(), e => e.Id == gone.Id);
        Assert.Contains(LabIndex.All(), e => e.Id == lab.Id);
        var entry = LabIndex.Registrations().Single(r => r.Entry.Id == gone.Id).Entry;
        var run = _folder["gone/run"];
        Assert.Equal(
            [
                $"{run}/.s.PGSQL.11000",
                $"{run}/.s.PGSQL.11001",
                $"{run}/.s.PGSQL.11002",
                $"{run}/.s.PGSQL.11002.lock",
                "/var/run/postgresql/.s.PGSQL.11000",
                "/var/run/postgresql/.s.PGSQL.11002",
                "/tmp/.s.PGSQL.11000",
                "/tmp/.s.PGSQL.11002",
                "/tmp/.s.PGSQL.11001",
            ],
            entry.Sockets
        );
        LabIndex.Remove(lab);
        LabIndex.Remove(gone);
        Assert.DoesNotContain(LabIndex.Registrations(), r => r.Entry.Id == lab.Id || r.Entry.Id == gone.Id);
    }
}
