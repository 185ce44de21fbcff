using PgpoolLab.Model;
using PgpoolLab.Provisioning.Snapshots;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>The files of a lab, made another lab's.</summary>
public sealed class RelocationTests
{
    private static readonly Lab From = Testing.Labs.Fixed(root: "/srv/lab");
    private static readonly Lab To = CloneOperation.Like(
        From,
        "89abcdef",
        "other",
        "/home/olga/srv/lab",
        new FolderOrigin(null),
        23000
    );

    private static readonly Relocation Relocation = new(From, To);

    [Theory]
    [InlineData("log_directory = '/srv/lab/log'", "log_directory = '/home/olga/srv/lab/log'")]
    [InlineData("dir=/srv/lab", "dir=/home/olga/srv/lab")]
    [InlineData("cp /srv/lab/a /srv/lab/b", "cp /home/olga/srv/lab/a /home/olga/srv/lab/b")]
    [InlineData("/srv/lab2 /srv/lab.old /srv/labs /x/srv/lab", "/srv/lab2 /srv/lab.old /srv/labs /x/srv/lab")]
    public void The_folder_is_exchanged_and_no_other_that_is_called_alike(string text, string expected)
    {
        Assert.Equal(expected, Relocation.Apply(text));
        Assert.False(Relocation.NamesOld(expected));
    }

    [Fact]
    public void To_do_it_once_more_changes_nothing()
    {
        // The new folder ends as the old one is called.
        var once = Relocation.Apply("data_directory = '/srv/lab/data0'");
        Assert.Equal(once, Relocation.Apply(once));
    }

    public static TheoryData<string, string> Ports
    {
        get
        {
            var (pgpool, pcp, node) = (From.Pgpool.Port, From.Pgpool.PcpPort, From.Nodes[1].Port);
            var (pgpool2, pcp2, node2) = (To.Pgpool.Port, To.Pgpool.PcpPort, To.Nodes[1].Port);
            return new()
            {
                { $"port = {pgpool}", $"port = {pgpool2}" },
                { $"pcp_port={pcp}", $"pcp_port={pcp2}" },
                { $"backend_port1 = '{node}'", $"backend_port1 = '{node2}'" },
                { $"export PGPOOL_PORT={pgpool}", $"export PGPOOL_PORT={pgpool2}" },
                { $"'host=localhost port={node} user=repl'", $"'host=localhost port={node2} user=repl'" },
                { $"localhost:{node}:*:olga:secret", $"localhost:{node2}:*:olga:secret" },
                { $"psql -p {node}; psql -p{node}", $"psql -p {node2}; psql -p{node2}" },
                { $"#2 port is {node}", $"#2 port is {node2}" },
                { $"run/.s.PGSQL.{node}", $"run/.s.PGSQL.{node2}" },
                { $"work_mem = {node}", $"work_mem = {node}" },
                { $"port = {node}0", $"port = {node}0" },
            };
        }
    }

    [Theory]
    [MemberData(nameof(Ports))]
    public void Ports_are_exchanged_and_no_other_numbers(string text, string expected) =>
        Assert.Equal(expected, Relocation.Apply(text));

    [Fact]
    public void A_lab_like_another_one_has_its_own_identity_place_and_ports()
    {
        Assert.Equal("89abcdef", To.Id);
        Assert.Equal("/home/olga/srv/lab/data1", To.Nodes[1].DataDirectory);
        Assert.Equal(["/home/olga/srv/lab/run"], To.Pgpool.SocketDirectories);
        Assert.Empty(From.AllPorts.Select(p => p.Port).Intersect(To.AllPorts.Select(p => p.Port)));
        Assert.Equal(From.AllPorts.Count(), To.AllPorts.Count());
    }

    [Theory]
    [InlineData("localhost:1:*:olga:old", "localhost:1:*:olga:new")]
    [InlineData(@"localhost:1:*:o\:l:old", @"localhost:1:*:o\:l:new")]
    [InlineData("localhost:1:*:anna:old", "localhost:1:*:anna:old")]
    [InlineData("# localhost:1:*:olga:old", "# localhost:1:*:olga:old")]
    [InlineData("", "")]
    public void A_password_is_exchanged_in_the_lines_of_its_user(string line, string expected) =>
        Assert.Equal(expected, NewPasswords.InPasswordFile(line, 5, [("olga", "new"), ("o:l", "new")]));

    [Fact]
    public void Files_that_are_as_they_were_written_become_those_of_the_other_lab_and_changes_stay()
    {
        using var folder = new TemporaryFolder();
        var renderer = Testing.Labs.Renderer();
        var before = Steps.WriteLabFiles.Files(From).ToArray();
        foreach (var (path, template, pgpool, mode) in before)
        {
            var file = $"{folder.Path}/{Path.GetRelativePath(From.Root, path)}";
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, renderer.Render(template, From, pgpool, Testing.Labs.SecretsOf(From)));
            File.SetUnixFileMode(file, mode);
        }

        File.AppendAllText($"{folder.Path}/startall", "\n# of my own: ls /srv/lab/mine\n");
        new RelocatedFiles(Relocation, renderer, folder.Path).Write();
        foreach (var (path, template, pgpool, mode) in Steps.WriteLabFiles.Files(To))
        {
            var name = Path.GetRelativePath(To.Root, path);
            var text = File.ReadAllText($"{folder.Path}/{name}");
            Assert.Equal(mode, File.GetUnixFileMode($"{folder.Path}/{name}"));
            Assert.False(Relocation.NamesOld(text), name);
            if (name == "startall")
            {
                Assert.EndsWith("# of my own: ls /home/olga/srv/lab/mine\n", text, StringComparison.Ordinal);
            }
            else if (!name.StartsWith("etc/pgpool.conf", StringComparison.Ordinal))
            {
                Assert.Equal(renderer.Render(template, To, pgpool, Testing.Labs.SecretsOf(From)), text);
            }
            else
            {
                // Its head names the lab, and that is all that is left of the other one.
                Assert.Equal(
                    renderer.Render(template, To, pgpool, Testing.Labs.SecretsOf(From)).Split('\n')[1..],
                    text.Split('\n')[1..]
                );
            }
        }
    }
}
